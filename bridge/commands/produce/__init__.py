"""`qbo-bridge produce`, and what it alone needs."""
