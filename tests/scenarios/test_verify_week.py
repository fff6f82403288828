"""Days of chaos on a real broker, judged by `verify --day` in the company's time zone as a cron job starts it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from bridge.kafka.connection import KafkaConnection
from tests.support.nights import said_as
from tests.support.processes import sandbox_server
from tests.support.served_week import TROUBLES, ZONE, ServedWeek, fall_silent, live_day
from tests.support.sizes import DAYS
from tests.support.stage import INDEX_DAYS, Stage


@pytest.mark.slow
@pytest.mark.kafka
async def test_each_fault_of_a_day_is_named_in_its_night_and_nothing_else(
    real: KafkaConnection, unique: str, tmp_path: Path, chance: Random
) -> None:
    """The owner is killed before each job, and frozen or killed in the day; QuickBooks is away and loses answers."""
    rules = tmp_path / "rules.toml"
    rules.write_text(f'time_zone = "{ZONE.key}"\n', encoding="utf-8")
    own = {"index_days": INDEX_DAYS, "rules": str(rules)}
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique, company_settings=own)
        await stage.create_topics()
        first = datetime.now(ZONE).date() - timedelta(days=DAYS)
        week = ServedWeek(stage=stage, draw=chance, today=first)
        troubles = chance.sample(TROUBLES, len(TROUBLES))
        try:
            for number in range(DAYS):
                await live_day(week, troubles[number % len(troubles)])
                await fall_silent(week)
                report = week.night_job()
                must = week.seeded[week.today]
                may = {named for each in week.seeded.values() for fault in each for named in said_as(fault)}
                assert [fault for fault in must if not said_as(fault) & report.named] == []
                assert (report.named - may, report.code, report.verdict) == (set(), 1, "differs")
                week.today += timedelta(days=1)
        finally:
            week.kill()
