"""Accounting decisions, nothing else; importing the package registers every mapping (see README.md)."""

from mappings import shopify, stripe

__all__ = ["shopify", "stripe"]
