"""Trimmed bodies: what they leave out about money, tax, day or account is refused or said, never read as a fact."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import RecordError
from contracts.posting import Ignored, PostingPlan
from mappings.rules import MappingRules, load_rules
from tests.support.orders import (
    Json,
    adjustment,
    handed_back,
    line,
    mapped,
    order,
    plan_of,
    refund,
    refund_line,
    sets,
    shipping,
    shopify_event,
    stripe_event,
    taxed,
    transaction,
)
from tests.support.shop_payouts import row, told

TAXED = taxed("20.00", 1, "1.45")
TRIGGERED = {"X-Shopify-Triggered-At": b"2026-03-08T00:10:00Z"}


def without(body: Json, *names: str) -> Json:
    """The body less these fields."""
    return {name: value for name, value in body.items() if name not in names}


def liable(value: object) -> Json:
    """A taxed line whose tax says this of who remits it; None as Shopify says that it does not know."""
    return line("20.00", tax_lines=[{"title": "State tax", "rate": 0.0725, "price": "1.45", "channel_liable": value}])


def codes(decision: PostingPlan | Ignored) -> set[str]:
    return {each.code for each in decision.warnings}


def refused(body: object, rules: MappingRules | None = None, **given: Any) -> str:
    """Why the event is a dead letter."""
    with pytest.raises(RecordError) as caught:
        mapped(body, *([rules] if rules else []), **given)
    return str(caught.value)


def test_a_whole_order_leaves_nothing_open() -> None:
    """What is told is not warned of."""
    assert codes(plan_of(order([TAXED], shipping_lines=[shipping("5.00")]))) == set()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (order([without(line("20.00"), "gift_card")]), "gift_card_unknown"),
        (order([liable(None)]), "tax_liability_unknown"),
        (order([without(TAXED, "tax_lines")], total_tax="1.45", total_price="21.45"), "tax_liability_unknown"),
        (
            order([line("20.00")], shipping_lines=[shipping("5.00", tax_lines=[{"title": "VAT", "price": "0.40"}])]),
            "tax_liability_unknown",
        ),
        (without(order([line("20.00")]), "payment_gateway_names"), "gateway_unknown"),
        (order([line("20.00")], payment_gateway_names=["paypal", "shopify_payments"]), "gateway_unknown"),
        (without(order([line("20.00")]), "cancelled_at"), "cancellation_unknown"),
        (order([line("20.00", 2)], current_total_price="20.00"), "edits_unknown"),
    ],
)
def test_what_an_order_leaves_open_is_said(body: Json, code: str) -> None:
    """Guard: the result of the order warns of it, of nothing else, whichever event carried it."""
    assert codes(plan_of(body)) == {code}


def test_a_tax_that_was_not_charged_is_nobody_s() -> None:
    """Lines may list what the total leaves out."""
    assert codes(plan_of(order([liable(None)], total_tax="0.00", total_price="20.00"))) == set()


def test_an_empty_list_of_gateways_is_a_fact() -> None:
    """Somebody marked the order as paid."""
    assert codes(plan_of(order([line("20.00")], payment_gateway_names=[]))) == set()


def test_a_cancellation_without_its_day_is_refused() -> None:
    """Guard: the sale would stay in the books as if nothing had happened."""
    assert "cancelled_at" in refused(shopify_event("orders/cancelled", order([line("20.00")], cancelled_at=None)))


@pytest.mark.parametrize(
    "body",
    [order([line("20.00")], processed_at=None, created_at=None), transaction(processed_at=None, created_at=None)],
)
def test_a_day_that_only_the_delivery_tells_is_said(body: Json) -> None:
    """Its event was triggered in UTC, whatever day the shop had."""
    assert "day_unknown" in codes(plan_of(body, headers=TRIGGERED))


def test_a_transaction_names_its_gateway() -> None:
    """Guard: it decides whether it is money, who books it, and where it lies."""
    assert "gateway" in refused(transaction(gateway=None))


def test_money_of_a_refund_names_its_gateway() -> None:
    """Guard: likewise."""
    assert "gateway" in refused(refund([refund_line(line("20.00"), 1, "20.00")], handed_back("20.00", gateway=None)))


@pytest.mark.parametrize(
    "changes",
    [
        {"order_adjustments": [without(adjustment("-3.00"), "tax_amount", "tax_amount_set")]},
        {"refund_shipping_lines": [{"shipping_line_id": 1, "tax_amount_set": sets("0.00")}]},
        {"refund_shipping_lines": [{"shipping_line_id": 1, "subtotal_amount_set": sets("5.00")}]},
        {"duties": [{"duty_id": 1}]},
    ],
)
def test_a_credit_without_money_tells_every_part(changes: Json) -> None:
    """Guard: what is left out is not nothing; no money that moved says what it comes to."""
    body = refund([refund_line(line("20.00"), 1, "20.00")], **{"total_duties_set": None, **changes})
    assert "no tax" in refused(body) or "no amount" in refused(body)


def test_a_refunded_delivery_tells_its_amount_beside_money_too() -> None:
    """Guard: the delivery is not nothing."""
    delivery = [{"shipping_line_id": 1, "tax_amount_set": sets("0.00")}]
    body = refund([refund_line(line("20.00"), 1, "20.00")], handed_back("20.00"), refund_shipping_lines=delivery)
    assert "subtotal_amount_set" in refused(body)


def test_money_that_moved_proves_a_tax_that_a_row_leaves_out() -> None:
    """Amounts that come to what was handed back leave no room for a tax beside them."""
    kept = without(adjustment("3.00"), "tax_amount", "tax_amount_set")
    body = refund([refund_line(line("20.00"), 1, "20.00")], handed_back("17.00"), order_adjustments=[kept])
    assert codes(plan_of(body)) == set()


@pytest.mark.parametrize(
    ("sold", "code"),
    [(liable(None), "tax_liability_unknown"), (without(TAXED, "gift_card"), "gift_card_unknown")],
)
def test_what_a_refund_leaves_open_is_said(sold: Json, code: str) -> None:
    """Guard: whose the tax is that goes back, and whether a gift card came back."""
    body = refund([refund_line(sold, 1, "20.00", "1.45")], handed_back("21.45"))
    assert codes(plan_of(body)) == {code}


def test_a_refund_inside_an_order_has_a_day_of_its_own() -> None:
    """Guard: else the day of the sale would be taken; its own event books it, and the result says so."""
    undated = without(refund([refund_line(TAXED, 1, "20.00", "1.45")], handed_back("21.45")), "created_at")
    body = order([TAXED], refunds=[{**undated, "processed_at": None}], financial_status="refunded")
    assert "refund_left_out" in codes(plan_of(body))


def test_a_row_of_a_payout_says_its_day_where_books_begin() -> None:
    """Guard: earlier books may hold it. Without a start no row is of other books."""
    rules = '[payouts]\nbank = "Checking"\n[payouts.rows]\nadjustment = "Other"\n'
    body = told([row("adjustment", "10.00", processed_at=None)])
    plan_of(body, load_rules(rules))
    assert "earlier books" in refused(body, load_rules("books_start = 2026-01-01\n" + rules))


def test_a_stripe_refund_says_its_status() -> None:
    """Guard: one that is on its way, or failed, has handed nothing back."""
    body = {
        "id": "re_1",
        "object": "refund",
        "amount": 100,
        "currency": "usd",
        "created": 1_760_000_000,
        "charge": "ch_1",
    }
    assert "status" in refused(stripe_event("refund.updated", body))


def test_a_payment_record_inside_an_invoice_says_whether_it_was_paid() -> None:
    """Guard: an open one is no money."""
    payment = {"id": "inpay_1", "amount_paid": 900, "created": 1_760_000_000, "payment": {"type": "payment_record"}}
    body = {
        "id": "in_1",
        "object": "invoice",
        "currency": "usd",
        "created": 1_760_000_000,
        "status": "open",
        "total": 900,
        "amount_due": 900,
        "amount_paid": 0,
        "lines": {"data": [{"amount": 900}]},
        "payments": {"data": [payment]},
    }
    assert "status" in refused(stripe_event("invoice.finalized", body))
