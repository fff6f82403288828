"""What an order's tags, channel and gateways decide by rule: whether it is booked, and its class and location."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contracts.errors import UndecodableRecord
from contracts.shopify import Order
from mappings.rules import MappingRules, OrderPattern, gateway_key

FIELDS = {
    "tag": ("tags",),
    "channel": ("source_name",),
    "gateway": ("payment_gateway_names", "gateway"),
    "pos_location": ("location_id",),
    "country": ("shipping_address", "billing_address"),
}
"""Where the body of an order says each part of a pattern; its shop its delivery says."""
NONE_OF_IT = frozenset({"pos_location", "country"})
"""Of these null says that the order has none."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """The names of a class and a location, None for none."""

    tracking_class: str | None = None
    location: str | None = None


def tracking(order: Order, shop: str | None, rules: MappingRules) -> Tracking:
    """The class and the location of an order of `shop`: each from the first rule that fits and gives one."""
    fitting = [rule for rule in rules.tracking if _fits(order, shop, rule)]
    return Tracking(
        next((rule.tracking_class for rule in fitting if rule.tracking_class), None),
        next((rule.location for rule in fitting if rule.location), None),
    )


def left_out(order: Order, shop: str | None, body: Mapping[str, object], rules: MappingRules) -> bool:
    """True when the rules leave this order of `shop` out. UndecodableRecord where a trimmed `body` does not say it."""
    if any(_fits(order, shop, pattern) for pattern in rules.skip):
        return True
    for pattern in rules.skip:
        untold = _untold(pattern, body)
        rest = pattern.model_copy(update=dict.fromkeys(untold))
        if untold and _fits(order, shop, rest):
            # because an order that somebody else books would be booked twice
            raise UndecodableRecord(f"the order does not say its {untold[0]}, by which the rules leave orders out")
    return False


def _untold(pattern: OrderPattern, body: Mapping[str, object]) -> list[str]:
    """The parts of a pattern of which `body` says nothing."""
    return [
        name
        for name, fields in FIELDS.items()
        if getattr(pattern, name) is not None
        and not any(body.get(field) is not None or (field in body and name in NONE_OF_IT) for field in fields)
    ]


def _fits(order: Order, shop: str | None, pattern: OrderPattern) -> bool:
    tags = {tag.strip().casefold() for tag in (order.tags or "").split(",")}
    gateways = {gateway_key(name) for name in order.payment_gateway_names or (order.gateway or "",)}
    place = str(order.location_id) if order.location_id is not None else ""
    said = ((pattern.shop, shop), (pattern.pos_location, place), (pattern.country, _country(order)))
    return (
        (pattern.tag is None or pattern.tag.strip().casefold() in tags)
        and (pattern.channel is None or pattern.channel.casefold() == (order.source_name or "").casefold())
        and (pattern.gateway is None or gateway_key(pattern.gateway) in gateways)
        and all(wanted is None or wanted.strip().casefold() == (is_ or "").casefold() for wanted, is_ in said)
    )


def _country(order: Order) -> str | None:
    """The code of the country that the goods go to, else of the buyer's."""
    codes = (place.country_code for place in (order.shipping_address, order.billing_address) if place)
    return next((code for code in codes if code), None)
