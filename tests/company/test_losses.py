"""A company that is lost again and again with the same records at work: fewer are tried, and the culprit ends alone."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import pytest

from bridge.books.books import Books
from bridge.company.losses import Losses
from bridge.company.progress import TRIES_ALONE
from contracts.errors import BatchTooLarge, Unavailable
from contracts.records import InboundRecord, OutboundRecord, Place
from tests.support.orders import ORDER_ID, bought, transaction
from tests.support.world import World, opened


def stalls(monkeypatch: pytest.MonkeyPatch, number: int) -> asyncio.Event:
    """From now on work on this order never ends; the event is set whenever it has begun."""
    original, begun = Books.read_recorded, asyncio.Event()

    @functools.wraps(original)
    async def stalled(books: Books, documents: Any) -> None:
        if str(ORDER_ID + number) in repr(documents):
            begun.set()
            await asyncio.Event().wait()
        await original(books, documents)

    monkeypatch.setattr(Books, "read_recorded", stalled)
    return begun


async def some_of(world: World, left: tuple[InboundRecord, ...]) -> tuple[int, tuple[OutboundRecord, ...]]:
    """How many of these the company takes at once, and what they lead to."""
    try:
        return len(left), await world.company.process(left)
    except BatchTooLarge as asked:
        return asked.records, await world.company.process(left[: asked.records])


async def is_over(world: World, work: asyncio.Task[Any], begun: asyncio.Event, epoch: int) -> bool:
    """Wait for `work`, or lose the company to another process when it has stalled, and get it back."""
    stalled = asyncio.create_task(begun.wait())
    await asyncio.wait({work, stalled}, return_when=asyncio.FIRST_COMPLETED)
    stalled.cancel()
    if work.done():
        return True
    begun.clear()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    await world.company.released()
    await world.company.take_over(epoch)
    return False


async def told_in_the_end(world: World, records: tuple[InboundRecord, ...], begun: asyncio.Event) -> int:
    """Give the records to the company as the session does; how often it was lost meanwhile."""
    left, losses = records, 0
    while left:
        assert losses < 40
        work = asyncio.create_task(some_of(world, left))
        if not await is_over(world, work, begun, 2 + losses):
            losses += 1
            continue
        taken, told = work.result()
        world.settle(told)
        world.company.committed()
        left = left[taken:]
    return losses


async def test_a_record_with_which_the_company_is_lost_each_time_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """All others are booked. Guards: `Progress.lost`, `Losses.limit_of`, and that `reset` keeps the losses."""
    async with opened() as acme:
        with monkeypatch.context() as patched:
            begun = stalls(patched, 5)
            await told_in_the_end(acme, acme.records(*map(bought, range(9))), begun)
        told = {each.source.offset: each for each in acme.told}
        assert len(acme.told) == len(told) == 9
        reason = told[5].reason
        assert reason is not None
        assert reason.code == "internal"
        assert "another process took the company over" in reason.message
        assert {key.id for key in acme.ours("Invoice")} == {str(ORDER_ID + each) for each in range(9) if each != 5}


async def test_an_event_that_waits_and_loses_the_company_ends_alone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked at between micro-batches, with others. Guard: `limit_of` in `BooksOwner._idle`."""
    async with opened() as acme:
        await acme.tell(*(transaction(id=number, order_id=ORDER_ID + number) for number in range(5)))
        with monkeypatch.context() as patched:
            begun = stalls(patched, 3)
            await acme.clock.advance(73 * 3600)
            for times in range(20):
                work = asyncio.create_task(acme.company.idle())
                if await is_over(acme, work, begun, 2 + times):
                    acme.settle(work.result())
                    acme.company.committed()
        ends = [(each.status.value, each.reason.code if each.reason else None) for each in acme.told[5:]]
        assert sorted(ends) == [("dead_lettered", "internal"), *[("dead_lettered", "orphan")] * 4]


@pytest.mark.parametrize("during", ["an outage", "another answer"])
async def test_a_record_that_waits_for_qbo_is_not_to_blame(monkeypatch: pytest.MonkeyPatch, during: str) -> None:
    """An outage dead-letters nothing, however often the company changes hands in it. Guards: `_count_loss`, `_away`."""
    async with opened() as acme:
        (record,) = acme.records(bought(1))
        for epoch in range(2, 2 + 3 * TRIES_ALONE):
            with monkeypatch.context() as patched:
                if during == "an outage":
                    patched.setattr(Books, "read_recorded", _unavailable)
                    with pytest.raises(Unavailable):
                        await acme.company.process((record,))
                else:
                    acme.client.counts = type(acme.client.counts)(writes=acme.client.counts.writes)
                    begun = stalls(patched, 1)
                    work = asyncio.create_task(acme.company.process((record,)))
                    async with asyncio.timeout(10):
                        await begun.wait()
                    acme.client.counts = type(acme.client.counts)(writes=acme.client.counts.writes + 1)
                    work.cancel()
                    await asyncio.gather(work, return_exceptions=True)
                await acme.company.released()
                await acme.company.take_over(epoch)
        (told,) = await acme.deliver_records(record)
        assert told.status == "posted"


async def _unavailable(*_: object) -> None:
    raise Unavailable("QBO is away")


# The arithmetic ------------------------------------------------------------------------------------------------------


def at(*offsets: int) -> tuple[Place, ...]:
    return tuple(Place("t", 0, each) for each in offsets)


def test_one_loss_says_nothing_and_each_later_one_halves() -> None:
    """A restart during work must not slow the company down. Guard: `times > 1`."""
    losses, limits = Losses(), []
    for _ in range(6):
        limit = losses.limit_of(at(*range(10)))
        limits.append(limit)
        losses.count(at(*range(limit or 10)))
    assert limits == [None, None, 5, 2, 1, 1]
    assert [losses.alone(each) for each in at(0, 1)] == [2, 0]


def test_only_the_records_of_the_losses_are_tried_with_fewer() -> None:
    """Others go on as ever, and so do these once they are committed. Guard: `Losses.drop`."""
    losses = Losses()
    for _ in range(2):
        losses.count(at(1, 2, 3, 4))
    assert losses.limit_of(at(5, 6)) is None
    assert losses.limit_of(at(4, 5, 6)) == 2
    losses.drop(at(1, 2, 3, 4))
    assert losses.limit_of(at(4, 5, 6)) is None


def test_a_record_is_not_to_blame_for_losses_with_others() -> None:
    """Only those that it was alone with count towards its end. Guard: `among == 1`."""
    losses = Losses()
    for _ in range(9):
        losses.count(at(1, 2))
    assert losses.alone(at(1)[0]) == 0
