"""Cash change: less was received than the payment's own transaction says, and once only."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from bridge.index.index import Index
from bridge.planning.steps import AlreadyPosted, PlannedStep, Refused, Waiting
from contracts.keys import SourceKey
from contracts.posting import Intent, PostingPlan, PostingStep
from contracts.quickbooks import ChangeDraft, PaymentDraft
from tests.support.plans import (
    LISTS,
    ORDER,
    books,
    invoice_row,
    link,
    note,
    order_plan,
    payment_row,
    planned,
    steps,
    transaction_key,
    transaction_plan,
)

PARENT = transaction_key(7)
PAID = "payment shopify:transaction:7"


def change_plan(amount: str = "2.60", *, of: SourceKey | None = PARENT, number: int = 8) -> PostingPlan:
    """Change that was given back out of transaction 7."""
    key = transaction_key(number)
    draft = ChangeDraft(invoice=ORDER, amount=Decimal(amount), currency="USD", payment=of)
    step = PostingStep(key=key, entity="Payment", intent=Intent.FACT, draft=draft)
    return replace(transaction_plan(number), document=key, steps=(step,))


def with_invoice(*payments: dict[str, Any], **changes: Any) -> Index:
    """Books with the order's invoice of 30.00 at version 5, and these payments."""
    row = invoice_row(marker_fields={"v": "5.1", "h": "aaaaaaaaaa"}, **changes)
    return books(*LISTS, ("Invoice", row), *(("Payment", payment) for payment in payments))


def told(step: PlannedStep) -> tuple[str, Decimal, Decimal]:
    """Operation, amount, and what is on the invoice."""
    amount = step.draft.amount if isinstance(step.draft, PaymentDraft) else step.total
    assert amount is not None
    return step.operation.value, amount, step.applied


def tendered(**changes: Any) -> dict[str, Any]:
    """40 for an invoice of 30, in the books before anybody told of the change."""
    return payment_row(transaction_key(7), "40.00", Line=[link("145", "30.00")], **changes)


def test_change_makes_the_payment_of_its_own_micro_batch_smaller() -> None:
    """In any order of the two, and the marker says which change it was."""
    for plans in (
        [transaction_plan(amount="40.00"), change_plan("10.00")],
        [change_plan("10.00"), transaction_plan(amount="40.00")],
    ):
        found = steps(planned([order_plan(received="30.00"), *plans]))
        assert told(found[PAID]) == ("create", Decimal("30.00"), Decimal("30.00"))
        assert found[PAID].marker_fields["k"] == "8:10.00"


def test_change_makes_a_payment_in_the_books_smaller() -> None:
    """It keeps what it has on the invoice; the rest was no money."""
    (step,) = steps(planned([change_plan("10.00")], with_invoice(tendered(), Balance=Decimal(0)))).values()
    assert told(step) == ("sparse_update", Decimal("30.00"), Decimal("30.00"))
    assert (step.marker_fields["k"], step.marker_fields["t"]) == ("8:10.00", "30.00")


def test_change_is_taken_out_once() -> None:
    """Guard: told again, it finds itself in the marker."""
    smaller = payment_row(transaction_key(7), PrivateNote=note(transaction_key(7), o="100", t="30.00", k="8:10.00"))
    found = planned([change_plan("10.00")], with_invoice(smaller))
    assert (found.waves, type(found.resolutions[0][0])) == ((), AlreadyPosted)


def test_change_waits_for_its_payment() -> None:
    """Nobody knows yet how much was given."""
    found = planned([change_plan()], with_invoice())
    assert (found.waves, type(found.resolutions[0][0])) == ((), Waiting)
    assert isinstance(planned([change_plan()]).resolutions[0][0], Waiting)


def test_change_that_names_no_payment_comes_out_of_the_greatest() -> None:
    """Older bodies have no parent."""
    rows = (tendered(), payment_row(transaction_key(6), "5.00", "147", Line=[]))
    (step,) = steps(planned([change_plan("10.00", of=None)], with_invoice(*rows, Balance=Decimal(0)))).values()
    assert (str(step.id), told(step)[1]) == (PAID, Decimal("30.00"))


def test_change_of_what_lies_on_a_deposit_is_a_conflict() -> None:
    """Guard: QBO freezes it there."""
    on_deposit = tendered(LinkedTxn=[{"TxnId": "9", "TxnType": "Deposit"}])
    found = planned([change_plan("10.00")], with_invoice(on_deposit, Balance=Decimal(0)))
    assert (found.waves, type(found.resolutions[0][0])) == ((), Refused)


def test_more_change_than_was_given_is_refused() -> None:
    """No payment is below zero."""
    found = planned([change_plan("40.00")], with_invoice(tendered()))
    assert isinstance(found.resolutions[0][0], Refused)
    together = planned([order_plan(), transaction_plan(amount="40.00"), change_plan("40.00")])
    assert isinstance(together.resolutions[2][0], Refused)


def test_the_body_s_money_fills_what_the_change_left_open() -> None:
    """Received is what was given less the change: a body that says more than that tells another payment."""
    index = with_invoice(payment_row(transaction_key(7), "10.00"), Balance=Decimal("20.00"))
    found = steps(planned([order_plan(6, received="30.00"), change_plan("2.60")], index))
    (by_body,) = [step for name, step in found.items() if name.startswith("payment shopify:payment:100")]
    assert told(by_body)[1] == Decimal("22.60")
    assert told(found[PAID])[1] == Decimal("7.40")
