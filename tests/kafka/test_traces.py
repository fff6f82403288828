"""FastStream's span of a poll is kept for the work that begins after it, on either broker."""

from __future__ import annotations

from bridge.kafka.traces import Poll, middlewares
from contracts.records import InboundRecord
from tests.support.kafka.bus import Bus, Owner, member
from tests.support.spans import KeptSpans


async def test_work_finds_the_span_of_the_poll_that_brought_its_records(bus: Bus) -> None:
    """Made by FastStream's middleware, with the topic and the place of its first record. Guard: `_Noting`."""
    spans, poll, found = KeptSpans(), Poll(), []

    async def note(records: tuple[InboundRecord, ...]) -> None:
        found.append((records[0].place, poll.of(records)))

    await bus.put([b"1"], headers=(("traceparent", b"\xff"), ("null", None)))
    polled = middlewares(spans.traces.provider, poll)
    async with member(bus, Owner(bus, processing=note), middlewares=polled):
        await bus.until_settled(1)
    (taken,) = spans.named(f"{bus.events} process")
    ((place, span),) = found
    assert span == taken.context
    assert dict(taken.attributes or {})["messaging.message.id"] == str(place)
    spans.traces.close()
