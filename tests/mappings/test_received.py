"""What a body says was received, when, and when it says nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from contracts.posting import Intent, PostingPlan
from mappings.rules import load_rules
from tests.support.orders import Json, handed_back, line, order, payment_of, plan_of, refund, shopify_event

D = Decimal
ROW = line("90.00")
BACK = refund([], handed_back("25.00"), id=1)


def says_nothing(plan: PostingPlan) -> bool:
    """True when the plan has no word on the body's money."""
    return not [step for step in plan.steps if step.intent is Intent.RECEIVED]


@pytest.mark.parametrize(
    "changes",
    [
        {"financial_status": "partially_paid", "total_outstanding": None},
        {"financial_status": "partially_refunded", "refunds": [BACK], "total_outstanding": None},
        {"financial_status": "partially_refunded", "refunds": [BACK], "current_total_price": None},
        {"financial_status": "refunded", "refunds": None},
        {"financial_status": None},
    ],
)
def test_trimmed_body_says_nothing_about_money(changes: Json) -> None:
    """What decides has no default; the result says what is missing."""
    plan = plan_of(order([ROW], **changes))
    assert says_nothing(plan)
    assert "received_unknown" in [each.code for each in plan.warnings]


@pytest.mark.parametrize(("status", "refunded"), [("success", "115.00"), ("pending", "115.00"), ("failure", "90.00")])
def test_money_on_its_way_back_is_off_what_is_outstanding_already(status: str, refunded: str) -> None:
    """Received = current total + handed back - outstanding; what failed was never handed back."""
    back = refund([], handed_back("25.00", status=status), id=1)
    body = order([ROW], financial_status="partially_refunded", refunds=[back], total_outstanding="0.00")
    assert payment_of(plan_of(body)).amount == D(refunded)


def test_refund_in_the_customer_s_currency_counts_by_its_share() -> None:
    """Of 90.00 shown as 180.00, 50.00 are 25.00."""
    shown = {"shop_money": {"amount": "90.00"}, "presentment_money": {"amount": "180.00", "currency_code": "EUR"}}
    back = refund([], handed_back("50.00", currency="EUR", amount_set=None), id=1)
    figures = {"financial_status": "partially_refunded", "current_total_price": "65.00", "total_outstanding": "0.00"}
    body = order([ROW], refunds=[back], total_price_set=shown, presentment_currency="EUR", **figures)
    assert payment_of(plan_of(body)).amount == D("90.00")


CREATED = "2026-01-30T22:00:00-05:00"


@pytest.mark.parametrize(
    ("topic", "updated", "day"),
    [
        ("orders/create", "2026-02-01T09:00:00-05:00", "2026-01-30"),
        ("orders/paid", "2026-01-30T23:30:00-05:00", "2026-01-30"),
        ("orders/paid", "2026-03-02T21:00:00-05:00", "2026-03-03"),
    ],
)
def test_money_of_a_body_has_the_day_that_tells_it(topic: str, updated: str, day: str) -> None:
    """The order's own only where both are one day; a delivery's time counts in the shop's own offset."""
    body = order([ROW], created_at=CREATED, processed_at=CREATED, updated_at=updated)
    assert str(payment_of(plan_of(shopify_event(topic, body))).txn_date) == day


def test_order_paid_on_a_later_day_is_no_sales_receipt() -> None:
    """A receipt has one day for sale and money."""
    rules = load_rules('[orders]\ndocument = "sales_receipt"')
    body = order([ROW], created_at=CREATED, processed_at=CREATED, updated_at="2026-03-02T21:00:00-05:00")
    late, at_once = (plan_of(shopify_event(topic, body), rules) for topic in ("orders/paid", "orders/create"))
    assert {step.entity for step in late.steps} >= {"Invoice", "Payment"}
    assert "SalesReceipt" in {step.entity for step in at_once.steps}


def test_money_beside_a_gift_card_of_another_currency_counts_with_a_warning() -> None:
    """Only the body tells it in the shop's currency."""
    body = order([ROW], payment_gateway_names=["gift_card", "shopify_payments"], presentment_currency="EUR")
    plan = plan_of(body)
    assert payment_of(plan).amount == D("90.00")
    assert [each.code for each in plan.warnings] == ["gift_card_part_unknown"]
