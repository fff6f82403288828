"""Class and location of fees and disputes: no order says them, so only the shop and the gateway can."""

from __future__ import annotations

from mappings.entries import NOWHERE, FeePlace
from mappings.rules import MappingRules, TrackingRule, gateway_key


def place_of_fees(shop: str | None, gateway: str, rules: MappingRules) -> FeePlace:
    """Class and location of the fees and disputes of `gateway` in `shop`, by the first rule that gives each.

    A rule that asks for a tag, a channel, a place or a country is about single orders and fits no fee.
    """
    fitting = [rule for rule in rules.tracking if _fits(shop, gateway, rule)]
    return FeePlace(
        next((rule.tracking_class for rule in fitting if rule.tracking_class), NOWHERE.tracking_class),
        next((rule.location for rule in fitting if rule.location), NOWHERE.location),
    )


def _fits(shop: str | None, gateway: str, rule: TrackingRule) -> bool:
    if any(part is not None for part in (rule.tag, rule.channel, rule.pos_location, rule.country)):
        return False
    of_shop = rule.shop is None or rule.shop.strip().casefold() == (shop or "").casefold()
    return of_shop and (rule.gateway is None or gateway_key(rule.gateway) == gateway)
