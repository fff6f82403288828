"""One company, from its records to settled records."""
