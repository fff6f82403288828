"""Many records on one topic, by one writer at a time, all of a batch or none of it."""

from __future__ import annotations

import pytest

from bridge.kafka.topic_writer import open_topic_writer
from contracts.errors import BridgeError
from contracts.records import OutboundRecord
from tests.support.kafka.bus import Bus


def _numbered(bus: Bus, *numbers: int) -> list[OutboundRecord]:
    return [OutboundRecord(topic=bus.events, key=b"%d" % each, value=b"%d" % each) for each in numbers]


async def test_what_is_written_is_on_the_topic(bus: Bus) -> None:
    """Batch after batch, acknowledged."""
    async with open_topic_writer(bus.connection, bus.events) as writer:
        await writer.write(_numbered(bus, 1, 2))
        await writer.write(_numbered(bus, 3))
    assert sorted(record.value or b"" for record in await bus.read(bus.events)) == [b"1", b"2", b"3"]


@pytest.mark.mock_cannot("the mock has no transactions, so nothing fences")
async def test_a_second_writer_ends_the_first(bus: Bus) -> None:
    """Both have looked what is there, and only one of them may write on. Guard: the transactional id of the topic."""
    async with open_topic_writer(bus.connection, bus.events) as first:
        await first.write(_numbered(bus, 1))
        async with open_topic_writer(bus.connection, bus.events) as second:
            await second.write(_numbered(bus, 2))
            with pytest.raises(BridgeError, match="Another `produce`"):
                await first.write(_numbered(bus, 3))
    assert sorted(record.value or b"" for record in await bus.read(bus.events)) == [b"1", b"2"]
