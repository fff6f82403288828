"""Shopify's events; importing this registers their mappings."""

from mappings.shopify import orders, refunds, transactions

__all__ = ["orders", "refunds", "transactions"]
