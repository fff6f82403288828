"""An order's own figures against the books: what a wrong mapping would hide."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bridge.decoding.decision import MappedRecord
from bridge.index.index import Index
from bridge.index.posted import Posted
from bridge.reconciliation.source import SourceOrders
from contracts.keys import SourceKey
from mappings.registry import map_event
from tests.support.orders import (
    ORDER_ID,
    RULES,
    Json,
    envelope,
    handed_back,
    line,
    order,
    record,
    refund,
    shopify_event,
    transaction,
)
from tests.support.seals import SEAL

D = Decimal
KEY = SourceKey("shopify", "order", str(ORDER_ID))
BOOKED = Posted(
    entity="Invoice",
    key=KEY,
    id="145",
    sync_token="0",
    total=D("42.90"),
    currency="USD",
    customer_id="1",
    balance=D("42.90"),
)
UNPAID: Json = {"financial_status": "pending", "total_outstanding": "42.90"}


def differs(booked: Posted, *events: Json, redeemed: str = "0") -> str:
    """How the books differ from what the source says."""
    source = SourceOrders()
    for event in events:
        said = envelope(event)
        source.add(MappedRecord(record=record(b""), envelope=said, decision=map_event(said, RULES)))
    return source.difference(booked, Index(SEAL, complete_since=datetime(2020, 1, 1, tzinfo=UTC)), D(redeemed))


def sold(**changes: Any) -> Json:
    return shopify_event("orders/updated", order([line("42.90")], **{**UNPAID, **changes}))


def test_figures_that_agree_differ_in_nothing() -> None:
    """Total and what is outstanding."""
    assert differs(BOOKED, sold()) == ""
    assert (
        differs(
            replace(BOOKED, total=D("30.00"), balance=D("30.00")), sold(total_outstanding="30.00"), redeemed="12.90"
        )
        == ""
    )


def test_another_total_or_balance_is_said_with_both_figures() -> None:
    """Guard: the mapping asked for what is booked, and the source says something else."""
    assert differs(replace(BOOKED, total=D("40.00")), sold()) == "the source says 42.90 in all, the books say 40.00"
    paid = sold(financial_status="paid", total_outstanding="0.00")
    assert differs(BOOKED, paid) == "the source says 0.00 outstanding, the books say 42.90"


def test_the_newest_body_counts() -> None:
    """Whichever is told first."""
    later = sold(updated_at="2026-03-09T10:00:00-08:00", total_outstanding="0.00")
    for events in ((sold(), later), (later, sold())):
        assert differs(replace(BOOKED, balance=D(0)), *events) == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"cancelled_at": "2026-03-09T10:00:00-08:00"},
        {
            "line_items": [line("42.90", current_quantity=0)],
            "current_total_price": "0.00",
            "current_subtotal_price": "0.00",
        },
        {"total_cash_rounding_payment_adjustment_set": {"shop_money": {"amount": "0.02", "currency_code": "USD"}}},
    ],
)
def test_what_makes_a_figure_no_plain_one_is_not_compared(changes: Json) -> None:
    """A cancellation, an edit, cash that was rounded. Guards: each of them."""
    body = order([line("42.90")], **{**UNPAID, **changes})
    assert differs(replace(BOOKED, total=D("40.00")), shopify_event("orders/updated", body)) == ""


def test_money_that_moved_after_the_body_makes_its_outstanding_an_old_word() -> None:
    """Guard: the transaction is booked, and the body of before it does not know it."""
    paid = transaction(amount="42.90", processed_at="2026-03-09T10:00:00-08:00")
    assert differs(replace(BOOKED, balance=D(0)), sold(), shopify_event("order_transactions/create", paid)) == ""


def test_a_credit_of_somebody_else_on_the_invoice_is_known_to_the_books_alone() -> None:
    """Guard: what QBO or a person put on it makes the balance another one, rightly."""
    assert differs(replace(BOOKED, balance=D(0), linked_to=("77",)), sold()) == ""


def taxes(own: str, theirs: str) -> list[Json]:
    """What the company and a channel remit of a line's taxes; the channel's is not the company's."""
    return [
        {"title": "State", "price": own, "channel_liable": False},
        {"title": "Marketplace", "price": theirs, "channel_liable": True},
    ]


def test_tax_that_is_not_the_source_s_is_said() -> None:
    """The total may be right while tax of a channel lies on the company's liability. Guard: `channel_liable`."""
    rows = [line("38.00", tax_lines=taxes("1.90", "3.00"))]
    told = shopify_event("orders/updated", order(rows, **UNPAID))
    assert differs(replace(BOOKED, tax=D("1.90")), told) == ""
    assert differs(replace(BOOKED, tax=D("4.90")), told) == "the source says 1.90 of tax, the books say 4.90"
    by_others = shopify_event("orders/updated", order(rows, **UNPAID, merchant_of_record_app_id=7))
    assert differs(replace(BOOKED, tax=D(0)), by_others) == ""


@pytest.mark.parametrize("charged", ["4.89", None])
def test_taxes_that_are_not_as_charged_are_not_compared(charged: str | None) -> None:
    """Which of them was charged less the body does not say."""
    body = order([line("38.00", tax_lines=taxes("1.90", "3.00"))], **UNPAID)
    told = shopify_event("orders/updated", {**body, "total_tax": charged, "total_price": "42.90"})
    source = SourceOrders()
    said = envelope(told)
    plan = map_event(envelope(sold()), RULES)
    source.add(MappedRecord(record=record(b""), envelope=said, decision=plan))
    index = Index(SEAL, complete_since=datetime(2020, 1, 1, tzinfo=UTC))
    assert source.difference(replace(BOOKED, tax=D("4.90")), index, D(0)) == ""


def receipt(ident: str, amount: str) -> Posted:
    """A refund receipt as the books have it."""
    key = SourceKey("shopify", "refund", ident)
    return replace(BOOKED, entity="RefundReceipt", key=key, total=D(amount), balance=None)


def refunded(*money: Json) -> SourceOrders:
    """What a refund's own event says."""
    source, said = SourceOrders(), envelope(shopify_event("refunds/create", refund([], *money, id=88)))
    source.add(MappedRecord(record=record(b""), envelope=said, decision=map_event(said, RULES)))
    return source


def test_a_refund_receipt_of_another_amount_than_moved_is_said() -> None:
    """By the successful transactions of its gateway alone; a receipt that only moves accounts has no money."""
    by_card = handed_back("30.00")
    by_paypal = handed_back("5.00", id=2, gateway="PayPal")
    failed = handed_back("9.00", id=3, status="failure")
    source = refunded(by_card, failed)
    assert source.refund_difference(receipt("88", "30.00")) == ""
    assert source.refund_difference(receipt("88", "39.00")) == (
        "the source says 30.00 was handed back, the books say 39.00"
    )
    both = refunded(by_card, by_paypal)
    assert both.refund_difference(receipt("88.paypal", "5.00")) == ""
    assert both.refund_difference(receipt("88.paypal", "35.00")) != ""
    assert both.refund_difference(receipt("88.tip", "0.00")) == ""


@pytest.mark.parametrize("changes", [{"currency": "EUR"}, {"amount_rounding": "0.02"}, {"amount": None}])
def test_money_of_a_refund_that_is_no_plain_figure_is_not_compared(changes: Json) -> None:
    """Of another currency, rounded cash, or without its amount."""
    source = SourceOrders()
    told = envelope(shopify_event("refunds/create", refund([], {**handed_back("30.00"), **changes}, id=88)))
    plan = map_event(envelope(shopify_event("refunds/create", refund([], handed_back("30.00"), id=88))), RULES)
    source.add(MappedRecord(record=record(b""), envelope=told, decision=plan))
    assert source.refund_difference(receipt("88", "31.00")) == ""
