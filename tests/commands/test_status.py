"""`status`: where a company stands and how far behind it is, from Kafka alone; what cannot be known is no number."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from bridge.clock import SystemClock
from bridge.commands.status.gathering import gather_status
from bridge.commands.status.phase import of_the_owner, phase_of
from bridge.commands.status.unknown import Unknown
from bridge.config.settings import HttpSettings, load_settings
from bridge.journal.jobs import JobState, job_key, job_value
from bridge.journal.known_until import KNOWN_UNTIL_KEY, known_until_value
from bridge.journal.pause import PAUSED_KEY, Pauses
from bridge.journal.reads import MonthlyReads
from bridge.journal.stop import STOPPED_KEY, Stop
from bridge.journal.waiting import Parked
from bridge.journal.waiting import journal_value as waiting_value
from bridge.kafka.journal import entry_record, home_partition
from bridge.kafka.membership import GroupMember
from bridge.kafka.ownership import OwnershipClaim
from bridge.service.http import serve
from bridge.telemetry.status import StatusBoard
from contracts.lifecycle import Phase
from contracts.records import InboundRecord, OutboundRecord
from contracts.results import ResultStatus, result_record
from tests.support.desk import Desk
from tests.support.journal_story import JOB_AT_WORK
from tests.support.orders import ordered
from tests.support.results import NOW, result_of

STOP = Stop(code="unmappable", dead_letters=50, at=NOW.isoformat(), process="kiwi-7-0badcafe")
PAUSED = Pauses(NOW)
OWNED = OwnershipClaim(process="kiwi-7", epoch=3, owner="m-1")
OWNER = GroupMember("m-1", "10.0.0.7", OWNED)
STANDBY = GroupMember("m-2", "10.0.0.8", OWNED)
RUNNING = {"phase": "running", "reason": None, "since": "2026-11-22T11:00:00+00:00", "epoch": 3}


def entry(desk: Desk, key: str, value: bytes | None) -> OutboundRecord:
    """An entry of acme-us' journal (topics have four partitions)."""
    return entry_record(f"journal-{desk.name}", "acme-us", key, value, partition=home_partition("acme-us", 4))


def status_of(desk: Desk, *options: str) -> dict[str, Any]:
    """The status of acme-us as JSON."""
    code, out, err = desk.call("status", "--company", "acme-us", "--json", *options)
    assert (code, err) == (0, "")
    found: dict[str, Any] = json.loads(out)
    return found


def consume(desk: Desk, offsets: Mapping[int, int]) -> None:
    """The company has consumed each partition up to here."""

    async def commit() -> None:
        group = desk.connection.group_id("acme-us")
        consumer = AIOKafkaConsumer(**desk.connection.client_options(), group_id=group, enable_auto_commit=False)
        await consumer.start()
        try:
            places = {TopicPartition(desk.events, number): offset for number, offset in offsets.items()}
            consumer.assign(list(places))
            await consumer.commit(places)
        finally:
            await consumer.stop()

    asyncio.run(commit())


@pytest.mark.parametrize(
    ("published", "consumed"),
    [({0: 3, 1: 2}, {}), ({0: 3, 1: 2}, {0: 1}), ({0: 3, 2: 4}, {0: 3, 2: 1}), ({0: 1, 1: 1}, {0: 1, 1: 1})],
)
def test_what_was_not_consumed_is_behind(desk: Desk, published: dict[int, int], consumed: dict[int, int]) -> None:
    """Of all partitions together; a company that has consumed nothing has everything before it."""
    there = {number: count - (number == 0) for number, count in published.items()}
    desk.put(
        *(
            OutboundRecord(topic=desk.events, key=b"x", value=b"x", partition=number)
            for number, count in there.items()
            for _ in range(count)
        )
    )
    if consumed:
        consume(desk, consumed)
    found = status_of(desk)
    assert found["records_behind"] == sum(published.values()) - sum(consumed.values())
    assert (found["seconds_behind"] > 0) == (published != consumed)


def test_the_story_of_a_company_is_told_from_kafka_alone(desk: Desk) -> None:
    """What was booked last, what failed and is worth what, what waits, people's deletions, and the month's reads."""
    letter = desk.letter(3)
    body = json.dumps(ordered(5)).encode()
    priced = OutboundRecord(topic=letter.topic, key=letter.key, value=body, headers=letter.headers, partition=0)
    results = [result_of(number) for number in (4, 9, 6)] + [result_of(11, ResultStatus.IGNORED, "test_event")]
    money = InboundRecord(topic="e", partition=0, offset=1, key=None, value=b"{}", headers=(), timestamp_ms=0)
    waits = Parked(money, NOW - timedelta(hours=2))
    read = MonthlyReads("a").entry(datetime.now(UTC), 5_000)
    assert read is not None
    desk.put(
        *(result_record(each, f"results-{desk.name}") for each in results),
        priced,
        desk.letter(4),
        desk.letter(5, company="beta"),
        entry(desk, waits.key, waiting_value(waits)),
        entry(desk, "ours:Invoice:145", b'{"format":1,"row":{"Id":"145"}}'),
        entry(desk, KNOWN_UNTIL_KEY, known_until_value(NOW)),
        entry(desk, *read),
    )
    found = status_of(desk)
    assert found["last_booked_at"] == "2026-11-22T12:00:09+00:00"
    worth = {"open": 2, "amounts": {"USD": ordered(5)["total_price"]}, "unknown_amounts": 1}
    assert found["dead_letters"] == worth
    assert found["waiting"] == {"events": 1, "oldest_since": "2026-11-22T10:00:00+00:00"}
    assert found["people_changes"] == {"removed": 1, "changed": "unknown", "known_until": "2026-11-22T12:00:00+00:00"}
    assert (found["reads_this_month"], found["reads_share"]) == (5_000, 0.01)
    assert {"token_days_left", "limits", "service_version", "people_changes.changed"} <= found["unknown"].keys()
    code, out, _ = desk.call("status", "--company", "acme-us")
    assert code == 0
    assert "2 open, 42.90 USD, 1 of unknown amount" in out
    assert "5,000 of 500,000" in out


def test_nothing_is_not_unknown(desk: Desk) -> None:
    """A journal that was read and holds nothing says 0, and reads that nobody has counted are unknown."""
    found = status_of(desk)
    assert (found["waiting"], found["people_changes"]["removed"]) == ({"events": 0, "oldest_since": None}, 0)
    assert (found["reads_this_month"], found["reads_share"], found["last_booked_at"]) == ("unknown", "unknown", None)


def test_backfills_that_are_not_over_are_shown(desk: Desk) -> None:
    """How far each is; one that is over is none."""
    open_, over = replace(JOB_AT_WORK, id="1"), JOB_AT_WORK.over(JobState.DONE, NOW)
    desk.put(*(entry(desk, job_key(job.id), job_value(job)) for job in (open_, over)))
    (found,) = status_of(desk)["jobs"]
    assert (found["job"], found["state"], found["passed"], found["offsets"]) == ("1", "running", 100, 130)
    _, out, _ = desk.call("status", "--company", "acme-us")
    assert "job 1 running, 100 of 130 offsets" in out


def test_a_pause_counts_without_a_process(desk: Desk) -> None:
    """It is the journal's, and outlives every process."""
    desk.put(entry(desk, PAUSED_KEY, PAUSED.to_bytes()), entry(desk, STOPPED_KEY, STOP.to_bytes()))
    found = status_of(desk)
    assert (found["phase"], found["since"]) == ("paused", NOW.isoformat())


def test_what_a_newer_release_wrote_makes_its_own_fact_unknown(desk: Desk) -> None:
    """Guard: an entry that is not understood read as none."""
    desk.put(entry(desk, "waiting:e:0:1", b'{"format":9}'))
    found = status_of(desk)
    assert (found["waiting"], found["people_changes"]["removed"]) == ("unknown", 0)
    assert "format 9" in found["unknown"]["waiting"]


def test_without_kafka_nothing_is_a_number(desk: Desk, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    """And the exit code says so."""
    monkeypatch.setenv("QBO_BRIDGE_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:1")
    code, out, _ = desk.call("status", "--company", "acme-us", "--json")
    found = json.loads(out)
    assert (code, found["phase"]) == (1, "unknown")
    facts = ("records_behind", "seconds_behind", "last_booked_at", "dead_letters", "waiting", "reads_this_month")
    assert {found[name] for name in facts} == {"unknown"}
    assert "no broker answers" in found["unknown"]["records_behind"]


async def test_the_owner_s_own_service_says_the_rest(desk: Desk, tmp_path: Path) -> None:
    """Its phase, the limits, people's changed totals and its version."""
    settings = load_settings(tmp_path / "bridge.toml", os.environ)
    board = StatusBoard(clock=SystemClock(), version="9.9.9")
    company = board.company("acme-us", "91")
    for phase in (Phase.WARMING, Phase.RUNNING):
        company.enter(phase, epoch=1)
    company.limited(waiting=2, fraction=0.5, pause_s=0, used=0.25)
    company.found(duplicates=(), drifted=[{"document": "shopify:order:5"}])
    async with serve(board, HttpSettings(port=0)) as address:
        acme, beta = await gather_status(settings, settings.companies, address)
    assert (acme.phase.phase, acme.changes.changed, acme.service_version) == ("running", 1, "9.9.9")
    assert acme.limits == {"waiting_calls": 2, "fraction": 0.5, "pause_s": 0, "used": 0.25}
    assert isinstance(beta.limits, Unknown), "that service does not own it"


@pytest.mark.parametrize(
    ("word", "members", "stop", "pauses", "phase"),
    [
        (RUNNING, (OWNER,), None, Pauses(), "running"),
        (RUNNING, Unknown("away"), Unknown("away"), Unknown("away"), "running"),
        (None, (OWNER, STANDBY), None, Pauses(), "elsewhere"),
        (None, (OWNER,), STOP, Pauses(), "stopped"),
        (None, (OWNER,), STOP, PAUSED, "paused"),
        (None, (), STOP, Pauses(), "none"),
        (None, (), None, PAUSED, "paused"),
        (None, (STANDBY,), None, Pauses(), "joining"),
        (None, Unknown("away"), STOP, Pauses(), "unknown"),
    ],
)
def test_where_it_stands_is_put_together(
    word: dict[str, Any] | None,
    members: tuple[GroupMember, ...] | Unknown,
    stop: Stop | Unknown | None,
    pauses: Pauses | Unknown,
    phase: str,
) -> None:
    """The owner's own word first, then a person's pause, then the stop of the process that owns it still."""
    found = phase_of(word, members, stop, pauses)
    assert found.phase == phase
    assert found.owner == ("kiwi-7" if not isinstance(members, Unknown) and OWNER in members else None)


@pytest.mark.parametrize("said", [{"epoch": 2}, {"phase": "standby"}, {"phase": "stopped", "epoch": 2}])
def test_only_the_owner_speaks_of_the_company(said: dict[str, Any]) -> None:
    """Guard: a service that gave up the company hides that another one runs it."""
    assert of_the_owner(RUNNING, (OWNER,)) == RUNNING
    assert of_the_owner(RUNNING | said, (OWNER,)) is None
