"""Accounting decisions, nothing else; importing the package registers every mapping (see README.md)."""

from mappings import pending, shopify

__all__ = ["pending", "shopify"]
