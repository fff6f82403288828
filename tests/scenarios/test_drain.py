"""SIGTERM: what is in flight is finished or safely abandoned, and a second start finds nothing half done."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest

from bridge.kafka.connection import KafkaConnection
from tests.support.fleet import fleet_of, until
from tests.support.installation import WIDE
from tests.support.verdict import all_told, problems, unsettled

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PUBLISHED = {"requests_per_minute": 500, "requests_per_second": 10, "batches_per_minute": 40}


async def test_a_stop_in_a_backlog_that_waits_for_the_limits_does_not_wait_for_them(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random
) -> None:
    """The status says what it waits for; calls that were not let through end at once. Guard: `Limiter.close`."""
    async with fleet_of(real, tmp_path, limits=PUBLISHED) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 400)
        events = await fleet.produce(sample.events, chance)
        first = fleet.start("first")
        await until(lambda: first.phase(company.name) == "running", "the start")
        await until(lambda: first.company(company.name)["limits"]["waiting_calls"] > 0, "waiting for the limits")
        await asyncio.sleep(3)
        assert first.company(company.name)["limits"]["fraction"] == 0.5, "a new owner uses half"
        assert await asyncio.to_thread(first.terminate) < 5
        fleet.limits = WIDE
        fleet.start("second")
        await all_told(fleet, events)
        assert await problems(fleet, [sample]) == [], f"seed {seed}"


async def test_a_stop_in_the_middle_of_a_batch_ends_in_time_and_a_second_start_posts_nothing(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random
) -> None:
    """What was cut short the second start finishes, and the third has nothing to do. Guard: the tombstones."""
    async with fleet_of(real, tmp_path) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 20)
        first = fleet.start("first")
        await until(lambda: first.phase(company.name) == "running", "the start")
        fleet.break_qbo("delay", operation="batch", count=None, seconds=1)
        events = await fleet.produce(sample.events, chance)
        await until(lambda: fleet.stats(company)["requests"]["batches"] > 0, "a batch on its way")
        await asyncio.to_thread(first.terminate)
        fleet.heal_qbo()
        second = fleet.start("second")
        await all_told(fleet, events)
        assert await problems(fleet, [sample]) == [], f"seed {seed}"
        assert await unsettled(fleet) == []
        held = fleet.stats(company)["entities"]
        await asyncio.to_thread(second.terminate)
        third = fleet.start("third")
        await until(lambda: third.phase(company.name) == "running", "the third start")
        await asyncio.to_thread(third.terminate)
        assert fleet.stats(company)["entities"] == held
        assert not third.events("journal.resend"), "nothing was half done"
