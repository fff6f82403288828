"""`qbo-bridge backfill`, and what it alone needs."""
