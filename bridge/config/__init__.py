"""The configuration file, the environment over it, and the types of their values."""
