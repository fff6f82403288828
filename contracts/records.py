"""Kafka records as plain values, so that nothing inside knows a Kafka library."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

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


@dataclass(frozen=True, slots=True, order=True)
class RecordId:
    """Which record: where it lies, and what it holds, because a topic that is made anew counts from 0 again.

    The checksum covers key, value and headers, and not the time: the same bytes at the same place are the same record.
    """

    place: Place
    checksum: str

    def __str__(self) -> str:
        return f"{self.place}:{self.checksum}"


PLAUSIBLE_MS = (946_684_800_000, 7_258_118_400_000)
"""The years 2000 to 2200: a producer that gives seconds, or nothing, has told no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundRecord:
    """One consumed record, byte for byte. `timestamp_ms` is the record's own, milliseconds since the epoch.

    `unread` says where a bug of ours kept it from being read: then it has its place, and nothing of what it holds.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int
    unread: str | None = None

    @classmethod
    def known_by_place(cls, place: Place, *, unread: str | None = None) -> InboundRecord:
        """A record of which nothing but its place is known."""
        return cls(
            topic=place.topic,
            partition=place.partition,
            offset=place.offset,
            key=None,
            value=None,
            headers=(),
            timestamp_ms=-1,
            unread=unread,
        )

    @property
    def place(self) -> Place:
        """Where it lies."""
        return Place(self.topic, self.partition, self.offset)

    @property
    def id(self) -> RecordId:
        """Which record this is; computed from all its bytes each time."""
        return RecordId(self.place, _checksum(self.key, self.value, self.headers))

    @property
    def position(self) -> tuple[str, int]:
        """The topic and partition that the offset counts in."""
        return self.topic, self.partition

    @property
    def recorded_at(self) -> datetime | None:
        """The record's own time; None where the producer gave none, or one that no clock shows."""
        plausible = PLAUSIBLE_MS[0] <= self.timestamp_ms < PLAUSIBLE_MS[1]
        return datetime.fromtimestamp(self.timestamp_ms / 1000, tz=UTC) if plausible else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundRecord:
    """One record to publish; a null `value` is a tombstone."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


def _checksum(key: bytes | None, value: bytes | None, headers: Headers) -> str:
    """16 hexadecimal digits; each part with its length, so that no byte can move from one part to another unseen."""
    parts = [each for name, content in headers for each in (name.encode(errors="surrogatepass"), content)]
    framed = (b"null" if part is None else b"%d:%b" % (len(part), part) for part in (key, value, *parts))
    return hashlib.blake2b(b"".join(framed), digest_size=8).hexdigest()
