"""The class of what a processor keeps: no order says it, so only its shop and its gateway can."""

from __future__ import annotations

from mappings.rules import MappingRules, TrackingRule, gateway_key


def class_of_fees(shop: str | None, gateway: str, rules: MappingRules) -> str | None:
    """The name of the class of the fees that `gateway` takes from `shop`, by the first rule that fits and gives one.

    A rule that asks for a tag, a channel, a place or a country is about single orders and fits no fee.
    """
    fitting = (rule.tracking_class for rule in rules.tracking if rule.tracking_class and _fits(shop, gateway, rule))
    return next(fitting, None)


def _fits(shop: str | None, gateway: str, rule: TrackingRule) -> bool:
    if any(part is not None for part in (rule.tag, rule.channel, rule.pos_location, rule.country)):
        return False
    of_shop = rule.shop is None or rule.shop.strip().casefold() == (shop or "").casefold()
    return of_shop and (rule.gateway is None or gateway_key(rule.gateway) == gateway)
