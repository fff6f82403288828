"""Accounting decisions, nothing else; importing the package registers every mapping (see README.md)."""

from mappings import pending, shopify, stripe

__all__ = ["pending", "shopify", "stripe"]
