"""Who the customer of a sale is, by `customers.policy`."""

from __future__ import annotations

import pytest

from contracts.posting import Ignored
from contracts.quickbooks import CustomerDraft
from mappings.rules import MappingRules
from tests.support.orders import Json, charge, customer, line, mapped, order, plan_of, shopify_event, stripe_event

BOUGHT = order([line("20.00")])
OF_A_COMPANY = {**BOUGHT, "company": {"id": 88, "location_id": 9}, "billing_address": {"company": "Reyes Pottery"}}
SHOPS = ("acme.myshopify.com", "acme-eu.myshopify.com")


def rules(policy: str, *shops: str) -> MappingRules:
    return MappingRules.model_validate({"customers": {"policy": policy}, "shop_domains": shops or SHOPS})


def of_shop(body: Json, shop: str = "acme.myshopify.com") -> Json:
    event = shopify_event("orders/create", body)
    event["headers"] = {**event["headers"], "X-Shopify-Shop-Domain": shop}  # type: ignore[dict-item]
    return event


def customers(event: Json, chosen: MappingRules) -> list[tuple[str, str]]:
    """The keys and names of the customers of a plan, and of those no others on its documents."""
    plan = plan_of(event, chosen)
    found = [(str(step.key), step.draft.display_name) for step in plan.steps if isinstance(step.draft, CustomerDraft)]
    named = {str(getattr(step.draft, "customer", None)) for step in plan.steps} - {"None"}
    assert named == {key for key, _ in found}
    return found


@pytest.mark.parametrize("shop", SHOPS)
def test_a_shop_is_one_customer(shop: str) -> None:
    """Named after its domain, however it is spelled."""
    found = customers(of_shop(BOUGHT, shop.upper()), rules("channel"))
    assert found == [(f"qbb:channel:shopify:{shop}", shop)]


def test_a_stripe_account_is_one_customer() -> None:
    """That of the company itself is called Stripe."""
    event = stripe_event("charge.succeeded", charge())
    assert customers(event, rules("channel", SHOPS[0])) == [("qbb:channel:stripe:stripe", "Stripe")]
    connected = customers({**event, "account": "acct_1Acme"}, rules("channel"))
    assert connected == [("qbb:channel:stripe:acct_1acme", "Stripe acct_1acme")]


def test_all_people_are_the_walk_in_customer() -> None:
    """Of every shop, and of Stripe."""
    events = (of_shop(BOUGHT), of_shop(BOUGHT, SHOPS[1]), stripe_event("charge.succeeded", charge()))
    assert {each for event in events for each in customers(event, rules("one"))} == {
        ("qbb:customer:walk-in", "Walk-in customer")
    }


@pytest.mark.parametrize("policy", ["person", "channel", "one"])
def test_a_company_is_always_its_own_customer(policy: str) -> None:
    """It buys on account: what it owes is its own."""
    assert customers(of_shop(OF_A_COMPANY), rules(policy)) == [("shopify:company:88", "Reyes Pottery")]


def test_a_body_without_its_shop_is_of_the_only_one() -> None:
    """With several nobody knows which."""
    assert customers(BOUGHT, rules("channel", SHOPS[0]))[0][1] == SHOPS[0]
    assert customers(BOUGHT, rules("channel"))[0][1] == "Shopify"


@pytest.mark.parametrize("policy", ["channel", "one"])
def test_a_customer_of_its_own_event_is_not_booked(policy: str) -> None:
    """Nobody would ever owe anything under its name."""
    found = mapped(customer(), rules(policy))
    assert isinstance(found, Ignored)
    assert (found.code, str(found.document)) == ("skipped_by_rule", "shopify:customer:6655001122")
