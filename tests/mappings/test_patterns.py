"""Which orders a rule means: every part that it gives must fit."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from contracts.posting import Ignored, PostingPlan
from mappings.registry import map_event
from mappings.rules import MappingRules
from tests.support.orders import Json, envelope, invoice_of, line, order, shopify_event

IN_SHOP: Json = order(
    [line("20.00")],
    tags="vip, wholesale",
    source_name="pos",
    location_id=6884556842,
    shipping_address={"city": "Lyon", "country_code": "FR", "country": "France"},
    billing_address={"city": "Reno", "country_code": "US"},
)


def rules(table: str = "tracking", **parts: Any) -> MappingRules:
    named = {"class": "Chosen"} if table == "tracking" else {}
    return MappingRules.model_validate({"shop_domains": ("acme.myshopify.com",), table: [{**parts, **named}]})


def chosen(**parts: Any) -> str | None:
    plan = map_event(envelope(shopify_event("orders/create", IN_SHOP)), rules(**parts))
    assert isinstance(plan, PostingPlan)
    return invoice_of(plan).tracking_class


@pytest.mark.parametrize(
    "parts",
    [
        {"shop": "ACME.myshopify.com"},
        {"pos_location": "6884556842"},
        {"pos_location": 6884556842},
        {"country": "fr"},
        {"shop": "acme.myshopify.com", "country": "FR", "tag": "VIP", "channel": "pos", "gateway": "Shopify Payments"},
    ],
)
def test_an_order_fits_a_rule_of_which_every_part_fits(parts: dict[str, Any]) -> None:
    """Letter case aside; the goods' country goes before the buyer's."""
    assert chosen(**parts) == "Chosen"


@pytest.mark.parametrize(
    "parts",
    [
        {"shop": "acme-eu.myshopify.com"},
        {"pos_location": "1"},
        {"country": "US"},
        {"shop": "acme.myshopify.com", "country": "US"},
        {"shop": "acme-eu.myshopify.com", "tag": "vip"},
    ],
)
def test_one_part_that_does_not_fit_is_enough(parts: dict[str, Any]) -> None:
    """None of the order's other parts makes up for it."""
    assert chosen(**parts) is None


def test_orders_are_left_out_by_the_same_parts() -> None:
    """A location whose sales somebody else books."""
    decision = map_event(envelope(shopify_event("orders/create", IN_SHOP)), rules("skip", pos_location=6884556842))
    assert isinstance(decision, Ignored) or not any(step.entity == "Invoice" and step.draft for step in decision.steps)


def test_a_rule_that_says_nothing_is_refused_by_the_names_of_its_parts() -> None:
    """It would fit everything."""
    with pytest.raises(ValidationError, match="at least one of tag, channel, gateway, shop, pos_location, country"):
        rules()
