"""Three brokers that restart and die under an owner at work: nothing lost, nothing told twice."""

from __future__ import annotations

import asyncio

import pytest

from bridge.kafka.connection import KafkaConnection
from tests.support.kafka.bus import Bus, Owner, member
from tests.support.kafka.cluster import KafkaCluster

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

RECORDS = 600


async def test_brokers_may_die_one_after_the_other(real_cluster: KafkaCluster, unique: str) -> None:
    """Each broker is killed and started again while records flow; the leaders move and the owner goes on."""
    bus = Bus(KafkaConnection(bootstrap_servers=real_cluster.bootstrap_servers), f"company-{unique}", patience_s=120.0)
    await bus.create()
    values = [f"{number:04d}".encode() for number in range(RECORDS)]

    async def take_time(_: object) -> None:
        await asyncio.sleep(0.1)

    async with member(bus, Owner(bus, processing=take_time), max_records=10, session_timeout_ms=6_000) as one:
        settled = 0
        for number, node in enumerate(real_cluster.nodes):
            part = values[number * RECORDS // 3 : (number + 1) * RECORDS // 3]
            await bus.put(part)
            await asyncio.to_thread(node.kill)
            settled += len(part) // 2
            await bus.until(lambda settled=settled: len(one.owner.records) >= settled)  # type: ignore[misc]
            node.start()
            await asyncio.to_thread(real_cluster.wait_until_ready)
        await bus.until_settled(RECORDS)
    assert await bus.result_values() == values
