"""aiokafka's records and partitions as our plain values, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aiokafka import ConsumerRecord, TopicPartition

from contracts.containment import in_short
from contracts.records import InboundRecord, Place

Offsets = Mapping[tuple[str, int], int]
"""(topic, partition) → the next offset to consume, which is what Kafka commits."""


def inbound(record: ConsumerRecord[bytes, bytes]) -> InboundRecord:
    """One consumed record, byte for byte."""
    return InboundRecord(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        value=record.value,
        headers=tuple(record.headers),
        timestamp_ms=record.timestamp,
    )


def inbound_or_unread(record: ConsumerRecord[bytes, bytes]) -> InboundRecord:
    """As `inbound`; a bug of ours that the record meets is told beside its place."""
    try:
        return inbound(record)
    except Exception as error:  # noqa: BLE001 - one record must not keep the others of its poll from being read
        place = Place(record.topic, record.partition, record.offset)
        return InboundRecord.known_by_place(place, unread=in_short(error))


def next_offsets(records: Iterable[InboundRecord]) -> dict[tuple[str, int], int]:
    """What to commit when all of *records* are settled."""
    offsets: dict[tuple[str, int], int] = {}
    for record in records:
        offsets[record.position] = max(record.offset + 1, offsets.get(record.position, 0))
    return offsets


def first_offsets(records: Iterable[InboundRecord]) -> dict[tuple[str, int], int]:
    """Where to rewind so that all of *records* come again."""
    offsets: dict[tuple[str, int], int] = {}
    for record in records:
        offsets[record.position] = min(record.offset, offsets.get(record.position, record.offset))
    return offsets


def partitions(offsets: Offsets) -> dict[TopicPartition, int]:
    """Keyed by the client library's own tuple."""
    return {TopicPartition(topic, partition): offset for (topic, partition), offset in offsets.items()}
