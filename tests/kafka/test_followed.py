"""A table that grows with its documents is read once: who follows it finds nothing new to read when it takes over."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.errors import UnknownTopicOrPartitionError

from bridge.kafka.followed import FollowedTable
from bridge.kafka.publisher import CompanyPublisher
from tests.support.kafka.bus import Bus, no_group


def table(bus: Bus, publisher: CompanyPublisher, *, topic: str | None = None, view: bool = False) -> FollowedTable:
    return FollowedTable(
        company=bus.company,
        topic=topic or bus.journal_topic,
        connection=bus.connection,
        publisher=publisher,
        view=view,
    )


async def known(standby: FollowedTable, wanted: dict[str, bytes]) -> None:
    """Return when a standby knows this, without reading for it."""
    async with asyncio.timeout(30):
        while standby.known != wanted:  # noqa: ASYNC110 - what a follower read is told by no event
            await asyncio.sleep(0.05)


async def test_a_standby_knows_what_its_owner_writes(bus: Bus) -> None:
    """What it reads at its take-over is what it knew, and what came since, each entry told once; both brokers."""
    publisher = bus.publisher()
    await publisher.open(no_group)
    owner, standby = table(bus, publisher), table(bus, bus.publisher())
    heard: list[tuple[str, bytes | None]] = []
    standby.taken = lambda key, value: heard.append((key, value))
    assert await owner.read() == {}
    following = asyncio.create_task(standby.follow())
    await owner.append([("one", b"1"), ("two", b"2")])
    await known(standby, {"one": b"1", "two": b"2"})
    await owner.append([("one", None), ("two", b"22")])
    assert await standby.read() == {"two": b"22"}
    await owner.append([("three", b"3")])
    await known(standby, {"two": b"22", "three": b"3"})
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await owner.append([("two", None)])
    assert await standby.read() == {"three": b"3"}
    assert heard == [("one", b"1"), ("two", b"2"), ("one", None), ("two", b"22"), ("three", b"3"), ("two", None)]


async def test_a_topic_that_is_missing_is_empty_to_look_at_and_an_error_to_own(bus: Bus) -> None:
    """An owner that took it for empty would take copies for what it wrote."""
    publisher = bus.publisher()
    assert await table(bus, publisher, topic=f"{bus.journal_topic}-none", view=True).read() == {}
    with pytest.raises(UnknownTopicOrPartitionError):
        await table(bus, publisher, topic=f"{bus.journal_topic}-none").read()
