"""What a real broker does too rarely to be waited for: a compacted tail, silence, and polls that fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import CorruptRecordException, OffsetOutOfRangeError

from bridge.kafka import range as ranges
from bridge.kafka.range import FAILURES_MAX, Missing, RangeReader, TimeSpan, Why, _Partition
from tests.support.kafka.ranges import read_all

ZERO, ONE = TopicPartition("events", 0), TopicPartition("events", 1)
Polled = dict[TopicPartition, list[ConsumerRecord]]


def record(place: TopicPartition, offset: int) -> ConsumerRecord:
    return ConsumerRecord(place.topic, place.partition, offset, offset, 0, None, b"", None, -1, 0, ())


class RangeConsumer:
    """Answers polls by a script, then for ever with nothing; positions move as aiokafka moves them."""

    def __init__(self, *script: Polled | Exception, answers: bool = True, stable: int = 10, begin: int = 0) -> None:
        self.script = list(script)
        self.answers = answers
        self.stable = stable
        self.begin = begin
        self.at = {ZERO: 0, ONE: 0}
        self.polls = 0
        self.asked: set[TopicPartition] = set()
        self.sought: list[tuple[TopicPartition, int]] = []

    def pause(self, *places: TopicPartition) -> None:
        self.asked -= set(places)

    def resume(self, *places: TopicPartition) -> None:
        self.asked |= set(places)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self.sought.append((place, offset))
        self.at[place] = offset

    async def getmany(self, *, timeout_ms: int) -> Polled:
        assert timeout_ms > 0
        self.polls += 1
        await asyncio.sleep(0)
        step = self.script.pop(0) if self.script else {}
        if isinstance(step, Exception):
            for place in self.at:
                self.at[place] += 1  # what a failed poll had drained is lost, and the positions have moved
            raise step
        asked = {place: records for place, records in step.items() if place in self.asked}
        later = {place: records for place, records in step.items() if place not in self.asked}
        if later:
            self.script.insert(0, later)
        for place, records in asked.items():
            self.at[place] = records[-1].offset + 1
        return asked

    async def position(self, place: TopicPartition) -> int:
        return self.at[place]

    async def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, self.begin)

    def last_poll_timestamp(self, _: TopicPartition) -> int | None:
        return self.polls if self.answers else 7

    def last_stable_offset(self, _: TopicPartition) -> int | None:
        return self.stable

    def highwater(self, _: TopicPartition) -> int | None:
        return self.stable


def reader_of(consumer: RangeConsumer, *ends: int) -> RangeReader:
    places = (ZERO, ONE)[: len(ends)]
    partitions = [_Partition(place, 0, end, next=0, done=False) for place, end in zip(places, ends, strict=True)]
    return RangeReader(consumer, TimeSpan(), partitions, ())


async def offsets(reader: RangeReader) -> list[int]:
    return [each.offset for each in await read_all(reader)]


async def ended(reader: RangeReader, polled: Callable[[], int], polls: int = 50) -> bool:
    """Whether the reader ends within so many polls."""
    reading = asyncio.create_task(read_all(reader))
    while not reading.done() and polled() < polls:  # noqa: ASYNC110 - what is waited for knows nothing of the test
        await asyncio.sleep(0)
    is_done = reading.done()
    reading.cancel()
    await asyncio.gather(reading, return_exceptions=True)
    return is_done


async def test_the_earliest_record_may_come_last() -> None:
    """Nothing is handed out before every partition has shown its next record. Guard: the merge waits for all."""
    consumer = RangeConsumer({ONE: [record(ONE, 5)]}, {ZERO: [record(ZERO, 1)]})
    assert await offsets(reader_of(consumer, 2, 6)) == [1, 5]


async def test_a_tail_that_was_compacted_away_is_not_waited_for() -> None:
    """The broker answers, holds nothing back, and brings nothing. Guard: `Tail.is_gone`."""
    consumer = RangeConsumer({ZERO: [record(ZERO, 0), record(ZERO, 6)]}, stable=10)
    assert await ended(reader_of(consumer, 10), lambda: consumer.polls)


async def test_a_broker_that_does_not_answer_is_waited_for() -> None:
    """Silence is no end: the leader may be away. Guard: counting answers, not polls."""
    consumer = RangeConsumer({ZERO: [record(ZERO, 0)]}, answers=False)
    assert not await ended(reader_of(consumer, 10), lambda: consumer.polls)


async def test_a_transaction_that_holds_records_back_is_waited_for() -> None:
    """What was stable at the start comes. Guard: `Tail._shown`."""
    consumer = RangeConsumer({ZERO: [record(ZERO, 0)]}, stable=5)
    assert not await ended(reader_of(consumer, 10), lambda: consumer.polls)


@pytest.mark.parametrize(
    "error", [CorruptRecordException("once"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "a header's name")]
)
async def test_a_poll_that_fails_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """From where each partition was understood. Guard: `_seek_back`."""
    monkeypatch.setattr(ranges, "FAILURE_WAIT_S", 0.0)
    monkeypatch.setattr(ranges, "read_leniently_after", lambda _: None)
    consumer = RangeConsumer({ZERO: [record(ZERO, 0)]}, error, {ZERO: [record(ZERO, 1)], ONE: [record(ONE, 0)]})
    assert await offsets(reader_of(consumer, 2, 1)) == [0, 0, 1]
    assert (ZERO, 1) in consumer.sought
    assert (ONE, 0) in consumer.sought


async def test_a_poll_that_fails_for_ever_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own error: damaged bytes do not mend. Guard: `FAILURES_MAX`."""
    monkeypatch.setattr(ranges, "FAILURE_WAIT_S", 0.0)
    consumer = RangeConsumer(*[CorruptRecordException("damaged")] * (FAILURES_MAX + 1))
    with pytest.raises(CorruptRecordException, match="damaged"):
        await offsets(reader_of(consumer, 2))


async def test_a_log_that_was_cut_off_is_missing_to_its_end() -> None:
    """A position beyond the log's end, after an unclean change of leader: nothing will ever come there."""
    consumer = RangeConsumer({ZERO: [record(ZERO, 0)]}, OffsetOutOfRangeError({ZERO: 1}), begin=0)
    reader = reader_of(consumer, 4)
    assert await offsets(reader) == [0]
    assert reader.missing == [Missing("events", 0, 1, 3, Why.REMOVED_MEANWHILE)]
