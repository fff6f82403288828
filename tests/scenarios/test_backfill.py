"""`qbo-bridge backfill` as an operator runs it: real processes, a real Kafka, the sandbox's books."""

from __future__ import annotations

import asyncio
import re
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from bridge.demo.events import ORDERS_ONLY, EventMix, SampleEvent
from contracts.records import InboundRecord
from contracts.results import ResultStatus, result_id
from tests.support.backfills import (
    SLOW,
    Command,
    backfill,
    backfilling,
    jsonl,
    produce,
    sample_of,
    snapshot,
    terminal,
    until_told,
    wrong_in_the_books,
)
from tests.support.installation import Tenant
from tests.support.stage import CALM, Stage, counted

pytestmark = [pytest.mark.kafka, pytest.mark.slow]


async def inputs(stage: Stage) -> list[InboundRecord]:
    """All records of the event topics."""
    return [record for topic in stage.events for record in await stage.read(topic)]


def iso(timestamp_ms: int) -> str:
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC).isoformat()


def reported(command: Command) -> dict[str, int]:
    """Records by status, as the report has them."""
    found: dict[str, int] = {}
    for status, records in re.findall(rf"^({'|'.join(ResultStatus)}) .*?(\d+) *$", command.out, re.MULTILINE):
        found[status] = found.get(status, 0) + int(records)
    return found


async def test_a_range_is_posted_and_the_offsets_stay(stage: Stage) -> None:
    """From included, to excluded; results under the ids of the live ones. Guard: no offsets in the settlement."""
    sample = sample_of(30)
    await produce(stage, sample.events)
    stamps = sorted({event.timestamp_ms for event in sample.events})
    since, until = stamps[len(stamps) // 4], stamps[3 * len(stamps) // 4]
    before, out = await snapshot(stage), stage.folder / "out.jsonl"
    command = await backfill(stage, "--from", iso(since), "--to", iso(until), "--out", str(out))
    assert command.code == 0, command.err
    wanted = {
        result_id(stage.company, *record.position, record.offset)
        for record in await inputs(stage)
        if since <= record.timestamp_ms < until
    }
    results = await stage.results()
    assert {result.result_id for result in results} == wanted
    assert len(terminal(results)) + reported(command).get("waiting", 0) == len(wanted)
    assert f"\n{len(wanted)} records in the range." in command.out
    assert {status: count for status, count in counted(results).items() if status != "waiting"} == {
        status: count for status, count in reported(command).items() if status != "waiting"
    }
    assert (await snapshot(stage)).committed == before.committed
    assert sorted(line["result_id"] for line in jsonl(out)) == sorted(result.result_id for result in results)


async def test_a_whole_backfill_puts_everything_into_the_books_once(stage: Stage) -> None:
    """Poison, tests and strangers with it; the second time nothing is posted. Guard: the index over the markers."""
    sample = sample_of(40, mix=EventMix(poison=0.2))
    produced = await produce(stage, sample.events)
    first = await backfill(stage)
    assert first.code == 0, first.err
    assert wrong_in_the_books(stage, sample) == ()
    poison = sum(event.ends_as == "dead_lettered" for event in sample.events)
    assert reported(first)["dead_lettered"] == poison == len(await stage.dead_letters()) > 0
    assert len(terminal(await stage.results())) == produced
    before = await snapshot(stage)
    second = await backfill(stage)
    assert second.code == 0, second.err
    assert "posted" not in reported(second)
    after = await snapshot(stage)
    assert (after.ledger, after.writes) == (before.ledger, before.writes)
    assert len(await stage.results()) == 2 * len(terminal(await stage.results()))


async def test_a_service_that_starts_meanwhile_stands_by_and_goes_on_afterwards(stage: Stage) -> None:
    """One owner at a time, and the live events lose nothing. Guard: membership of the group, the sticky claim."""
    sample = sample_of(40, mix=ORDERS_ONLY)
    produced = await produce(stage, sample.events)
    stage.break_qbo(**SLOW)
    async with backfilling(stage, max_records=15) as command:
        await until_told(stage, 10)
        async with stage.bridge():
            await command.ended()
            assert command.code == 0, command.err
            told_by_backfill = len(await stage.results())
            await stage.outcomes(produced, twice=True, timeout_s=90)
            assert told_by_backfill >= produced
    assert wrong_in_the_books(stage, sample) == ()
    assert sum(offset or 0 for offset in (await snapshot(stage)).committed.values()) == produced
    assert '"company.standby"' in stage.log()


async def test_killed_in_the_middle_and_started_again_it_posts_once(stage: Stage) -> None:
    """Killed twice, wherever it is just then. Guards: journal, request ids, markers."""
    sample = sample_of(40, mix=ORDERS_ONLY)
    produced = await produce(stage, sample.events)
    stage.break_qbo(**SLOW)
    stage.break_qbo("delay_after", operation="batch", count=None, seconds=0.2)
    for told in (15, 60):
        async with backfilling(stage, max_records=15) as command:
            await until_told(stage, told)
            command.send(signal.SIGKILL)
            await command.ended()
        await session_over(stage)
    command = await backfill(stage)
    assert command.code == 0, command.err
    assert wrong_in_the_books(stage, sample) == ()
    assert len(terminal(await stage.results())) == produced


async def session_over(stage: Stage) -> None:
    """A killed member counts until its session has timed out."""
    await asyncio.sleep(CALM["session_timeout_ms"] / 1000 + 1)


async def test_interrupted_it_drains_reports_and_can_be_repeated(stage: Stage) -> None:
    """SIGTERM ends with 1 and a sentence; what was begun is settled. Guard: the drain."""
    sample = sample_of(40, mix=ORDERS_ONLY)
    produced = await produce(stage, sample.events)
    stage.break_qbo(**SLOW)
    async with backfilling(stage, max_records=15) as command:
        await until_told(stage, 15)
        command.send(signal.SIGTERM)
        assert await command.ended(30) == 1
        assert command.err.startswith("Interrupted before the end of the range.")
        assert sum(reported(command).values()) == len({r.result_id for r in await stage.results()}) < produced
    again = await backfill(stage)  # at once: it has left the group
    assert again.code == 0, again.err
    assert wrong_in_the_books(stage, sample) == ()


async def test_an_outage_of_quickbooks_is_waited_for_and_said(stage: Stage) -> None:
    """Nothing is dead-lettered for it. Guard: the wait of the session; the sentence of the listener."""
    sample = sample_of(10, mix=ORDERS_ONLY)
    await produce(stage, sample.events)
    stage.break_qbo("outage", seconds=20, after_s=0)
    command = await backfill(stage, timeout_s=200)
    assert command.code == 0, command.err
    assert re.search(r"^Waiting for QuickBooks.*\n(.*\n)*QuickBooks answers again\.$", command.err, re.MULTILINE)
    assert "dead_lettered" not in reported(command)
    assert wrong_in_the_books(stage, sample) == ()


async def test_in_an_outage_it_can_be_interrupted(stage: Stage) -> None:
    """Ctrl-C is heard while it waits."""
    await produce(stage, sample_of(3, mix=ORDERS_ONLY).events)
    stage.break_qbo("outage", seconds=600, after_s=0)
    async with backfilling(stage) as command:
        await command.until_said("Waiting for QuickBooks")
        command.send(signal.SIGINT)
        assert await command.ended(40) == 1
        assert "Interrupted" in command.err


async def test_a_frozen_backfill_that_wakes_up_contradicts_nobody(stage: Stage) -> None:
    """A service has taken over meanwhile; the backfill says so and ends. Guards: epoch, fenced producer."""
    sample = sample_of(40, mix=ORDERS_ONLY)
    produced = await produce(stage, sample.events)
    stage.break_qbo(**SLOW)
    async with backfilling(stage, max_records=15) as command:
        await until_told(stage, 15)
        async with stage.bridge():
            await asyncio.sleep(2)
            command.send(signal.SIGSTOP)
            await stage.outcomes(produced, timeout_s=120)
            command.send(signal.SIGCONT)
            assert await command.ended(60) == 1
    assert "Another process has taken over the company" in command.err
    assert wrong_in_the_books(stage, sample) == ()


async def test_two_backfills_of_one_company_do_not_meet(stage: Stage) -> None:
    """The second one is turned away, however close they start. Guard: the first assignment."""
    sample = sample_of(20, mix=ORDERS_ONLY)
    await produce(stage, sample.events)
    stage.break_qbo(**SLOW)
    async with backfilling(stage) as one, backfilling(stage) as other:
        codes = {await one.ended(), await other.ended()}
    assert codes == {0, 1}, one.err + other.err
    assert re.search("Another backfill owns|Another process has taken over", one.err + other.err)
    assert wrong_in_the_books(stage, sample) == ()


async def test_money_whose_order_is_outside_the_range_waits_for_the_service(stage: Stage) -> None:
    """The journal keeps it; the service that follows gives it its terminal result. Guard: the waiting room."""
    sample = sample_of(6, mix=ORDERS_ONLY)
    now = datetime.now(UTC)
    later = [replace(event, at=now) if is_money(event) else event for event in sample.events]
    await produce(stage, later)
    command = await backfill(stage, "--from", (now - timedelta(minutes=1)).isoformat())
    assert command.code == 0, command.err
    assert reported(command)["waiting"] > 0
    assert set(reported(command)) <= {"waiting", "ignored"}
    async with stage.bridge():
        await stage.outcomes(len(later), timeout_s=60)
    assert wrong_in_the_books(stage, sample) == ()


def is_money(event: SampleEvent) -> bool:
    """Whether the event is a transaction of an order."""
    return (b"order_transactions/create") in {value for _, value in event.record.headers}


async def test_what_cannot_be_read_is_in_the_report(stage: Stage) -> None:
    """Removed by retention: which offsets, and that nobody can say what they held. Guard: `missing`."""
    sample = sample_of(20, mix=ORDERS_ONLY)
    await produce(stage, sample.events)
    place = TopicPartition(stage.events[0], 0)
    admin = AIOKafkaAdminClient(**stage.kafka.client_options())
    await admin.start()
    try:
        await admin.delete_records({place: RecordsToDelete(before_offset=2)})
    finally:
        await admin.close()
    command = await backfill(stage)
    assert command.code == 0, command.err
    assert f"{place.topic}/0: offsets 0 to 1 (2) were removed before this began" in command.out
    assert f"{len(sample.events) - 2} records in the range" in command.out


async def test_an_empty_range_is_done_at_once(stage: Stage) -> None:
    """Exit 0, and a report that says so."""
    await produce(stage, sample_of(3).events)
    command = await backfill(stage, "--from", "2031-01-01", "--to", "2031-02-01")
    assert (command.code, command.err) == (0, "")
    assert "0 records in the range." in command.out


async def test_records_of_another_company_are_nobodys_result_here(stage: Stage) -> None:
    """They are counted, and told by their own company."""
    sample = sample_of(5, mix=ORDERS_ONLY)
    await produce(stage, sample.events)
    first = Tenant("first", "1", ("acme.myshopify.com",), "acct_first", "")
    stage.companies = (first, replace(stage.companies[0], shops=("elsewhere.myshopify.com",)))
    command = await backfill(stage)
    assert command.code == 0, command.err
    assert (
        f"{len(sample.events)} records in the range, {len(sample.events)} of them other companies' business"
        in command.out
    )
    assert await stage.results() == []
