"""An order's invoice against the books: versions, voids, people's changes, numbers and currencies."""

from __future__ import annotations

from decimal import Decimal

from bridge.planning.steps import AlreadyPosted, Refused, Schedule, Skipped, StepResolution, Superseded, Write
from contracts.errors import UnmappableEvent
from contracts.posting import Operation
from tests.support.plans import (
    BODY_MONEY,
    LISTS,
    ORDER,
    books,
    cancelled_plan,
    company,
    invoice_row,
    known,
    note,
    order_plan,
    payment_row,
    planned,
    step_id,
    steps,
    transaction_key,
    transaction_plan,
)

INVOICE = "invoice shopify:order:100"


def fate(found: Schedule, position: int = 0) -> StepResolution:
    """The only fate of a plan."""
    (only,) = found.resolutions[position]
    return only


def test_an_older_body_is_superseded() -> None:
    """The books are at version 5: version 4 writes nothing."""
    found = planned([order_plan(4)], books(*LISTS, ("Invoice", invoice_row(marker_fields={"v": "5.1"}))))
    assert (found.waves, type(fate(found))) == ((), Superseded)


def test_a_newer_body_updates_the_invoice_under_its_own_number() -> None:
    """A person gave the invoice another number: it stays."""
    row = invoice_row("20.00", DocNumber="SO-7", SyncToken="3")
    (step,) = planned([order_plan(5)], books(*LISTS, ("Invoice", row))).waves[0]
    assert (step.operation, step.target and step.target.sync_token) == (Operation.UPDATE, "3")
    assert getattr(step.draft, "doc_number", None) == "SO-7"


def test_a_change_by_a_person_is_a_conflict() -> None:
    """The total is not the one that we wrote: nothing is written, both numbers are named."""
    row = invoice_row("20.00", marker_fields={"t": "25.00"})
    found = planned([order_plan(5)], books(*LISTS, ("Invoice", row)))
    refused = fate(found)
    assert isinstance(refused, Refused)
    assert (found.waves, refused.error.reason_code) == ((), "conflict")  # type: ignore[attr-defined]
    assert "20.00" in str(refused.error)
    assert "25.00" in str(refused.error)


def test_a_conflict_is_not_noted_as_a_version_of_the_books() -> None:
    """What was refused is not in the books."""
    row = invoice_row("20.00", marker_fields={"t": "25.00"})
    assert planned([order_plan(5)], books(*LISTS, ("Invoice", row))).versions == {}


def test_a_cancelled_order_is_voided_and_its_marker_put_back() -> None:
    """QBO overwrites the note when it voids, so a second write restores it, and says that the void was ours."""
    found = planned([cancelled_plan()], books(*LISTS, ("Invoice", invoice_row())))
    void, again = steps(found)[INVOICE], steps(found)[f"{INVOICE} (note)"]
    assert (void.operation, again.operation) == (Operation.VOID, Operation.UPDATE)
    assert again.needs == {void.id}
    assert again.marker_fields == {"v": "9.27", "h": "void", "t": "0.00"}
    assert found.resolutions[0] == (Write(void.id, credited=True), Write(again.id, credited=True))


def test_a_cancelled_order_that_was_never_booked_stays_unbooked() -> None:
    """Nothing to void; and the order's older body, should it come later, is superseded."""
    index = books(*LISTS)
    found = planned([cancelled_plan()], index)
    assert (found.waves, type(fate(found))) == ((), Skipped)
    for key, version in found.versions.items():
        index.note_version(key, version)
    later = planned([order_plan(1)], index)
    assert (later.waves, type(fate(later))) == ((), Superseded)


def test_an_invoice_with_a_transaction_on_it_is_not_voided() -> None:
    """Money on it, in the books or in the same micro-batch: its refund carries it back."""
    paid = ("Payment", payment_row(transaction_key(7)))
    for plans, rows in ([cancelled_plan()], [paid]), ([transaction_plan(), cancelled_plan()], []):
        found = planned(plans, books(*LISTS, ("Invoice", invoice_row()), *rows))
        assert not any(step.operation is Operation.VOID for step in steps(found).values())
        assert isinstance(found.resolutions[-1][0], Skipped)


def test_an_invoice_that_a_person_was_paid_for_is_not_voided() -> None:
    """The balance shows money that is not ours."""
    found = planned([cancelled_plan()], books(*LISTS, ("Invoice", invoice_row(Balance=Decimal("10.00")))))
    assert (found.waves, type(fate(found))) == ((), Skipped)


def test_a_balance_that_is_unsure_is_read_before_voiding() -> None:
    """Something moved the invoice since it was read."""
    index = books(*LISTS, ("Invoice", invoice_row()))
    index.mark_stale("Invoice", ORDER)
    assert planned([cancelled_plan()], index).stale == (known(index, "Invoice", ORDER),)


def test_what_only_an_older_body_told_is_taken_back_with_the_void() -> None:
    """The newest body says that nothing was received: neither invoice nor payment count."""
    rows = ("Invoice", invoice_row()), ("Payment", payment_row())
    found = steps(planned([cancelled_plan()], books(*LISTS, *rows)))
    assert found[INVOICE].operation is Operation.VOID
    assert found["payment shopify:payment:100"].operation is Operation.VOID
    assert found["payment shopify:payment:100 (note)"].marker_fields["h"] == "void"


def test_an_invoice_that_a_person_voided_stays_void() -> None:
    """A newer body does not bring it back."""
    row = invoice_row("0.00", PrivateNote=f"Voided - {note(ORDER, v='1.1', h='abc', t='30.00')}")
    index = books(*LISTS, ("Invoice", row))
    found = planned([order_plan(5)], index)
    why = "the invoice was voided or deleted in QuickBooks and stays so"
    assert (found.waves, fate(found)) == ((), Skipped("deleted_in_qbo", why, known(index, "Invoice", ORDER)))


def test_the_cancellation_of_a_void_invoice_is_done_already() -> None:
    """A person was faster; the marker is still there."""
    row = invoice_row("0.00", PrivateNote=f"Voided - {note(ORDER, v='1.1', h='abc', t='30.00')}")
    found = planned([cancelled_plan()], books(*LISTS, ("Invoice", row)))
    assert (found.waves, type(fate(found))) == ((), AlreadyPosted)


def test_the_marker_is_put_back_when_a_persons_void_took_it() -> None:
    """In this company QBO replaces the whole note by "Voided"."""
    index = books(*LISTS, ("Invoice", invoice_row()), ("Invoice", invoice_row("0.00", PrivateNote="Voided")))
    found = planned([cancelled_plan()], index)
    assert list(steps(found)) == [f"{INVOICE} (marker)"]
    assert steps(found)[f"{INVOICE} (marker)"].id == step_id("Invoice", ORDER, "marker")


def test_the_second_number_is_used_when_a_stranger_has_the_first() -> None:
    """Fault 6140 was met before."""
    index = books(*LISTS)
    index.reserve_number("Invoice", "1001")
    (step,) = planned([order_plan()], index).waves[0]
    assert getattr(step.draft, "doc_number", None) == "1001-0100"


def test_a_foreign_currency_is_refused_when_multicurrency_is_off() -> None:
    """Both currencies are named; with multicurrency on the order is booked."""
    euros = order_plan(currency="EUR", needs=())
    found = planned([euros], books(*LISTS))
    refused = fate(found)
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, UnmappableEvent)
    assert "EUR" in str(refused.error)
    assert "USD" in str(refused.error)
    assert (found.waves, found.versions) == ((), {})
    assert planned([euros], books(*LISTS), company(multicurrency=True)).waves != ()


def test_the_body_of_a_refused_order_books_no_money() -> None:
    """There is no invoice to put it on, and its transactions go on waiting."""
    found = planned([order_plan(currency="EUR", received="30.00", needs=())], books(*LISTS))
    assert step_id("Payment", BODY_MONEY) not in [step.id for wave in found.waves for step in wave]
