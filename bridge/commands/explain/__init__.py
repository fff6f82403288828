"""`qbo-bridge explain`, and what it alone needs."""
