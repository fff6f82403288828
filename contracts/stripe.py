"""Stripe's objects inside events: only the fields that we read, in their old and new places.

Amounts are integers of the smallest unit; `contracts.money.from_stripe` turns them into money. A field that may hold
an id or the expanded object is kept as it came and read by `id_or_object`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import PlainValidator

from contracts.bodies import Body, Flag, Smallest, Text, UnixTime

_STRIPE_ID = re.compile(r"[A-Za-z0-9_]{1,255}")
"""Ids go into keys and markers, which have no blanks; 255 characters are Stripe's own limit."""


def read_stripe_id(value: object) -> str:
    """An id such as `ch_3RqPm2Lk81XcQw0A1bZtYv77`."""
    if isinstance(value, str) and _STRIPE_ID.fullmatch(value):
        return value
    raise ValueError("is not an id of Stripe")


def read_expandable(value: object) -> str | Mapping[str, object]:
    """An id, or the object itself where the producer expanded it."""
    if isinstance(value, str | Mapping):
        return value
    raise ValueError("is neither an id nor an object")


StripeId = Annotated[str, PlainValidator(read_stripe_id)]
Expandable = Annotated[str | Mapping[str, object], PlainValidator(read_expandable)]


class StripeAddress(Body):
    """A postal address."""

    line1: Text | None = None
    line2: Text | None = None
    city: Text | None = None
    state: Text | None = None
    postal_code: Text | None = None
    country: Text | None = None


class BillingDetails(Body):
    """Who paid, as given at the checkout; of `shipping` the same."""

    name: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    address: StripeAddress | None = None


class Charge(Body):
    """One attempt to take money."""

    id: StripeId
    amount: Smallest
    amount_captured: Smallest | None = None
    """Absent in bodies older than 2020; `taken` says what follows from that."""
    amount_refunded: Smallest | None = None
    currency: Text
    created: UnixTime
    paid: Flag
    captured: Flag
    status: Text
    description: Text | None = None
    customer: Expandable | None = None
    billing_details: BillingDetails | None = None
    shipping: BillingDetails | None = None
    receipt_email: Text | None = None
    metadata: Mapping[str, object] = {}
    payment_intent: Expandable | None = None
    balance_transaction: Expandable | None = None
    failure_balance_transaction: Expandable | None = None
    """The row that took a bank debit back; a card that was declined has none."""
    invoice: Expandable | None = None
    """Which invoice it pays; gone since 2025-03-31, when invoice_payment.paid took its place."""

    @property
    def taken(self) -> int | None:
        """What was captured, in smallest units; None when an old body does not say how much of it was."""
        if self.amount_captured is not None:
            return self.amount_captured
        return self.amount if self.amount_refunded == 0 else None


class RefundedCharge(Body):
    """What charge.refunded tells beyond the refund's own events: whose charge it is, and old ones the refunds."""

    id: StripeId
    created: UnixTime | None = None
    description: Text | None = None
    metadata: Mapping[str, object] = {}
    payment_intent: Expandable | None = None
    refunds: Mapping[str, object] = {}


class PaymentIntent(Body):
    """A payment from its beginning to its end; since 2022-11-15 it names its charge by `latest_charge` only."""

    id: StripeId
    amount_received: Smallest | None = None
    currency: Text
    created: UnixTime
    status: Text
    description: Text | None = None
    customer: Expandable | None = None
    shipping: BillingDetails | None = None
    receipt_email: Text | None = None
    metadata: Mapping[str, object] = {}
    latest_charge: Expandable | None = None
    charges: Mapping[str, object] = {}
    invoice: Expandable | None = None


class SessionTotals(Body):
    """What the total of a checkout is made of; no other event of it tells its tax."""

    amount_tax: Smallest | None = None


class CheckoutSession(Body):
    """A checkout; its money is told by its charge, or by the invoice that it made."""

    id: StripeId
    currency: Text | None = None
    payment_status: Text | None = None
    invoice: Expandable | None = None
    total_details: SessionTotals | None = None


class StripeCustomer(Body):
    """A customer of the account; `currency` is that of its first invoice or payment, if there was one."""

    id: StripeId
    created: UnixTime
    currency: Text | None = None
    name: Text | None = None
    email: Text | None = None
    phone: Text | None = None
    address: StripeAddress | None = None
    shipping: BillingDetails | None = None


def id_or_object(value: str | Mapping[str, object] | None) -> tuple[str | None, Mapping[str, object]]:
    """The id of an expandable field, None when it has no legal one, and the object where the producer expanded it."""
    ident = value.get("id") if isinstance(value, Mapping) else value
    legal = isinstance(ident, str) and _STRIPE_ID.fullmatch(ident)
    return (ident if legal and isinstance(ident, str) else None), (value if isinstance(value, Mapping) else {})
