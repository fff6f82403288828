"""`qbo-bridge dead-letters`: listing, showing and redriving what could not be booked."""
