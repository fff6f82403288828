"""Owners that leave, are killed, or are frozen and woken: the company is served again soon, and nobody contradicts."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from random import Random

import pytest

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import read_topic
from tests.support.fleet import Fleet, fleet_of, until
from tests.support.installation import Tenant
from tests.support.kafka.cluster import KafkaCluster
from tests.support.processes import Replica
from tests.support.verdict import all_told, problems

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SESSION_S = 4.0
SHORT = {"session_timeout_ms": 2000, "heartbeat_interval_ms": 300}
LAUNCH = ("-m", "tests.support.launch")


async def pair(fleet: Fleet, company: Tenant, *command: str) -> tuple[Replica, Replica]:
    """An owner at work and a standby that has joined."""
    owner = fleet.start("owner", *command)
    await until(lambda: owner.phase(company.name) == "running", "the start")
    heir = fleet.start("heir")
    await until(lambda: heir.phase(company.name) == "standby", "the standby")
    return owner, heir


@pytest.fixture(scope="module")
def real(lone_broker: KafkaCluster) -> KafkaConnection:
    """A broker of its own, because how soon a company is served must not depend on what other tests have left."""
    return KafkaConnection(bootstrap_servers=lone_broker.bootstrap_servers)


async def served_after(fleet: Fleet, since: float) -> float:
    """Seconds from `since` to the first result that was published after it."""
    while True:
        results = [record async for record in read_topic(fleet.kafka, fleet.topic("qbo.results"))]
        late = [record.timestamp_ms / 1000 - since for record in results if record.timestamp_ms / 1000 > since]
        if late:
            return min(late)
        await asyncio.sleep(0.1)


async def test_after_a_sigterm_the_company_is_served_within_two_seconds_of_the_exit(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random
) -> None:
    """The old owner drains and says good-bye. Guard: members have no static id, so they leave when they stop."""
    async with fleet_of(real, tmp_path) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 60)
        half = len(sample.events) // 2
        owner, _ = await pair(fleet, company)
        await fleet.produce(sample.events[:half], chance)
        await asyncio.to_thread(owner.terminate)
        left_at = time.time()
        await fleet.produce(sample.events[half:], chance)
        assert await served_after(fleet, left_at) < 2.0
        await all_told(fleet, len(sample.events))
        assert await problems(fleet, [sample]) == [], f"seed {seed}"


async def test_after_a_kill_the_company_is_served_within_a_session(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random
) -> None:
    """Nobody says good-bye; the heartbeats end. Guard: the session timeout, and an assignor that elects again."""
    async with fleet_of(real, tmp_path) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 60)
        half = len(sample.events) // 2
        owner, _ = await pair(fleet, company)
        await fleet.produce(sample.events[:half], chance)
        await until(lambda: fleet.stats(company)["entities"].get("Invoice", 0) > 5, "work")
        owner.kill()
        died_at = time.time()
        await fleet.produce(sample.events[half:], chance)
        assert (
            await served_after(fleet, died_at) < SESSION_S + 2.0
        )  # the session ends, then a rebalance and a take-over
        await all_told(fleet, len(sample.events))
        assert await problems(fleet, [sample]) == [], f"seed {seed}"


@pytest.mark.parametrize("instant", ["journalled", "in_flight", "answered"])
async def test_a_frozen_owner_that_wakes_up_contradicts_nobody(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random, instant: str
) -> None:
    """SIGSTOP for longer than a session, then SIGCONT. Guards: the fence; the same bytes under the same request id."""
    async with fleet_of(real, tmp_path, kafka_settings=SHORT) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 40)
        half = len(sample.events) // 2
        fleet.break_qbo("delay", operation="batch", count=None, seconds=0.3)
        frozen, heir = await pair(fleet, company, *LAUNCH, "--at", instant, "--signal", "STOP", "--skip", "1")
        await fleet.produce(sample.events[:half], chance)
        await until(lambda: heir.phase(company.name) == "running", "the heir's turn")
        await fleet.produce(sample.events[half:], chance)
        frozen.wake()
        await all_told(fleet, len(sample.events))
        await until(lambda: frozen.phase(company.name) == "standby", "the end of the old owner's claim")
        assert len(frozen.events("company.owned")) == 1, "it did not get the company back"
        assert await problems(fleet, [sample]) == [], f"seed {seed}"
        for replica in (frozen, heir):
            await asyncio.to_thread(replica.terminate)


async def test_several_companies_stay_where_they_are_while_nothing_dies(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random
) -> None:
    """Others come and go; each company keeps its one owner and its epoch. Guard: sticky claims."""
    async with fleet_of(real, tmp_path, companies=2) as fleet:
        samples = [company.sample(seed + number, 20) for number, company in enumerate(fleet.companies)]
        first = fleet.start("first")
        await until(lambda: all(first.phase(each.name) == "running" for each in fleet.companies), "the start")
        epochs = [first.company(each.name)["epoch"] for each in fleet.companies]
        events = [await fleet.produce(sample.events, chance) for sample in samples]
        for number in range(2):
            guest = fleet.start(f"guest-{number}")
            await until(lambda guest=guest: guest.phase(fleet.companies[0].name) == "standby", "a guest")  # type: ignore[misc]
            await asyncio.to_thread(guest.terminate)
        await all_told(fleet, sum(events))
        assert [first.company(each.name)["epoch"] for each in fleet.companies] == epochs
        assert len(first.events("company.owned")) == 2
        assert await problems(fleet, samples) == [], f"seed {seed}"
