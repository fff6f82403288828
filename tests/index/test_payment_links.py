"""What is part of what: told by markers, by the journal, and forgotten when money moves on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bridge.index.payment_links import PaymentLinks, noted, read_note
from contracts.keys import SourceKey
from contracts.posting import ONCE
from tests.support.plans import books, note

CHARGE = SourceKey("stripe", "charge", "ch_1")
INTENT = SourceKey("stripe", "payment_intent", "pi_1")
INVOICE = SourceKey("stripe", "invoice", "in_1")


def money(**facts: str) -> dict[str, Any]:
    """The payment of the charge with these facts in its marker."""
    return {"Id": "9", "SyncToken": "0", "TotalAmt": Decimal(25), "PrivateNote": note(CHARGE, t="25.00", **facts)}


def test_a_payment_tells_its_intent_and_what_it_is_on() -> None:
    """Guard: a restart knows it without the journal."""
    index = books(("Payment", money(p="pi_1", o="invoice:in_1")))
    assert index.payment_links.charge_of(INTENT) == CHARGE
    assert index.payment_links.documents_of(CHARGE) == {INVOICE: None}
    assert set(index.payment_links.payments_of_document(INVOICE)) == {CHARGE}
    assert set(index.payment_links.payments_of_document(CHARGE)) == {INTENT}


def test_a_payment_that_moved_is_not_of_its_old_sale_any_more() -> None:
    """Guard: money is counted for one sale only."""
    index = books(("Payment", money(p="pi_1")))
    assert [each.key for each in index.payments_of(CHARGE)] == [CHARGE]
    index.remember("Payment", {**money(p="pi_1", o="invoice:in_1"), "SyncToken": "1"})
    assert index.payments_of(CHARGE) == ()
    assert [each.key for each in index.payments_of(INVOICE)] == [CHARGE]


def test_the_journal_remembers_links_beside_versions() -> None:
    """A version of a document is no link."""
    index = books()
    index.note_version(INTENT, noted({INVOICE: None}))
    index.note_version(CHARGE, ONCE)
    assert index.payment_links.documents_of(INTENT) == {INVOICE: None}
    assert index.payment_links.documents_of(CHARGE) == {}
    assert (read_note(noted({INVOICE: None})), read_note(ONCE)) == ({INVOICE: None}, None)


def test_an_intent_has_a_charge_and_a_document() -> None:
    """Both are kept, whichever is told first; a charge is its own."""
    ties = PaymentLinks([(INTENT, INVOICE), (INTENT, CHARGE)])
    assert (ties.charge_of(INTENT), ties.documents_of(INTENT)) == (CHARGE, {INVOICE: None})
    assert ties.charge_of(CHARGE) == CHARGE
    assert PaymentLinks().charge_of(INTENT) is None


def test_the_money_of_an_invoice_s_body_is_of_that_invoice() -> None:
    """Stripe's invoices have bodies as orders have."""
    key = SourceKey("stripe", "payment", "in_1")
    row = {"Id": "9", "SyncToken": "0", "TotalAmt": Decimal(25), "PrivateNote": note(key, t="25.00")}
    assert [each.key for each in books(("Payment", row)).payments_of(INVOICE)] == [key]
