"""Several members of one company's group: one owns, the others stand by, whatever happens to them."""

from __future__ import annotations

import asyncio

import pytest

from contracts.errors import Unavailable
from contracts.lifecycle import Phase
from contracts.records import InboundRecord
from tests.support.kafka.bus import Bus, Owner, member, numbered

pytestmark = pytest.mark.kafka


@pytest.mark.mock_cannot("the mock's groups have one member: with a second one aiokafka's coordinator dies")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # aiokafka's leftovers of that
async def test_a_second_member_stands_by(bus: Bus) -> None:
    """It has joined, owns nothing, and is ready."""
    async with member(bus, process="first") as first:
        await bus.until(lambda: first.intake.phase is Phase.RUNNING)
        async with member(bus, process="second") as second:
            await bus.until(lambda: second.intake.phase is Phase.STANDBY)
            assert second.intake.joined
            assert second.owner.takeovers_begun == 0


async def test_the_owner_stays_the_owner_when_others_come_and_go(real_bus: Bus) -> None:
    """A rebalance that moves nothing changes nothing: no second take-over, no lost record. Guard: sticky claims."""
    bus = real_bus
    async with member(bus, process="first") as first:
        await bus.until(lambda: first.intake.phase is Phase.RUNNING)
        await bus.put(numbered(50))
        async with member(bus, process="second") as second, member(bus, process="third") as third:
            await bus.until(lambda: second.intake.phase is third.intake.phase is Phase.STANDBY)
            await bus.put(numbered(50, start=50))
            await bus.until_settled(100)
            assert second.intake.joined
        await bus.put(numbered(50, start=100))
        await bus.until_settled(150)
        assert first.owner.epochs == [1]
        assert first.owner.releases == 0
    assert first.owner.values == numbered(150)
    assert second.owner.takeovers_begun == third.owner.takeovers_begun == 0
    assert await bus.result_values() == numbered(150)


async def test_a_standby_takes_over_when_the_owner_stops(real_bus: Bus) -> None:
    """Under a newer epoch, from where the old owner settled. Guard: members leave the group when they stop."""
    bus = real_bus
    await bus.put(numbered(20))
    async with member(bus, process="first", session_timeout_ms=30_000) as first:
        await bus.until_settled(20)
        async with member(bus, process="second", session_timeout_ms=30_000) as second:
            await bus.until(lambda: second.intake.phase is Phase.STANDBY)
            await first.stop()
            await bus.until(lambda: second.intake.phase is Phase.RUNNING)
            await bus.put(numbered(20, start=20))
            await bus.until_settled(40)
    assert first.owner.values == numbered(20)
    assert first.owner.releases == 1
    assert second.owner.values == numbered(20, start=20)
    assert second.owner.epochs == [2]


async def test_a_rebalance_waits_for_the_running_batch(real_bus: Bus) -> None:
    """What the owner has begun it settles, once, also while members come. Guard: the drain on revocation."""
    bus = real_bus
    begun, finish = asyncio.Event(), asyncio.Event()

    async def hold(_: tuple[InboundRecord, ...]) -> None:
        begun.set()
        await finish.wait()

    await bus.put(numbered(20))
    async with member(bus, Owner(bus, processing=hold), process="first") as first:
        await asyncio.wait_for(begun.wait(), bus.patience_s)
        async with member(bus, process="second") as second:
            await bus.until(lambda: first.intake._session.generation > 1)
            await asyncio.sleep(0.5)
            assert second.intake.phase is Phase.JOINING
            finish.set()
            await bus.until(lambda: second.intake.phase is Phase.STANDBY)
            await bus.until_settled(20)
            assert first.owner.epochs == [1]
    assert await bus.result_values() == numbered(20)


async def test_a_batch_that_outlives_the_drain_is_not_settled(real_bus: Bus) -> None:
    """It is abandoned, the company is taken over again, and its records come again. Guard: `drain_timeout_s`."""
    bus = real_bus
    hanging = asyncio.Event()

    async def hang_once(_: tuple[InboundRecord, ...]) -> None:
        if not hanging.is_set():
            hanging.set()
            await asyncio.Event().wait()

    await bus.put(numbered(20))
    async with member(bus, Owner(bus, processing=hang_once), process="first", drain_timeout_s=0.5) as first:
        await asyncio.wait_for(hanging.wait(), bus.patience_s)
        async with member(bus, process="second") as second:
            await bus.until(lambda: {first.intake.phase, second.intake.phase} >= {Phase.STANDBY, Phase.RUNNING})
            await bus.until_settled(20)
            assert len(first.owner.epochs + second.owner.epochs) == 2
    assert await bus.result_values() == numbered(20)


async def test_an_outage_survives_a_rebalance(real_bus: Bus) -> None:
    """A rebalance forgets pauses; the company stays paused all the same. Guard: the pause in `assigned`."""
    bus = real_bus
    away = True
    attempts = 0

    async def fail_while_away(_: tuple[InboundRecord, ...]) -> None:
        nonlocal attempts
        attempts += 1
        if away:
            raise Unavailable("QBO is away", retry_after_s=3_600)

    await bus.put(numbered(20))
    async with member(bus, Owner(bus, processing=fail_while_away), process="first") as first:
        await bus.until(lambda: first.intake.phase is Phase.PAUSED)
        async with member(bus, process="second") as second:
            await bus.until(lambda: second.intake.phase is Phase.STANDBY)
            await asyncio.sleep(0.5)
            assert first.intake._consumer is not None
            assert first.intake._consumer.paused() == first.intake._consumer.assignment() != set()
            assert attempts == 1
            away = False
            first.intake.resume()
            await bus.until_settled(20)
    assert await bus.result_values() == numbered(20)


async def test_a_fenced_owner_that_still_owns_takes_over_again(real_bus: Bus) -> None:
    """A zombie may fence the rightful owner once; the group decides, and the rightful owner returns. Guard: rule 5."""
    bus = real_bus
    async with member(bus, process="first") as first:
        await bus.until(lambda: first.intake.phase is Phase.RUNNING)
        zombie = bus.publisher()

        async def no_group(_: object) -> None: ...

        await zombie.open(no_group)
        await bus.put(numbered(8))
        await bus.until_settled(8)
        assert first.owner.epochs == [1, 1]
        assert first.owner.releases == 1
    assert await bus.result_values() == numbered(8)
