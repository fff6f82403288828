"""The sale of a Stripe charge gives way to its invoice also where QuickBooks put an open credit on it by itself."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.sandbox.writes import write
from tests.support.orders import Json, charge, stripe_event
from tests.support.sandbox_books import marker_of
from tests.support.sizes import examples
from tests.support.stripe_lives import CHARGE, CHARGED, FINALIZED, INVOICE, PAID, SURE, TIED, deliveries
from tests.support.stripe_objects import INVOICE_ID, billed, credit_note, invoice_payment, listed, paid_invoice
from tests.support.world import World, opened

D = Decimal
EXAMPLES = settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
LATER = "in_1RqPm0Lk81XcQw0ALATER001"
LATER_CHARGE: Json = {"id": "ch_later", "payment_intent": "pi_later"}


@dataclass(frozen=True, slots=True)
class Balance:
    """A paid invoice of 25.00, a credit note to the customer's balance, and a second invoice that uses it up."""

    credit: int
    second: int

    def events(self) -> list[Json]:
        """All that is told, in the order in which it happened."""
        lines = listed([{"amount": self.credit, "description": "Studio plan", "quantity": 1, "taxes": []}])
        note = credit_note(self.credit, type="post_payment", customer_balance_transaction="cbtxn_1", lines=lines)
        paid = self.second - self.credit
        later = paid_invoice(
            [billed(self.second)],
            self.second,
            id=LATER,
            number="8F3C1A27-0005",
            amount_due=paid,
            amount_paid=paid,
            starting_balance=-self.credit,
        )
        tied = {"type": "payment_intent", "payment_intent": LATER_CHARGE["payment_intent"]}
        return [
            CHARGED,
            PAID,
            TIED,
            stripe_event("credit_note.created", note),
            stripe_event("charge.succeeded", charge(**LATER_CHARGE, amount=paid, amount_captured=paid)),
            stripe_event("invoice.paid", later, created=1772514002),
            stripe_event("invoice_payment.paid", invoice_payment(id="inpay_2", invoice=LATER, payment=tied)),
        ]


@st.composite
def balances(draw: st.DrawFn) -> Balance:
    credit = draw(st.integers(1, 2400))
    return Balance(credit, credit + draw(st.integers(1, 9000)))


def sold(world: World) -> list[tuple[str, Decimal]]:
    return [each[:2] for each in world.invoices()]


@EXAMPLES
@given(data=st.data(), balance=balances(), restarts=st.booleans())
async def test_a_customer_s_credit_never_keeps_the_sale_of_a_charge(
    data: st.DataObject,
    balance: Balance,
    restarts: bool,  # noqa: FBT001 - drawn
) -> None:
    """Guard: an application of nothing is no person's money. Two invoices less one credit are sold, in any order."""
    batches = data.draw(deliveries(balance.events()))
    async with opened() as world:
        for batch in batches:
            await world.deliver(*batch)
            if restarts:
                await world.restart()
        await world.idle()
        reasons = [results[-1].reason for results in world.results.values()]
        assert set(world.statuses()) <= SURE, reasons
        expected = [(INVOICE, D("25.00")), (f"stripe:invoice:{LATER}", D(balance.second) / 100)]
        assert sold(world) == sorted(expected)
        paid = [(CHARGE, D("25.00")), ("stripe:charge:ch_later", D(balance.second - balance.credit) / 100)]
        assert world.payments() == sorted(paid)


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_person_s_money_beside_such_a_credit_keeps_the_sale(restarts: bool) -> None:  # noqa: FBT001 - parametrised
    """Guard: only payments of nothing are left out of account, also when a person paid as much as the credit."""
    *first, charged, later, tied = Balance(1000, 4000).events()
    async with opened() as world:
        for event in (*first, charged):
            await world.deliver(event)
        (interim,) = (row for row in world.held("Invoice") if marker_of("Invoice", row).endswith("ch_later"))
        (ours,) = (row for row in world.held("Payment") if marker_of("Payment", row).endswith("ch_later"))
        company = world.sandbox.company()
        apart = {"Id": ours["Id"], "SyncToken": ours["SyncToken"], "sparse": True, "Line": []}
        write(company, "Payment", apart, "update")
        line = {"Amount": D("10.00"), "LinkedTxn": [{"TxnId": interim["Id"], "TxnType": "Invoice"}]}
        by_ann = {"CustomerRef": interim["CustomerRef"], "TotalAmt": D("10.00"), "Line": [line]}
        write(company, "Payment", by_ann, "create")
        if restarts:
            await world.restart()
        await world.deliver(later)
        (result,) = await world.deliver(tied)
        assert (result.status, result.reason and result.reason.code) == ("dead_lettered", "conflict")
        assert ("stripe:charge:ch_later", D("30.00")) in sold(world)


async def test_the_open_credit_of_another_sale_is_free_again_once_the_interim_sale_is_void() -> None:
    """QuickBooks takes the credit off what is void: the customer has it, and nothing is in the books twice."""
    async with opened() as world:
        for event in Balance(1000, 2500).events():
            await world.deliver(event)
        (memo,) = world.held("CreditMemo")
        assert (memo["TotalAmt"], memo["Balance"]) == (D("10.00"), D("10.00"))
        assert sum(world.owed().values()) == 0


async def test_everything_in_one_batch_after_the_charge_sells_it_once() -> None:
    """The charge by itself; its invoice, the word that ties them and a credit note together."""
    note = credit_note(1000, type="post_payment", customer_balance_transaction="cbtxn_1")
    lines = listed([{"amount": 1000, "description": "Studio plan", "quantity": 1, "taxes": []}])
    async with opened() as world:
        await world.deliver(CHARGED)
        results = await world.deliver(FINALIZED, TIED, stripe_event("credit_note.created", {**note, "lines": lines}))
        assert {each.status for each in results} <= SURE, [each.reason for each in results]
        assert sold(world) == [(f"stripe:invoice:{INVOICE_ID}", D("25.00"))]
