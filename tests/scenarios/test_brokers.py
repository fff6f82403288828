"""Three brokers that are killed and restarted one after the other under a bridge at work."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from bridge.kafka.connection import KafkaConnection
from tests.support.fleet import fleet_of, trickle, until
from tests.support.kafka.cluster import KafkaCluster
from tests.support.verdict import all_told, problems

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


async def test_brokers_may_die_and_restart_one_after_the_other(
    real_cluster: KafkaCluster, tmp_path: Path, seed: int, chance: Random
) -> None:
    """Leaders move, transactions end somehow, the owner works on: Kafka's replication, and idempotent retries."""
    kafka = KafkaConnection(bootstrap_servers=real_cluster.bootstrap_servers)
    async with fleet_of(kafka, tmp_path) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 200)
        replica = fleet.start("one")
        await until(lambda: replica.phase(company.name) == "running", "the start")
        producing = asyncio.create_task(trickle(fleet, sample.events, chance, over_s=20.0))
        for number, node in enumerate(real_cluster.nodes):
            await asyncio.sleep(chance.uniform(0.5, 2.0))
            await asyncio.to_thread(node.stop if number == 1 else node.kill)
            await asyncio.sleep(chance.uniform(0.0, 2.0))
            node.start()
            await asyncio.to_thread(real_cluster.wait_until_ready)
        await all_told(fleet, await producing)
        assert await problems(fleet, [sample]) == [], f"seed {seed}"


async def test_kafka_away_and_topics_that_vanish_are_said_and_recovered_from(
    real_cluster: KafkaCluster, tmp_path: Path, seed: int, chance: Random
) -> None:
    """A poll of a broker that is away comes back empty, as if all were well. Guard: `CompanyIntake._keep_checking`."""
    kafka = KafkaConnection(bootstrap_servers=real_cluster.bootstrap_servers)
    async with fleet_of(kafka, tmp_path) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 10)
        replica = fleet.start("one")
        await until(lambda: replica.is_ready, "the start")
        await asyncio.to_thread(real_cluster.stop)
        await until(lambda: not replica.is_ready, "the complaint")
        assert "does not answer" in replica.company(company.name)["kafka"]
        assert f'qbo_bridge_kafka_trouble{{company="{company.name}"}} 1.0' in replica.page("/metrics").text
        assert replica.page("/livez").status_code == 200, "a restart would not help"
        await asyncio.to_thread(real_cluster.start)
        await until(lambda: replica.is_ready, "the recovery")
        assert len(replica.events("kafka.trouble")) == 1
        await all_told(fleet, await fleet.produce(sample.events, chance))
        assert await problems(fleet, [sample]) == [], f"seed {seed}"
        await delete_topics(fleet.kafka, fleet.events[0])
        await until(lambda: fleet.events[0] in (replica.company(company.name)["kafka"] or ""), "the missing topic")
        assert not replica.is_ready
        await asyncio.to_thread(replica.terminate)


async def delete_topics(kafka: KafkaConnection, *names: str) -> None:
    """As an operator does by mistake."""
    admin = AIOKafkaAdminClient(**kafka.client_options())
    await admin.start()
    try:
        await admin.delete_topics(list(names))
    finally:
        await admin.close()
