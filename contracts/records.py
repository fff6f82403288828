"""Kafka records as plain values, so that nothing inside knows a Kafka library."""

from __future__ import annotations

from dataclasses import dataclass

Headers = tuple[tuple[str, bytes | None], ...]
"""Header names and raw values in their order; a name may occur twice and a value may be null."""


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
