"""Reading a topic outside any group (results, dead letters, the journal), and publishing outside any company.

A reader assigns itself the partitions and commits nothing, so it disturbs nobody. A bounded read ends at the end that
the topic had when it began. Offsets have gaps (transaction markers, compaction), so the end is reached by position, not
by counting; where the tail itself was compacted away the position never gets there, which the broker's answers tell. A
leader that does not answer is waited for: whoever takes a company over must not miss what its journal holds.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.convert import inbound
from bridge.kafka.diagnosis import reach
from bridge.kafka.lenient import read_leniently_after
from bridge.kafka.producing import producer_options, send
from bridge.kafka.tail import Tail
from bridge.kafka.topics import partitions_of
from contracts.records import InboundRecord, OutboundRecord, Place

Polled = dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]

POLL_MS = 500
READ_AT_WAIT_S = 5.0
"""How long a record at a known place is waited for before it counts as gone."""

SEND_TOGETHER = 1_000
"""Sends under way at once, so that a long list does not sit in memory twice."""


async def read_topic(
    connection: KafkaConnection,
    topic: str,
    *,
    partitions: Iterable[int] | None = None,
    last: int | None = None,
    start: Mapping[int, int] | None = None,
    follow: bool = False,
    past_open_transactions: bool = False,
) -> AsyncGenerator[InboundRecord, None]:
    """The records of *topic*, from the beginning or only about the *last* n of each partition, to the end or for ever.

    *start* names offsets to begin at by partition, instead. Within a partition records come in order; across partitions
    as they arrive. A transaction that is still open hides what was committed behind it: *past_open_transactions* waits
    for it to end, otherwise the read ends before it.
    """
    async with _consumer(connection, connection.isolation_level) as consumer:
        numbers = await partitions_of(connection, topic) if partitions is None else partitions
        assigned = [TopicPartition(topic, number) for number in numbers]
        consumer.assign(assigned)
        ends = await (_high_waters(connection, assigned) if past_open_transactions else consumer.end_offsets(assigned))
        if last is not None:
            await _seek_last(consumer, ends, last)
        for number, offset in (start or {}).items():
            consumer.seek(TopicPartition(topic, number), offset)
        read_to = {partition: await consumer.position(partition) for partition in assigned}
        tails = [Tail(consumer, partition, ends[partition]) for partition in assigned]
        while assigned and (follow or not await _reached(consumer, tails)):
            for partition, records in (await _poll(consumer, read_to)).items():
                read_to[partition] = records[-1].offset + 1
                for record in records:
                    if follow or record.offset < ends[partition]:
                        yield inbound(record)


async def read_at(connection: KafkaConnection, places: Iterable[Place]) -> dict[Place, InboundRecord]:
    """The records at exactly these places of any topics; what is not there (any more) is left out."""
    wanted: dict[TopicPartition, set[int]] = {}
    for place in places:
        wanted.setdefault(TopicPartition(place.topic, place.partition), set()).add(place.offset)
    found: dict[Place, InboundRecord] = {}
    if not wanted:
        return found
    async with _consumer(connection, connection.isolation_level) as consumer:
        for partition, offsets in wanted.items():
            if partition.partition in await partitions_of(connection, partition.topic):
                async for record in _at(consumer, partition, offsets):
                    found[record.place] = record
    return found


async def _at(
    consumer: AIOKafkaConsumer, partition: TopicPartition, offsets: Collection[int]
) -> AsyncIterator[InboundRecord]:
    """What one partition holds at `offsets`: of each fetch everything that is wanted, then on to the next that is."""
    consumer.assign([partition])
    end = (await consumer.end_offsets([partition]))[partition]
    left = sorted(offset for offset in offsets if offset < end)
    while left:
        consumer.seek(partition, left[0])
        records = await _next_records(consumer, partition, left[0])
        for record in records:
            if record.offset in offsets:
                yield inbound(record)
        read_to = max(left[0], records[-1].offset) if records else end
        left = [offset for offset in left if offset > read_to]


async def _next_records(
    consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int
) -> list[ConsumerRecord[bytes, bytes]]:
    """What comes first from `offset` on; nothing when nothing comes, as from a tail that was compacted away."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(READ_AT_WAIT_S):
            while True:
                records = (await _poll(consumer, {partition: offset})).get(partition)
                if records:
                    return records
    return []


async def publish(connection: KafkaConnection, records: Iterable[OutboundRecord]) -> None:
    """Publish *records* idempotently and await every acknowledgement; a keyed record goes to its key's partition."""
    async with AIOKafkaProducer(**producer_options(connection)) as producer:
        waiting: list[asyncio.Future[object]] = []
        for record in records:
            waiting.append(await send(producer, record))
            if len(waiting) >= SEND_TOGETHER:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)


async def _poll(consumer: AIOKafkaConsumer, read_to: Mapping[TopicPartition, int]) -> Polled:
    """What has come. After a header name that is no text everything from *read_to* on comes again, leniently.

    The failed poll has moved positions past what it had drained, so they are set back.
    """
    try:
        polled: Polled = await consumer.getmany(timeout_ms=POLL_MS)
    except UnicodeDecodeError as error:
        read_leniently_after(error)
        for partition, offset in read_to.items():
            consumer.seek(partition, offset)
        return {}
    return polled


@contextlib.asynccontextmanager
async def _consumer(connection: KafkaConnection, isolation_level: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **connection.client_options(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=isolation_level,
    )
    try:
        await reach(connection, consumer.start())
        yield consumer
    finally:
        await consumer.stop()


async def _high_waters(connection: KafkaConnection, assigned: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """The ends that a reader without isolation sees; a `read_committed` one is told the first open transaction."""
    async with _consumer(connection, "read_uncommitted") as consumer:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(assigned)
        return ends


async def _seek_last(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], last: int) -> None:
    beginnings = await consumer.beginning_offsets(list(ends))
    for partition, end in ends.items():
        consumer.seek(partition, max(beginnings[partition], end - last))


async def _reached(consumer: AIOKafkaConsumer, tails: Sequence[Tail]) -> bool:
    """Whether every partition was read to its end, or has nothing more before it.

    What comes for one partition is progress of all: it may have filled the answer, and left no room for the others.
    """
    positions = [await consumer.position(tail.place) for tail in tails]
    progress = sum(min(position, tail.end) for position, tail in zip(positions, tails, strict=True))
    are_removed = [tail.is_removed(progress) for tail in tails]
    return all(
        position >= tail.end or is_removed
        for position, tail, is_removed in zip(positions, tails, are_removed, strict=True)
    )
