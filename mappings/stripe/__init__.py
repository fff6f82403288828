"""Stripe's events; importing this registers their mappings."""

from mappings.stripe import charges, payment_intents

__all__ = ["charges", "payment_intents"]
