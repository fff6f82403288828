"""What scenarios of `qbo-bridge backfill` need beside the stage: records with times, the command, and what it left."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bridge.demo.audit import differences, read_books
from bridge.demo.events import EventMix, EventSettings, Sample, SampleEvent, generate
from bridge.kafka.membership import hosts_in_group
from bridge.kafka.topics import partitions_of
from contracts.results import Result
from tests.support.installation import REALM
from tests.support.seals import seal_of
from tests.support.stage import Stage

START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
"""Yesterday: a broker may remove what is a week old while the test runs."""
SLOW: dict[str, Any] = {"kind": "delay", "operation": "batch", "count": None, "seconds": 0.3}
"""A fault of QBO that makes a run last long enough to do something to it."""


def sample_of(orders: int, *, seed: int = 7, mix: EventMix | None = None) -> Sample:
    """Orders of yesterday, a minute apart; no gift card pays, since the sample's sales do not know redemptions."""
    chosen = mix or EventMix()
    settings = EventSettings(
        seed=seed,
        orders=orders,
        start=START,
        spacing=timedelta(minutes=1),
        mix=replace(chosen, story=replace(chosen.story, gift_card_paid=0)),
        livemode=False,
    )
    return generate(settings)


async def produce(stage: Stage, events: Iterable[SampleEvent]) -> int:
    """Publish events with the times at which they happened; how many there were."""
    sent = 0
    async with AIOKafkaProducer(**stage.kafka.client_options()) as producer:
        for event in events:
            record = event.record
            await producer.send(
                stage.topic(record.topic),
                record.value,
                record.key,
                timestamp_ms=event.timestamp_ms,
                headers=list(record.headers),
            )
            sent += 1
        await producer.flush()
    return sent


async def pass_over(stage: Stage) -> None:
    """Set the company's group behind everything that is there, as for a service that begins with what comes."""
    consumer = AIOKafkaConsumer(
        **stage.kafka.client_options(), group_id=f"qbo-bridge.{stage.company}", enable_auto_commit=False
    )
    await consumer.start()
    try:
        places = [
            TopicPartition(name, each) for name in stage.events for each in await partitions_of(stage.kafka, name)
        ]
        consumer.assign(places)
        await consumer.commit(await consumer.end_offsets(places))
    finally:
        await consumer.stop()


@dataclass(slots=True)
class Command:
    """A `qbo-bridge backfill` that runs, and then what it said and how it ended."""

    process: subprocess.Popen[bytes]
    folder: Path
    name: str
    code: int | None = None

    @property
    def out(self) -> str:
        return (self.folder / f"{self.name}.out").read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        return (self.folder / f"{self.name}.err").read_text(encoding="utf-8")

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def until_said(self, words: str, timeout_s: float = 60) -> None:
        """Wait until it has said this on stderr."""
        deadline = time.monotonic() + timeout_s
        while words not in self.err:
            assert self.process.poll() is None, self.err + self.out
            assert time.monotonic() < deadline, self.err
            await asyncio.sleep(0.05)

    async def ended(self, timeout_s: float = 90) -> int:
        """The exit code."""
        self.code = await asyncio.to_thread(self.process.wait, timeout_s)
        return self.code


@contextlib.asynccontextmanager
async def backfilling(stage: Stage, *options: str, max_records: int = 500) -> AsyncIterator[Command]:
    """The command as a process of its own, with micro-batches of this size; it is gone after the block."""
    name = f"backfill-{time.monotonic_ns()}"
    words = [sys.executable, "-m", "bridge.cli.app", "backfill", "--config", str(stage.config())]
    with (stage.folder / f"{name}.out").open("wb") as out, (stage.folder / f"{name}.err").open("wb") as err:
        process = subprocess.Popen(  # noqa: ASYNC220 - a start takes no time
            [*words, "--company", stage.company, *options],
            env=stage.environment() | {"QBO_BRIDGE_KAFKA__MAX_RECORDS": str(max_records)},
            stdout=out,
            stderr=err,
        )
    try:
        yield Command(process, stage.folder, name)
    finally:
        process.kill()
        process.wait()


async def backfill(stage: Stage, *options: str, timeout_s: float = 90) -> Command:
    """The command, from its start to its end."""
    async with backfilling(stage, *options) as command:
        await command.ended(timeout_s)
        return command


def job_of(command: Command) -> str:
    """The id that the first line names."""
    found = re.match(r"job ([0-9a-f]{8})\n", command.out)
    assert found, command.out + command.err
    return found[1]


async def asked(command: Command) -> str:
    """The id, once the command has said it."""
    while not command.out:
        assert command.process.poll() is None, command.err
        await asyncio.sleep(0.05)
    return job_of(command)


async def served(stage: Stage) -> None:
    """Wait until the service is a member of the company's group."""
    while not await hosts_in_group(stage.kafka, stage.company):  # noqa: ASYNC110 - a state of the broker
        await asyncio.sleep(0.1)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a plan must leave alone: the books, the ends of all topics, and the group's offsets."""

    ledger: Any
    writes: tuple[int, int]
    ends: dict[TopicPartition, int] = field(default_factory=dict)
    committed: dict[TopicPartition, int | None] = field(default_factory=dict)


async def snapshot(stage: Stage) -> Snapshot:
    """As it is now; topics that do not exist have no ends."""
    names = [*stage.events, *(stage.topic(name) for name in ("qbo.results", "qbo.dead-letters", "qbo.journal"))]
    consumer = AIOKafkaConsumer(
        **stage.kafka.client_options(), group_id=f"qbo-bridge.{stage.company}", enable_auto_commit=False
    )
    await consumer.start()
    try:
        places = [TopicPartition(name, each) for name in names for each in await partitions_of(stage.kafka, name)]
        ends = await consumer.end_offsets(places) if places else {}
        committed = {place: await consumer.committed(place) for place in places if place.topic in stage.events}
    finally:
        await consumer.stop()
    requests = stage.sandbox("stats")["requests"]
    return Snapshot(stage.sandbox("ledger"), (requests["writes"], requests["batches"]), ends, committed)


async def until_told(stage: Stage, count: int, timeout_s: float = 60) -> list[Result]:
    """The results, once there are so many."""
    deadline = time.monotonic() + timeout_s
    while len(results := await stage.results()) < count:
        assert time.monotonic() < deadline, f"{len(results)} of {count} results"
        await asyncio.sleep(0.1)
    return results


async def until_journalled(stage: Stage, timeout_s: float = 30) -> None:
    """Wait until a request is written ahead."""
    deadline = time.monotonic() + timeout_s
    while not any(b":request:" in (each.key or b"") for each in await stage.read(stage.topic("qbo.journal"))):
        assert time.monotonic() < deadline, "nothing was journalled"
        await asyncio.sleep(0.05)


def wrong_in_the_books(stage: Stage, sample: Sample) -> tuple[str, ...]:
    """What the books do not say as the events do: lost, doubled or wrong documents and money."""
    return differences(sample.sales, read_books(stage.sandbox_url, REALM, seal_of(REALM)))


def terminal(results: Iterable[Result]) -> dict[str, Result]:
    """The last terminal result of each record, by result id."""
    return {result.result_id: result for result in results if result.status != "waiting"}


def jsonl(path: Path) -> list[dict[str, Any]]:
    """The documents of a file of JSON lines, numbers exact."""
    return [json.loads(line, parse_float=Decimal) for line in path.read_text(encoding="utf-8").splitlines()]
