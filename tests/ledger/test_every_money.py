"""Payments, gift cards, refunds, credits, parcels and cancellations of one order, in any order: the same books."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from mappings.rules import MappingRules, OrderRules
from tests.support.drawn import note_drawn
from tests.support.lives import RECEIVABLE, Delivered, deliveries, newest_parcel
from tests.support.sizes import examples
from tests.support.world import World, opened

SIZE = int(os.environ.get("QBO_BRIDGE_TEST_EXAMPLES", examples(300)))
"""How many lives: 300, with `make nightly` 5,112 over its six seeds, or as QBO_BRIDGE_TEST_EXAMPLES says."""
EXAMPLES = settings(
    max_examples=max(SIZE // 2, 1),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
RECEIPTS = MappingRules(shop_domains=("acme.myshopify.com",), orders=OrderRules(document="sales_receipt"))
SURE = {"posted", "already_posted", "superseded", "ignored"}


async def live(world: World, delivered: Delivered, *, restarts: bool = False) -> None:
    """Everything that was told, and a quiet moment."""
    note_drawn(f"life: {delivered.life.kind}")
    for batch in delivered.batches:
        await world.deliver(*batch)
        if restarts:
            await world.restart()
    await world.idle()


async def apply_credits(world: World, *, by_itself: bool) -> None:
    """The preference that is on in Intuit's sandboxes; the owner reads it anew."""
    set_switches(
        world.sandbox.realms[DEFAULT_REALM], {"preferences": {"SalesFormsPrefs": {"AutoApplyCredit": by_itself}}}
    )
    await world.restart()


def right(world: World, delivered: Delivered) -> None:
    """The ledger is what the life says, nothing waits or was refused, and the documents are there once."""
    life = delivered.life
    assert world.trial_balance() == life.balances()
    assert sum(world.trial_balance().values()) == 0
    assert sum(world.owed().values()) == life.balances().get(RECEIVABLE, 0)
    assert set(world.statuses()) <= SURE, [result[-1].reason for result in world.results.values()]
    assert sum(row["TotalAmt"] for row in world.held("RefundReceipt")) == life.handed_back
    assert sum(row["TotalAmt"] for row in world.held("CreditMemo")) == (0 if life.cancelled else life.credited)
    assert len(world.held("Invoice")) <= 1
    if life.parcels and not life.cancelled:
        (invoice,) = world.held("Invoice")
        assert str(newest_parcel(life)["tracking_number"]) in invoice["TrackingNum"]


@pytest.mark.parametrize("credits_applied", ["by us", "by QBO"])
@EXAMPLES
@given(delivered=deliveries())
async def test_any_order_of_any_money_ends_in_the_same_ledger(credits_applied: str, delivered: Delivered) -> None:
    """Guards: redemptions counted as received, credits and refunds once, voids after credits, newest parcel."""
    async with opened() as world:
        await apply_credits(world, by_itself=credits_applied == "by QBO")
        await live(world, delivered)
        right(world, delivered)


@EXAMPLES
@given(delivered=deliveries())
async def test_sales_receipts_of_orders_paid_at_once_end_in_the_same_ledger(delivered: Delivered) -> None:
    """Guards: an order that outgrew its receipt is an invoice, and no older body takes a receipt back."""
    async with opened(RECEIPTS) as world:
        await live(world, delivered)
        assert world.trial_balance() == delivered.life.balances()
        assert set(world.statuses()) <= SURE, [result[-1].reason for result in world.results.values()]


@settings(EXAMPLES, max_examples=max(SIZE // 12, 1))
@given(delivered=deliveries())
async def test_a_restart_between_any_two_batches_changes_no_ledger(delivered: Delivered) -> None:
    """What is remembered is in the markers and in the journal."""
    async with opened() as world:
        await live(world, delivered, restarts=True)
        right(world, delivered)


@settings(EXAMPLES, max_examples=max(SIZE // 12, 1))
@given(delivered=deliveries())
async def test_everything_again_writes_nothing(delivered: Delivered) -> None:
    """A redelivery of a whole life finds all of it done."""
    async with opened() as world:
        await live(world, delivered)
        before = world.written()
        await live(world, delivered)
        assert world.written() == before
        right(world, delivered)
