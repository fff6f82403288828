"""Money of an order: from its transactions and from its bodies, never the same money twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bridge.index.index import Index
from bridge.planning.steps import AlreadyPosted, PlannedStep, Refused, Skipped, Waiting, Write
from contracts.errors import RejectedPosting
from contracts.keys import SourceKey
from contracts.posting import Operation
from contracts.quickbooks import PaymentDraft
from tests.support.plans import (
    BODY_MONEY,
    LISTS,
    ORDER,
    books,
    buyer,
    company,
    customer_row,
    invoice_row,
    link,
    note,
    order_plan,
    payment_row,
    planned,
    steps,
    thing,
    transaction_key,
    transaction_plan,
)

FACTS = {"v": "5.1", "h": "aaaaaaaaaa"}
LEE = SourceKey("shopify", "customer", "2")
BODY = "payment shopify:payment:100"


def with_invoice(*payments: dict[str, object], **changes: Any) -> Index:
    """Books with the order's invoice of 30.00 at version 5, and these payments."""
    row = invoice_row(marker_fields=FACTS, **changes)
    return books(*LISTS, ("Invoice", row), *(("Payment", payment) for payment in payments))


def told(step: PlannedStep) -> tuple[str, Decimal, Decimal]:
    """Operation, amount, and what is on the invoice."""
    if isinstance(step.draft, PaymentDraft):
        return step.operation.value, step.draft.amount, step.applied
    assert step.target is not None
    return step.operation.value, step.target.total if step.total is None else step.total, step.applied


def test_a_transaction_without_its_order_waits() -> None:
    """Nobody knows whose money it is yet."""
    found = planned([transaction_plan()])
    assert (found.waves, found.resolutions) == ((), ((Waiting(f"its order is not in the books yet: {ORDER}"),),))


def test_a_transaction_and_its_order_go_out_together() -> None:
    """In one micro-batch, in any order; the body's money is that same money."""
    for plans in (
        [transaction_plan(), order_plan(received="30.00")],
        [order_plan(received="30.00"), transaction_plan()],
    ):
        found = steps(planned(plans, books(*LISTS)))
        assert list(found) == ["invoice shopify:order:100", "payment shopify:transaction:7"]
        assert told(found["payment shopify:transaction:7"]) == ("create", Decimal("30.00"), Decimal("30.00"))


def test_a_transaction_takes_over_the_money_of_the_body() -> None:
    """The same payment, under the transaction's marker: no second payment, and no moment without the first."""
    found = steps(planned([transaction_plan()], with_invoice(payment_row())))
    (step,) = found.values()
    assert told(step) == ("sparse_update", Decimal("30.00"), Decimal("30.00"))
    assert step.target is not None
    assert (step.target.id, step.id.key) == ("146", transaction_key(7))


def test_a_part_is_taken_out_of_the_money_of_the_body() -> None:
    """The body's payment shrinks first, so that the invoice has room; it goes on remembering what was told."""
    found = planned([transaction_plan(amount="10.00")], with_invoice(payment_row()))
    assert [[str(step.id) for step in wave] for wave in found.waves] == [[BODY], ["payment shopify:transaction:7"]]
    assert told(steps(found)[BODY]) == ("sparse_update", Decimal("20.00"), Decimal("20.00"))
    assert steps(found)[BODY].marker_fields["r"] == "30.00"


def test_a_part_that_was_taken_out_before_a_crash_is_not_taken_out_again() -> None:
    """The body's payment has made room for a transaction that was never written: only that is left to do."""
    smaller = payment_row(amount="20.00", PrivateNote=note(BODY_MONEY, v="5.1", r="30.00", t="20.00"))
    found = steps(planned([transaction_plan(amount="10.00")], with_invoice(smaller)))
    assert list(found) == ["payment shopify:transaction:7"]


def test_the_same_transaction_twice_is_one_payment() -> None:
    """The first event is credited."""
    found = planned([transaction_plan(), transaction_plan()], with_invoice())
    (step,) = found.waves[0]
    assert found.resolutions == ((Write(step.id, credited=True),), (Write(step.id, credited=False),))


def test_a_booked_transaction_is_held() -> None:
    """A replay."""
    found = planned([transaction_plan()], with_invoice(payment_row(transaction_key(7))))
    assert (found.waves, type(found.resolutions[0][0])) == ((), AlreadyPosted)


def test_an_older_body_does_not_take_money_away() -> None:
    """It says that nothing was received, but the books know better."""
    found = planned([order_plan(4, received="0.00")], with_invoice(payment_row()))
    assert found.waves == ()


def test_a_newer_body_raises_the_money_and_credits_its_event() -> None:
    """From 10 to 30, on the same payment."""
    index = with_invoice(payment_row(amount="10.00"))
    money = order_plan(6, received="30.00", total="30.00")
    found = planned([money], index)
    assert told(steps(found)[BODY]) == ("sparse_update", Decimal("30.00"), Decimal("30.00"))
    assert Write(steps(found)[BODY].id, credited=True) in found.resolutions[0]


def test_of_two_bodies_of_one_age_the_greater_amount_counts() -> None:
    """Whichever comes first, in one micro-batch or in two."""
    more, less = order_plan(5, received="30.00"), order_plan(5, received="10.00")
    for plans in ([more, less], [less, more]):
        (step,) = [step for name, step in steps(planned(plans, books(*LISTS))).items() if name.startswith(BODY)]
        assert told(step)[1] == Decimal("30.00")
    row = payment_row(PrivateNote=note(BODY_MONEY, v="5.1", r="30.00", t="30.00"))
    assert BODY not in steps(planned([less], with_invoice(row)))


def test_more_than_the_invoice_takes_stays_the_customers_credit() -> None:
    """40 received for an invoice of 30."""
    (step,) = planned([transaction_plan(amount="40.00")], with_invoice()).waves[0]
    assert told(step) == ("create", Decimal("40.00"), Decimal("30.00"))


def test_what_a_person_already_put_on_the_invoice_leaves_less_room() -> None:
    """The balance says so; QBO would refuse a link above it."""
    (step,) = planned([transaction_plan()], with_invoice(Balance=Decimal("12.00"))).waves[0]
    assert told(step) == ("create", Decimal("30.00"), Decimal("12.00"))


def test_money_told_in_the_customer_s_currency_is_left_to_the_order_s_body() -> None:
    """No rate is invented: the body tells the same money in the shop's currency."""
    found = planned([transaction_plan(currency="EUR")], with_invoice(), company(multicurrency=True))
    (fate,) = found.resolutions[0]
    assert (found.waves, isinstance(fate, Skipped) and fate.code) == ((), "skipped_by_rule")


def test_a_transaction_that_a_person_voided_stays_void() -> None:
    """Neither its own event nor the order's body brings the money back."""
    voided = payment_row(
        transaction_key(7), "0.00", Line=[], PrivateNote="Voided - " + note(transaction_key(7), o=ORDER.id, t="30.00")
    )
    found = planned([transaction_plan(), order_plan(6, received="30.00")], with_invoice(voided))
    assert not any(name.startswith("payment") for name in steps(found))
    assert isinstance(found.resolutions[0][0], Skipped)


def test_money_of_a_body_that_a_person_voided_stays_void() -> None:
    """`deleted_in_qbo`, however often the body comes."""
    voided = payment_row(
        amount="0.00", Line=[], PrivateNote="Voided - " + note(BODY_MONEY, v="5.1", r="30.00", t="30.00")
    )
    found = planned([order_plan(6, received="30.00")], with_invoice(voided))
    assert not any(name.startswith("payment") for name in steps(found))
    assert any(isinstance(fate, Skipped) and fate.code == "deleted_in_qbo" for fate in found.resolutions[0])


def test_a_payment_that_a_person_changed_is_a_conflict() -> None:
    """Nothing is taken out of it, and nothing is booked beside it."""
    changed = payment_row(amount="25.00", PrivateNote=note(BODY_MONEY, v="5.1", r="30.00", t="30.00"))
    found = planned([transaction_plan(amount="10.00")], with_invoice(changed))
    (refused,) = found.resolutions[0]
    assert found.waves == ()
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, RejectedPosting)
    assert refused.error.reason_code == "conflict"


def test_payments_go_back_on_an_invoice_that_grew() -> None:
    """40 received, 30 of it applied; the invoice becomes 45, so all of the payment fits now."""
    beside = note(transaction_key(7), o=ORDER.id, t="40.00", a="30.00")
    paid = payment_row(transaction_key(7), "40.00", Line=[link("145", "30.00")], PrivateNote=beside)
    found = planned([order_plan(6, total="45.00")], with_invoice(paid, Balance=Decimal("0.00")))
    assert [[str(step.id) for step in wave] for wave in found.waves] == [
        ["invoice shopify:order:100"],
        ["payment shopify:transaction:7"],
    ]
    assert told(found.waves[1][0]) == ("sparse_update", Decimal("40.00"), Decimal("40.00"))


def test_what_a_person_took_off_an_invoice_stays_off() -> None:
    """We had put all 40 on it, or 30; somebody decided otherwise."""
    for beside in ({}, {"a": "30.00"}):
        row = payment_row(
            transaction_key(7),
            "40.00",
            Line=[link("145", "5.00")],
            PrivateNote=note(transaction_key(7), o=ORDER.id, t="40.00", **beside),
        )
        found = planned([order_plan(6, total="45.00")], with_invoice(row, Balance=Decimal("25.00")))
        assert list(steps(found)) == ["invoice shopify:order:100"]


def test_payments_follow_their_invoice_to_another_customer() -> None:
    """QBO takes them off when the invoice changes hands, and a payment of another customer cannot be linked."""
    index = with_invoice(payment_row(transaction_key(7)))
    index.remember("Customer", customer_row("61", "Lee Park", LEE))
    found = planned([order_plan(6, customer=LEE, needs=(thing(), buyer(LEE, "Lee Park", email=None)))], index)
    assert [[str(step.id) for step in wave] for wave in found.waves] == [
        ["invoice shopify:order:100"],
        ["payment shopify:transaction:7"],
    ]
    assert told(found.waves[1][0]) == ("sparse_update", Decimal("30.00"), Decimal("30.00"))


@pytest.mark.parametrize("said", [{"c": "60"}, {}], ids=["written for its customer", "by an earlier release"])
@pytest.mark.parametrize("follows", [True, False], ids=["the invoice too", "the payment alone"])
def test_a_payment_that_a_person_gave_to_another_customer_stays_there(said: dict[str, str], *, follows: bool) -> None:
    """Unless its invoice went to that customer as well; before or after a take-over, its marker says whose it was."""
    row = payment_row(
        transaction_key(7),
        CustomerRef={"value": "61"},
        Line=[],
        PrivateNote=note(transaction_key(7), o=ORDER.id, t="30.00", **said),
    )
    owner: dict[str, Any] = {"CustomerRef": {"value": "61"}} if follows else {}
    sold = invoice_row(marker_fields={**FACTS, "c": "60"}, Balance=Decimal("30.00"), **owner)
    index = books(*LISTS, ("Invoice", sold), ("Payment", row))
    found = planned([order_plan(6, total="45.00")], index)
    assert list(steps(found)) == ["invoice shopify:order:100"]
    assert [each.code for each in found.cautions[0]] == ([] if follows else ["with_another_customer"])


def test_payments_give_way_before_an_invoice_shrinks() -> None:
    """What QBO would take from which payment is not known, so it is said beforehand."""
    paid = payment_row(transaction_key(7))
    found = planned([order_plan(6, total="20.00")], with_invoice(paid, Balance=Decimal("0.00")))
    assert [[str(step.id) for step in wave] for wave in found.waves] == [
        ["payment shopify:transaction:7"],
        ["invoice shopify:order:100"],
    ]
    assert told(found.waves[0][0]) == ("sparse_update", Decimal("30.00"), Decimal("20.00"))


def test_a_second_life_of_the_bodys_payment_is_another_request() -> None:
    """Its first one was taken over; QBO answers a known request id with the first answer."""
    lives = {
        str(step.id)
        for received in ("10.00", "20.00")
        for step in steps(planned([order_plan(5, received=received)], books(*LISTS))).values()
        if step.id.entity == "Payment"
    }
    assert len(lives) == 2


def test_the_bodys_payment_that_comes_again_over_another_amount_is_another_request() -> None:
    """The same body, of which a transaction accounts for a part now: its first payment was taken over whole."""
    before, part = with_invoice(), with_invoice(payment_row(transaction_key(7), "10.00"))
    lives = {
        (str(step.id), told(step))
        for index in (before, part)
        for step in steps(planned([order_plan(5, received="30.00")], index)).values()
    }
    assert {amount for _, (_, amount, _) in lives} == {Decimal("30.00"), Decimal("20.00")}
    assert len({name for name, _ in lives}) == 2


def test_a_stale_payment_is_read_before_it_is_changed() -> None:
    """Its SyncToken moved when QBO took it off an invoice."""
    index = with_invoice(payment_row())
    index.mark_stale("Payment", BODY_MONEY)
    found = planned([transaction_plan(amount="10.00")], index)
    assert [posted.key for posted in found.stale] == [BODY_MONEY]


def test_money_never_voids_what_is_not_taken_back() -> None:
    """A newer body that says less makes the body's payment smaller; only one that says nothing voids it."""
    index = with_invoice(payment_row())
    assert steps(planned([order_plan(6, received="10.00")], index))[BODY].operation is Operation.UPDATE
    assert steps(planned([order_plan(6, received="0.00")], index))[BODY].operation is Operation.VOID
