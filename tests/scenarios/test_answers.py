"""Answers that are lost, late, cut off or no answers at all: unknown outcomes are resolved, never guessed."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from bridge.kafka.connection import KafkaConnection
from tests.support.fleet import fleet_of
from tests.support.verdict import all_told, problems

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

TROUBLES: dict[str, dict[str, object]] = {
    "fail_before": {},
    "fail_after": {},
    "reset_before": {},
    "reset_after": {},
    "html": {"operation": "batch"},
    "truncate": {"operation": "batch"},
    "delay": {"seconds": 3},
    "delay_after": {"seconds": 3},
    "late_apply": {"seconds": 3},
    "batch_item": {},
}
"""Each kind strikes several batches; QBO's delays are longer than the time that the bridge waits for an answer."""


async def test_whatever_happens_to_the_answers_each_document_is_posted_once(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random
) -> None:
    """Ten kinds of trouble among 150 orders. Guard: the same bytes go out again under the same request id."""
    async with fleet_of(real, tmp_path, company_settings={"request_timeout_s": 1}) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 150)
        for number, (kind, rule) in enumerate(TROUBLES.items()):
            more = {"count": 2, "probability": 0.5, "seed": seed + number, "operation": "write"} | rule
            fleet.break_qbo(kind, **more)
        fleet.start("one", "-m", "tests.support.launch", "--faster", "10")
        events = await fleet.produce(sample.events, chance)
        await all_told(fleet, events)
        struck = len(TROUBLES) * 2 - sum(rule["count"] - rule["applied"] for rule in fleet.faults())
        assert struck > len(TROUBLES), "most of the troubles have struck"
        assert await problems(fleet, [sample]) == [], f"seed {seed}"
