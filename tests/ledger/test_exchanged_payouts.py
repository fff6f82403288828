"""Money of another currency that a payout brings: nothing of it is left between buyer and bank, whatever comes when."""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.ledger.exchanged_payouts import (
    CENT,
    ForeignStory,
    Moved,
    charged,
    drawn_reversals,
    drawn_story,
    handed_back,
    invoiced,
    with_rates,
)
from tests.support.drawn import note_drawn
from tests.support.orders import Json
from tests.support.reconciling import balanced, named
from tests.support.sizes import examples
from tests.support.stripe_lives import SURE
from tests.support.world import World, opened

REQUESTS_MAX = 6
"""More than a micro-batch of these stories sends."""


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.randoms(use_true_random=False), kills=st.booleans())
def test_nothing_is_left_in_clearing_of_shares_that_are_rounded_one_by_one(draw: random.Random, *, kills: bool) -> None:
    """One to three charges, one to three invoices each, refunds in parts; told in any order, owners killed or not."""
    story = drawn_story(draw)
    note_drawn(*(f"foreign payouts: {kind}" for kind in story.kinds))
    asyncio.run(_check(story, draw.sample(story.events, len(story.events)), draw, kills=kills))


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.randoms(use_true_random=False), kills=st.booleans())
def test_nothing_is_left_in_clearing_of_what_did_not_last(draw: random.Random, *, kills: bool) -> None:
    """Refunds that failed, disputes, charges captured in parts, each row at a rate of its own; told in any order."""
    story = drawn_reversals(draw)
    note_drawn(*(f"foreign payouts: {kind}" for kind in story.kinds))
    asyncio.run(_check(story, draw.sample(story.events, len(story.events)), draw, kills=kills))


async def _check(story: ForeignStory, events: list[Json], draw: random.Random, *, kills: bool) -> None:
    async with opened() as world:
        with_rates(world, draw)
        await world.restart()
        while events:
            size = draw.randint(1, 4)
            batch, events = events[:size], events[size:]
            if kills and draw.random() < 0.5:
                requests = draw.randint(0, REQUESTS_MAX)
                note(f"killed after {requests} requests of {[event['type'] for event in batch]}")
                await world.deliver_twice(*batch, requests=requests)
            else:
                await world.deliver(*batch)
        for _ in range(3):
            await world.idle()
        _is_settled(world, story)
        found = await balanced(world, world.rules, story.events)
        assert named(found) == []
        assert [(each.name, each.documents) for each in found.controls if each.difference] == []


def _is_settled(world: World, story: ForeignStory) -> None:
    """Everything is booked, nobody owes anything, and what was paid out is in the bank and nowhere else."""
    assert set(world.statuses()) <= SURE
    assert sum(world.owed().values(), Decimal(0)) == story.owed * CENT
    assert (world.in_transit(), world.balance("Checking")) == (Decimal(0), story.banked)


def _fixed(shares: list[int], rates: list[str]) -> tuple[ForeignStory, list[Json], Json]:
    """A charge over `shares`, its refund of a third where there is a second rate, and the payout of both."""
    story = ForeignStory(random.Random(0), rows=[[]])  # noqa: S311 - no secret
    worth = sum(shares)
    came = Moved("charge", "ch_foreign00000000", worth, Decimal(rates[0]), 1)
    story.events += [charged(story, 0, worth, came), *invoiced(0, shares)]
    rows = [came.told()]
    if len(rates) > 1:
        back = Moved("refund", "re_foreign0000000", -(worth // 3), Decimal(rates[1]), 2)
        rows.append(back.told())
        story.events.append(handed_back(story, 0, back))
    story.rows = [rows]
    return story, story.events, story.payout(0)


@pytest.mark.parametrize("shares", [[1_01, 1_01], [1, 1, 1], [1_01, 1, 33_33]])
async def test_a_charge_over_several_invoices_leaves_no_cent(shares: list[int]) -> None:
    """Guard: 1.01 and 1.01 EUR at 1.085 are 1.10 and 1.10 in the books, and 2.19 at the processor."""
    story, events, paid_out = _fixed(shares, ["1.085"])
    async with opened() as world:
        with_rates(world, random.Random(1))  # noqa: S311 - no secret
        await world.restart()
        await world.deliver(*events)
        await world.deliver(paid_out)
        _is_settled(world, story)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1], [1, 2, 0]])
async def test_shares_that_are_told_behind_the_payout_leave_no_cent(order: list[int]) -> None:
    """One payment was paid out; it becomes three, each rounded by itself, and then another owner hears it again."""
    story, (came, *events), paid_out = _fixed([1_01, 1, 33_33], ["1.085"])
    bodies, shares = events[::2], events[1::2]
    async with opened() as world:
        with_rates(world, random.Random(1))  # noqa: S311 - no secret
        await world.restart()
        await world.deliver(came, *bodies, shares[order[0]])
        await world.deliver(paid_out)
        for place in order:
            await world.deliver_twice(shares[place], requests=2)
            await world.deliver(shares[place], paid_out)
        _is_settled(world, story)


@pytest.mark.parametrize("requests", range(4))
@pytest.mark.parametrize("is_refund_first", [False, True])
async def test_a_refund_behind_its_payout_is_settled_though_the_owner_was_killed(
    requests: int, *, is_refund_first: bool
) -> None:
    """The owner dies behind each write of the payout; another partition may bring the refund before it comes again."""
    story, (*events, back), paid_out = _fixed([20_00], ["1.085", "1.1123"])
    async with opened() as world:
        with_rates(world, random.Random(1))  # noqa: S311 - no secret
        await world.restart()
        await world.deliver(*events)
        if is_refund_first:
            await world.killed_at(*world.records(paid_out), requests=requests)
            await world.deliver(back)
            await world.deliver(paid_out)
        else:
            await world.deliver_twice(paid_out, requests=requests)
            await world.deliver(back)
        _is_settled(world, story)
