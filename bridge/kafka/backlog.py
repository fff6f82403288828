"""How far a company is behind, asked of its committed offsets without joining its group: the same wherever it is asked.

Offsets have gaps (transaction markers, what was compacted), so the number of records is an upper bound; where nothing
is to be read before the end nothing is behind. Topics are shared: records of other companies count until they are
passed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.diagnosis import reach
from bridge.kafka.reader import read_topic
from bridge.kafka.topics import partitions_of
from contracts.records import InboundRecord


@dataclass(frozen=True, slots=True)
class Backlog:
    """Records that the company has not consumed, and when the oldest of them was published (ms; None without any)."""

    records: int = 0
    oldest_ms: int | None = None

    def seconds(self, now_s: float) -> float:
        """How long the oldest of them has been there at `now_s`, seconds since the epoch."""
        return 0.0 if self.oldest_ms is None else max(0.0, now_s - self.oldest_ms / 1000)


async def backlog_of(connection: KafkaConnection, company: str, topics: Iterable[str]) -> Backlog:
    """What lies between the committed offsets and the ends. KafkaError when the brokers do not say.

    Where nothing was committed a service begins at the oldest record, and so does this.
    """
    open_ranges = await _open_ranges(connection, company, topics)
    firsts = await asyncio.gather(*(_first(connection, each, start) for each, (start, _) in open_ranges.items()))
    found = [(first, end) for first, (_, end) in zip(firsts, open_ranges.values(), strict=True) if first is not None]
    return Backlog(
        records=sum(end - first.offset for first, end in found),
        oldest_ms=min((first.timestamp_ms for first, _ in found), default=None),
    )


async def _open_ranges(
    connection: KafkaConnection, company: str, topics: Iterable[str]
) -> dict[TopicPartition, tuple[int, int]]:
    """From the first offset that was not consumed to the end, of each partition that has more."""
    consumer = AIOKafkaConsumer(
        **connection.client_options(),
        group_id=connection.group_id(company),
        enable_auto_commit=False,
        isolation_level=connection.isolation_level,
    )
    try:
        await reach(connection, consumer.start())
        numbers = [(topic, number) for topic in topics for number in await partitions_of(connection, topic)]
        places = [TopicPartition(topic, number) for topic, number in numbers]
        if not places:
            return {}
        consumer.assign(places)
        begins, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        starts = {each: max(begins[each], await consumer.committed(each) or 0) for each in places}
        return {each: (starts[each], ends[each]) for each in places if starts[each] < ends[each]}
    finally:
        await consumer.stop()


async def _first(connection: KafkaConnection, place: TopicPartition, start: int) -> InboundRecord | None:
    """The first record of a partition from `start` on, None where nothing but markers comes."""
    number = place.partition
    records = read_topic(connection, place.topic, partitions=(number,), start={number: start})
    async with contextlib.aclosing(records):
        async for record in records:
            return record
    return None
