"""The survey of a served company: what only a reading of the topics tells is on /metrics, told by a child process."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from bridge.demo.events import ORDERS_ONLY, EventSettings, generate
from bridge.kafka.connection import KafkaConnection
from contracts.records import OutboundRecord
from tests.support.processes import Replica, sandbox_server
from tests.support.stage import Stage

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SURVEYED_S = 240
"""The first survey comes a minute after the start, and a busy machine may need longer."""


async def test_a_service_tells_what_its_survey_finds(real: KafkaConnection, unique: str, tmp_path: Path) -> None:
    """Open letters, reads and the last booking, with the service's own secrets and files. Guard: `_surveying`."""
    sample = generate(EventSettings(seed=21, orders=5, livemode=False, mix=ORDERS_ONLY))
    poison = OutboundRecord(topic=sample.events[0].record.topic, key=None, value=b"{", headers=())
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique)
        await stage.create_topics()
        produced = await stage.produce([*(event.record for event in sample.events), poison])
        async with stage.bridge() as replica:
            await stage.outcomes(produced, timeout_s=120)
            told = await surveyed(stage, replica)
    named = {line.partition("{")[0].removeprefix("qbo_bridge_") for line in told}
    assert "open_dead_letters" in named
    (letters,) = [line for line in told if line.startswith("qbo_bridge_open_dead_letters{")]
    assert letters.endswith(" 1.0")
    assert {"last_success_timestamp_seconds", "token_expires_timestamp_seconds", "reads_this_month"} <= named


async def surveyed(stage: Stage, replica: Replica) -> list[str]:
    """What /metrics says of the company once a survey was taken in."""
    deadline = time.monotonic() + SURVEYED_S
    while True:
        page = (await asyncio.to_thread(replica.page, "/metrics")).text
        told = [line for line in page.splitlines() if f'company="{stage.company}"' in line]
        if any(line.startswith("qbo_bridge_survey_timestamp_seconds") for line in told):
            return told
        if time.monotonic() > deadline:
            raise AssertionError(f"no survey came: {stage.log()}")
        await asyncio.sleep(1)
