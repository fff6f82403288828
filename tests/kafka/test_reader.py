"""Reading topics outside any group, and creating ours."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.consumer import fetcher

from bridge.kafka.reader import read_at, read_topic
from bridge.kafka.topics import create_missing, log_topic, partitions_of, table_topic
from contracts.records import Place
from tests.support.kafka.bus import Bus, numbered, put_with_raw_header_name


async def test_a_bounded_read_gives_everything_once(bus: Bus) -> None:
    """From the beginning to the end that there was, in order within a partition."""
    await bus.put(numbered(100))
    records = await bus.read(bus.events)
    assert sorted(record.value or b"" for record in records) == numbered(100)
    for partition in range(4):
        assert [record.offset for record in records if record.partition == partition] == list(range(25))


async def test_the_last_few_of_each_partition(bus: Bus) -> None:
    """For a look at the newest results."""
    await bus.put(numbered(40))
    records = [record async for record in read_topic(bus.connection, bus.events, last=2)]
    assert sorted(record.offset for record in records) == [8, 8, 8, 8, 9, 9, 9, 9]


async def test_records_are_read_at_exactly_their_places(bus: Bus) -> None:
    """From any partitions, near each other or far apart; places that hold nothing are left out."""
    await bus.put(numbered(100))
    lie = {r.place: r for r in await bus.read(bus.events)}
    wanted = [Place(bus.events, 0, 3), Place(bus.events, 0, 4), Place(bus.events, 0, 24), Place(bus.events, 2, 0)]
    nowhere = [Place(bus.events, 0, 25), Place(bus.events, 9, 0), Place(f"{bus.company}.never", 0, 0)]
    assert await read_at(bus.connection, [*wanted, *nowhere]) == {place: lie[place] for place in wanted}


@pytest.mark.mock_cannot("the mock has no admin requests, so nothing can be deleted")
async def test_a_record_that_retention_has_removed_is_left_out(bus: Bus) -> None:
    """The partition begins behind it: the first record that is left is not taken for it."""
    await bus.put(numbered(8), partition=1)
    admin = AIOKafkaAdminClient(**bus.connection.client_options())
    try:
        await admin.start()
        await admin.delete_records({TopicPartition(bus.events, 1): RecordsToDelete(before_offset=5)})
    finally:
        await admin.close()
    found = await read_at(bus.connection, [Place(bus.events, 1, 2), Place(bus.events, 1, 6)])
    assert [place.offset for place in found] == [6]


async def test_following_goes_on_with_what_comes(bus: Bus) -> None:
    """`results --follow`: what is there, then what is published later."""
    await bus.put(numbered(3), partition=0)
    seen: list[bytes | None] = []

    async def follow() -> None:
        async for record in read_topic(bus.connection, bus.events, follow=True):
            seen.append(record.value)  # noqa: PERF401 - it never ends

    following = asyncio.create_task(follow())
    await bus.until(lambda: len(seen) == 3)
    await bus.put(numbered(2, start=3), partition=0)
    await bus.until(lambda: len(seen) == 5)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    assert seen == numbered(5)


async def test_missing_topics_are_created_once(bus: Bus) -> None:
    """Those that exist are left alone; looking does not create any."""
    name = f"{bus.company}.new"
    assert await partitions_of(bus.connection, name) == []
    assert await create_missing(bus.connection, [log_topic(bus.results), log_topic(name)]) == (name,)
    await asyncio.sleep(0.2)
    assert len(await partitions_of(bus.connection, name)) >= 4
    assert await create_missing(bus.connection, [log_topic(name)]) == ()


@pytest.mark.mock_cannot("the mock has no admin requests, so nothing can be described")
async def test_the_journal_is_compacted_and_takes_large_records(bus: Bus) -> None:
    """A journal that forgot by age would forget what is under way. Guard: `table_topic`."""
    name = f"{bus.company}.table"
    await create_missing(bus.connection, [table_topic(name)])
    admin = AIOKafkaAdminClient(**bus.connection.client_options())
    config: dict[str, str] = {}
    try:
        await admin.start()
        async with asyncio.timeout(bus.patience_s):
            while not config:  # a broker answers without settings until it has heard of the new topic
                (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
                config = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    finally:
        await admin.close()
    assert config["cleanup.policy"] == "compact"
    assert int(config["max.message.bytes"]) > 5_000_000


async def test_a_header_name_that_is_no_text_does_not_stop_a_reader(bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing before or after it is lost or read twice. Guard: `_poll` of the reader."""
    monkeypatch.setattr(fetcher, "MemoryRecords", fetcher.MemoryRecords)
    await bus.put(numbered(10), partition=0)
    await put_with_raw_header_name(bus, b"\xff\xfe")
    await bus.put(numbered(10, start=10), partition=0)
    await bus.put(numbered(10, start=20), partition=1)
    read = await asyncio.wait_for(bus.read(bus.events), bus.patience_s)
    assert sorted(record.value or b"" for record in read) == [*numbered(30), b"poison"]
