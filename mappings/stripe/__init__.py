"""Stripe's events; importing this registers their mappings."""

from mappings.stripe import (
    charges,
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
    "credit_notes",
    "customers",
    "disputes",
    "invoices",
    "payment_intents",
    "payouts",
    "refunds",
]
