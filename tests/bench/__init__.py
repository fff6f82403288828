"""How fast the pure part is: what one process could do if QBO had no limits."""
