"""When an order is a sale by the rules (`orders.post_when`): once it is placed, paid, or fulfilled."""

from __future__ import annotations

from collections.abc import Mapping

from contracts.errors import UndecodableRecord
from contracts.posting import HeldBack
from contracts.shopify import Order
from mappings.rules import MappingRules
from mappings.shopify.received import NOTHING

FULFILLED = "fulfilled"
IN_FULL_OR_PART: Mapping[str | None, HeldBack | None] = {"paid": None, "partially_paid": HeldBack.PAID_IN_PART}
"""What these statuses say without a figure beside them."""


def held_back(order: Order, body: Mapping[str, object], rules: MappingRules) -> HeldBack | None:
    """What the rules wait for before they book the order, None when they book it.

    UndecodableRecord where a trimmed `body` does not say it.
    """
    match rules.orders.post_when:
        case "paid":
            return _unless_paid(order)
        case "fulfilled":
            return _unless_fulfilled(order, body)
    return None


def _unless_paid(order: Order) -> HeldBack | None:
    """An order that was refunded was paid before, in full where nothing of it is outstanding."""
    status, owing = order.financial_status, order.total_outstanding
    if status in NOTHING:
        return HeldBack.NOT_PAID
    if status in IN_FULL_OR_PART:
        return IN_FULL_OR_PART[status]
    if owing is None:
        # because a sale that is left out in silence is never found again, and one that was refunded may owe the rest
        raise UndecodableRecord(
            "the order does not say whether all of it was paid (total_outstanding); it is booked once paid"
        )
    if status is None and owing == order.total_price and owing:
        return HeldBack.NOT_PAID
    return None if owing <= 0 else HeldBack.PAID_IN_PART


def _unless_fulfilled(order: Order, body: Mapping[str, object]) -> HeldBack | None:
    if "fulfillment_status" not in body:
        raise UndecodableRecord("the order does not say its fulfillment_status; it is booked once fulfilled")
    return None if order.fulfillment_status == FULFILLED else HeldBack.NOT_FULFILLED
