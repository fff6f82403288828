"""The records of a span of time on a real broker: which, in which order, and to which end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.range import Missing, RangeBatch, Why
from tests.support.kafka.ranges import Topic, read_all, send, span, values

pytestmark = pytest.mark.kafka

FEED_WAIT_S = 60


@pytest_asyncio.fixture
async def topic(real: KafkaConnection, unique: str) -> AsyncIterator[Topic]:
    topic = Topic(real, f"range-{unique}")
    await topic.create()
    async with asyncio.timeout(FEED_WAIT_S):  # a reader that waits for what never comes must not hang the suite
        yield topic


async def test_from_is_included_and_to_is_excluded(topic: Topic) -> None:
    """To the millisecond. Guard: `TimeSpan.holds`."""
    await topic.put(0, 9.999, 10, 10.001, 19.999, 20, 20.001)
    async with topic.reader(span(10, 20)) as reader:
        assert values(await read_all(reader)) == [10, 10.001, 19.999]


async def test_a_record_in_the_span_is_found_wherever_it_lies(topic: Topic) -> None:
    """Producers' clocks differ: late records lie behind the first that is too late. Guard: reading to the end."""
    await topic.put(0, 5, 30, 12, 3, 40, 15, 19.5, 50)
    async with topic.reader(span(10, 20)) as reader:
        assert values(await read_all(reader)) == [12, 15, 19.5]


async def test_open_sides_take_everything(topic: Topic) -> None:
    """Neither from nor to: all that the topic has."""
    await topic.put(0, 1, 2)
    await topic.put(1, 1_000_000)
    async with topic.reader(span()) as reader:
        assert values(await read_all(reader)) == [1, 2, 1_000_000]


async def test_partitions_are_merged_by_time_and_each_keeps_its_own_order(topic: Topic) -> None:
    """So the events of one order, scattered by null keys, meet in one micro-batch. Guard: waiting for every head."""
    await topic.put(0, 1, 4, 7)
    await topic.put(1, 2, 8, 5)
    await topic.put(2, 3, 6, 9)
    async with topic.reader(span()) as reader:
        assert values(await read_all(reader)) == [1, 2, 3, 4, 6, 7, 8, 5, 9]


async def test_batches_are_bounded_and_say_how_far_the_reader_is(topic: Topic) -> None:
    """Memory and the progress bar. Guard: `records_max`."""
    await topic.put(0, *range(7))
    async with topic.reader(span()) as reader:
        batches: list[RangeBatch] = [batch async for batch in reader.batches(3)]
    assert [values(batch.records) for batch in batches] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [batch.passed for batch in batches] == [3, 6, 7]
    assert reader.offsets == 7


async def test_an_empty_range_ends_at_once(topic: Topic) -> None:
    """Nothing in the span, nothing in the topic, no topic at all."""
    async with topic.reader(span()) as reader:
        assert await read_all(reader) == []
    await topic.put(0, 1, 2, 3)
    async with topic.reader(span(10, 20)) as reader:
        assert (reader.offsets, await read_all(reader)) == (0, [])
    async with Topic(topic.connection, f"{topic.name}-absent").reader(span()) as reader:
        assert (reader.offsets, await read_all(reader)) == (0, [])


async def test_a_topic_that_grows_does_not_keep_the_reader_running(topic: Topic) -> None:
    """The end is that of the start. Guard: end offsets."""
    await topic.put_big(0, range(6))
    async with topic.reader(span()) as reader:
        await topic.put(0, 100, 101)  # the second fetch brings them too
        await topic.put(1, 5)
        assert [record.offset for record in await read_all(reader)] == [0, 1, 2, 3, 4, 5]


async def test_aborted_records_and_markers_are_passed_over(topic: Topic) -> None:
    """The last offsets may never come, so the end is reached by position. Guard: `position`."""
    await topic.put(0, 1)
    await topic.put_aborted(0, 2, 3)
    await topic.put_in_transaction(0, 4)
    await topic.put_aborted(0, 5)
    async with topic.reader(span()) as reader:
        assert values(await read_all(reader)) == [1, 4]
        assert reader.offsets == 8
        assert reader.passed == 8
        assert reader.blank == 6
        assert reader.missing == []


async def test_what_is_not_committed_at_the_start_is_said_and_not_waited_for(topic: Topic) -> None:
    """An open transaction hides what lies behind it. Guard: comparing with the high water mark."""
    await topic.put(0, 1)
    async with topic.transaction("open") as producer:
        await send(producer, topic.name, 0, [2])
        await topic.put(0, 3)
        async with topic.reader(span()) as reader:
            assert values(await read_all(reader)) == [1]
            assert reader.missing == [Missing(topic.name, 0, 1, 2, Why.OPEN)]


async def test_what_retention_removes_while_reading_is_said_and_not_waited_for(topic: Topic) -> None:
    """The reader goes on where the log begins now. Guard: `_pass_over`."""
    await topic.put_big(0, range(30))
    await topic.put(1, 6)
    async with topic.reader(span()) as reader:
        await topic.remove_before(0, 20)
        records = [record for record in await read_all(reader) if record.partition == 0]
        (missing,) = reader.missing
        fetched = missing.first  # what the first fetch had brought before it was removed
        assert fetched < 20
        assert missing == Missing(topic.name, 0, fetched, 19, Why.REMOVED_MEANWHILE)
        assert [record.offset for record in records] == [*range(fetched), *range(20, 30)]
        assert (reader.passed, reader.blank) == (reader.offsets, 1)


async def test_a_partition_that_is_emptied_while_reading_ends(topic: Topic) -> None:
    """All that was left of it is missing, and what came later is not of this range. Guard: the end in `_pass_over`."""
    await topic.put_big(0, range(30))
    async with topic.reader(span()) as reader:
        await topic.put(0, 100, 101)
        await topic.remove_before(0, 32)
        records = await read_all(reader)
        assert reader.missing == [Missing(topic.name, 0, len(records), reader.offsets - 1, Why.REMOVED_MEANWHILE)]


async def test_what_was_removed_before_the_start_is_said(topic: Topic) -> None:
    """The span may have held it. A span that begins later has lost nothing."""
    await topic.put(0, 1, 2, 3, 4)
    await topic.remove_before(0, 2)
    async with topic.reader(span(1)) as reader:
        assert values(await read_all(reader)) == [3, 4]
        assert reader.missing == [Missing(topic.name, 0, 0, 1, Why.REMOVED_BEFORE)]
    async with topic.reader(span(4)) as reader:
        assert values(await read_all(reader)) == [4]
        assert reader.missing == []


async def test_of_each_partition_one_fetch_is_held(topic: Topic) -> None:
    """However far behind the others one is. Guard: pausing who has records."""
    for partition in range(3):
        await topic.put_big(partition, range(100 * partition, 100 * partition + 30))
    async with topic.reader(span()) as reader:
        held = 0
        read: list[float] = []
        async for batch in reader.batches(5):
            read += [float(record.key or b"nan") for record in batch.records]
            held = max(held, sum(len(each.records) for each in reader._partitions))
    assert read == [100 * partition + number for partition in range(3) for number in range(30)]
    assert held <= 3 * 6, "more than one fetch of a megabyte is held of a partition"


async def test_a_header_that_no_text_can_be_is_read(topic: Topic) -> None:
    """A null value in a header and bytes that are no UTF-8 arrive as they were."""
    async with topic.transaction("odd") as producer:
        headers = [("X-Shop", b"\xff\xfe"), ("null", None)]
        await producer.send_and_wait(topic.name, b"1", partition=0, headers=headers)
        await producer.commit_transaction()
    async with topic.reader(span()) as reader:
        records = await read_all(reader)
    assert [record.headers for record in records] == [(("X-Shop", b"\xff\xfe"), ("null", None))]
