"""Results, dead letters, journal and offsets: one write, by one writer."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from aiokafka.errors import MessageSizeTooLargeError

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.errors import Fenced
from bridge.kafka.reader import publish
from contracts.records import InboundRecord, OutboundRecord
from tests.support.kafka.bus import Bus, Owner, member, no_group, numbered

CODE = ("qbb-reason-code", b"undecodable")


async def test_a_settlement_publishes_and_commits(bus: Bus) -> None:
    """Results, dead letters, the end of a journal entry and offsets, through one call."""
    await bus.put(numbered(4))

    class Settling(Owner):
        async def process(self, records):  # type: ignore[no-untyped-def]
            results = await super().process(records)
            dead = OutboundRecord(topic=self.bus.dead_letters, key=None, value=b"dead", headers=(("raw", b"\xff"),))
            return (*results, dead)

    async with member(bus, Settling(bus)):
        await bus.until_settled(4)
    assert await bus.result_values() == numbered(4)
    (dead, *_) = await bus.read(bus.dead_letters)
    assert (dead.key, dead.value, dead.headers) == (None, b"dead", (("raw", b"\xff"),))


@pytest.mark.mock_cannot("the mock has no isolation: an open transaction is read")
async def test_a_settlement_is_seen_whole_or_not_at_all(bus: Bus) -> None:
    """A `read_committed` reader sees nothing of a settlement that was cut short. Guard: the transaction."""
    publisher = bus.publisher()
    await publisher.open(no_group)
    await publisher.settle([OutboundRecord(topic=bus.results, key=b"k", value=b"whole")], {(bus.events, 0): 1})
    missing = OutboundRecord(topic=bus.results, key=b"k", value=b"never", partition=99)
    with pytest.raises(AssertionError):
        await publisher.settle(
            [OutboundRecord(topic=bus.results, key=b"k", value=b"half"), missing], {(bus.events, 0): 2}
        )
    await publisher.open(no_group)
    await publisher.settle([OutboundRecord(topic=bus.results, key=b"k", value=b"after")])
    await publisher.close()
    assert await bus.result_values() == [b"after", b"whole"]
    assert await bus.committed() == {0: 1}


@pytest.mark.mock_cannot("the mock fences nobody")
async def test_an_old_owner_can_write_nothing_more(bus: Bus) -> None:
    """The new owner's producer fences the old one: neither journal nor settlement. Guard: one transactional id."""
    old, new = bus.publisher(), bus.publisher()
    await old.open(no_group)
    old_journal = bus.journal(old)
    await old_journal.read()
    await old_journal.append([("wave-1", b"bytes")])
    await new.open(no_group)
    with pytest.raises(Fenced):
        await old_journal.append([("wave-2", b"bytes")])
    with pytest.raises(Fenced):
        await old.settle([OutboundRecord(topic=bus.results, key=b"k", value=b"late")], {(bus.events, 0): 9})
    assert not old.is_open
    assert await bus.journal(new).read() == {"wave-1": b"bytes"}
    assert await bus.result_values() == []
    assert await bus.committed() == {}


@pytest.mark.mock_cannot("the mock fences nobody")
async def test_a_transaction_that_was_cut_short_is_rolled_back_by_the_new_owner(bus: Bus) -> None:
    """Opening waits for the old owner's open transaction to end, so what is read next is final."""
    old, new = bus.publisher(), bus.publisher()
    await old.open(no_group)
    assert old._producer is not None
    await old._producer.begin_transaction()
    await old._send_all(old._producer, [OutboundRecord(topic=bus.results, key=b"k", value=b"half")])
    await new.open(no_group)
    assert await bus.result_values() == []
    await new.settle([OutboundRecord(topic=bus.results, key=b"k", value=b"whole")])
    assert await bus.result_values() == [b"whole"]
    await old.close()


@pytest.mark.mock_cannot("the mock takes records of any size")
async def test_a_dead_letter_that_is_too_large_goes_without_its_value(bus: Bus) -> None:
    """The partition moves on; the header says what was left out. Guard: `_fitting`."""
    await bus.put(numbered(1), partition=0)

    class Burying(Owner):
        async def process(self, records):  # type: ignore[no-untyped-def]
            await super().process(records)
            headers = (("qbb-reason-code", b"undecodable"), ("theirs", b"kept"))
            large = OutboundRecord(topic=self.bus.dead_letters, key=None, value=b"x" * 2_000_000, headers=headers)
            return (large, OutboundRecord(topic=self.bus.results, key=None, value=b"dead_lettered"))

    async with member(bus, Burying(bus)) as one:
        await bus.until_settled(1)
        assert len(one.owner.epochs) == 2, "the company is taken over again once, which reads what is committed"
    (dead,) = await bus.read(bus.dead_letters)
    assert dead.value is None
    assert dead.headers == (
        ("qbb-reason-code", b"undecodable"),
        ("theirs", b"kept"),
        ("qbb-value-omitted", b"too_large"),
    )
    assert await bus.result_values() == [b"dead_lettered"]


@pytest.mark.mock_cannot("the mock takes records of any size")
async def test_a_key_that_is_too_large_goes_too(bus: Bus) -> None:
    """Without its value the letter still does not fit: the key goes as well, and the letter says so."""
    dead = await buried(bus, key=b"k" * 1_500_000, value=b"v")
    assert (dead.key, dead.value) == (None, None)
    assert dead.headers == (CODE, ("qbb-value-omitted", b"too_large"), ("qbb-key-omitted", b"too_large"))


async def test_a_value_that_our_own_client_refuses_goes_without_a_second_try(bus: Bus) -> None:
    """68 MB behind a kilobyte of gzip: aiokafka raises inside `send`. Guard: the bound of `fit_dead_letter`."""
    publisher = bus.publisher()
    await publisher.open(no_group)
    letter = OutboundRecord(topic=bus.dead_letters, key=b"k", value=b"x" * 68_000_000, headers=(CODE,))
    await publisher.settle([letter, OutboundRecord(topic=bus.results, key=b"k", value=b"dead_lettered")])
    await publisher.close()
    (dead,) = await bus.read(bus.dead_letters)
    assert (dead.key, dead.value, dead.headers) == (b"k", None, (CODE, ("qbb-value-omitted", b"too_large")))
    assert await bus.result_values() == [b"dead_lettered"]


async def test_a_refusal_inside_send_teaches_the_limit_like_one_of_the_broker(bus: Bus) -> None:
    """Whatever our own client refuses to send is smaller the next time. Guard: `_handed_over`."""
    publisher = bus.publisher()
    publisher._letter_bytes_max = 100_000_000
    letter = OutboundRecord(topic=bus.dead_letters, key=b"k", value=b"x" * 68_000_000, headers=(CODE,))
    await publisher.open(no_group)
    with pytest.raises(MessageSizeTooLargeError):
        await publisher.settle([letter])
    await publisher.open(no_group)
    await publisher.settle([letter])
    await publisher.close()
    assert [dead.value for dead in await bus.read(bus.dead_letters)] == [None]


@pytest.mark.mock_cannot("the mock takes records of any size")
async def test_the_limit_that_is_learnt_is_the_topics_own(bus: Bus) -> None:
    """A letter that fits the topic keeps its value though a larger one was refused before."""
    publisher = bus.publisher()
    for size, tries in ((3_000_000, 2), (1_000_000, 1)):
        letter = OutboundRecord(topic=bus.dead_letters, key=None, value=b"x" * size, headers=(CODE,))
        for left in reversed(range(tries)):
            await publisher.open(no_group)
            with contextlib.nullcontext() if left == 0 else pytest.raises(MessageSizeTooLargeError):
                await publisher.settle([letter])
    await publisher.close()
    assert sorted(len(dead.value or b"") for dead in await bus.read(bus.dead_letters)) == [0, 1_000_000]


async def buried(bus: Bus, *, key: bytes, value: bytes) -> InboundRecord:
    """The dead letter that comes of it, however often the company has to be taken over."""
    publisher = bus.publisher()
    for _ in range(3):
        await publisher.open(no_group)
        with contextlib.suppress(MessageSizeTooLargeError):
            await publisher.settle([OutboundRecord(topic=bus.dead_letters, key=key, value=value, headers=(CODE,))])
            break
    await publisher.close()
    (dead,) = await bus.read(bus.dead_letters)
    return dead


async def test_keyed_records_go_to_the_partition_of_their_key(bus: Bus) -> None:
    """Many keys spread, one key stays together. Guard: records are sent one by one, never as one batch."""
    keys = [f"order-{number}".encode() for number in range(40)]
    await publish(bus.connection, [OutboundRecord(topic=bus.events, key=key, value=b"1") for key in keys])
    await publish(bus.connection, [OutboundRecord(topic=bus.events, key=key, value=b"2") for key in keys])
    partitions: dict[bytes | None, set[int]] = {}
    for record in await bus.read(bus.events):
        partitions.setdefault(record.key, set()).add(record.partition)
    assert all(len(places) == 1 for places in partitions.values())
    assert len(set.union(*partitions.values())) == 4


async def test_a_record_without_key_and_value_can_be_published(bus: Bus) -> None:
    """Kafka allows it, aiokafka's `send` does not: an emptied dead letter of an event without a key."""
    await publish(bus.connection, [OutboundRecord(topic=bus.dead_letters, key=None, value=None)])
    (record,) = await bus.read(bus.dead_letters)
    assert (record.key, record.value) == (None, None)


async def test_a_closed_publisher_writes_nothing(bus: Bus) -> None:
    """Before it is opened, and after it was closed, every write is refused."""
    publisher = bus.publisher()
    with pytest.raises(Fenced, match=bus.company):
        await publisher.settle([OutboundRecord(topic=bus.results, key=b"k", value=b"v")])
    await publisher.open(no_group)
    await publisher.close()
    with pytest.raises(Fenced):
        await publisher.settle([OutboundRecord(topic=bus.results, key=b"k", value=b"v")])
    assert await bus.result_values() == []


async def test_a_cancelled_settlement_leaves_the_publisher_closed(bus: Bus) -> None:
    """Nobody knows whether it was written, so nothing is written after it under this producer."""
    publisher = bus.publisher()
    await publisher.open(no_group)
    settling = asyncio.create_task(
        publisher.settle([OutboundRecord(topic=bus.results, key=b"k", value=b"v")], {(bus.events, 0): 1})
    )
    await asyncio.sleep(0)
    settling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await settling
    assert not publisher.is_open


def test_group_and_transactional_ids_begin_with_the_installation() -> None:
    """Operators rewind a company by its group's name; two installations on one cluster share none of them."""
    ours = KafkaConnection(bootstrap_servers="x")
    assert ours.group_id("acme-us") == "qbo-bridge.acme-us"
    theirs = KafkaConnection(bootstrap_servers="x", group="bridge.eu")
    assert theirs.group_id("acme-us") == "bridge.eu.acme-us"
    assert theirs.redrive_id("dlq") == "bridge.eu.redrive.dlq"
    assert theirs.token_writer_id("tokens", "9") == "bridge.eu.tokens.tokens.9"
