"""The survey of a served company: what only a reading of the topics tells is on /metrics, told by a child process."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path

import orjson
import pytest

from bridge.demo.events import ORDERS_ONLY, EventSettings, generate
from bridge.kafka.connection import KafkaConnection
from contracts.records import OutboundRecord
from tests.support.orders import line, order, shopify_event, transaction
from tests.support.processes import Replica, sandbox_server
from tests.support.stage import Stage

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

EXAMINED_EVERY_SECOND = """
from bridge.cli.app import main
from bridge.service import survey
survey.FIRST_EXAMINATION_AFTER_S = survey.EXAMINE_EVERY_S = 1.0
main()
"""
"""`qbo-bridge` whose service examines the books every second."""
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


async def test_a_service_tells_again_and_again_since_when_money_lies_in_clearing(stage: Stage) -> None:
    """As its own `doctor` reads it from the books, seldom in earnest. Guards: `keep_examining`, `_surveying`."""
    days = [datetime.now(UTC).date() - timedelta(days=back) for back in (20, 25)]
    async with stage.bridge(program=("-c", EXAMINED_EVERY_SECOND)) as replica:
        for done, day in enumerate(days, start=1):
            await stage.produce(sold_by_card(done, day))
            await stage.outcomes(2 * done, timeout_s=120)
            await oldest_money(stage, replica, day)


def sold_by_card(number: int, day: date) -> list[OutboundRecord]:
    """An order and its card money, of one day."""
    moment = f"{day}T12:00:00-05:00"
    own = {"admin_graphql_api_id": None, "processed_at": moment}
    sold = order([line("10.00")], id=number, name=f"#{number}", **own)
    money = transaction(id=10_000 + number, order_id=number, amount="10.00", created_at=moment, **own)
    events = (shopify_event("orders/create", sold), shopify_event("order_transactions/create", money))
    return [OutboundRecord(topic="shopify.events", key=None, value=orjson.dumps(each)) for each in events]


async def oldest_money(stage: Stage, replica: Replica, day: date) -> None:
    """Wait until /metrics says that the oldest money in clearing is of this day."""
    wanted = datetime.combine(day, time_of_day.min, UTC).timestamp()
    name = f'qbo_bridge_clearing_oldest_timestamp_seconds{{company="{stage.company}"}}'
    deadline = time.monotonic() + SURVEYED_S
    while True:
        page = (await asyncio.to_thread(replica.page, "/metrics")).text
        shown = [float(each.split()[1]) for each in page.splitlines() if each.startswith(name)]
        if shown == [wanted]:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"{shown} and not {wanted}: {stage.log()}")
        await asyncio.sleep(1)


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
