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
from tests.support.orders import ORDER_ID, RULES, Json, envelope, line, order, record, shopify_event, transaction
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
