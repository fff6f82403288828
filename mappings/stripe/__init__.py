"""Stripe's events; importing this registers their mappings."""

from mappings.stripe import (
    charges,
    checkouts,
    credit_notes,
    customers,
    disputes,
    invoices,
    payment_intents,
    payouts,
    refunds,
)

__all__ = [
    "charges",
    "checkouts",
    "credit_notes",
    "customers",
    "disputes",
    "invoices",
    "payment_intents",
    "payouts",
    "refunds",
]
