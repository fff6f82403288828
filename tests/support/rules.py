"""The rules of a shop, read from a text of the test."""

from __future__ import annotations

from mappings.rules import MappingRules, load_rules

SHOP = ("acme.myshopify.com",)


def rules(text: str) -> MappingRules:
    """The rules in `text` for the shop of the tests."""
    return load_rules(text).for_company(shop_domains=SHOP, livemode_required=False)
