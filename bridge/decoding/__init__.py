"""The parts of reading a record: JSON text, headers, wrappers, and shapes without headers."""
