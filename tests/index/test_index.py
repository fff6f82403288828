"""The index reads markers, survives voids and conversions, and knows the newest version that the books reflect."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bridge.index.index import order_of
from contracts.keys import SourceKey
from contracts.marker_seal import MarkerSeal
from contracts.posting import Version
from tests.support.plans import (
    BODY_MONEY,
    ORDER,
    books,
    invoice_row,
    known,
    link,
    note,
    payment_row,
    transaction_key,
)


def test_a_marker_is_found_wherever_it_stands() -> None:
    """A person wrote before and after it; that text is kept."""
    row = invoice_row(PrivateNote=f"Call first\n{note(ORDER, v='7.2', h='abc', t='30.00')}\nThanks")
    posted = known(books(("Invoice", row)), "Invoice", ORDER)
    assert (posted.id, posted.version, posted.human_note) == ("145", Version(7, 2, "abc"), "Call first\nThanks")


def test_a_marker_is_proved_once_for_each_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """A take-over reads a hundred thousand of them, and a proof is the dearest part of it."""
    proofs: list[str] = []
    prove = MarkerSeal._is_right

    def counted(seal: MarkerSeal, said: str, entity: str, key: SourceKey) -> bool:
        proofs.append(said)
        return prove(seal, said, entity, key)

    monkeypatch.setattr(MarkerSeal, "_is_right", counted)
    index = books()
    for row in (invoice_row(), invoice_row()):  # the second time it is known by its Id
        proofs.clear()
        index.remember("Invoice", row)
        assert len(proofs) == 1


def test_a_strangers_document_is_not_ours() -> None:
    """No marker, no note, no Id."""
    index = books()
    rows = [{"Id": "1", "PrivateNote": "hello"}, {"Id": "2"}, {"PrivateNote": note(ORDER)}]
    assert [index.remember("Invoice", row) for row in rows] == [None, None, None]
    assert len(index) == 0


def test_a_total_is_touched_when_it_is_not_what_we_wrote() -> None:
    """Without a total in the marker nobody can say."""
    for total, facts, total_unchanged in (
        ("30.00", {"t": "30.0"}, True),
        ("31.00", {"t": "30.00"}, False),
        ("31.00", {"t": "?"}, True),
        ("31.00", {"t": "1e100"}, True),
        ("31.00", {"t": "1e999999"}, True),
        ("31.00", {"t": "9" * 3000}, True),
    ):
        assert (
            known(books(("Invoice", invoice_row(total, marker_fields=facts))), "Invoice", ORDER).total_unchanged
            is total_unchanged
        )


def test_a_version_that_no_marker_says_is_none() -> None:
    """Garbage and absence."""
    for version in ("", "x.1", "7", "7.y", "²", "².1", "1e999999", "9" * 4000):
        assert known(books(("Invoice", invoice_row(marker_fields={"v": version}))), "Invoice", ORDER).version is None


def test_newest_is_the_greater_of_marker_and_note() -> None:
    """What was noted beside never lowers what the books say."""
    index = books(("Invoice", invoice_row(marker_fields={"v": "5.1", "h": "b"})))
    index.note_version(ORDER, Version(3, 1, "a"))
    assert index.newest(ORDER) == Version(5, 1, "b")
    index.note_version(ORDER, Version(9, 1, "a"))
    index.note_version(ORDER, Version(8, 1, "a"))
    assert index.newest(ORDER) == Version(9, 1, "a")
    assert index.newest(SourceKey("shopify", "order", "0")) is None


def test_payments_are_found_by_their_order() -> None:
    """The body's by the order's id, a transaction's by `o` in its marker, a charge's by its own key."""
    charge = SourceKey("stripe", "charge", "ch_1")
    rows = [payment_row(), payment_row(transaction_key(7), "5.00", "147"), payment_row(charge, "5.00", "148")]
    index = books(*[("Payment", row) for row in rows])
    assert [payment.id for payment in index.payments_of(ORDER)] == ["146", "147"]
    assert [order_of(payment) for payment in index.payments_of(charge)] == [charge]


def test_a_payment_that_changes_its_key_is_known_by_the_new_one_only() -> None:
    """A transaction took over the money of the body."""
    index = books(("Payment", payment_row()), ("Payment", payment_row(transaction_key(7))))
    assert index.get("Payment", BODY_MONEY) is None
    assert [payment.key for payment in index.payments_of(ORDER)] == [transaction_key(7)]


def test_what_a_payment_puts_on_invoices_is_counted() -> None:
    """Links to anything else are not."""
    other = {"Amount": Decimal("2.00"), "LinkedTxn": [{"TxnId": "9", "TxnType": "CreditMemo"}]}
    row = payment_row(Line=[link("145", "12.00"), other])
    assert known(books(("Payment", row)), "Payment", BODY_MONEY).applied == Decimal("12.00")


def test_a_void_is_told_by_the_note() -> None:
    """Whose it was, our own marker says."""
    voided = invoice_row("0.00", PrivateNote="Voided - " + note(ORDER, v="1.1", t="30.00"))
    ours = invoice_row("0.00", PrivateNote=note(ORDER, v="1.1", h="void", t="0.00"))
    found = [known(books(("Invoice", row)), "Invoice", ORDER) for row in (voided, ours)]
    assert [(posted.voided, posted.voided_by_us) for posted in found] == [(True, False), (True, True)]


def test_a_note_that_lost_its_marker_makes_no_stranger_of_what_is_ours() -> None:
    """QBO replaced the note when it voided; the Id is known."""
    index = books(("Invoice", invoice_row()), ("Invoice", invoice_row("0.00", PrivateNote="Voided")))
    posted = known(index, "Invoice", ORDER)
    assert (posted.voided, posted.marked, posted.marker_fields["t"]) == (True, False, "30.00")


def test_a_live_payment_is_preferred_to_a_void_one_of_the_same_key() -> None:
    """Whichever row the warm-up reads first."""
    voided = payment_row(amount="0.00", ident="140", PrivateNote="Voided - " + note(BODY_MONEY, h="void", t="0.00"))
    for rows in ([voided, payment_row()], [payment_row(), voided]):
        index = books(*[("Payment", row) for row in rows])
        assert known(index, "Payment", BODY_MONEY).id == "146"


def test_payments_that_a_person_voided_are_known_as_such() -> None:
    """Not live, and not ours to bring back."""
    voided = payment_row(amount="0.00", PrivateNote="Voided - " + note(BODY_MONEY, t="30.00"))
    index = books(("Payment", voided))
    assert index.payments_of(ORDER) == ()
    assert [payment.written for payment in index.voided_payments_of(ORDER)] == [Decimal("30.00")]


@pytest.mark.parametrize("typed", ["0.0", "0.00", "0", "-0.00"])
def test_a_payment_over_money_is_no_application_whatever_its_marker_says_of_a_total(typed: str) -> None:
    """A payment of nothing puts a credit on an invoice; this one has 30.00. Guard: `Posted.is_application`."""
    index = books(("Payment", payment_row(PrivateNote=note(BODY_MONEY, v="1.1", r="30.00", t=typed))))
    assert [payment.id for payment in index.payments_of(ORDER)] == ["146"]
    assert index.applications_of(ORDER) == ()


def test_payments_are_unsure_once_their_invoice_let_go_of_them() -> None:
    """A smaller total, a void, another customer: QBO moves the payments and tells nobody."""
    for change in (
        invoice_row("20.00"),
        invoice_row("0.00", PrivateNote="Voided"),
        invoice_row(CustomerRef={"value": "61"}),
    ):
        index = books(("Invoice", invoice_row()), ("Payment", payment_row()), ("Invoice", change))
        assert known(index, "Payment", BODY_MONEY).is_current is False
    same = books(("Invoice", invoice_row()), ("Payment", payment_row()), ("Invoice", invoice_row("31.00")))
    assert known(same, "Payment", BODY_MONEY).is_current is True


def test_a_moved_entity_is_fresh_again_once_it_was_read() -> None:
    """And moving what is not there is nothing."""
    index = books(("Invoice", invoice_row()))
    index.mark_stale("Invoice", ORDER)
    index.mark_stale("Payment", BODY_MONEY)
    assert known(index, "Invoice", ORDER).is_current is False
    index.remember("Invoice", invoice_row(SyncToken="1"))
    assert known(index, "Invoice", ORDER).is_current is True


def test_what_is_forgotten_is_gone_from_its_order() -> None:
    """Forgetting what is not there is nothing."""
    index = books(("Payment", payment_row()))
    index.forget("Payment", BODY_MONEY)
    index.forget("Payment", BODY_MONEY)
    assert (index.payments_of(ORDER), len(index)) == ((), 0)
