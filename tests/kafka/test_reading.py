"""When a bounded read has reached its end, with a consumer that obeys a script."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer import fetcher

from bridge.kafka import reader
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import _poll, read_topic

Read = Callable[..., Awaitable[list[int]]]

PLACE, OTHER = TopicPartition("journal", 0), TopicPartition("journal", 1)
END = 10
POLLS_MAX = 40
"""After so many polls a read that has not ended is said to wait."""


class StillWaiting(Exception):
    """The script is over, and the reader asks on."""


def silence(_: SteppedConsumer) -> None:
    """No answer: what the leader has said before is all that is known."""


def nothing(consumer: SteppedConsumer) -> None:
    """An answer without a record, that shows how far one may read."""
    consumer.answered_at_ms += 1


def records(*offsets: int, place: TopicPartition = PLACE) -> Callable[[SteppedConsumer], None]:
    """An answer with these records."""

    def step(consumer: SteppedConsumer) -> None:
        consumer.answered_at_ms += 1
        consumer.at[place] = offsets[-1] + 1
        consumer.polled = {place: [record(place, offset) for offset in offsets]}

    return step


def shown(stable: int) -> Callable[[SteppedConsumer], None]:
    """An answer without a record, that lets nobody read further than here."""

    def step(consumer: SteppedConsumer) -> None:
        consumer.answered_at_ms += 1
        consumer.stable = stable

    return step


def markers(to: int) -> Callable[[SteppedConsumer], None]:
    """An answer that holds no record, yet moves the position: markers, or what was aborted."""

    def step(consumer: SteppedConsumer) -> None:
        consumer.answered_at_ms += 1
        consumer.at[PLACE] = to

    return step


def record(place: TopicPartition, offset: int) -> ConsumerRecord[bytes, bytes]:
    return ConsumerRecord(place.topic, place.partition, offset, offset, 0, None, b"", None, -1, 0, ())


class SteppedConsumer:
    """What aiokafka's says, step by step; both partitions are answered together."""

    def __init__(self, *script: Callable[[SteppedConsumer], None]) -> None:
        self.script = list(script)
        self.at = {PLACE: 0, OTHER: END}
        self.stable = END
        self.answered_at_ms = 0
        self.polls = 0
        self.polled: dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]] = {}

    def assign(self, places: list[TopicPartition]) -> None:
        self.assigned = places

    async def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(places, END)

    async def position(self, place: TopicPartition) -> int:
        return self.at[place]

    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
        assert timeout_ms > 0
        await asyncio.sleep(0)
        self.polls += 1
        if self.polls > POLLS_MAX:
            raise StillWaiting
        self.polled = {}
        (self.script.pop(0) if len(self.script) > 1 else self.script[0])(self)
        return self.polled

    def last_poll_timestamp(self, _: TopicPartition) -> int | None:
        return self.answered_at_ms or None

    def last_stable_offset(self, _: TopicPartition) -> int | None:
        return self.stable if self.answered_at_ms else None

    def highwater(self, _: TopicPartition) -> int | None:
        return END if self.answered_at_ms else None


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """What a bounded read gives while the script runs, whose last step is repeated for ever."""

    async def offsets(
        *script: Callable[[SteppedConsumer], None], at: dict[TopicPartition, int] | None = None
    ) -> list[int]:
        consumer = SteppedConsumer(*script)
        consumer.at |= at or {}

        @contextlib.asynccontextmanager
        async def scripted(*_: object) -> AsyncIterator[SteppedConsumer]:
            yield consumer

        monkeypatch.setattr(reader, "_consumer", scripted)
        connection = KafkaConnection(bootstrap_servers="nowhere:1")
        return [each.offset async for each in read_topic(connection, PLACE.topic, partitions=(0, 1))]

    return offsets


async def test_the_end_is_that_of_the_start(read: Read) -> None:
    """What came later is left for the next reader. Guard: the end by position."""
    assert await read(records(0, 9), records(10, 11)) == [0, 9]
    assert await read(records(0, 8, 11)) == [0, 8]


async def test_markers_at_the_end_are_passed(read: Read) -> None:
    """They move the position without a record. Guard: the end by position."""
    assert await read(records(0, 8), markers(10), silence) == [0, 8]


async def test_a_leader_that_falls_silent_in_the_middle_is_waited_for(
    read: Read,
) -> None:
    """What it said before it fell silent is no answer. Guard: `Tail` counts answers, not polls."""
    assert await read(records(0, 5), *[silence] * 20, records(6, 9)) == [0, 5, 6, 9]
    with pytest.raises(StillWaiting):
        await read(records(0, 5), silence)


async def test_a_leader_that_never_answered_is_waited_for(read: Read) -> None:
    """Nothing is known then, so nothing is over. Guard: `Tail` counts answers, not polls."""
    with pytest.raises(StillWaiting):
        await read(silence)


async def test_a_tail_that_was_compacted_away_is_not_waited_for(
    read: Read,
) -> None:
    """The broker answers, holds nothing back, and brings nothing. Guard: `Tail.is_gone`."""
    assert await read(records(0, 6), nothing) == [0, 6]


async def test_one_answer_without_a_record_is_no_end(read: Read) -> None:
    """A poll may end in the moment between an answer and its records. Guard: `EMPTY_ANSWERS`."""
    assert await read(nothing, records(0, 6), nothing, records(7, 9)) == [0, 6, 7, 9]


async def test_answers_with_progress_between_them_are_not_added_up(
    read: Read,
) -> None:
    """Each time something comes the counting begins anew. Guard: `progress` of `Tail`."""
    between = [step for offset in range(10) for step in (nothing, records(offset))]
    assert await read(*between) == list(range(10))


async def test_what_fills_the_answer_leaves_no_room_for_others(
    read: Read,
) -> None:
    """An answer has a size; a partition that got nothing while another one did is not at its end. Guard: `_reached`."""
    of_the_other = [records(offset, place=OTHER) for offset in range(10)]
    assert await read(*of_the_other, records(0, 9), at={OTHER: 0}) == [*range(10), 0, 9]


async def test_a_partition_that_grows_does_not_keep_the_read_from_its_end(
    read: Read,
) -> None:
    """What lies beyond the end is no progress. Guard: the end in `_reached`'s progress."""
    growing = [records(offset, place=OTHER) for offset in range(END, END + POLLS_MAX)]
    assert await read(records(0, 6), *growing) == [0, 6]


async def test_an_open_transaction_is_waited_for(read: Read) -> None:
    """The broker answers, but shows less than was asked for. Guard: `Tail._shown`."""
    assert await read(records(0, 7), *[shown(8)] * 20, shown(10), records(8, 9)) == [0, 7, 8, 9]


class Poisoned:
    """Fails at a header name that is no text, after it has drained another partition."""

    def __init__(self) -> None:
        self.sought: dict[TopicPartition, int] = {}

    async def getmany(self, *, timeout_ms: int) -> dict[TopicPartition, list[object]]:  # noqa: ARG002 - the signature
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.sought[partition] = offset


async def test_what_a_failed_poll_has_drained_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its positions have moved past it, in partitions that hold no poison too. Guard: the seek in `_poll`."""
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)
    consumer, read_to = Poisoned(), {PLACE: 3, TopicPartition("journal", 1): 7}
    assert await _poll(consumer, read_to) == {}
    assert consumer.sought == read_to
