"""QBO away for minutes (scaled): the company waits with its group membership alive, and the other does not notice."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest

from bridge.kafka.connection import KafkaConnection
from tests.support.fleet import Fleet, fleet_of, until
from tests.support.installation import Tenant
from tests.support.processes import Replica
from tests.support.verdict import all_told, problems, read_bus

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

OUTAGE_S = 12.0
TIMES = 10
"""A second of the scenario stands for ten."""
SCALED = {
    "session_timeout_ms": 4000,
    "heartbeat_interval_ms": 500,
    "max_poll_interval_ms": 5000,
    "backoff_min_s": 1 / TIMES,
    "backoff_max_s": 60 / TIMES,
}


async def test_an_outage_pauses_one_company_and_ends_by_itself(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random
) -> None:
    """Longer than the poll limit: no rebalance, no dead letter, growing waits. Guard: pause, and go on polling."""
    async with fleet_of(real, tmp_path, companies=2, kafka_settings=SCALED) as fleet:
        away, well = fleet.companies
        samples = [company.sample(seed + number, 60) for number, company in enumerate(fleet.companies)]
        replica = fleet.start("one", "-m", "tests.support.launch", "--faster", str(TIMES))
        await until(lambda: all(replica.phase(each.name) == "running" for each in fleet.companies), "the start")
        fleet.break_qbo("outage", realm=away.realm, seconds=OUTAGE_S, status=503)
        events = [await fleet.produce(sample.events, chance) for sample in samples]
        await until(lambda: replica.phase(away.name) == "paused", "the pause")
        assert_shown(replica, away)
        await until_told(fleet, well, limit_s=OUTAGE_S / 2)
        assert replica.phase(away.name) == "paused", "the other company was served during the outage"
        await all_told(fleet, sum(events))
        assert replica.company(away.name)["phase"] == "running"
        assert [len(replica.events("company.owned", company=each.name)) for each in fleet.companies] == [1, 1]
        assert not replica.events("company.paused", company=well.name)
        assert_waits(replica, away)
        assert await problems(fleet, samples) == [], f"seed {seed}"


def assert_shown(replica: Replica, company: Tenant) -> None:
    """The status, the metrics and readiness: an outage after warm-up is no reason to restart."""
    shown = replica.company(company.name)
    assert shown["outage_wait_s"] > 0
    assert "503" in shown["reason"] or "gets no answer" in shown["reason"]
    assert f'qbo_bridge_outage{{company="{company.name}"}} 1.0' in replica.page("/metrics").text
    assert replica.page("/readyz").status_code == 200


def assert_waits(replica: Replica, company: Tenant) -> None:
    """From the shortest to the longest, with jitter, one log line for each."""
    waits = [entry["wait_s"] for entry in replica.events("company.paused", company=company.name)]
    assert len(waits) >= 3
    assert waits[0] == pytest.approx(1 / TIMES, abs=0.06)
    assert all(later >= earlier * 0.9 for earlier, later in zip(waits, waits[2:], strict=False))
    assert max(waits) <= 60 / TIMES


async def until_told(fleet: Fleet, company: Tenant, limit_s: float) -> None:
    """Wait until each event of this company's shop has its result."""
    async with asyncio.timeout(limit_s):
        known = -1
        while True:
            told = sum(1 for each in (await read_bus(fleet)).results if each.company == company.name)
            if told == known and told > 0:
                return
            known = told
            await asyncio.sleep(0.7)
