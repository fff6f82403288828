"""Payouts through the machine: the bank has what Stripe paid out, and nothing of it is left where it lay before."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.rules import MappingRules, load_rules
from tests.support.orders import ORDER_ID, charge, line, order, shopify_event, stripe_event
from tests.support.sizes import examples
from tests.support.stripe_lives import SURE, StripeLife, deliveries, lives
from tests.support.stripe_objects import invoice_payment, paid_invoice, payout, row
from tests.support.world import opened

EXAMPLES = settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
RULES = MappingRules(shop_domains=("acme.myshopify.com",))
UNDEPOSITED = load_rules('[gateways.stripe]\ndeposit = { sub_type = "UndepositedFunds" }')
CLEARING = load_rules('[gateways.stripe]\ndeposit = { sub_type = "Savings" }')


@pytest.mark.parametrize(
    ("rules", "lies_in"), [(RULES, "OtherCurrentAssets"), (UNDEPOSITED, "UndepositedFunds"), (CLEARING, "Savings")]
)
@EXAMPLES
@given(life=lives(), data=st.data())
async def test_nothing_of_a_payout_is_left_behind(
    rules: MappingRules, lies_in: str, life: StripeLife, data: st.DataObject
) -> None:
    """Guards: each fee once whoever told it, lines against the account that the money lies in, payments whole."""
    batches = data.draw(deliveries(life.events))
    restarts = data.draw(st.booleans())
    async with opened(rules) as world:
        for batch in batches:
            await world.deliver(*batch)
            if restarts:
                await world.restart()
        await world.idle()
        assert set(world.statuses()) <= SURE
        assert world.balance(lies_in) == 0
        assert world.balance("Checking") == life.paid_out
        assert world.balance("BankCharges") == life.fees
        assert world.balance("DiscountsRefundsGiven") == life.disputed
        assert world.balance("AccountsReceivable") == 0


CHARGED = stripe_event("charge.succeeded", charge(balance_transaction="txn_1"))
PAID_OUT = stripe_event("payout.paid", payout(2397, [row("charge", 2500, str(charge()["id"]), 103)]))
FAILED = stripe_event("payout.failed", payout(2397, status="failed"))


async def test_a_payout_waits_for_its_payments() -> None:
    """Guard: a deposit is not made of what is not there."""
    async with opened() as world:
        (result,) = await world.deliver(PAID_OUT)
        assert (result.status, world.held("Deposit")) == ("waiting", [])
        assert str(charge()["id"]) in str(result.reason and result.reason.message)
        await world.deliver(CHARGED)
        (deposit,) = world.held("Deposit")
        assert deposit["TotalAmt"] == Decimal("23.97")
        assert world.statuses() == ["posted", "posted"]


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 2, 1], [2, 0, 1], [2, 1, 0], [1, 0, 2], [1, 2, 0]])
async def test_of_a_payout_that_failed_nothing_is_in_the_bank(order: list[int]) -> None:
    """Told before or after; the money lies where it lay before, and the fee stays booked."""
    async with opened() as world:
        for number in order:
            await world.deliver([CHARGED, PAID_OUT, FAILED][number])
        assert world.balance("Checking") == 0
        assert world.balance("BankCharges") == Decimal("1.03")
        assert world.in_transit() == Decimal("23.97")
        assert set(world.statuses()) <= SURE


async def test_a_payout_that_failed_comes_with_the_next() -> None:
    """Its row brings back what the failed one had taken."""
    later = payout(2397, [row("payout_failure", 2397, "po_before")], id="po_later")
    later["balance_transactions"] = {
        "object": "list",
        "data": [row("payout_failure", 2397, "po_before")],
        "has_more": False,
    }
    async with opened() as world:
        await world.deliver(CHARGED, PAID_OUT)
        await world.deliver(FAILED)
        await world.deliver(stripe_event("payout.paid", later))
        assert world.balance("Checking") == Decimal("23.97")
        assert world.in_transit() == 0


async def test_a_part_of_a_payment_is_a_line_of_the_deposit() -> None:
    """One capture of two: the bank has its part, the rest lies where it lay."""
    async with opened() as world:
        _, result = await world.deliver(
            CHARGED, stripe_event("payout.paid", payout(1897, [row("charge", 2000, str(charge()["id"]), 103)]))
        )
        assert result.status == "posted"
        assert [deposit["TotalAmt"] for deposit in world.held("Deposit")] == [Decimal("18.97")]
        assert world.in_transit() == Decimal("5.00")


async def test_a_payment_in_another_currency_is_a_line_of_what_it_became() -> None:
    """Settled in dollars: nothing of it stays in transit, and the payout's other rows go on."""
    euros = row("charge", 2714, str(charge()["id"]), exchange_rate=1.0856)
    taken = stripe_event("charge.succeeded", charge(currency="eur", balance_transaction=euros))
    async with opened(load_rules('[exchange_rates]\nEUR = "1.08"')) as world:
        wanted = {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}
        token = world.held("Preferences")[0]["SyncToken"]
        await world.by_hand("preferences", {"Id": "1", "SyncToken": token, "sparse": True, **wanted})
        await world.restart()
        results = await world.deliver(taken, stripe_event("payout.paid", payout(2714, [euros])))
        assert [result.status for result in results] == ["posted", "posted"]
        assert world.in_transit() == 0
        assert world.balance("Checking") == Decimal("27.14")


async def test_a_payment_that_a_person_voided_is_refused() -> None:
    """Guard: it cannot have been paid out."""
    async with opened() as world:
        await world.deliver(CHARGED)
        (held,) = world.held("Payment")
        void: dict[str, Any] = {
            **held,
            "TotalAmt": Decimal(0),
            "Line": [],
            "PrivateNote": f"Voided - {held['PrivateNote']}",
        }
        world.sandbox.company().tables["Payment"][held["Id"]] = void
        await world.restart()
        (result,) = await world.deliver(PAID_OUT)
        assert (result.status, result.reason and result.reason.code) == ("dead_lettered", "conflict")


async def test_money_that_only_an_invoice_told_is_paid_out_too() -> None:
    """Charge events are not subscribed; the row's charge names its intent, and that its invoice."""
    taken = row("charge", 2500, charge(), 103)
    events = [
        stripe_event("invoice.paid", paid_invoice()),
        stripe_event("invoice_payment.paid", invoice_payment()),
        stripe_event("payout.paid", payout(2397, [taken])),
    ]
    for batches in ([[0], [1], [2]], [[0, 1, 2]], [[1], [0], [2]]):
        async with opened() as world:
            for batch in batches:
                await world.deliver(*(events[number] for number in batch))
            assert world.balance("Checking") == Decimal("23.97")
            assert world.in_transit() == 0


async def test_payouts_again_post_nothing() -> None:
    """After a restart the books alone know it."""
    async with opened() as world:
        await world.deliver(CHARGED, PAID_OUT)
        world.journal.lose_versions()
        await world.restart()
        before = world.written()
        results = await world.deliver(CHARGED, PAID_OUT)
        assert world.written() == before
        assert {result.status.value for result in results} == {"already_posted"}


async def test_a_debit_that_failed_unbooked_stays_unbooked() -> None:
    """It failed while it was pending: nothing waits, and a success that is told late books nothing."""
    debit = charge(id="py_1", payment_intent=None)
    failed = {**debit, "status": "failed", "paid": False, "failure_balance_transaction": "txn_1"}
    async with opened() as world:
        (first,) = await world.deliver(stripe_event("charge.failed", failed))
        (late,) = await world.deliver(stripe_event("charge.succeeded", debit))
        assert (first.status, late.status) == ("ignored", "ignored")
        assert (world.held("Invoice"), world.held("Payment"), world.held("RefundReceipt")) == ([], [], [])


async def test_a_payout_finds_a_charge_of_the_shop_by_its_id_alone() -> None:
    """It waits for the order that the charge pays, and is looked at when the order comes."""
    shops = charge(metadata={"order_id": str(ORDER_ID)})
    payout_told = stripe_event("payout.paid", payout(2397, [row("charge", 2500, str(charge()["id"]), 103)]))
    async with opened() as world:
        (before,) = await world.deliver(payout_told)
        (told,) = await world.deliver(stripe_event("charge.succeeded", shops))
        assert (before.status, told.status, told.reason and told.reason.code) == (
            "waiting",
            "ignored",
            "booked_by_shop",
        )
        assert world.held("Deposit") == []
        await world.deliver(shopify_event("orders/paid", order([line("25.00")])))
        await world.idle()
        assert [deposit["TotalAmt"] for deposit in world.held("Deposit")] == [Decimal("23.97")]
