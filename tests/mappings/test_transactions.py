"""Money that an order's own transactions tell."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from contracts.errors import UndecodableRecord
from contracts.keys import SourceKey
from contracts.posting import Ignored, Intent
from mappings.rules import load_rules
from tests.support.orders import (
    ORDER_ID,
    Json,
    line,
    mapped,
    order,
    payment_of,
    plan_of,
    shopify_event,
    step_of,
    transaction,
)


@pytest.mark.parametrize("kind", ["sale", "capture"])
def test_sale_or_capture_is_a_payment_on_its_order(kind: str) -> None:
    """It names the order's invoice; whose money it is the invoice says."""
    plan = plan_of(transaction(kind=kind))
    payment = payment_of(plan)
    assert (plan.document, plan.lane) == (
        SourceKey("shopify", "transaction", "9455001122334"),
        SourceKey("shopify", "order", str(ORDER_ID)),
    )
    assert step_of(plan, "Payment").intent is Intent.FACT
    assert (payment.invoice, payment.customer, payment.amount) == (plan.lane, None, Decimal("42.90"))
    assert (payment.txn_date, payment.reference) == (date(2026, 3, 2), "9455001122334")
    assert plan.version is None


def test_cash_rounding_without_an_amount_is_not_nothing() -> None:
    """Guard: what is told in another currency only is not known, of a payment as of its order."""
    unknown = {"presentment_money": {"amount": "0.02", "currency_code": "EUR"}}
    with pytest.raises(UndecodableRecord, match="cash rounding"):
        mapped(transaction(amount_rounding=unknown))
    body = order([line("20.00")], total_cash_rounding_payment_adjustment_set=unknown)
    with pytest.raises(UndecodableRecord, match="cash rounding"):
        mapped(shopify_event("orders/create", body))


def test_reference_is_the_end_of_a_long_id() -> None:
    """PaymentRefNum holds 21 characters; a rounded id is corrected first."""
    gid = "gid://shopify/OrderTransaction/1234567890123456789012345"
    plan = plan_of(transaction(id=int(float(1234567890123456789012345)), admin_graphql_api_id=gid))
    assert payment_of(plan).reference == "567890123456789012345"


def test_shop_money_is_booked_where_it_is_told() -> None:
    """The plain amount is what the customer paid, in the customer's currency."""
    paid = {"shop_money": {"amount": "42.90", "currency": "USD"}}
    payment = payment_of(plan_of(transaction(amount="39.10", currency="EUR", amount_set=paid)))
    assert (payment.amount, payment.currency) == (Decimal("42.90"), "USD")
    plain = payment_of(plan_of(transaction(amount="39.10", currency="EUR", amount_set={})))
    assert (plain.amount, plain.currency) == (Decimal("39.10"), "EUR")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kind": "authorization"}, "skipped_by_rule"),
        ({"kind": "void"}, "skipped_by_rule"),
        ({"status": "failure"}, "skipped_by_rule"),
        ({"status": "pending"}, "skipped_by_rule"),
        ({"status": "error"}, "skipped_by_rule"),
        ({"amount": "0.00"}, "skipped_by_rule"),
        ({"kind": "refund"}, "skipped_by_rule"),
        ({"test": True}, "test_event"),
        ({"gateway": "bogus"}, "test_event"),
    ],
)
def test_what_moves_no_money_is_no_payment(changes: Json, code: str) -> None:
    """Only a successful sale or capture that is no test is money."""
    decision = mapped(transaction(**changes))
    assert isinstance(decision, Ignored)
    assert (decision.code, str(decision.document)) == (code, "shopify:transaction:9455001122334")


@pytest.mark.parametrize("field", ["order_id", "currency", "amount", "kind", "status", "id"])
def test_transaction_that_lacks_a_field_is_refused(field: str) -> None:
    """Nothing is guessed about money."""
    body = transaction(**{field: None})
    with pytest.raises(UndecodableRecord, match=f"the transaction has no {field}"):
        mapped(body, headers={"X-Shopify-Topic": b"order_transactions/create"})


def test_transaction_takes_its_date_where_there_is_one() -> None:
    """processed_at, else created_at, else the event's own time, else it is refused."""
    undated = transaction(processed_at=None, created_at="2026-03-07T00:10:00+09:00")
    assert payment_of(plan_of(undated)).txn_date == date(2026, 3, 7)
    undated = transaction(processed_at=None, created_at=None)
    plan = plan_of(undated, headers={"X-Shopify-Triggered-At": b"2026-03-08T00:10:00Z"})
    assert payment_of(plan).txn_date == date(2026, 3, 8)
    with pytest.raises(UndecodableRecord, match="neither processed_at nor created_at"):
        mapped(undated)


def test_gateway_s_rule_says_where_it_goes() -> None:
    """Account and method per gateway."""
    payment = payment_of(plan_of(transaction(), load_rules('[gateways.shopify_payments]\ndeposit = "Clearing"')))
    assert (payment.deposit_to.name, payment.deposit_to.rule) == ("Clearing", "gateways.shopify_payments.deposit")
