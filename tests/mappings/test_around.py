"""What Shopify tells beside orders and their money: edits, deletions, parcels, disputes, customers, products."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from contracts.errors import UndecodableRecord, UnmappableEvent
from contracts.keys import SourceKey
from contracts.posting import Ignored, Intent, PostingPlan
from contracts.quickbooks import CustomerDraft, ItemDraft, JournalEntryDraft, ShipmentDraft
from mappings.rules import load_rules
from tests.support.orders import (
    ORDER_ID,
    Json,
    customer,
    line,
    mapped,
    order,
    parcel,
    plan_of,
    product,
    shopify_event,
    step_of,
)

ORDER = SourceKey("shopify", "order", str(ORDER_ID))


def event(topic: str, body: Json) -> Json:
    return shopify_event(topic, body)


def shipment(plan: PostingPlan) -> ShipmentDraft:
    (step,) = plan.steps
    assert isinstance(step.draft, ShipmentDraft)
    assert (step.entity, step.intent, step.version) == ("Invoice", Intent.STATE, plan.version)
    return step.draft


def dispute(**changes: object) -> Json:
    """A chargeback of 11.50."""
    body: Json = {
        "id": 815713555,
        "order_id": ORDER_ID,
        "type": "chargeback",
        "amount": "11.50",
        "currency": "USD",
        "status": "needs_response",
        "initiated_at": "2026-03-10T22:00:00-05:00",
        "finalized_on": None,
    }
    return event("disputes/update", {**body, **changes})


def entries(plan: PostingPlan) -> dict[str, tuple[date, list[tuple[str, str, str]]]]:
    """The journal entries by key: day, and each side with its account rule and amount."""
    return {
        step.key.id: (
            step.draft.txn_date,
            [(row.side, row.account.rule, str(row.amount)) for row in step.draft.lines],
        )
        for step in plan.steps
        if isinstance(step.draft, JournalEntryDraft)
    }


def items(plan: PostingPlan) -> list[tuple[str, str, str | None, Decimal | None]]:
    """The plan's items: key, name, SKU, price."""
    drafts = [(step.key, step.draft) for step in plan.steps]
    return [(str(key), d.name, d.sku, d.unit_price) for key, d in drafts if isinstance(d, ItemDraft)]


def test_edit_carries_no_money() -> None:
    """The orders/updated that follows does."""
    decision = mapped(event("orders/edited", {"order_edit": {"id": 1, "order_id": ORDER_ID}}))
    assert isinstance(decision, Ignored)
    assert (decision.code, decision.document) == ("skipped_by_rule", ORDER)


def test_deleted_order_is_withdrawn() -> None:
    """It says its id alone, so its invoice is looked for as far back as an order can be deleted."""
    plan = plan_of(event("orders/delete", {"id": ORDER_ID}))
    (step,) = plan.steps
    assert (step.key, step.entity, step.intent, step.draft) == (ORDER, "Invoice", Intent.WITHDRAWN, None)
    told = plan_of(event("orders/delete", {"id": ORDER_ID}) | {"headers": {"X-Shopify-Topic": "orders/delete"}})
    assert told.document_created_at < plan.document_created_at - timedelta(days=366)
    with pytest.raises(UndecodableRecord, match="no id"):
        mapped(event("orders/delete", {"pad": 1}))


def test_parcel_tells_how_the_invoice_s_goods_went_out() -> None:
    """Each number once, the day in the shop's own offset."""
    plan = plan_of(parcel())
    draft = shipment(plan)
    assert (plan.lane, draft.invoice) == (ORDER, ORDER)
    assert (draft.tracking, draft.ship_date, draft.method) == ("1Z001, 1Z002", date(2026, 3, 4), "Canada Post")
    assert shipment(plan_of(parcel(tracking_numbers=[]))).tracking == "1Z001"


@pytest.mark.parametrize("status", ["cancelled", "failure", "error"])
def test_parcel_that_did_not_go_out_takes_its_number_back(status: str) -> None:
    """Also when it is told in the same second."""
    sent, back = plan_of(parcel()), plan_of(parcel(status=status))
    assert shipment(back) == ShipmentDraft(invoice=ORDER)
    assert sent.version is not None
    assert back.version is not None
    assert back.version > sent.version


@pytest.mark.parametrize("status", ["needs_response", "under_review", "accepted", "lost"])
def test_chargeback_takes_the_money_at_once(status: str) -> None:
    """The same fact in every status, so it is booked once whichever comes first."""
    sides = [("Debit", "accounts.disputes", "11.50"), ("Credit", "gateways.shopify_payments.deposit", "11.50")]
    assert entries(plan_of(dispute(status=status))) == {"815713555": (date(2026, 3, 10), sides)}


@pytest.mark.parametrize("status", ["won", "charge_refunded"])
def test_money_of_a_chargeback_that_was_won_comes_back(status: str) -> None:
    """Guard: won tells of both, so a dispute of which nothing else was heard ends at nothing."""
    found = entries(plan_of(dispute(status=status, finalized_on="2026-04-02T10:00:00-05:00")))
    assert found["815713555"] == entries(plan_of(dispute()))["815713555"]
    day, sides = found["815713555.returned"]
    assert (day, sides[0]) == (date(2026, 4, 2), ("Credit", "accounts.disputes", "11.50"))


@pytest.mark.parametrize("changes", [{"type": "inquiry"}, {"status": "prevented"}, {"amount": "0.00"}])
def test_dispute_that_moves_no_money_books_nothing(changes: Json) -> None:
    """Whatever its status."""
    decision = mapped(dispute(**changes))
    assert isinstance(decision, Ignored)
    assert (decision.code, str(decision.document)) == ("skipped_by_rule", "shopify:dispute:815713555")


def test_customer_is_the_one_of_its_orders() -> None:
    """The same key and the same name, so that a sale finds it."""
    plan = plan_of(customer())
    (step,) = plan.steps
    assert isinstance(step.draft, CustomerDraft)
    sold = step_of(plan_of(order([line("5.00")])), "Customer")
    assert isinstance(sold.draft, CustomerDraft)
    assert (step.key, step.draft.display_name) == (sold.key, sold.draft.display_name)
    assert step.key == plan.document
    assert (step.draft.email, step.draft.billing and step.draft.billing.city) == ("dana.reyes@example.com", "Reno")


def test_customer_without_currency_comes_with_its_first_order() -> None:
    """QBO fixes a customer's currency for good."""
    decision = mapped(customer(currency=None))
    assert isinstance(decision, Ignored)
    assert decision.code == "skipped_by_rule"


def test_product_is_an_item_for_each_sku() -> None:
    """And one for all its variants without: the keys that its orders' lines use."""
    variants: list[Json] = [
        {"id": 1, "title": "Sand", "sku": "TOTE-SAND", "price": "21.00"},
        {"id": 2, "title": "Ink", "sku": "", "price": "22.00"},
        {"id": 3, "title": "Moss", "sku": None, "price": "23.00"},
        {"id": 4, "title": "Sand again", "sku": "TOTE-SAND", "price": "24.00"},
    ]
    assert items(plan_of(product(*variants))) == [
        ("shopify:sku:tote-sand", "Canvas tote - Sand", "TOTE-SAND", Decimal("21.00")),
        ("shopify:product:8811002233", "Canvas tote", "shopify-product-8811002233", Decimal("22.00")),
    ]
    sold = plan_of(order([line("21.00"), line("22.00", id=2, sku=None, title="Canvas tote")]))
    keys = {step.key for step in sold.steps if step.entity == "Item"}
    assert keys == {step.key for step in plan_of(product(*variants)).steps}


def test_only_variant_of_a_product_has_the_product_s_name() -> None:
    """Default Title is no name."""
    plan = plan_of(product({"id": 1, "title": "Default Title", "sku": "TOTE", "price": "21.00"}))
    assert [name for _, name, _, _ in items(plan)] == ["Canvas tote"]


def test_product_follows_the_rules_item_policy() -> None:
    """One item for all."""
    rules = load_rules('[items]\npolicy = "single"\nname = "Online sales"')
    variants: list[Json] = [{"id": n, "sku": f"S{n}", "price": "1.00"} for n in range(3)]
    assert [name for _, name, _, _ in items(plan_of(product(*variants), rules))] == ["Online sales"]


@pytest.mark.parametrize("kind", ["gift_card", "Gift Cards", "giftcard"])
def test_gift_cards_are_no_products(kind: str) -> None:
    """They are sold on the liability's item."""
    assert isinstance(mapped(product(product_type=kind)), Ignored)


@pytest.mark.parametrize("topic", ["customers/update", "products/update", "fulfillments/update", "disputes/update"])
def test_body_without_its_id_is_refused(topic: str) -> None:
    """Nothing can be found again without it."""
    with pytest.raises((UndecodableRecord, UnmappableEvent)):
        mapped(event(topic, {"currency": "USD", "pad": 1}))
