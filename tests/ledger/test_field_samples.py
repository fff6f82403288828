"""Other samples of what the field does: dinars finer than QuickBooks holds, money of no sale, two accounts that fit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ledger.nets import nets
from tests.support.orders import Json, charge, line, order, shopify_event, stripe_event, transaction
from tests.support.sizes import examples
from tests.support.stripe_objects import CHARGE_ID, listed, payout, refund, row
from tests.support.world import opened

ORDER = 7_400_001
THIRD = Decimal("0.001")


@given(prices=st.lists(st.integers(1_000, 90_000), min_size=1, max_size=3), drawn=st.data())
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_dinars_are_booked_exactly_or_refused_at_once_with_their_money(prices: list[int], drawn: st.DataObject) -> None:
    """Three decimals that add up to two are one line; of others nothing is booked, and nothing waits for days."""
    if drawn.draw(st.booleans()):
        prices = [*prices[:-1], prices[-1] + -sum(prices) % 10]
    worth = sum(prices) * THIRD
    rows = [line(str(each * THIRD), 1, id=ORDER + at, sku=f"KW-{at}") for at, each in enumerate(prices)]
    body = order(rows, id=ORDER, admin_graphql_api_id=None, name="#K1", currency="KWD", total_price=str(worth))
    paid = transaction(amount=str(worth), order_id=ORDER, currency="KWD")
    events = [shopify_event("orders/paid", body), shopify_event("order_transactions/create", paid)]
    asyncio.run(_check_dinars(drawn.draw(st.permutations(events)), worth))


async def _check_dinars(events: Sequence[Json], worth: Decimal) -> None:
    async with opened(currency="KWD") as world:
        for event in events:
            await world.deliver(event)
        await world.idle()
        last = {each[-1].status for each in world.results.values()}
        exact = worth == worth.quantize(Decimal("0.01"))
        assert nets(world) == ({"income": worth, "money": worth} if exact else {})
        assert last <= ({"posted", "already_posted"} if exact else {"dead_lettered"})


CASH_BALANCE: Mapping[str, Sequence[Json]] = {
    "on its way, then gone": (
        stripe_event("refund.created", refund(charge=None, payment_intent=None, status="pending")),
        stripe_event("refund.updated", refund(charge=None, payment_intent=None)),
    ),
    "to a bank": (
        stripe_event(
            "refund.created",
            refund(charge=None, payment_intent=None, destination_details={"type": "us_bank_transfer"}),
        ),
    ),
    "came back": (
        stripe_event("refund.created", refund(charge=None, payment_intent=None)),
        stripe_event("refund.failed", refund(charge=None, payment_intent=None, status="failed")),
    ),
}


@pytest.mark.parametrize("told", CASH_BALANCE.values(), ids=CASH_BALANCE)
async def test_money_that_a_customer_sent_in_advance_is_no_sale_s_refund(told: Sequence[Json]) -> None:
    """Whatever becomes of it: nothing is booked, and no dead letter waits for a person who can do nothing."""
    async with opened() as world:
        for event in told:
            await world.deliver(event)
        assert {each[-1].status for each in world.results.values()} == {"ignored"}
        assert nets(world) == {}


SECOND: Mapping[str, Json] = {
    "another Checking account": {"Name": "Reserve", "AccountType": "Bank", "AccountSubType": "Checking"},
    "one below another": {"Name": "Branch", "AccountType": "Bank", "AccountSubType": "Checking", "AcctNum": "1011"},
    "a savings account": {"Name": "Savings II", "AccountType": "Bank", "AccountSubType": "Savings"},
}


@pytest.mark.parametrize("name", SECOND)
async def test_a_payout_goes_to_no_account_that_was_guessed(name: str) -> None:
    """Two that fit are a dead letter that names the rule; one of another sub-type fits no default."""
    ident = "po_1RqbcdLk81XcQw0AFIELD01"
    rows = [row("payout", -2500, ident), row("charge", 2500, CHARGE_ID)]
    async with opened() as world:
        await world.by_hand("account", SECOND[name])
        await world.restart()
        await world.deliver(stripe_event("charge.succeeded", charge()))
        (result,) = await world.deliver(
            stripe_event("payout.paid", payout(2500, id=ident, balance_transactions=listed(rows)))
        )
        refused = SECOND[name]["AccountSubType"] == "Checking"
        assert result.status == ("dead_lettered" if refused else "posted")
        assert ("payouts.bank" in str(result.reason)) == refused
