"""Accounting decisions, nothing else; importing the package registers every mapping (see README.md)."""

from mappings import settlements, shopify, stripe

__all__ = ["settlements", "shopify", "stripe"]
