"""A made-up shop whose money adds up to the cent; `bridge.sandbox.events` makes events of it."""
