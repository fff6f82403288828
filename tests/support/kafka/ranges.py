"""A topic on the real broker for tests of bounded reads: records with timestamps, removed, aborted and open ones."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.range import RangeReader, TimeSpan, open_range
from bridge.kafka.topics import TopicSpec, create_missing
from contracts.records import InboundRecord

T0 = 1_790_000_000_000
"""Some moment; tests count seconds from it."""


BIG = b"x" * 200_000


def at(seconds: float) -> int:
    """A timestamp in milliseconds."""
    return T0 + round(seconds * 1000)


def span(since: float | None = None, until: float | None = None) -> TimeSpan:
    """Seconds after T0."""
    return TimeSpan(None if since is None else at(since), None if until is None else at(until))


@dataclass(frozen=True, slots=True)
class Topic:
    """Events of one test, in partitions that the test names."""

    connection: KafkaConnection
    name: str

    async def create(self, *, partitions: int = 3, **config: str) -> None:
        kept = {"retention.ms": "-1"} | {name.replace("_", "."): value for name, value in config.items()}
        await create_missing(self.connection, [TopicSpec(name=self.name, partitions=partitions, config=kept)])

    async def put(self, partition: int, *seconds: float, key: bytes | None = None) -> None:
        """One record for each of `seconds`, which is its value too."""
        async with AIOKafkaProducer(**self.connection.client_options()) as producer:
            for each in seconds:
                await producer.send_and_wait(self.name, value_of(each), key, partition=partition, timestamp_ms=at(each))

    @contextlib.asynccontextmanager
    async def transaction(self, name: str) -> AsyncIterator[AIOKafkaProducer]:
        """A producer with an open transaction; whoever uses it ends it, or it is aborted at the end of the block."""
        producer = AIOKafkaProducer(**self.connection.client_options(), transactional_id=f"{self.name}-{name}")
        await producer.start()
        try:
            await producer.begin_transaction()
            yield producer
        finally:
            with contextlib.suppress(Exception):
                await producer.abort_transaction()
            await producer.stop()

    async def put_big(self, partition: int, seconds: Iterable[float]) -> None:
        """Records of which five fill a fetch, and one marker behind them; the key says what the value would."""
        async with self.transaction(f"big-{partition}") as producer:
            for each in seconds:
                await producer.send(self.name, BIG, value_of(each), partition=partition, timestamp_ms=at(each))
            await producer.commit_transaction()

    async def put_aborted(self, partition: int, *seconds: float) -> None:
        async with self.transaction("aborted") as producer:
            await send(producer, self.name, partition, seconds)

    async def put_in_transaction(self, partition: int, *seconds: float) -> None:
        async with self.transaction("committed") as producer:
            await send(producer, self.name, partition, seconds)
            await producer.commit_transaction()

    async def remove_before(self, partition: int, offset: int) -> None:
        """What retention does."""
        admin = AIOKafkaAdminClient(**self.connection.client_options())
        await admin.start()
        try:
            await admin.delete_records({TopicPartition(self.name, partition): RecordsToDelete(before_offset=offset)})
        finally:
            await admin.close()

    @contextlib.asynccontextmanager
    async def reader(self, wanted: TimeSpan) -> AsyncIterator[RangeReader]:
        async with open_range(self.connection, [self.name], wanted) as reader:
            yield reader


async def send(producer: AIOKafkaProducer, topic: str, partition: int, seconds: Iterable[float]) -> None:
    """Send and await each."""
    for each in seconds:
        await producer.send_and_wait(topic, value_of(each), partition=partition, timestamp_ms=at(each))


def value_of(seconds: float) -> bytes:
    return f"{seconds:g}".encode()


def values(records: Iterable[InboundRecord]) -> list[float]:
    """The seconds that the records say."""
    return [float(record.value or b"nan") for record in records]


async def read_all(reader: RangeReader, *, records_max: int = 100) -> list[InboundRecord]:
    """Everything that the reader gives."""
    return [record async for batch in reader.batches(records_max) for record in batch.records]
