"""What is not promised: a QBO that reserves a request id only as it commits, and applies a request late."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from bridge.demo.events import ORDERS_ONLY
from bridge.demo.samples.stories import StoryMix
from bridge.kafka.connection import KafkaConnection
from tests.support.fleet import fleet_of, until
from tests.support.processes import Replica
from tests.support.verdict import all_told, problems

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

NOTHING_CANCELLED = replace(ORDERS_ONLY, story=StoryMix(gift_card_paid=0, cancelled=0))
"""A pair of which the bridge has voided one meanwhile is not told: the other stands as if it were the only one."""
LATE_S = 6.0
"""Longer than the bridge waits for an answer, so that its repetition comes before QBO has applied the request."""


@pytest.mark.parametrize("reserve_at", ["acceptance", "commit"])
async def test_a_late_request_beside_its_own_repetition(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random, reserve_at: str
) -> None:
    """Once where the id is reserved as the request comes; else pairs with one marker, and the next owner tells them."""
    options = ("--no-limits", "--switch", f"reserve_at={reserve_at}")
    async with fleet_of(real, tmp_path, sandbox=options, company_settings={"request_timeout_s": 2}) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 20, NOTHING_CANCELLED)
        first = fleet.start("first")
        await until(lambda: first.phase(company.name) == "running", "the start")
        fleet.break_qbo("late_apply", entity="Invoice", operation="batch", count=1, seconds=LATE_S)
        await all_told(fleet, await fleet.produce(sample.events, chance))
        await asyncio.sleep(LATE_S)
        pairs = [text for text in await problems(fleet, [sample]) if text.endswith("2 of them")]
        await asyncio.to_thread(first.terminate)
        second = fleet.start("second")
        await until(lambda: second.phase(company.name) == "running", "the second start")
        await until(lambda: duplicates_told(second) == len(pairs), "an alert for each pair")
        assert bool(pairs) is (reserve_at == "commit"), f"seed {seed}"


def duplicates_told(replica: Replica) -> int:
    """What the sentinel's metric says."""
    lines = replica.page("/metrics").text.splitlines()
    return sum(
        int(float(line.rsplit(" ", 1)[1])) for line in lines if line.startswith("qbo_bridge_duplicate_documents{")
    )
