"""Entity rules, one module per family."""
