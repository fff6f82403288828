"""What of a buyer reaches a plan: what sales tax needs, and the rest only where the rules let it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from contracts.quickbooks import Address, CustomerDraft
from mappings.rules import MappingRules
from tests.support.orders import (
    Json,
    charge,
    customer,
    handed_back,
    invoice_of,
    line,
    order,
    plan_of,
    refund,
    refund_line,
    shopify_event,
    stripe_event,
)
from tests.support.rules import rules
from tests.support.stripe_objects import invoice

PRIVATE = rules("[privacy]\ncontact = false\nline_properties = false")
HOME: Json = {
    "first_name": "Dana",
    "last_name": "Reyes",
    "name": "Dana Reyes",
    "address1": "12 Canal Street",
    "address2": "Flat 9",
    "city": "Reno",
    "province": "Nevada",
    "province_code": "NV",
    "zip": "89501",
    "country": "United States",
    "country_code": "US",
    "phone": "+15550100",
    "company": "Reyes Pottery",
}
TYPED = [{"name": "Engraving", "value": "For Aunt Mabel"}]
SOLD = line("42.90", id=71, properties=TYPED)
BUYER = {"id": 6655001122, "first_name": "Dana", "last_name": "Reyes", "email": "dana.reyes@example.com"}
SALE = order(
    [SOLD],
    phone="+15550100",
    shipping_address=HOME,
    billing_address=HOME,
    customer={**BUYER, "default_address": HOME},
    note="Ring at Dana's",
    note_attributes=[{"name": "gift", "value": "For Aunt Mabel"}],
)
GUEST = {**SALE, "customer": None, "id": 7203456112999, "admin_graphql_api_id": None}
BILLED = {
    "name": "Dana Reyes",
    "email": "dana.reyes@example.com",
    "phone": "+15550100",
    "address": {
        "line1": "12 Canal Street",
        "line2": "Flat 9",
        "city": "Reno",
        "state": "NV",
        "postal_code": "89501",
        "country": "US",
    },
}
CHARGED = charge(billing_details=BILLED, shipping=BILLED, receipt_email="dana.reyes@example.com")
INVOICED = invoice(
    customer_name="Dana Reyes",
    customer_email="dana.reyes@example.com",
    customer_phone="+15550100",
    customer_address=BILLED["address"],
)
PERSONAL = ("Dana", "Reyes", "dana.reyes", "15550100", "Canal Street", "Flat 9", "Mabel")


def texts(value: object) -> Iterator[str]:
    """Every text that a plan would write."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from texts(part)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.name != "known_email":
                yield from texts(getattr(value, field.name))


@pytest.mark.parametrize("policy", ["person", "channel", "one"])
@pytest.mark.parametrize(
    "event",
    [
        shopify_event("orders/create", SALE),
        shopify_event("orders/paid", {**SALE, "financial_status": "paid"}),
        shopify_event("orders/create", GUEST),
        shopify_event("refunds/create", refund([refund_line(SOLD, 1, "42.90")], handed_back("42.90"))),
        shopify_event("refunds/create", refund([refund_line(SOLD, 1, "42.90")])),
        shopify_event("orders/updated", {**SALE, "refunds": [refund([refund_line(SOLD, 1, "42.90")])]}),
        stripe_event("charge.succeeded", CHARGED),
        stripe_event("invoice.paid", INVOICED),
    ],
    ids=["order", "paid", "guest", "refund", "credit", "order with a credit", "charge", "invoice"],
)
def test_nothing_of_a_person_is_written_but_what_sales_tax_needs(event: Json, policy: str) -> None:
    """Under each policy of customers, whatever the document is."""
    chosen = rules(f'[privacy]\ncontact = false\nline_properties = false\n[customers]\npolicy = "{policy}"')
    said = " | ".join(texts(plan_of(event, chosen).steps))
    assert [each for each in PERSONAL if each in said] == []


@pytest.mark.parametrize("event", [customer(default_address=HOME), stripe_event("customer.updated", {**BILLED})])
def test_a_customer_of_an_event_of_its_own_is_known_by_its_number(event: Json) -> None:
    """It has no version, so that what the books hold of it stays as it is."""
    if "data" in event:
        event["data"] = {"object": {"id": "cus_1", "created": 1772514000, "currency": "usd", **BILLED}}
    (step,) = plan_of(event, PRIVATE).steps
    assert [each for each in PERSONAL if each in " ".join(texts(step))] == []
    assert step.version is None


def test_town_state_postcode_and_country_stay() -> None:
    """Sales tax is charged by where the goods went."""
    found = invoice_of(plan_of(shopify_event("orders/create", SALE), PRIVATE))
    kept = Address(city="Reno", region="NV", postal_code="89501", country="US")
    assert (found.shipping, found.billing, found.email) == (kept, kept, None)


def test_a_company_keeps_its_name_and_not_that_of_who_ordered_for_it() -> None:
    """What a company is called is nothing about a person."""
    bought = {**SALE, "company": {"id": 88, "location_id": 9}}
    (draft,) = [
        step.draft for step in plan_of(bought, PRIVATE).steps if step.draft and isinstance(step.draft, CustomerDraft)
    ]
    assert draft.display_name == "Reyes Pottery"
    assert [draft.given_name, draft.family_name, draft.email, draft.phone] == [None] * 4


def test_properties_alone_are_kept_out_of_descriptions() -> None:
    """Contact stays as it is, and the variant's own words too."""
    found = invoice_of(plan_of(shopify_event("orders/create", SALE), rules("[privacy]\nline_properties = false")))
    assert [each.description for each in found.lines] == ["Canvas tote - Sand"]
    assert found.email == "dana.reyes@example.com"
    assert found.shipping is not None
    assert found.shipping.line1 == "12 Canal Street"


def test_by_default_all_of_it_is_written() -> None:
    """As before the rule."""
    found = invoice_of(plan_of(shopify_event("orders/create", SALE), MappingRules()))
    assert found.lines[0].description == "Canvas tote - Sand - Engraving: For Aunt Mabel"
    assert found.shipping is not None
    assert found.shipping.line1 == "12 Canal Street"
