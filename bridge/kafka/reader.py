"""Reading a topic outside any group (results, dead letters, the journal), and publishing outside any company.

A reader assigns itself the partitions and commits nothing, so it disturbs nobody. A bounded read ends at the end that
the topic had when it began. Offsets have gaps (transaction markers, compaction), so the end is reached by position, not
by counting; and where the tail itself was compacted away the position never gets there, so a poll that moves nothing
although the broker holds nothing back ends the read as well.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.convert import inbound
from bridge.kafka.producing import producer_options, send
from bridge.kafka.topics import partitions_of
from contracts.records import InboundRecord, OutboundRecord

POLL_MS = 500
EMPTY_POLLS = 3
"""So many polls in a row without a record, though the broker holds nothing back: the tail was compacted away."""

SEND_TOGETHER = 1_000
"""Sends under way at once, so that a long list does not sit in memory twice."""


async def read_topic(
    connection: KafkaConnection,
    topic: str,
    *,
    partitions: Iterable[int] | None = None,
    last: int | None = None,
    follow: bool = False,
    past_open_transactions: bool = False,
) -> AsyncIterator[InboundRecord]:
    """The records of *topic*, from the beginning or only about the *last* n of each partition, to the end or for ever.

    Within a partition they come in order; across partitions as they arrive. A transaction that is still open hides
    what was committed behind it: *past_open_transactions* waits for it to end, otherwise the read ends before it.
    """
    async with _consumer(connection, connection.isolation_level) as consumer:
        numbers = await partitions_of(connection, topic) if partitions is None else partitions
        assigned = [TopicPartition(topic, number) for number in numbers]
        consumer.assign(assigned)
        ends = await (_high_waters(connection, assigned) if past_open_transactions else consumer.end_offsets(assigned))
        if last is not None:
            await _seek_last(consumer, ends, last)
        empty_polls = 0
        while assigned and (follow or not await _reached(consumer, ends, empty_polls)):
            polled = await consumer.getmany(timeout_ms=POLL_MS)
            empty_polls = 0 if polled else empty_polls + 1
            for partition, records in polled.items():
                for record in records:
                    if follow or record.offset < ends[partition]:
                        yield inbound(record)


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


@contextlib.asynccontextmanager
async def _consumer(connection: KafkaConnection, isolation_level: str) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **connection.client_options(),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level=isolation_level,
    )
    try:
        await consumer.start()
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


async def _reached(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int], empty_polls: int) -> bool:
    """Whether every partition was read to its end, or has nothing more before it."""
    for partition, end in ends.items():
        if await consumer.position(partition) >= end:
            continue
        seen_to = consumer.last_stable_offset(partition)
        if empty_polls < EMPTY_POLLS or seen_to is None or seen_to < end:
            return False
    return True
