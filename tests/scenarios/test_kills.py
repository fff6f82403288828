"""Kill -9 at any instant: each document is posted once, each record told once, and nothing is left half done."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest

from bridge.kafka.connection import KafkaConnection
from tests.support.fleet import fleet_of, trickle, until
from tests.support.launch import INSTANTS
from tests.support.verdict import all_told, problems

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SHORT = {"session_timeout_ms": 2000, "heartbeat_interval_ms": 300}
LAUNCH = ("-m", "tests.support.launch")


@pytest.mark.parametrize("instant", INSTANTS)
async def test_an_owner_that_is_killed_at_this_instant_is_succeeded_without_a_trace(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random, instant: str
) -> None:
    """Between any two steps of a micro-batch. Guard: the journal is worked off by the heir; nothing of it is left over.

    That it is sent again, and first, is the next test's: what QBO has applied by then, the markers tell as well.
    """
    async with fleet_of(real, tmp_path, kafka_settings=SHORT) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 40)
        fleet.break_qbo("delay", operation="batch", count=None, seconds=0.3)
        doomed = fleet.start("doomed", *LAUNCH, "--at", instant)
        await until(lambda: doomed.phase(company.name) == "running", "the start")
        heir = fleet.start("heir")
        await until(lambda: heir.phase(company.name) == "standby", "the standby")
        events = await fleet.produce(sample.events, chance)
        await until(lambda: not doomed.lives, f"the death when {instant}")
        await all_told(fleet, events)
        assert await problems(fleet, [sample]) == [], f"seed {seed}"
        assert heir.events("company.owned"), "the heir has done the rest"


async def test_what_qbo_applies_seconds_after_the_death_is_posted_once(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random
) -> None:
    """The connection died, then the process; QBO goes on. Guard: resent under its request id, before the planning."""
    async with fleet_of(real, tmp_path) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 40)
        fleet.break_qbo("late_apply", operation="batch", count=3, seconds=7)
        doomed = fleet.start("doomed", *LAUNCH, "--at", "in_flight")
        events = await fleet.produce(sample.events, chance)
        await until(lambda: not doomed.lives, "the death")
        fleet.start("heir")
        await all_told(fleet, events)
        assert fleet.stats(company)["outcomes"]["late_apply"] >= 1
        assert await problems(fleet, [sample]) == [], f"seed {seed}"


async def test_kills_at_random_instants_again_and_again_change_nothing(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random
) -> None:
    """Six lives, each ended taking over or at work. Guard: results, journal and offsets are one transaction."""
    async with fleet_of(real, tmp_path, kafka_settings=SHORT) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 250)
        fleet.break_qbo("delay", count=None, probability=0.7, seconds=0.2, seed=seed)
        fleet.break_qbo("reset_after", operation="batch", count=6, probability=0.3, seed=seed)
        producing = asyncio.create_task(trickle(fleet, sample.events, chance, over_s=15.0))
        for life in range(6):
            replica = fleet.start(f"life-{life}")
            await asyncio.sleep(chance.uniform(1.5, 5.0))
            replica.kill()
        fleet.start("last")
        events = await producing
        await all_told(fleet, events)
        assert await problems(fleet, [sample]) == [], f"seed {seed}"
