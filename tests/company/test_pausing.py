"""A company that a person has paused does nothing, is ready, and goes on where it stood; what waits does not lapse."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.journal.pause import PAUSED_KEY, Pauses
from contracts.errors import Paused
from tests.support.orders import bought, transaction
from tests.support.world import World, opened

MONEY = transaction(id=77, kind="sale", amount="12.90")
"""Of an order that nobody told."""


def pause(acme: World) -> None:
    """As the command writes it, and the owner hears of it."""
    note = Pauses().begun(acme.clock.now()).to_bytes()
    acme.journal.put(PAUSED_KEY, note)
    acme.company.paused_as(note)


def resume(acme: World, *, oldest_waits: bool = False) -> None:
    """As the command writes it, and the owner hears of it."""
    now = acme.clock.now()
    pauses = Pauses.from_bytes(acme.journal.entries[PAUSED_KEY])
    note = pauses.ended(now, now - timedelta(days=30) if oldest_waits else None).to_bytes()
    acme.journal.put(PAUSED_KEY, note)
    acme.company.paused_as(note)


async def test_a_paused_company_books_nothing_and_is_ready() -> None:
    """The board says paused, and readiness does not fail. Guard: `_refuse_while_paused` in `process` and `idle`."""
    async with opened() as acme:
        pause(acme)
        with pytest.raises(Paused):
            await acme.process(acme.records(bought(1)))
        with pytest.raises(Paused):
            await acme.idle()
        assert not acme.ours("Invoice")
        assert acme.shown["phase"] == "paused"
        assert "qbo-bridge resume --company acme" in acme.shown["reason"]
        assert acme.status.ready() == ()
        assert "paused by a person" in acme.status.notices()[0]


async def test_it_goes_on_with_the_same_records() -> None:
    """Nothing was lost, nothing is booked twice."""
    async with opened() as acme:
        records = acme.records(bought(1))
        pause(acme)
        with pytest.raises(Paused):
            await acme.process(records)
        resume(acme)
        (result,) = await acme.process(records)
        assert (result.status, acme.shown["phase"]) == ("posted", "running")
        assert len(acme.ours("Invoice")) == 1
        assert acme.status.notices() == ()


async def test_another_process_finds_the_pause() -> None:
    """It reads and sends nothing to QuickBooks before it is resumed, and is ready. Guard: the pause in `take_over`."""
    async with opened() as acme:
        pause(acme)
        acme.journal.put(PAUSED_KEY, acme.journal.entries[PAUSED_KEY])
        calls = acme.client.counts.reads
        with pytest.raises(Paused):
            await acme.restart()
        assert (acme.shown["phase"], acme.status.ready()) == ("paused", ())
        assert acme.client.counts.reads == calls
        resume(acme)
        await acme.company.take_over(1)
        (result,) = await acme.tell(bought(1))
        assert result.status == "posted"


async def test_a_pause_of_a_week_lets_nothing_lapse() -> None:
    """What waits for at most 72 hours goes on waiting, after a restart too. Guard: `WaitingRoom.pauses`."""
    async with opened() as acme:
        (waits,) = await acme.deliver(MONEY)
        assert waits.status == "waiting"
        await acme.clock.sleep(3600.0)
        pause(acme)
        await acme.clock.sleep(7 * 86400.0)
        resume(acme, oldest_waits=True)
        assert [result.status for result in await acme.idle() if result.status == "dead_lettered"] == []
        await acme.restart()
        assert [result.status for result in await acme.idle() if result.status == "dead_lettered"] == []
        assert acme.shown["waiting_documents"] == 1
        await acme.clock.sleep(72 * 3600.0)
        assert [result.reason and result.reason.code for result in await acme.idle()] == ["orphan"]


async def test_of_a_standby_nothing_is_said_of_the_pause() -> None:
    """It stands by, whatever the owner does."""
    async with opened() as acme:
        pause(acme)
        with pytest.raises(Paused):
            await acme.idle()
        await acme.company.released()
        assert acme.shown["phase"] == "standby"
