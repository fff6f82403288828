"""`qbo-bridge backfill --plan`: it says what would be done, does nothing, and is right."""

from __future__ import annotations

import asyncio
import re
import signal
from collections import Counter
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bridge.demo.events import ORDERS_ONLY, EventMix
from bridge.kafka.connection import KafkaConnection
from tests.support.backfills import (
    backfill,
    backfilling,
    jsonl,
    produce,
    sample_of,
    snapshot,
    until_journalled,
)
from tests.support.processes import sandbox_server
from tests.support.seals import SEAL
from tests.support.stage import Stage

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest_asyncio.fixture
async def stage(real: KafkaConnection, unique: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        yield Stage.of(real, url, tmp_path, unique)


async def planned(stage: Stage, *options: str) -> list[dict[str, Any]]:
    """The lines of a plan."""
    path = stage.folder / "plan.jsonl"
    command = await backfill(stage, "--plan", "--out", str(path), *options)
    assert command.code == 0, command.err
    return jsonl(path)


async def test_a_plan_writes_nothing(stage: Stage) -> None:
    """Books, topics and offsets are as they were, and no topic is made. Guards: rehearsal, journal view, no group."""
    await stage.create_topics()
    await produce(stage, sample_of(20).events)
    before = await snapshot(stage)
    command = await backfill(stage, "--plan")
    assert command.code == 0, command.err
    assert "Nothing was written." in command.out
    assert await snapshot(stage) == before


async def test_a_plan_leaves_what_a_dead_owner_left_unsettled(stage: Stage) -> None:
    """Its requests stay in the journal, unsent. Guards: `RehearsingSender.resend`, the `view` of `KafkaJournal`."""
    await stage.create_topics()
    await produce(stage, sample_of(20, mix=ORDERS_ONLY).events)
    stage.break_qbo("delay", operation="batch", count=None, seconds=30)
    async with backfilling(stage) as command:
        await until_journalled(stage)
        command.send(signal.SIGKILL)
        await command.ended()
    stage.heal_qbo()
    await asyncio.sleep(1)
    before = await snapshot(stage)
    assert (await backfill(stage, "--plan")).code == 0
    assert await snapshot(stage) == before


async def test_a_plan_makes_no_topic(stage: Stage) -> None:
    """Neither the journal's nor any other; what is not there has no records."""
    before = await snapshot(stage)
    command = await backfill(stage, "--plan")
    assert (command.code, command.err) == (0, "")
    assert await snapshot(stage) == before
    assert before.ends == {}


async def test_a_plan_says_what_a_backfill_then_does(stage: Stage) -> None:
    """Document by document, in entities and in money, read from the books. Guard: the rehearsal's answers."""
    await stage.create_topics()
    await produce(stage, sample_of(60, seed=3, mix=EventMix(poison=0.05)).events)
    lines = {line["document"]: line for line in await planned(stage)}
    path = stage.folder / "out.jsonl"
    done = await backfill(stage, "--out", str(path))
    assert done.code == 0, done.err
    created = [
        (SEAL.find(entity, body["PrivateNote"]), body)
        for entity in ("Invoice", "Payment")
        for body in stage.query(entity)
    ]
    foretold = {document for document, line in lines.items() if line["would"] == "create"}
    assert foretold == documents_that_changed(jsonl(path))
    totals = {str(marker.key): Decimal(body["TotalAmt"]) for marker, body in reversed(created) if marker}
    for document in foretold & totals.keys():
        assert Decimal(lines[document]["total"]) == totals[document]
    refused = {line["source"]["document"] for line in jsonl(path) if line["status"] == "dead_lettered"}
    assert {name for name in refused if name} <= lines.keys()
    again = await planned(stage)
    assert {line["would"] for line in again} <= {"skip", "dead letter"}


async def test_the_counts_of_a_plan_are_those_of_the_backfill(stage: Stage) -> None:
    """Records by status and reason, entities by operation and currency: the same table. Guard: as above."""
    await stage.create_topics()
    await produce(stage, sample_of(60, seed=11).events)
    plan, done = await backfill(stage, "--plan"), await backfill(stage)
    assert table_of(plan.out) == table_of(done.out)
    for entity, _, times in re.findall(r"^(Invoice|Payment|JournalEntry) +(create) +(\d+)", plan.out, re.MULTILINE):
        assert len(stage.query(entity)) == int(times)


async def test_a_plan_goes_on_from_what_is_posted(stage: Stage) -> None:
    """Half of the events are in the books: updates and payments of the rest are planned on them."""
    await stage.create_topics()
    events = sample_of(40, seed=5, mix=ORDERS_ONLY).events
    await produce(stage, events[: len(events) // 2])
    assert (await backfill(stage)).code == 0
    await produce(stage, events[len(events) // 2 :])
    plan, done = await backfill(stage, "--plan"), await backfill(stage)
    assert table_of(plan.out) == table_of(done.out)
    assert "already_posted" in plan.out


async def test_a_plan_is_made_beside_a_live_service(stage: Stage) -> None:
    """It needs no ownership, and the service notices nothing. Guard: no membership."""
    await stage.create_topics()
    produced = await produce(stage, sample_of(10, mix=ORDERS_ONLY).events)
    async with stage.bridge():
        await stage.outcomes(produced)
        before = await snapshot(stage)
        lines = await planned(stage)
        assert {line["would"] for line in lines} == {"skip"}
        after = await snapshot(stage)
        assert "company.standby" not in stage.log()
    assert (after.ledger, after.writes, after.committed) == (before.ledger, before.writes, before.committed)


async def test_a_plan_waits_out_an_outage(stage: Stage) -> None:
    """The index is read when QuickBooks answers again."""
    await stage.create_topics()
    await produce(stage, sample_of(3, mix=ORDERS_ONLY).events)
    stage.break_qbo("outage", seconds=20, after_s=0)
    command = await backfill(stage, "--plan")
    assert command.code == 0, command.err
    assert "Waiting for QuickBooks" in command.err
    assert "QuickBooks answers again." in command.err


def documents_that_changed(results: list[dict[str, Any]]) -> set[str]:
    """Documents whose own entities were written."""
    lists = {"Customer", "Item", "Account"}
    return {
        result["source"]["document"]
        for result in results
        if any(each["operation"] != "none" and each["entity"] not in lists for each in result["entities"])
    }


def table_of(said: str) -> Counter[str]:
    """The rows of the report's tables, spaces aside."""
    rows = said.split("records in the range", 1)[1].splitlines()[1:]
    return Counter(" ".join(row.split()) for row in rows if row.strip() and not row.startswith("QuickBooks:"))
