"""A made-up shop whose money adds up to the cent; `bridge.demo.events` makes events of it."""
