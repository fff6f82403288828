"""Kafka records as plain values, so that nothing inside knows a Kafka library."""

from __future__ import annotations

import re
from dataclasses import dataclass

Headers = tuple[tuple[str, bytes | None], ...]
"""Header names and raw values in their order; a name may occur twice and a value may be null."""

_PLACE = re.compile(r"(?:(?P<topic>[\w.-]+)[:/])?(?P<partition>[0-9]{1,10})[:/](?P<offset>[0-9]{1,19})")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a record lies."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"

    @classmethod
    def parse(cls, text: str, *, topic: str | None = None) -> Place:
        """`TOPIC:PARTITION:OFFSET`, or `PARTITION:OFFSET` of `topic`; `:` and `/` alike. ValueError for others."""
        found = _PLACE.fullmatch(text)
        named = found and (found["topic"] or topic)
        if found is None or named is None:
            raise ValueError(f"{text}: expected PARTITION/OFFSET, or TOPIC:PARTITION:OFFSET")
        return cls(named, int(found["partition"]), int(found["offset"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRecord:
    """One consumed record, byte for byte. `timestamp_ms` is the record's own, milliseconds since the epoch."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int

    @property
    def place(self) -> Place:
        """Where it lies."""
        return Place(self.topic, self.partition, self.offset)

    @property
    def position(self) -> tuple[str, int]:
        """The topic and partition that the offset counts in."""
        return self.topic, self.partition


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundRecord:
    """One record to publish; a null `value` is a tombstone."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None
