"""A broker that dies under a backfill and comes back: the backfill waits and ends as if nothing had been."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from bridge.demo.events import ORDERS_ONLY
from bridge.kafka.connection import KafkaConnection
from tests.support.backfills import (
    backfilling,
    produce,
    sample_of,
    terminal,
    until_told,
    wrong_in_the_books,
)
from tests.support.kafka.cluster import KafkaCluster
from tests.support.processes import sandbox_server
from tests.support.stage import Stage

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


async def test_a_broker_that_restarts_is_waited_for(lone_broker: KafkaCluster, unique: str, tmp_path: Path) -> None:
    """Reader, group and producer find it again. Guard: taking over again after Kafka's errors."""
    kafka = KafkaConnection(bootstrap_servers=lone_broker.bootstrap_servers)
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(kafka, url, tmp_path, unique)
        await stage.create_topics()
        sample = sample_of(40, mix=ORDERS_ONLY)
        produced = await produce(stage, sample.events)
        stage.break_qbo("delay", operation="batch", count=None, seconds=0.3)
        async with backfilling(stage, max_records=15) as command:
            await until_told(stage, 15)
            (node,) = lone_broker.nodes
            await asyncio.to_thread(node.kill)
            await asyncio.sleep(5)
            node.start()
            await asyncio.to_thread(lone_broker.wait_until_ready)
            assert await command.ended(200) == 0, command.err
        assert wrong_in_the_books(stage, sample) == ()
        assert len(terminal(await stage.results())) == produced
        assert re.search(rf"^{produced} records in the range", command.out, re.MULTILINE)
