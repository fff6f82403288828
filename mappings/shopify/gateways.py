"""Gateways that are no money: what was sold as a gift card, or credited to a customer, is redeemed from a liability.

QBO takes no Payment into a liability (fault 6430), so what they pay is a negative line of the liability's item. Store
credit (Shopify's own, and the point of sale's older `store-credit`) is owed to the customer just as a gift card is and
never reaches a payout, so it is booked on the same account.
"""

from __future__ import annotations

from collections.abc import Iterable

from contracts.shopify import Order
from mappings.rules import FROM_LIABILITY, gateway_key


def gateways_of(order: Order) -> tuple[str | None, ...]:
    """The gateways that an order names; older bodies name one."""
    return order.payment_gateway_names or (order.gateway,)


def is_redemption(gateway: str | None) -> bool:
    """True when the gateway pays out of what the company owes already."""
    return gateway_key(gateway) in FROM_LIABILITY


def paid_from_liability(gateways: Iterable[str | None]) -> bool:
    """True when an order was paid in no other way."""
    named = [gateway for gateway in gateways if gateway]
    return bool(named) and all(is_redemption(gateway) for gateway in named)


def money_gateways(gateways: Iterable[str | None]) -> set[str]:
    """The gateways that bring money, in one spelling."""
    return {gateway_key(gateway) for gateway in gateways if gateway and not is_redemption(gateway)}
