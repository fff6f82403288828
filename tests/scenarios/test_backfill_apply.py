"""`qbo-bridge backfill --plan-to` and `--apply`: what was planned is done, and nothing else."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from bridge.commands.resume import pause, resume
from bridge.config.settings import load_settings
from bridge.demo.events import ORDERS_ONLY
from bridge.kafka.connection import KafkaConnection
from tests.support.backfills import (
    asked,
    backfill,
    backfilling,
    jsonl,
    pass_over,
    produce,
    sample_of,
    served,
    terminal,
    wrong_in_the_books,
)
from tests.support.people import keyed_invoice
from tests.support.processes import sandbox_server
from tests.support.stage import Stage

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


@pytest_asyncio.fixture
async def stage(real: KafkaConnection, unique: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        yield Stage.of(real, url, tmp_path, unique)


async def test_a_plan_is_done_as_it_says_and_only_once(stage: Stage) -> None:
    """Records that came since are none of its business; what was done already is left, without another result."""
    await stage.create_topics()
    sample, path = sample_of(20, mix=ORDERS_ONLY), stage.folder / "plan.jsonl"
    produced = await produce(stage, sample.events)
    assert (await backfill(stage, "--plan-to", str(path))).code == 0
    assert stage.query("Invoice") == []
    await produce(stage, sample_of(5, seed=99, mix=ORDERS_ONLY).events)
    done = await backfill(stage, "--apply", str(path))
    assert done.code == 0, done.err + done.out
    assert wrong_in_the_books(stage, sample) == ()
    assert len(terminal(await stage.results())) == produced
    lines = {line["document"]: line for line in jsonl(path)[1:]}
    told = {result.source.document for result in terminal(await stage.results()).values()}
    assert told == lines.keys()
    written = {document for document, line in lines.items() if line["would"] != "skip"}
    before = stage.sandbox("ledger")
    first = [result for result in await stage.results() if result.source.document in written]
    again = await backfill(stage, "--apply", str(path))
    assert again.code == 1
    assert f"{len(written)} documents were left as they are" in again.out
    assert stage.sandbox("ledger") == before
    published = [result for result in await stage.results() if result.source.document in written]
    assert len(published) == len(first)


async def test_a_plan_of_what_is_not_so_any_more_is_refused_in_one_sentence(stage: Stage) -> None:
    """Edited, of records that retention has removed, or of nothing at all: nothing is written and no result told."""
    await stage.create_topics()
    path = stage.folder / "plan.jsonl"
    await produce(stage, sample_of(5, mix=ORDERS_ONLY).events)
    assert (await backfill(stage, "--plan-to", str(path))).code == 0
    edited = stage.folder / "edited.jsonl"
    edited.write_text(path.read_text().replace('"create"', '"skip"', 1))
    first = await backfill(stage, "--apply", str(edited))
    assert (first.code, "was changed since it was written" in first.err) == (1, True), first.err
    header = json.loads(path.read_text().splitlines()[0])
    admin = AIOKafkaAdminClient(**stage.kafka.client_options())
    await admin.start()
    try:
        ends = {
            TopicPartition(topic, int(each)): RecordsToDelete(before_offset=end)
            for topic, of in header["end_offsets"].items()
            for each, end in of.items()
            if end
        }
        await admin.delete_records(ends)
    finally:
        await admin.close()
    second = await backfill(stage, "--apply", str(path))
    assert (second.code, "its records are not there any more" in second.err) == (1, True), second.err
    assert [line for line in (first.err + second.err).splitlines() if "Traceback" in line] == []
    assert (stage.query("Invoice"), await stage.results()) == ([], [])


async def test_beside_a_live_service_what_a_person_changed_since_is_left_and_said(stage: Stage) -> None:
    """An order keyed by hand after the command compared, before the owner begins: nothing is doubled, exit 1.

    The company is paused meanwhile. Guard: `_compare` in the jobs of the owner.
    """
    await stage.create_topics()
    sample, path = sample_of(12, mix=ORDERS_ONLY), stage.folder / "plan.jsonl"
    await produce(stage, sample.events)
    assert (await backfill(stage, "--plan-to", str(path))).code == 0
    await pass_over(stage)
    told = next(order for event in sample.events if (order := json.loads(event.record.value or b"{}")).get("name"))
    document = f"shopify:order:{told['id']}"
    settings = load_settings(stage.config(), stage.environment())
    async with stage.bridge():
        await served(stage)
        await pause(settings, stage.company)
        async with backfilling(stage, "--apply", str(path)) as command:
            await asked(command)
            keyed_invoice(stage, number=told["name"], amount=told["total_price"], day=told["created_at"][:10])
            await resume(settings, stage.company)
            assert await command.ended() == 1, command.err
    left = [line for line in command.out.splitlines() if "  left: " in line]
    assert any(line.startswith(f"{document}  left: ") for line in left), command.out
    assert document not in {result.source.document for result in await stage.results()}
    named = [row for row in stage.query("Invoice") if row["DocNumber"].lstrip("#") == told["name"].lstrip("#")]
    assert [row.get("PrivateNote") for row in named] == [None]
    planned = sum(line["would"] == "create" and "invoice/new" in line["entities"] for line in jsonl(path)[1:])
    assert len(stage.query("Invoice")) == planned
