"""Shopify's events; importing this registers their mappings."""

from mappings.shopify import disputes, fulfillments, lifecycle, lists, orders, payouts, refunds, transactions

__all__ = ["disputes", "fulfillments", "lifecycle", "lists", "orders", "payouts", "refunds", "transactions"]
