"""Shopify's events; importing this registers their mappings."""

from mappings.shopify import orders, transactions

__all__ = ["orders", "transactions"]
