"""What people do shows in the index: twins, drift, links elsewhere, other customers, and what is gone."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bridge.books.recovery import PublishedDocuments
from bridge.index.index import Index
from bridge.journal.lost_markers import has_lost_marker, journal_key, journal_value, restore
from contracts.results import PostedEntity, Result, ResultStatus, Source
from tests.support.plans import (
    BODY_MONEY,
    BORN,
    ORDER,
    books,
    invoice_row,
    known,
    link,
    note,
    payment_row,
    transaction_key,
)
from tests.support.seals import SEAL

SALE = transaction_key(7)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def ids(index: Index) -> dict[str, list[str]]:
    return {str(key): [twin.id for twin in duplicates] for (_, key), duplicates in index.duplicates().items()}


def test_twins_are_known_whatever_order_they_are_read_in() -> None:
    """The first one by Id is the document; numbers, not texts."""
    for order in (("9", "10", "11"), ("11", "10", "9"), ("10", "11", "9")):
        index = books(*[("Invoice", invoice_row(Id=ident)) for ident in order])
        assert (known(index, "Invoice", ORDER).id, ids(index)) == ("9", {str(ORDER): ["9", *sorted(ids_after(order))]})


def ids_after(order: tuple[str, ...]) -> list[str]:
    return [ident for ident in order if ident != "9"]


def test_a_twin_that_goes_leaves_one() -> None:
    """Deleted, voided, or read again under another marker; the one that lives takes the place."""
    other = note(SALE, "Invoice")
    for row in (None, invoice_row("0.00", SyncToken="2", PrivateNote="Voided"), invoice_row(PrivateNote=other)):
        index = books(("Invoice", invoice_row()), ("Invoice", invoice_row(Id="150")))
        if row is None:
            index.mark_deleted("Invoice", "145")
        else:
            index.remember("Invoice", row)
        assert (ids(index), known(index, "Invoice", ORDER).id) == ({}, "150")
    index = books(("Invoice", invoice_row()), ("Invoice", invoice_row(Id="150")))
    index.remember("Invoice", invoice_row(Id="150", PrivateNote=other))
    assert (ids(index), known(index, "Invoice", ORDER).id) == ({}, "145")


def test_entities_of_other_types_are_no_twins() -> None:
    """A charge is an invoice and its payment under one marker."""
    assert ids(books(("Invoice", invoice_row()), ("Payment", payment_row(ORDER)))) == {}


def test_drift_begins_and_ends_with_the_total() -> None:
    """A void ends it too."""
    index = books(("Invoice", invoice_row()))
    for row, count in (
        (invoice_row("31.00", marker_fields={"t": "30.00"}), 1),
        (invoice_row(), 0),
        (invoice_row("31.00", marker_fields={"t": "30.00"}), 1),
        (invoice_row("0.00", PrivateNote="Voided " + note(ORDER, t="30.00")), 0),
    ):
        index.remember("Invoice", row)
        assert len(index.drifted()) == count


def test_links_to_other_documents_are_told_apart() -> None:
    """What is on the order's own invoice, on another one, and a credit; sums are of invoices only."""
    credit = {"Amount": Decimal("3.00"), "LinkedTxn": [{"TxnId": "8", "TxnType": "CreditMemo"}]}
    bare = {"Amount": Decimal("1.00"), "LinkedTxn": []}
    lines = [link("145", "20.00"), {**link("9", "10.00"), "LineEx": {"any": []}}, credit, bare]
    index = books(("Invoice", invoice_row()), ("Payment", payment_row(Line=lines)))
    (payment,) = index.payments_of(ORDER)
    assert (payment.applied, payment.applied_elsewhere) == (Decimal("20.00"), Decimal("10.00"))
    assert [line["LinkedTxn"] for line in payment.elsewhere] == [link("9", "10.00")["LinkedTxn"], credit["LinkedTxn"]]
    assert all(set(line) == {"Amount", "LinkedTxn"} for line in payment.elsewhere)


def test_another_customer_than_ours_is_a_persons_choice() -> None:
    """Without `c` in the marker nobody can say."""
    for facts, customer_changed in (({"c": "60"}, False), ({"c": "61"}, True), ({}, False)):
        assert (
            known(books(("Invoice", invoice_row(marker_fields=facts))), "Invoice", ORDER).customer_changed
            is customer_changed
        )


def test_an_older_row_changes_nothing() -> None:
    """A look that began before our own write; tokens are numbers."""
    index = books(("Invoice", invoice_row(SyncToken="10")))
    for token, total in (("9", "30.00"), ("10", "30.00"), ("11", "31.00")):
        index.catch_up(
            "Invoice", invoice_row("31.00", marker_fields={"t": "30.00"}, SyncToken=token), nothing_written_since=True
        )
        assert known(index, "Invoice", ORDER).total == Decimal(total)


def test_what_moved_while_a_look_was_under_way_is_read_again() -> None:
    """It is sure only when nothing of ours was written meanwhile."""
    for nothing_written_since in (True, False):
        index = books(("Invoice", invoice_row()))
        index.mark_stale("Invoice", ORDER)
        index.catch_up("Invoice", invoice_row(SyncToken="1"), nothing_written_since=nothing_written_since)
        assert known(index, "Invoice", ORDER).is_current is nothing_written_since


def test_what_is_gone_is_told_once_it_is_known() -> None:
    """A stranger's Id is nobody's."""
    index = books(("Invoice", invoice_row()))
    assert index.mark_deleted("Invoice", "999") is None
    gone = index.mark_deleted("Invoice", "145")
    assert gone is not None
    assert (gone.voided, gone.voided_by_us, gone.total) == (True, False, Decimal(0))


def kept(index: Index) -> dict[str, bytes]:
    posted = known(index, "Payment", SALE)
    return {journal_key(posted): journal_value(posted, SEAL), "waiting:x": b"{}", "fresh:since": b"2026"}


def test_the_next_owner_knows_what_is_gone() -> None:
    """With everything that planning asks of it; whatever else the journal holds is left alone."""
    index = books(("Payment", payment_row(SALE, "12.00")))
    index.mark_deleted("Payment", "146")
    heir = books()
    restore(heir, kept(index))
    found = known(heir, "Payment", SALE)
    assert (found.voided, found.written, found.customer_id) == (True, Decimal("12.00"), "60")
    assert heir.voided_payments_of(ORDER) == (found,)


def test_what_quickbooks_still_has_comes_over_what_was_kept() -> None:
    """A cleared note makes no stranger of it; a void stays one."""
    journal = kept(books(("Payment", payment_row(SALE, "12.00"))))
    for row, voided in (
        (payment_row(SALE, "12.00", PrivateNote="mine"), False),
        (payment_row(SALE, "0.00", PrivateNote="Voided"), True),
    ):
        heir = books()
        restore(heir, journal)
        heir.remember("Payment", row)
        found = known(heir, "Payment", SALE)
        assert (found.id, found.voided, found.marked) == ("146", voided, False)


def test_a_void_without_a_marker_may_be_ours() -> None:
    """One with a marker is known by it, and a live one was somebody's all along."""
    for text, lost in (("Voided", True), ("Voided " + note(ORDER), False), ("hello", False), (None, False)):
        assert has_lost_marker("Invoice", {"PrivateNote": text}, SEAL) is lost


# -- recollection -----------------------------------------------------------------------------------------------------


def result(document: str | None, *entities: PostedEntity, company: str = "acme") -> Result:
    source = Source(
        system="shopify", event_type=None, event_id=None, document=document, topic="t", partition=0, offset=1
    )
    return Result(
        result_id="res-1",
        status=ResultStatus.POSTED,
        company=company,
        realm_id="91",
        source=source,
        entities=entities,
        rules_version="r",
        occurred_at=None,
        received_at=NOON,
        posted_at=NOON,
    )


def entity(ident: str = "146", operation: Any = "create", kind: str = "Payment") -> PostedEntity:
    return PostedEntity(entity=kind, operation=operation, id=ident, total="12.00", currency="USD")


def recollected(*results: Result) -> Index:
    """An index of what these results say of Payment 146 and Invoice 145."""
    published = PublishedDocuments({("Payment", "146"), ("Invoice", "145")}, SEAL)
    for each in results:
        published.add(each, "acme")
    index = Index(SEAL, complete_since=BORN)
    for (kind, _), row in published.rows().items():
        index.remember(kind, row)
    return index


def test_a_result_names_its_own_document() -> None:
    """An order its invoice, and the payment that its body told of."""
    index = recollected(result(str(ORDER), entity("145", kind="Invoice"), entity()))
    assert known(index, "Invoice", ORDER).id == "145"
    assert known(index, "Payment", BODY_MONEY).written == Decimal("12.00")


def test_a_payment_that_a_transaction_took_over_is_the_transactions() -> None:
    """Whatever an order's event says of it before and after."""
    index = recollected(
        result(str(ORDER), entity()),
        result(str(SALE), entity(operation="sparse_update")),
        result(str(ORDER), entity(operation="none")),
        result(str(ORDER), entity(operation="sparse_update")),
    )
    assert index.get("Payment", BODY_MONEY) is None
    assert [payment.key for payment in index.payments_of(ORDER)] == [SALE]


def test_what_is_not_ours_is_not_recollected() -> None:
    """Another company's, one without a document, one that we deleted, one that was only held, other Ids."""
    for each in (
        result(str(ORDER), entity(), company="other"),
        result(None, entity()),
        result(str(ORDER), entity(operation="delete")),
        result(str(ORDER), entity(operation="none")),
        result(str(ORDER), entity("147")),
    ):
        assert len(recollected(each)) == 0


def test_results_that_name_no_such_id_are_not_even_parsed() -> None:
    """A topic of a million results is read for one Id."""
    published = PublishedDocuments({("Payment", "146")}, SEAL)
    assert published.may_name(b'{"id":"146"}')
    assert not published.may_name(b'{"id":"1467"}')
