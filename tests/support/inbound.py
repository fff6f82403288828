"""Sample events as Kafka delivers them."""

from __future__ import annotations

from bridge.demo.events import SampleEvent
from contracts.records import InboundRecord


def inbound(event: SampleEvent, offset: int = 0) -> InboundRecord:
    """The record of an event, at this offset of the first partition of its topic."""
    record = event.record
    return InboundRecord(
        topic=record.topic,
        partition=0,
        offset=offset,
        key=record.key,
        value=record.value,
        headers=record.headers,
        timestamp_ms=event.timestamp_ms,
    )
