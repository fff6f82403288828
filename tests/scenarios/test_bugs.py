"""A real process with bugs that show with one order each: those orders are dead letters, and all others are booked."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from bridge.demo.events import ORDERS_ONLY
from bridge.kafka.connection import KafkaConnection
from tests.support.fleet import fleet_of, until
from tests.support.verdict import all_told, judge

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


async def test_the_orders_that_meet_a_bug_end_alone_and_the_company_is_ready_again(
    real: KafkaConnection, tmp_path: Path, seed: int, chance: Random
) -> None:
    """One bug in planning, which is cut apart in process; one in reading, for which the company is taken over again.

    Guards: `isolated`, and `Progress`.
    """
    async with fleet_of(real, tmp_path) as fleet:
        (company,) = fleet.companies
        sample = company.sample(seed, 12, ORDERS_ONLY)
        planned, read = [sale.document for sale in sample.sales if not sale.cancelled][:2]
        bugs = ("--bug", f"planning={planned.id}", "--bug", f"reading={read.id}")
        one = fleet.start("one", "-m", "tests.support.launch", *bugs)
        await until(lambda: one.is_ready, "the take-over")
        events = await fleet.produce(sample.events, chance)
        await until(lambda: one.events("company.taken_over_again"), "the first failure")
        await until(lambda: not one.is_ready or one.events("record.internal"), "to be unready meanwhile")
        bus = await all_told(fleet, events, limit_s=240.0)
        assert set(bus.terminal.values()) == {1}, f"seed {seed}"
        refused = [each for each in bus.results if each.status == "dead_lettered"]
        assert {each.reason.code for each in refused if each.reason} <= {"internal", "orphan"}, f"seed {seed}"
        bugs_met = {each.source.document for each in refused if each.reason and each.reason.code == "internal"}
        # because what was refused unread says nothing of what it holds
        assert {str(planned), None} <= bugs_met, f"seed {seed}"
        verdict = judge(fleet, company, sample, bus, events)
        assert (verdict.duplicated, verdict.posted_once) == (0, verdict.sales - 2), f"seed {seed}: {verdict.problems}"
        await until(lambda: one.is_ready, "to be ready again")
        shown = one.company(company.name)
        assert (shown["phase"], shown["failures_in_a_row"]) == ("running", 0)
        assert "a bug of" not in one.said, "the words of an exception may quote a payload"
