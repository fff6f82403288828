"""What an order's tags, channel and gateways decide by rule: whether it is booked, and its class and location."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.shopify import Order
from mappings.rules import MappingRules, OrderPattern, gateway_key


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


def left_out(order: Order, shop: str | None, rules: MappingRules) -> bool:
    """True when the rules leave this order of `shop` out."""
    return any(_fits(order, shop, pattern) for pattern in rules.skip)


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
