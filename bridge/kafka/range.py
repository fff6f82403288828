"""Reading the records of a span of time, in their order over all partitions, to an end that is fixed at the start.

Timestamps are the producers' and need not grow with the offsets. The broker names the first record that is late enough,
and none before it is, so that is where reading begins; nobody can name the last one, so every partition is read to the
end that it had at the start, and what does not lie in the span is passed over. The end is reached by position: markers,
aborted and compacted records leave gaps, and the last offset may never come.

A reader belongs to no group and commits nothing. Of each partition it holds one fetch: those that have records in
hand are paused until the others have caught up, so that documents whose events lie in several partitions meet.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.convert import inbound
from bridge.kafka.lenient import read_leniently_after
from bridge.kafka.tail import Tail
from bridge.kafka.topics import partitions_of
from contracts.errors import BridgeError
from contracts.records import InboundRecord

POLL_MS = 500
FAILURES_MAX = 20
FAILURE_WAIT_S = 0.5

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """Record timestamps in milliseconds: `since` included, `until` excluded; None leaves that side open."""

    since_ms: int | None = None
    until_ms: int | None = None

    def holds(self, timestamp_ms: int) -> bool:
        """Whether a record with this timestamp lies in the span."""
        early = self.since_ms is not None and timestamp_ms < self.since_ms
        return not early and (self.until_ms is None or timestamp_ms < self.until_ms)


Bounds = Mapping[str, Mapping[int, tuple[int, int]]]
"""A range by offsets: of each partition of each topic the first one, and the one at which it ends."""


class Why(StrEnum):
    """Why offsets could not be read."""

    REMOVED_BEFORE = "were removed before this began"
    REMOVED_MEANWHILE = "were removed while this read"
    OPEN = "lie behind a transaction that was open when this began"


@dataclass(frozen=True, slots=True)
class Missing:
    """Offsets of one partition that were not read, `first` and `last` included, and why."""

    topic: str
    partition: int
    first: int
    last: int
    why: Why

    @property
    def count(self) -> int:
        """How many offsets; not each of them held a record."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class RangeBatch:
    """Records in order, and how many offsets the reader had passed when it put them together."""

    records: tuple[InboundRecord, ...]
    passed: int


@dataclass(slots=True)
class _Partition:
    """How far one partition was read; `next` is the first offset that was not."""

    place: TopicPartition
    start: int
    end: int
    next: int
    done: bool
    records: deque[InboundRecord] = field(default_factory=deque)

    @property
    def passed(self) -> int:
        """Offsets that were read and handed out."""
        return (self.records[0].offset if self.records else min(self.next, self.end)) - self.start


class RangeReader:
    """The records of one span; made by `open_range`."""

    def __init__(
        self, consumer: AIOKafkaConsumer, span: TimeSpan, partitions: Sequence[_Partition], missing: Iterable[Missing]
    ) -> None:
        self.missing = list(missing)
        """What was not read, as far as known by now."""
        self.seen = 0
        """Records that were read, in the span or not."""
        self._consumer = consumer
        self._span = span
        self._partitions = partitions
        self._tails = {each.place: Tail(consumer, each.place, each.end) for each in partitions}
        self._failures = 0

    @property
    def bounds(self) -> Bounds:
        """The range by offsets, as it was at the start."""
        found: dict[str, dict[int, tuple[int, int]]] = {}
        for each in self._partitions:
            found.setdefault(each.place.topic, {})[each.place.partition] = (each.start, each.end)
        return found

    @property
    def offsets(self) -> int:
        """All offsets between the start and the end."""
        return sum(each.end - each.start for each in self._partitions)

    @property
    def passed(self) -> int:
        """Offsets that were read and handed out, gaps included."""
        return sum(each.passed for each in self._partitions)

    @property
    def blank(self) -> int:
        """Offsets without a record: transaction markers, aborted and compacted records. Known at the end."""
        removed = sum(each.count for each in self.missing if each.why is Why.REMOVED_MEANWHILE)
        return self.offsets - self.seen - removed

    async def batches(self, records_max: int) -> AsyncGenerator[RangeBatch, None]:
        """The records of the span: within a partition by offset, else the earliest timestamp first."""
        records: list[InboundRecord] = []
        while True:
            while empty := [each for each in self._partitions if not each.records and not each.done]:
                await self._poll(empty)
            ready = [each for each in self._partitions if each.records]
            if not ready:
                break
            earliest = min(ready, key=lambda each: each.records[0].timestamp_ms)
            records.append(earliest.records.popleft())
            if len(records) >= records_max:
                yield RangeBatch(tuple(records), self.passed)
                records = []
        if records:
            yield RangeBatch(tuple(records), self.passed)

    async def _poll(self, empty: Sequence[_Partition]) -> None:
        """Ask for more of `empty`; whatever fails is asked for again from where it was understood."""
        wanted = [each.place for each in empty]
        self._consumer.pause(*(each.place for each in self._partitions if each.place not in wanted))
        self._consumer.resume(*wanted)
        try:
            polled = await self._consumer.getmany(timeout_ms=POLL_MS)
        except OffsetOutOfRangeError as error:
            await self._pass_over(error.args[0])
            self._seek_back()
        except Exception as error:  # noqa: BLE001 - raised again when it stays
            await self._failed(error)
        else:
            self._failures = 0
            for each in self._partitions:
                if each in empty or each.place in polled:
                    await self._take(each, polled.get(each.place, ()))

    async def _take(self, partition: _Partition, found: Sequence[ConsumerRecord[bytes, bytes]]) -> None:
        for record in found:
            if record.offset < partition.end:
                self.seen += 1
                partition.next = record.offset + 1
                if self._span.holds(record.timestamp):
                    partition.records.append(inbound(record))
        partition.next = max(partition.next, await self._consumer.position(partition.place))
        tail_is_removed = self._tails[partition.place].is_removed(partition.next)
        partition.done = tail_is_removed or partition.next >= partition.end

    async def _pass_over(self, lost: Mapping[TopicPartition, int]) -> None:
        """Retention has overtaken the reader: go on where the log begins now, and remember what is missing."""
        begins = await self._consumer.beginning_offsets(list(lost))
        for partition in (each for each in self._partitions if each.place in begins):
            begin = begins[partition.place]
            resume_at = min(begin, partition.end) if begin > partition.next else partition.end
            if resume_at > partition.next:
                self._note_missing(partition, partition.next, resume_at, Why.REMOVED_MEANWHILE)
            partition.next = resume_at
            partition.done = resume_at >= partition.end

    def _note_missing(self, partition: _Partition, first: int, stop: int, why: Why) -> None:
        missing = Missing(partition.place.topic, partition.place.partition, first, stop - 1, why)
        log.warning("kafka.offsets_missing", topic=missing.topic, partition=missing.partition, count=missing.count)
        self.missing.append(missing)

    async def _failed(self, error: Exception) -> None:
        """What the failed call had taken from other partitions is lost, though their positions have moved."""
        read_leniently_after(error)
        self._failures += 1
        if self._failures > FAILURES_MAX:
            raise error
        log.warning("kafka.read_failed", error=repr(error))
        await asyncio.sleep(FAILURE_WAIT_S)
        self._seek_back()

    def _seek_back(self) -> None:
        for each in self._partitions:
            self._consumer.seek(each.place, each.next)


@contextlib.asynccontextmanager
async def open_range(
    connection: KafkaConnection, topics: Iterable[str], span: TimeSpan, bounds: Bounds | None = None
) -> AsyncIterator[RangeReader]:
    """A reader of the records of `topics` in `span`, to the ends that they have now; a missing topic has no records.

    With `bounds` it is exactly the range that a reader had before. BridgeError where that is not there any more,
    KafkaError when Kafka cannot be reached.
    """
    async with _opened(connection) as consumer:
        places = await _assign(connection, consumer, topics)
        if bounds is None:
            partitions, missing = await _bounds(connection, consumer, places, span)
        else:
            partitions, missing = await _same_again(consumer, places, bounds), []
        yield _reader(consumer, span, partitions, missing)


@contextlib.asynccontextmanager
async def open_rest(connection: KafkaConnection, span: TimeSpan, ends: Bounds) -> AsyncIterator[RangeReader]:
    """A reader of what is left of a range, between these offsets; what retention has removed of it is `missing`.

    BridgeError where a partition of it is not there any more, KafkaError when Kafka cannot be reached.
    """
    async with _opened(connection) as consumer:
        wanted = _wanted(await _assign(connection, consumer, ends), ends)
        begins = await consumer.beginning_offsets(list(wanted))
        partitions: list[_Partition] = []
        missing: list[Missing] = []
        for place, (start, end) in wanted.items():
            first = min(max(start, begins[place]), max(start, end))
            partitions.append(_Partition(place, start, end, next=first, done=first >= end))
            if first > start:
                missing.append(Missing(place.topic, place.partition, start, first - 1, Why.REMOVED_MEANWHILE))
        yield _reader(consumer, span, partitions, missing)


@contextlib.asynccontextmanager
async def _opened(connection: KafkaConnection) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **connection.client_options(),
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level=connection.isolation_level,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def _assign(
    connection: KafkaConnection, consumer: AIOKafkaConsumer, topics: Iterable[str]
) -> list[TopicPartition]:
    """All partitions of these topics, assigned to the consumer."""
    places = [TopicPartition(topic, number) for topic in topics for number in await partitions_of(connection, topic)]
    consumer.assign(places)
    await asyncio.sleep(0)  # a consumer that is stopped before its tasks have begun raises CancelledError
    return places


def _reader(
    consumer: AIOKafkaConsumer, span: TimeSpan, partitions: Sequence[_Partition], missing: Iterable[Missing]
) -> RangeReader:
    for partition in partitions:
        consumer.seek(partition.place, partition.next)
    return RangeReader(consumer, span, partitions, missing)


async def _bounds(
    connection: KafkaConnection, consumer: AIOKafkaConsumer, places: Sequence[TopicPartition], span: TimeSpan
) -> tuple[list[_Partition], list[Missing]]:
    """Where each partition begins and ends, and what lies in the span perhaps but cannot be read any more or yet."""
    begins = await consumer.beginning_offsets(places)
    ends = await consumer.end_offsets(places)
    starts = await _starts(connection, consumer, begins, ends, span)
    highs = await _high_waters(connection, places) if connection.transactions and places else ends
    partitions: list[_Partition] = []
    missing: list[Missing] = []
    for place in places:
        begin, start, end = begins[place], starts[place], ends[place]
        partitions.append(_Partition(place, start, end, next=start, done=start >= end))
        if 0 < begin == start:
            missing.append(Missing(place.topic, place.partition, 0, begin - 1, Why.REMOVED_BEFORE))
        if highs[place] > end:
            missing.append(Missing(place.topic, place.partition, end, highs[place] - 1, Why.OPEN))
    return partitions, missing


async def _same_again(consumer: AIOKafkaConsumer, places: Sequence[TopicPartition], bounds: Bounds) -> list[_Partition]:
    """The partitions of a range that was read before, to the offsets that it had."""
    wanted = _wanted(places, bounds)
    begins, ends = await consumer.beginning_offsets(list(wanted)), await consumer.end_offsets(list(wanted))
    for place, (start, end) in wanted.items():
        if start < end and (begins[place] > start or ends[place] < end):
            raise BridgeError(
                f"{place.topic}/{place.partition} holds the offsets {begins[place]} to {ends[place]} now, and the "
                f"range is {start} to {end}: its records are not there any more"
            )
    return [_Partition(place, start, end, next=start, done=start >= end) for place, (start, end) in wanted.items()]


def _wanted(places: Sequence[TopicPartition], bounds: Bounds) -> dict[TopicPartition, tuple[int, int]]:
    """The offsets of each partition of a range. BridgeError for one that is not there."""
    wanted = {TopicPartition(topic, each): ends for topic, of in bounds.items() for each, ends in of.items()}
    if absent := sorted(wanted.keys() - set(places)):
        raise BridgeError(
            f"{absent[0].topic}/{absent[0].partition} of the range is no partition of the event topics now"
        )
    return wanted


async def _starts(
    connection: KafkaConnection,
    consumer: AIOKafkaConsumer,
    begins: Mapping[TopicPartition, int],
    ends: Mapping[TopicPartition, int],
    span: TimeSpan,
) -> dict[TopicPartition, int]:
    """The first record that is not too early; the embedded broker cannot tell, so there everything is read."""
    if span.since_ms is None or not connection.transactions or not begins:
        return dict(begins)
    found = await consumer.offsets_for_times(dict.fromkeys(begins, max(0, span.since_ms)))
    return {
        place: max(begin, found[place].offset) if found[place] is not None else ends[place]
        for place, begin in begins.items()
    }


async def _high_waters(connection: KafkaConnection, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """The ends that a reader without isolation sees: what is open lies before them."""
    consumer = AIOKafkaConsumer(**connection.client_options(), enable_auto_commit=False)
    try:
        await consumer.start()
        highs: dict[TopicPartition, int] = await consumer.end_offsets(places)
        return highs
    finally:
        with contextlib.suppress(KafkaError):
            await consumer.stop()
