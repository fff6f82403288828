"""A small world for the intake: a company's topics on some broker, an owner that remembers, waiting by condition."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.record.util import calc_crc32c

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.intake import CompanyIntake
from bridge.kafka.journal import KafkaJournal
from bridge.kafka.publisher import CompanyPublisher
from bridge.kafka.reader import publish, read_topic
from bridge.kafka.settings import IntakeSettings
from bridge.kafka.topics import TopicSpec, create_missing, table_topic
from contracts.errors import Unavailable
from contracts.lifecycle import Lifecycle, Phase
from contracts.records import Headers, InboundRecord, OutboundRecord

QUICK = IntakeSettings(
    session_timeout_ms=3_000, heartbeat_interval_ms=300, idle_interval_s=0.2, drain_timeout_s=10.0, backoff_min_s=0.1
)
"""A short session: the mock answers a join only when a session has nearly ended (and never, if it is 2 s)."""


@dataclass
class Bus:
    """One company's topics on one broker. The event topic has four partitions on either broker."""

    connection: KafkaConnection
    company: str
    patience_s: float = 30.0
    publishers: list[CompanyPublisher] = field(default_factory=list)
    """All that were handed out, here and by neighbours, so that `close` finds those that a failed test left open."""

    @property
    def events(self) -> str:
        return f"{self.company}.events"

    @property
    def results(self) -> str:
        return f"{self.company}.results"

    @property
    def dead_letters(self) -> str:
        return f"{self.company}.dead-letters"

    @property
    def journal_topic(self) -> str:
        return f"{self.company}.journal"

    async def create(self) -> None:
        logs = [TopicSpec(name=name, partitions=4) for name in (self.events, self.results, self.dead_letters)]
        await create_missing(self.connection, [*logs, table_topic(self.journal_topic)])

    async def put(self, values: Iterable[bytes | None], *, partition: int | None = None, headers: Headers = ()) -> None:
        """Publish events; unless a partition is named they go round the four."""
        await publish(
            self.connection,
            [
                OutboundRecord(
                    topic=self.events,
                    key=b"key",
                    value=value,
                    headers=headers,
                    partition=number % 4 if partition is None else partition,
                )
                for number, value in enumerate(values)
            ],
        )

    async def read(self, topic: str) -> list[InboundRecord]:
        """All that a reader of the committed sees."""
        return [record async for record in read_topic(self.connection, topic)]

    async def result_values(self) -> list[bytes | None]:
        """The values of all results, sorted."""
        return sorted((record.value for record in await self.read(self.results)), key=lambda value: value or b"")

    async def committed(self) -> dict[int, int]:
        """The group's committed offsets by partition."""
        consumer = AIOKafkaConsumer(
            **self.connection.client_options(),
            group_id=self.connection.group_id(self.company),
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            offsets = {number: await consumer.committed(TopicPartition(self.events, number)) for number in range(4)}
        finally:
            await consumer.stop()
        return {number: offset for number, offset in offsets.items() if offset is not None}

    def publisher(self) -> CompanyPublisher:
        publisher = CompanyPublisher(company=self.company, connection=self.connection, dead_letters=self.dead_letters)
        self.publishers.append(publisher)
        return publisher

    def neighbour(self, suffix: str) -> Bus:
        """Another company on the same broker."""
        return replace(self, company=f"{self.company}{suffix}")

    async def close(self) -> None:
        await asyncio.gather(*(publisher.close() for publisher in self.publishers))

    def journal(self, publisher: CompanyPublisher) -> KafkaJournal:
        return KafkaJournal(
            company=self.company, topic=self.journal_topic, connection=self.connection, publisher=publisher
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for *condition*; the limit only ends a test that has failed anyway."""
        async with asyncio.timeout(self.patience_s):
            while not condition():  # noqa: ASYNC110 - what is waited for knows nothing of the test
                await asyncio.sleep(0.02)

    async def until_settled(self, records: int) -> None:
        """Wait until *records* offsets are committed."""
        async with asyncio.timeout(self.patience_s):
            while sum((await self.committed()).values()) < records:  # noqa: ASYNC110 - a state of the broker
                await asyncio.sleep(0.05)


async def nothing() -> None:
    """An owner's work, unless a test says otherwise."""


@dataclass
class Owner:
    """A `CompanyOwner` that answers every record with a result of the same value and remembers what happened."""

    bus: Bus
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    taking_over: Callable[[], Awaitable[object]] = nothing
    processing: Callable[[tuple[InboundRecord, ...]], Awaitable[None]] | None = None
    waiting: list[OutboundRecord] = field(default_factory=list)
    batches: list[tuple[InboundRecord, ...]] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)
    takeovers_begun: int = 0
    releases: int = 0
    idles: int = 0

    @property
    def records(self) -> list[InboundRecord]:
        """All records of all batches that were processed to the end."""
        return [record for batch in self.batches for record in batch]

    @property
    def values(self) -> list[bytes]:
        return sorted(record.value or b"" for record in self.records)

    async def take_over(self, epoch: int) -> None:
        self.takeovers_begun += 1
        await self.taking_over()
        self.epochs.append(epoch)
        self.lifecycle.enter(Phase.RUNNING)

    async def process(self, records: tuple[InboundRecord, ...]) -> tuple[OutboundRecord, ...]:
        if self.processing is not None:
            try:
                await self.processing(records)
            except Unavailable as error:
                self.lifecycle.outage(str(error))
                raise
        self.lifecycle.recovered()
        self.batches.append(records)
        return tuple(
            OutboundRecord(topic=self.bus.results, key=record.key or b"-", value=record.value) for record in records
        )

    async def idle(self) -> tuple[OutboundRecord, ...]:
        self.idles += 1
        waiting, self.waiting = tuple(self.waiting), []
        return waiting

    has_more = False

    def committed(self) -> None: ...

    def failed(self, reason: str, *, by_record: bool, lost: bool = False) -> int:  # noqa: ARG002 - as it is called
        return 0

    async def released(self) -> None:
        self.releases += 1
        self.lifecycle.enter(Phase.STANDBY)


@dataclass
class Member:
    """One process's intake of the company, running."""

    intake: CompanyIntake
    owner: Owner
    publisher: CompanyPublisher
    running: asyncio.Task[None]

    async def stop(self) -> None:
        await self.intake.stop()
        await self.running


@contextlib.asynccontextmanager
async def member(
    bus: Bus, owner: Owner | None = None, *, process: str = "one", middlewares: Sequence[Any] = (), **settings: float
) -> AsyncIterator[Member]:
    """Run an intake for the company; at the end it is stopped, and what it failed with is raised unless it was seen."""
    owner = owner or Owner(bus)
    publisher = bus.publisher()
    intake = CompanyIntake(
        company=bus.company,
        topics=(bus.events,),
        connection=bus.connection,
        owner=owner,
        publisher=publisher,
        process=process,
        lifecycle=owner.lifecycle,
        settings=replace(QUICK, **settings),  # type: ignore[arg-type]
        middlewares=middlewares,
    )
    running = asyncio.create_task(intake.run())
    try:
        yield Member(intake, owner, publisher, running)
    finally:
        await intake.stop()
        async with asyncio.timeout(30):
            await asyncio.gather(running, return_exceptions=True)


async def no_group(_: object) -> None:
    """These tests settle without consuming."""


def numbered(count: int, start: int = 0) -> list[bytes]:
    return [f"{number:04d}".encode() for number in range(start, start + count)]


async def put_with_raw_header_name(bus: Bus, name: bytes) -> None:
    """The producer takes text only, so the bytes are exchanged in the finished batch, under a new checksum."""
    placeholder = "Z" * len(name)
    async with AIOKafkaProducer(**bus.connection.client_options()) as producer:
        batch = producer.create_batch()
        batch.append(key=b"key", value=b"poison", timestamp=None, headers=[(placeholder, b"1"), ("good", b"\xff")])
        build = batch._build

        def poisoned() -> bytes:
            raw = bytearray(build()).replace(placeholder.encode(), name)
            struct.pack_into(">I", raw, 17, calc_crc32c(raw[21:]))
            return bytes(raw)

        batch._build = poisoned
        await (await producer.send_batch(batch, bus.events, partition=0))
