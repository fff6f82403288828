"""Verdicts: what the events ask for against what the books hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bridge.decoding.decision import MappedRecord
from bridge.index.index import Index
from bridge.reconciliation.documents import WRONG, Document, documents, totals
from bridge.reconciliation.events import Events
from contracts.errors import UnmappableEvent
from contracts.posting import Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import RedemptionDraft, RefundReceiptDraft
from contracts.records import InboundRecord, Place
from tests.support.orders import charge, plan_of, stripe_event
from tests.support.plans import (
    BODY_MONEY,
    DAY,
    DEPOSIT,
    ORDER,
    TOTE,
    books,
    cancelled_plan,
    invoice_row,
    note,
    order_plan,
    payment_row,
    plan,
    transaction_key,
    transaction_plan,
)

NO_LETTERS: Mapping[Place, str] = {}
SALE = transaction_key(7)
REFUND = replace(SALE, kind="refund")


def told(*verdicts: PostingPlan | Ignored | UnmappableEvent, other_companies: int = 0) -> Events:
    """Events with these meanings, at offsets from 0 on, and some of other companies."""
    events = Events()
    judged = [
        MappedRecord(record=record(offset), envelope=None, decision=verdict) for offset, verdict in enumerate(verdicts)
    ]
    events.add(len(judged) + other_companies, judged)
    return events


def record(offset: int) -> InboundRecord:
    return InboundRecord(
        topic="shopify.events", partition=0, offset=offset, key=None, value=b"", headers=(), timestamp_ms=0
    )


def report(
    events: Events,
    index: Index,
    letters: Mapping[Place, str] = NO_LETTERS,
    ignored: Mapping[Place, str] = NO_LETTERS,
) -> dict[str, Document]:
    """Every line by type and document."""
    return {f"{each.entity} {each.key}": each for each in documents(events, index, letters, ignored)}


def verdicts(events: Events, index: Index, letters: Mapping[Place, str] = NO_LETTERS) -> dict[str, str]:
    return {name: each.verdict.value for name, each in report(events, index, letters).items()}


INVOICE, MONEY, PAID = f"Invoice {ORDER}", f"Payment {BODY_MONEY}", f"Payment {SALE}"


def test_an_order_with_its_money_is_posted_once_with_its_totals() -> None:
    """Two events of one document are one line."""
    events = told(order_plan(received="30.00"), order_plan(received="30.00"))
    found = report(events, books(("Invoice", invoice_row()), ("Payment", payment_row())))
    assert {name: each.verdict.value for name, each in found.items()} == {INVOICE: "posted", MONEY: "posted"}
    assert found[INVOICE].records == (Place("shopify.events", 0, 0), Place("shopify.events", 0, 1))
    thirty = (Decimal("30.00"), Decimal("30.00"))
    assert totals(found.values()) == {("Invoice", "USD"): thirty, ("Payment", "USD"): thirty}


def test_what_nobody_booked_is_missing() -> None:
    """Invoice and money each by itself."""
    assert verdicts(told(order_plan(received="30.00")), books()) == {INVOICE: "missing", MONEY: "missing"}
    with_invoice = books(("Invoice", invoice_row()))
    assert verdicts(told(order_plan(received="30.00"), transaction_plan()), with_invoice)[PAID] == "missing"


def test_money_that_transactions_account_for_is_not_missed_from_the_body() -> None:
    """All of it, or a part: only the rest is asked for."""
    index = books(("Invoice", invoice_row()), ("Payment", payment_row(SALE, "20.00")))
    assert MONEY not in verdicts(told(order_plan(received="20.00")), index)
    missing = report(told(order_plan(received="30.00")), index)[MONEY]
    assert (missing.verdict, missing.expected) == ("missing", Decimal("10.00"))


def test_two_live_documents_of_one_marker_are_extra() -> None:
    """Whether an event of the span asks for them or not."""
    twin = invoice_row(Id="150")
    index = books(("Invoice", invoice_row()), ("Invoice", twin))
    for events in (told(order_plan()), told(cancelled_plan()), told()):
        line = report(events, index)[INVOICE]
        assert (line.verdict, line.ids, line.booked) == ("extra", ("145", "150"), Decimal("60.00"))
    money = books(("Invoice", invoice_row()), ("Payment", payment_row()), ("Payment", payment_row(ident="151")))
    assert verdicts(told(order_plan(received="30.00")), money)[MONEY] == "extra"


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (invoice_row("31.00", marker_fields={"t": "30.00"}), "drifted"),
        (invoice_row("31.00", marker_fields={"t": "31.00"}), "drifted"),
        (invoice_row("31.00", marker_fields={"t": "31.00", "v": "9.1"}), "posted"),
        (invoice_row("0.00", PrivateNote="Voided - " + note(ORDER, v="1.1", t="30.00")), "voided"),
    ],
    ids=["by a person", "from the events", "a newer version", "voided by a person"],
)
def test_totals_are_compared(row: dict[str, Any], verdict: str) -> None:
    """With what we wrote, and with the events unless the books are newer than they."""
    assert verdicts(told(order_plan()), books(("Invoice", row)))[INVOICE] == verdict


def test_a_payment_that_a_person_changed_has_drifted() -> None:
    """Known from the body or from a transaction."""
    row = payment_row(amount="29.00", PrivateNote=note(BODY_MONEY, v="1.1", r="30.00", t="30.00"))
    index = books(("Invoice", invoice_row()), ("Payment", row))
    assert verdicts(told(order_plan(received="30.00")), index)[MONEY] == "drifted"


def test_money_that_a_person_deleted_is_not_missing() -> None:
    """It is shown as voided."""
    index = books(("Invoice", invoice_row()), ("Payment", payment_row()))
    index.mark_deleted("Payment", "146")
    assert verdicts(told(order_plan(received="30.00")), index)[MONEY] == "voided"


def test_a_cancelled_order_asks_for_nothing() -> None:
    """Nothing there, a void there, or an invoice that stays because of its money."""
    void = invoice_row("0.00", PrivateNote="Voided - " + note(ORDER, v="9.27", h="void", t="0.00"))
    paid = books(("Invoice", invoice_row()), ("Payment", payment_row(SALE)))
    for index in (books(), books(("Invoice", void)), paid):
        assert verdicts(told(order_plan(), cancelled_plan()), index) == {INVOICE: "cancelled"}


def test_a_cancellation_that_nobody_booked_is_named() -> None:
    """Nothing is on the invoice, and it is owed in full. Guard: `_stands_unpaid`."""
    assert verdicts(told(order_plan(), cancelled_plan()), books(("Invoice", invoice_row()))) == {INVOICE: "extra"}


def test_a_fact_that_did_not_last_must_not_be_there() -> None:
    """A refund that failed. Guard: `_taken_back`."""
    draft = RefundReceiptDraft(
        refund_of=ORDER,
        doc_number="1001-R",
        txn_date=DAY,
        currency="USD",
        lines=(),
        total=Decimal("5.00"),
        deposit_to=DEPOSIT,
    )
    made = plan(REFUND, PostingStep(key=REFUND, entity="RefundReceipt", intent=Intent.FACT, draft=draft))
    undone = plan(REFUND, PostingStep(key=REFUND, entity="RefundReceipt", intent=Intent.UNDONE))
    row = {"Id": "160", "SyncToken": "0", "TotalAmt": Decimal("5.00"), "PrivateNote": note(REFUND, t="5.00")}
    name = f"RefundReceipt {REFUND}"
    assert verdicts(told(made), books(("RefundReceipt", row))) == {name: "posted"}
    assert verdicts(told(made, undone), books(("RefundReceipt", row))) == {name: "extra"}
    assert verdicts(told(undone, made), books()) == {name: "cancelled"}


def test_what_gift_cards_took_off_is_not_missed() -> None:
    """The invoice is less by it, and so is the money."""
    day = date(2026, 3, 2)
    redeemed = RedemptionDraft(invoice=ORDER, item=TOTE, amount=Decimal("10.00"), currency="USD", txn_date=day)
    card = plan(SALE, PostingStep(key=SALE, entity="Invoice", intent=Intent.FACT, draft=redeemed))
    index = books(("Invoice", invoice_row("20.00")), ("Payment", payment_row(amount="20.00")))
    found = report(told(order_plan(received="30.00"), card), index)
    assert {name: each.verdict.value for name, each in found.items()} == {INVOICE: "posted", MONEY: "posted"}
    assert found[INVOICE].expected == Decimal("20.00")


def test_money_without_an_order_waits() -> None:
    """Unless an event of the span tells of the order."""
    assert verdicts(told(transaction_plan()), books()) == {PAID: "waiting"}
    assert verdicts(told(transaction_plan(), order_plan()), books())[PAID] == "missing"


def test_a_dead_letter_is_no_loss() -> None:
    """Its reason is named; only while the document is not there."""
    letters = {Place("shopify.events", 0, 0): "period_closed"}
    line = report(told(order_plan()), books(), letters)[INVOICE]
    assert (line.verdict, line.why) == ("dead_lettered", "period_closed")
    assert verdicts(told(order_plan()), books(("Invoice", invoice_row())), letters) == {INVOICE: "posted"}


def test_a_letter_that_was_booked_later_does_not_excuse_what_a_person_deleted() -> None:
    """Redriven and booked, then deleted: no open letter is left to look at. Guard: `deleted_since`."""
    letters = {Place("shopify.events", 0, 0): "unmappable"}
    index = books()
    index.identities.own("Invoice", "145", ORDER, {})
    assert verdicts(told(order_plan(), order_plan()), index, letters) == {INVOICE: "missing"}


def test_what_was_ignored_by_rule_is_no_loss() -> None:
    """Only when each record of it was; what a person deleted is told as that."""
    zero, one = Place("shopify.events", 0, 0), Place("shopify.events", 0, 1)
    twice = told(transaction_plan(), transaction_plan())
    for ignored, verdict in (
        ({zero: "booked_by_shop", one: "booked_by_shop"}, "ignored"),
        ({zero: "booked_by_shop"}, "waiting"),
        ({one: "deleted_in_qbo"}, "voided"),
    ):
        assert report(twice, books(), ignored=ignored)[PAID].verdict == verdict


def test_the_other_form_of_a_refund_is_not_asked_for() -> None:
    """A refund is a receipt or a credit memo: the one that it is not, is no line of its own."""
    undone = PostingStep(key=ORDER, entity="CreditMemo", intent=Intent.UNDONE)
    both = order_plan()
    events = told(replace(both, steps=(*both.steps, undone)))
    assert verdicts(events, books(("Invoice", invoice_row()))) == {INVOICE: "posted"}


def test_a_sale_that_is_a_sales_receipt_holds_its_money() -> None:
    """Booked by another rule than today's: once is once."""
    index = books(("SalesReceipt", invoice_row(PrivateNote=note(ORDER, "SalesReceipt", t="30.00"))))
    found = verdicts(told(order_plan(received="30.00"), transaction_plan()), index)
    assert found == {INVOICE: "posted", PAID: "posted"}


def test_a_charge_that_pays_an_invoice_is_no_sale_of_its_own() -> None:
    """Guard: its payment says what it pays, and a sale of its own is not missed."""
    charged = plan_of(stripe_event("charge.succeeded", charge()))
    money = {
        "Id": "9",
        "SyncToken": "1",
        "TotalAmt": Decimal(25),
        "CurrencyRef": {"value": "USD"},
        "PrivateNote": note(charged.lane, o="invoice:in_1", t="25.00"),
    }
    assert verdicts(told(charged), books(("Payment", money))) == {f"Payment {charged.lane}": "posted"}
    void = note(charged.lane, "Invoice", h="void", t="0.00")
    emptied = {**money, "Id": "8", "TotalAmt": Decimal(0), "PrivateNote": void}
    found = verdicts(told(charged), books(("Payment", money), ("Invoice", emptied)))
    assert found == {f"Invoice {charged.lane}": "cancelled", f"Payment {charged.lane}": "posted"}


def test_records_that_ask_for_nothing_are_counted() -> None:
    """Ignored, not bookable, and other companies'."""
    events = told(Ignored(code="test_event", message="a test"), UnmappableEvent("no rule"), other_companies=2)
    assert (events.records, events.other_companies) == (4, 2)
    assert (dict(events.ignored), dict(events.refused)) == ({"test_event": 1}, {"unmappable": 1})
    assert documents(events, books(), NO_LETTERS, NO_LETTERS) == []


def test_only_missing_and_extra_are_wrong() -> None:
    """A person's edit is a person's right."""
    assert {verdict.value for verdict in WRONG} == {"missing", "extra"}
