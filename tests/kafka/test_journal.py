"""The write-ahead journal: what was appended is there, what was ended is not."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.errors import UnknownTopicOrPartitionError
from aiokafka.structs import TopicPartition

from bridge.kafka.journal import KafkaJournal, home_partition
from bridge.kafka.reader import read_topic
from bridge.kafka.topics import partitions_of
from contracts.records import OutboundRecord
from tests.support.kafka.bus import Bus, no_group


async def test_entries_live_until_they_are_ended(bus: Bus) -> None:
    """An entry is found again, its newest value only; a null value ends it; a settlement may end it too."""
    publisher = bus.publisher()
    await publisher.open(no_group)
    journal = bus.journal(publisher)
    assert await journal.read() == {}
    await journal.append([("wave-1", b"one"), ("wave-2", b"\xff\x00"), ("wave-3", b"three")])
    await journal.append([("wave-1", None), ("wave-3", b"three again")])
    assert await journal.read() == {"wave-2": b"\xff\x00", "wave-3": b"three again"}
    await publisher.settle([journal.journal_record("wave-2", None)], {(bus.events, 0): 1})
    assert await journal.read() == {"wave-3": b"three again"}


async def test_companies_share_a_partition_without_meeting(bus: Bus) -> None:
    """The entries of a company are its own, also when its name begins like another's. Guard: the prefix."""
    partitions = len(await partitions_of(bus.connection, bus.journal_topic))
    home = home_partition(bus.company, partitions)
    others = (bus.neighbour(f"-{number}") for number in itertools.count())
    longer = next(other for other in others if home_partition(other.company, partitions) == home)
    journals = []
    for one in (bus, longer):
        publisher = one.publisher()
        await publisher.open(no_group)
        journal = KafkaJournal(
            company=one.company, topic=bus.journal_topic, connection=bus.connection, publisher=publisher
        )
        await journal.read()
        await journal.append([("wave", one.company.encode())])
        journals.append((journal, one))
    for journal, one in journals:
        assert await journal.read() == {"wave": one.company.encode()}


async def test_all_entries_of_a_company_lie_in_one_partition(bus: Bus) -> None:
    """One partition is one order, and a new owner reads only that one."""
    publisher = bus.publisher()
    await publisher.open(no_group)
    journal = bus.journal(publisher)
    await journal.read()
    await journal.append([(f"wave-{number}", b"x") for number in range(30)])
    await publisher.close()
    partitions = await partitions_of(bus.connection, bus.journal_topic)
    found = {record.partition for record in await bus.read(bus.journal_topic)}
    assert found == {home_partition(bus.company, len(partitions))}


async def test_an_entry_before_the_first_read_is_refused(bus: Bus) -> None:
    """Without its partition an entry would land where no owner looks for it."""
    with pytest.raises(RuntimeError, match="not read yet"):
        bus.journal(bus.publisher()).journal_record("wave", b"x")


async def test_a_missing_journal_topic_is_an_error(bus: Bus) -> None:
    """An empty journal and no journal are different things."""
    journal = KafkaJournal(
        company=bus.company, topic=f"{bus.company}.nowhere", connection=bus.connection, publisher=bus.publisher()
    )
    with pytest.raises(UnknownTopicOrPartitionError, match="nowhere"):
        await journal.read()


async def test_a_missing_journal_topic_is_empty_to_look_at(bus: Bus) -> None:
    """A plan is made before any owner was there: nobody has decided anything since. Guard: `read_on` of a view."""
    journal = KafkaJournal(
        company="acme", topic="nowhere", connection=bus.connection, publisher=bus.publisher(), view=True
    )
    assert (await journal.read(), await journal.read_on()) == ({}, {})


@pytest.mark.mock_cannot("the mock has no transactions that hide anything")
async def test_entries_behind_another_companys_open_transaction_are_found(bus: Bus) -> None:
    """Reading waits for it to end, rather than to end before it. Guard: `past_open_transactions`."""
    publisher, stranger = bus.publisher(), bus.neighbour("-other").publisher()
    await publisher.open(no_group)
    await stranger.open(no_group)
    journal = bus.journal(publisher)
    await journal.read()
    assert stranger._producer is not None
    assert journal._partition is not None
    await stranger._producer.begin_transaction()
    open_entry = OutboundRecord(topic=bus.journal_topic, key=b"other:wave", value=b"open", partition=journal._partition)
    await stranger._send_all(stranger._producer, [open_entry])
    await journal.append([("wave", b"behind it")])
    reading = asyncio.create_task(journal.read())
    await asyncio.sleep(1.0)
    assert not reading.done()
    await stranger._producer.commit_transaction()
    assert await asyncio.wait_for(reading, bus.patience_s) == {"wave": b"behind it"}
    await publisher.close()


@pytest.mark.mock_cannot("the mock has no admin requests, so nothing can be deleted")
async def test_records_that_retention_removed_are_not_waited_for(bus: Bus) -> None:
    """A read begins where the log now begins."""
    await bus.put([b"1", b"2", b"3"], partition=0)
    admin = AIOKafkaAdminClient(**bus.connection.client_options())
    try:
        await admin.start()
        await admin.delete_records({TopicPartition(bus.events, 0): RecordsToDelete(before_offset=2)})
        assert [record.value for record in await asyncio.wait_for(bus.read(bus.events), bus.patience_s)] == [b"3"]
        await admin.delete_records({TopicPartition(bus.events, 0): RecordsToDelete(before_offset=3)})
        assert await asyncio.wait_for(bus.read(bus.events), bus.patience_s) == []
    finally:
        await admin.close()


async def test_a_bounded_read_of_an_empty_topic_ends(bus: Bus) -> None:
    """Nothing there is an answer."""
    assert [record async for record in read_topic(bus.connection, bus.results)] == []
    assert [record async for record in read_topic(bus.connection, f"{bus.company}.nowhere")] == []
