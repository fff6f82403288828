"""How far a company is behind and who owns it, asked from outside its group."""

from __future__ import annotations

import pytest
from aiokafka import AIOKafkaProducer

from bridge.kafka.backlog import Backlog, backlog_of
from bridge.kafka.membership import members_of
from bridge.kafka.producing import producer_options
from contracts.lifecycle import Phase
from tests.support.kafka.bus import Bus, member, numbered

pytestmark = pytest.mark.kafka


async def _behind(bus: Bus) -> Backlog:
    return await backlog_of(bus.connection, bus.company, [bus.events])


async def _put_in_a_transaction(bus: Bus, records: int) -> None:
    """A producer whose commit leaves a marker behind its records, in partition 0."""
    options = producer_options(bus.connection) | {"transactional_id": f"{bus.company}.producer"}
    async with AIOKafkaProducer(**options) as producer, producer.transaction():
        for value in numbered(records):
            await producer.send_and_wait(bus.events, value, partition=0)


async def test_what_was_consumed_is_not_behind(real_bus: Bus) -> None:
    """All of it before the start, none of it once it is settled. Guard: the marker of a transaction is no record."""
    bus = real_bus
    assert await _behind(bus) == Backlog()
    await bus.put(numbered(8))
    await _put_in_a_transaction(bus, 3)
    waiting = await _behind(bus)
    assert 11 <= waiting.records <= 12, "a marker before an end may count"
    assert waiting.oldest_ms == min(record.timestamp_ms for record in await bus.read(bus.events))
    async with member(bus) as one:
        await bus.until(lambda: len(one.owner.values) == 11)
        await bus.until_settled(11)
    assert await _behind(bus) == Backlog()
    await bus.put(numbered(1))
    assert (await _behind(bus)).records == 1


async def test_the_owner_is_known_by_its_process(real_bus: Bus) -> None:
    """Of an owner and a standby, and the other one once the first has left."""
    bus = real_bus
    assert await members_of(bus.connection, bus.company) == ()
    async with member(bus, process="first") as first:
        await bus.until(lambda: first.intake.phase is Phase.RUNNING)
        async with member(bus, process="second") as second:
            await bus.until(lambda: second.intake.phase is Phase.STANDBY)
            (owner,) = [each for each in await members_of(bus.connection, bus.company) if each.is_owner]
            assert owner.owned is not None
            assert (owner.owned.process, owner.owned.epoch) == ("first", 1)
            await first.stop()
            await bus.until(lambda: second.intake.phase is Phase.RUNNING)
            (owner,) = await members_of(bus.connection, bus.company)
            assert owner.owned is not None
            assert (owner.is_owner, owner.owned.process, owner.owned.epoch) == (True, "second", 2)
