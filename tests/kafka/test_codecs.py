"""Whatever codec a producer compresses its records with, they are read."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka import codec
from aiokafka.codec import has_gzip, has_lz4, has_snappy, has_zstd
from confluent_kafka import Producer

from tests.support.kafka.bus import Bus, Owner, member

VALUE = b'{"id": 450789469, "note": "%s"}' % (b"compress me " * 500)


@pytest.mark.kafka
@pytest.mark.parametrize("name", ["none", "gzip", "snappy", "lz4", "zstd"])
async def test_records_of_every_codec_are_read(real_bus: Bus, name: str) -> None:
    """As librdkafka compresses them, in one batch, into one micro-batch after the other. Guard: `cramjam`."""
    await asyncio.to_thread(_produce, real_bus, name)
    owner = Owner(real_bus)
    async with member(real_bus, owner):
        await real_bus.until_settled(40)
    assert [record.value for record in owner.records] == [VALUE] * 40
    assert [record.value for record in await real_bus.read(real_bus.events)] == [VALUE] * 40


def test_every_codec_is_installed() -> None:
    """Of the names in a topic's `compression.type`; what the producer chooses may be any of them."""
    assert all((has_gzip(), has_snappy(), has_lz4(), has_zstd()))


def _produce(bus: Bus, name: str) -> None:
    producer = Producer(
        {"bootstrap.servers": bus.connection.bootstrap_servers, "compression.codec": name, "linger.ms": 200}
    )
    for _ in range(40):
        producer.produce(bus.events, VALUE, key=b"key", partition=1)
    assert producer.flush(20) == 0


@pytest.mark.kafka
async def test_a_batch_that_cannot_be_read_is_told(real_bus: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """The intake says so, while the membership lives; once it can be read, all of it is. Guard: `trouble`."""
    with monkeypatch.context() as without:
        without.setattr(codec, "cramjam", None)
        await asyncio.to_thread(_produce, real_bus, "snappy")
        async with member(real_bus) as one:
            await real_bus.until(lambda: one.intake.trouble is not None)
            assert f"records of {real_bus.events} cannot be read" in (one.intake.trouble or "")
            without.undo()
            await real_bus.until_settled(40)
            assert one.intake.trouble is None
