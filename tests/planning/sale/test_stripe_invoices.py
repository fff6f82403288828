"""A Stripe invoice and its charge through the machine: one sale and one payment, whoever comes first or names whom."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.rules import load_rules
from tests.support.orders import charge, stripe_event
from tests.support.sizes import examples
from tests.support.stripe_lives import CHARGE, CHARGED, FINALIZED, INVOICE, PAID, SHAPES, SURE, TIED, deliveries
from tests.support.stripe_objects import (
    CHARGE_ID,
    INVOICE_ID,
    invoice_payment,
    paid_invoice,
    payout,
    refund,
    row,
)
from tests.support.world import World, opened

EXAMPLES = settings(max_examples=examples(30), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def sales(world: World) -> list[tuple[str, Decimal, Decimal]]:
    """The live invoices: marker, total and balance."""
    return [each[:3] for each in world.invoices()]


@pytest.mark.parametrize("shape", list(SHAPES))
@EXAMPLES
@given(data=st.data())
async def test_an_invoice_and_its_charge_are_one_sale_and_one_payment(shape: str, data: st.DataObject) -> None:
    """Guards: a linked charge's sale is dropped, one that was booked is voided, its payment moves, links survive."""
    batches = data.draw(deliveries(SHAPES[shape]))
    restarts = data.draw(st.booleans())
    async with opened() as world:
        for batch in batches:
            await world.deliver(*batch)
            if restarts:
                await world.restart()
        assert sales(world) == [(INVOICE, Decimal(25), Decimal(0))]
        assert world.payments() == [(CHARGE, Decimal(25))]
        assert set(world.statuses()) <= SURE


HALVES = [
    stripe_event("charge.succeeded", charge(amount=1000, amount_captured=1000)),
    stripe_event("charge.succeeded", charge(id="ch_2", payment_intent="pi_2", amount=1500, amount_captured=1500)),
    FINALIZED,
    stripe_event("invoice_payment.paid", invoice_payment(amount_paid=1000)),
    stripe_event("invoice_payment.paid", invoice_payment(payment={"type": "payment_intent", "payment_intent": "pi_2"})),
]


@EXAMPLES
@given(data=st.data())
async def test_an_invoice_that_is_paid_in_two_parts_has_two_payments(data: st.DataObject) -> None:
    """Each charge finds the same invoice by a link of its own."""
    async with opened() as world:
        for batch in data.draw(deliveries(HALVES)):
            await world.deliver(*batch)
        assert sales(world) == [(INVOICE, Decimal(25), Decimal(0))]
        assert world.payments() == [("stripe:charge:ch_2", Decimal(15)), (CHARGE, Decimal(10))]


async def test_charges_of_invoices_that_nobody_tells_are_sales() -> None:
    """Invoice events are not subscribed: the link alone books nothing and hides nothing."""
    async with opened() as world:
        tied, _ = await world.deliver(TIED, stripe_event("charge.succeeded", charge(invoice=INVOICE_ID)))
        assert sales(world) == [(CHARGE, Decimal(25), Decimal(0))]
        assert (tied.status, tied.reason and tied.reason.code) == ("ignored", "skipped_by_rule")


async def test_a_sale_that_a_person_changed_is_left_to_a_person() -> None:
    """Guard: a conflict instead of a void."""
    async with opened() as world:
        await world.deliver(CHARGED)
        (row,) = world.held("Invoice")
        changed = {**row, "TotalAmt": Decimal(30), "Balance": Decimal(5), "SyncToken": "7"}
        world.sandbox.company().tables["Invoice"][row["Id"]] = changed
        await world.restart()
        await world.deliver(FINALIZED, TIED)
        reasons = [results[-1].reason for results in world.results.values()]
        assert [reason.code for reason in reasons if reason].count("conflict") == 1
        assert CHARGE in [each[0] for each in world.invoices()]
        assert world.payments() == [(CHARGE, Decimal(25))]


async def test_money_that_a_person_put_on_the_charge_s_sale_keeps_it() -> None:
    """Guard: what QBO would free by the void is not ours to free."""
    async with opened() as world:
        await world.deliver(CHARGED)
        (row,) = world.held("Invoice")
        tables = world.sandbox.company().tables
        tables["Invoice"][row["Id"]] = {**row, "Balance": Decimal(-5), "SyncToken": "7"}
        await world.restart()
        (_, tied) = await world.deliver(FINALIZED, TIED)
        reasons = [results[-1].reason for results in world.results.values()]
        assert "conflict" in [reason.code for reason in reasons if reason], tied
        assert CHARGE in [each[0] for each in world.invoices()]


async def test_money_that_was_paid_out_already_does_not_move() -> None:
    """Guard: QBO freezes what lies on a deposit (6540), so nothing is changed and a person is told."""
    taken = row("charge", 2500, CHARGE_ID, 103)
    linked = load_rules('[gateways.stripe]\ndeposit = { sub_type = "UndepositedFunds" }')
    async with opened(linked) as world:
        await world.deliver(CHARGED, stripe_event("payout.paid", payout(2397, [taken])))
        await world.deliver(PAID)
        before = world.written()
        (tied,) = await world.deliver(TIED)
        assert (tied.status, tied.reason and tied.reason.code) == ("dead_lettered", "conflict")
        assert "lies on a deposit" in str(tied.reason and tied.reason.message)
        assert world.written() == before


async def test_a_refund_is_of_what_its_charge_really_paid_for() -> None:
    """The receipt goes to the invoice's customer whichever of the three comes first."""
    told = [CHARGED, FINALIZED, TIED, stripe_event("refund.created", refund(charge=None))]
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [0, 3, 1, 2], [1, 3, 2, 0]):
        async with opened() as world:
            for number in order:
                await world.deliver(told[number])
            (receipt,) = world.held("RefundReceipt")
            assert receipt["TotalAmt"] == Decimal(10)
            assert sales(world) == [(INVOICE, Decimal(25), Decimal(0))]
            assert set(world.statuses()) <= SURE


async def test_what_a_person_paid_by_hand_stays_on_the_invoice() -> None:
    """An invoice that is paid outside of Stripe has one payment, known from its body."""
    async with opened() as world:
        await world.deliver(stripe_event("invoice.paid", paid_invoice(amount_paid=0, paid_out_of_band=True)))
        assert sales(world) == [(INVOICE, Decimal(25), Decimal(0))]
        assert world.payments() == [(f"stripe:payment:{INVOICE_ID}", Decimal(25))]
