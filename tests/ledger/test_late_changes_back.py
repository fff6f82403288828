"""Late changes that are taken back: an order that shrinks, grows and changes its buyer over months is what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from mappings.rules import MappingRules, OrderRules
from tests.ledger.late_stories import PLACED, LateStory, Shape, Told, late_stories
from tests.ledger.nets import nets
from tests.support.arrivals import arrivals, micro_batches
from tests.support.drawn import note_drawn
from tests.support.sizes import examples
from tests.support.world import RULES, World, opened, without_own_credits

SURE = {"posted", "already_posted", "superseded", "ignored"}
LATE = MappingRules(shop_domains=RULES.shop_domains, orders=OrderRules(late_changes="credit_memo"))
THEN = ("nothing", "restarts", "forgets")
"""What happens between two micro-batches: nothing, another owner takes over, or one that lost all notes of versions."""
BOTH = {"in place": RULES, "credit memo": LATE}


@st.composite
def told(draw: st.DrawFn) -> tuple[LateStory, list[list[str]]]:
    """A story, and its events as they arrive: in their order, some of them again, or in any order."""
    story = draw(late_stories())
    if draw(st.booleans()):
        return story, draw(arrivals(story.names))
    again = draw(st.lists(st.sampled_from(story.names), max_size=2))
    return story, draw(micro_batches([*story.names, *again]))


@settings(max_examples=examples(120), deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=told(), rules=st.sampled_from(list(BOTH)), by_itself=st.booleans(), then=st.sampled_from(THEN))
def test_the_books_say_what_the_newest_version_says(
    drawn: tuple[LateStory, list[list[str]]], rules: str, then: str, *, by_itself: bool
) -> None:
    """Income, tax and what each customer owes, whatever shrank in between, and grew again."""
    story, batches = drawn
    note_drawn(f"late changes: {rules}")
    # because nothing in the books says that an order was cancelled before any of it was booked
    forgets = then == "forgets" and not story.newest.cancelled
    restarts = then != "nothing"
    asyncio.run(_check(story, batches, BOTH[rules], by_itself=by_itself, restarts=restarts, forgets=forgets))


@settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=told(), killed_in=st.integers(0, 20), requests=st.integers(0, 6), by_itself=st.booleans())
def test_an_owner_that_is_killed_between_two_writes_changes_nothing(
    drawn: tuple[LateStory, list[list[str]]], killed_in: int, requests: int, *, by_itself: bool
) -> None:
    """A credit memo is gone and the next one not written, the invoice has moved and its credits have not."""
    story, batches = drawn
    killed: dict[str, Any] = {"killed_in": killed_in % len(batches), "requests": requests}
    asyncio.run(_check(story, batches, LATE, by_itself=by_itself, **killed))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(story=late_stories(), drawn=st.data())
def test_the_month_of_the_invoice_stays_as_long_as_nothing_asks_for_more(
    story: LateStory, drawn: st.DataObject
) -> None:
    """Told in its order, a later month takes off and gives back by credit memos of its own days alone."""
    batches = drawn.draw(micro_batches(story.names))
    note(f"{batches}")

    async def check() -> None:
        world = await _books(story, batches, LATE)
        sold = {key.id: row for key, row in world.ours("Invoice").items()}
        if not story.newest.cancelled or any(row["TotalAmt"] for row in sold.values()):
            assert sum((row["TotalAmt"] for row in sold.values()), Decimal(0)) == story.january(batches)
        days = {each.moment.date().isoformat() for each in story.events}
        assert {row["TxnDate"] for row in world.held("CreditMemo")} <= days

    asyncio.run(check())


async def _books(
    story: LateStory,
    batches: Sequence[Sequence[str]],
    rules: MappingRules,
    *,
    by_itself: bool = True,
    restarts: bool = False,
    forgets: bool = False,
    killed_in: int | None = None,
    requests: int = 0,
) -> World:
    events = story.bodies()
    async with opened(rules) as world:
        if not by_itself:
            await without_own_credits(world)
        for number, batch in enumerate(batches):
            bodies = [events[name] for name in batch]
            await world.deliver_twice(*bodies, requests=requests if number == killed_in else None)
            if restarts:
                if forgets:
                    world.journal.lose_versions()
                await world.restart()
        await world.idle()
        return world


async def _check(story: LateStory, batches: Sequence[Sequence[str]], rules: MappingRules, **how: Any) -> None:
    """`how` it is told, as `_books` takes it."""
    world = await _books(story, batches, rules, **how)
    found = {each[-1].status for each in world.results.values()}
    assert found <= SURE, [each[-1].reason for each in world.results.values()]
    assert nets(world) == story.nets()
    assert world.owed() == story.owed()
    owners = {row["CustomerRef"]["value"] for row in world.held("Invoice")}
    backs = [*world.held("CreditMemo"), *world.held("RefundReceipt")]
    assert {row["CustomerRef"]["value"] for row in backs} <= owners, "what came back is another buyer's"


WHOLE, LESS, MIDDLE, MORE = Shape(4, 0), Shape(3, 0), Shape(3, 0, 1), Shape(5, 0)
OTHERS = Shape(3, 0, buyer=1)
SHORTEST = {
    "shrinks": ([WHOLE, LESS], 52, 13),
    "shrinks and grows back": ([WHOLE, LESS, WHOLE], 52, 0),
    "grows back in part": ([WHOLE, Shape(2, 0), LESS], 52, 13),
    "shrinks twice and grows back": ([WHOLE, LESS, Shape(2, 0), LESS], 52, 13),
    "shrinks, grows back and shrinks": ([WHOLE, LESS, WHOLE, LESS], 52, 13),
    "grows beyond itself": ([WHOLE, LESS, MORE], 65, 0),
    "has another thing in it": ([WHOLE, LESS, MIDDLE], 43, 0),
    "another buyer": ([WHOLE, LESS, OTHERS], 52, 13),
    "another buyer of less": ([WHOLE, OTHERS], 52, 13),
    "grows back to another buyer": ([WHOLE, LESS, replace(WHOLE, buyer=1)], 52, 0),
    "cancelled": ([WHOLE, LESS, replace(LESS, cancelled=True)], 52, 52),
    "not cancelled after all": ([WHOLE, replace(WHOLE, cancelled=True), WHOLE], 52, 0),
    "cancelled of less and not after all": ([WHOLE, LESS, replace(LESS, cancelled=True), LESS], 52, 13),
}


def _months(shapes: Sequence[Shape]) -> LateStory:
    """These states, each of a later month than the one before."""
    return LateStory([Told(f"v{at}", PLACED + timedelta(days=31 * at), shape) for at, shape in enumerate(shapes)])


@pytest.mark.parametrize("by_itself", [True, False])
@pytest.mark.parametrize("then", THEN)
@pytest.mark.parametrize("name", SHORTEST)
async def test_the_shortest_ways_there_and_back(name: str, then: str, *, by_itself: bool) -> None:
    """Each with what the invoice of January comes to and what is credited. Guards: `says_newest`, `plan_late`."""
    shapes, invoiced, credited = SHORTEST[name]
    story = _months(shapes)
    batches = [[each] for each in story.names]
    owners = {"restarts": then != "nothing", "forgets": then == "forgets"}
    world = await _books(story, [*batches, *batches], LATE, by_itself=by_itself, **owners)
    assert [row["TotalAmt"] for row in world.held("Invoice")] == [invoiced]
    assert sum(row["TotalAmt"] for row in world.held("CreditMemo")) == credited
    assert (nets(world), world.owed()) == (story.nets(), story.owed())


@pytest.mark.parametrize("by_itself", [True, False])
@pytest.mark.parametrize("requests", range(9))
@pytest.mark.parametrize("name", SHORTEST)
async def test_a_kill_after_each_request_of_the_last_state(name: str, requests: int, *, by_itself: bool) -> None:
    """The next owner finds by the books what is left to do."""
    story = _months(SHORTEST[name][0])
    batches = [[each] for each in story.names]
    await _check(story, batches, LATE, by_itself=by_itself, killed_in=len(batches) - 1, requests=requests)


async def test_everything_again_writes_nothing_more() -> None:
    """A replay in any order finds all of it done."""
    story = _months([WHOLE, LESS, OTHERS, replace(WHOLE, buyer=1), replace(LESS, buyer=1)])
    events = story.bodies()
    async with opened(LATE) as world:
        for name in story.names:
            await world.deliver(events[name])
        before = world.written()
        for name in [*story.names, *story.names[::-1]]:
            await world.deliver(events[name])
        assert world.written() == before
