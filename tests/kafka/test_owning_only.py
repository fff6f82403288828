"""An owner that consumes nothing: it owns the company, and the group's records and offsets stay where they are."""

from __future__ import annotations

import pytest

from bridge.kafka.membership import hosts_in_group
from contracts.lifecycle import Phase
from tests.support.kafka.bus import Bus, Owner, member, numbered

pytestmark = pytest.mark.kafka


async def test_it_works_while_idle_and_takes_nothing_from_the_group(real_bus: Bus) -> None:
    """No record, no commit, also after a rebalance, which forgets pauses. Guard: `consumes`."""
    bus, owner = real_bus, Owner(real_bus)
    await bus.put(numbered(20))
    async with member(bus, owner, process="backfill", consumes=False, idle_interval_s=0.0) as one:
        await bus.until(lambda: owner.idles > 5)
        async with member(bus, process="service") as service:
            await bus.until(lambda: service.intake.phase is Phase.STANDBY)
            await bus.put(numbered(20, start=20))
            seen = owner.idles
            await bus.until(lambda: owner.idles > seen + 50)
            assert owner.records == []
            assert await bus.committed() == {}
            assert one.owner.epochs == [1]
            await one.stop()
            await bus.until(lambda: service.intake.phase is Phase.RUNNING)
            await bus.until_settled(40)
    assert service.owner.values == numbered(40)


async def test_the_members_of_a_group_are_told_by_their_hosts(real_bus: Bus) -> None:
    """Owner and standby alike; nobody before and after."""
    bus = real_bus
    assert await hosts_in_group(bus.connection, bus.company) == ()
    async with member(bus, process="first") as first, member(bus, process="second") as second:
        await bus.until(lambda: {first.intake.phase, second.intake.phase} == {Phase.RUNNING, Phase.STANDBY})
        assert await hosts_in_group(bus.connection, bus.company) == ("127.0.0.1", "127.0.0.1")
        ours = bus.connection.client_id
        assert await hosts_in_group(bus.connection, bus.company, apart_from=ours) == ()
    assert await hosts_in_group(bus.connection, bus.company) == ()
