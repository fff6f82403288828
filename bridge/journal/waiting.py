"""Events that are parked until something that they depend on exists: the money of an order that is not known yet.

Their offsets are committed, so the journal keeps them across restarts, original bytes and all.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from contracts.records import InboundRecord

PREFIX = "waiting:"

Position = tuple[str, int, int]
"""Topic, partition and offset of a record."""


@dataclass(frozen=True, slots=True)
class Parked:
    """One waiting record and since when (aware) it waits."""

    record: InboundRecord
    since: datetime

    @property
    def key(self) -> str:
        """The record's key in the journal."""
        return journal_key(self.record)


class WaitingRoom:
    """The parked records of one company."""

    def __init__(self, patience: timedelta) -> None:
        self._patience = patience
        self._parked: dict[Position, Parked] = {}

    def __len__(self) -> int:
        return len(self._parked)

    def load(self, journal: Mapping[str, bytes]) -> None:
        """Take in what the journal kept."""
        self._parked = {}
        for key, value in journal.items():
            if key.startswith(PREFIX):
                self.park(_read(value))

    def park(self, parked: Parked) -> None:
        """Keep a record; the same record again keeps the time since when it waits."""
        self._parked.setdefault(_position(parked.record), parked)

    def release(self, record: InboundRecord) -> None:
        """The record has its terminal outcome."""
        self._parked.pop(_position(record), None)

    def since(self, record: InboundRecord) -> datetime | None:
        """Since when this record waits, None when it does not."""
        parked = self._parked.get(_position(record))
        return parked.since if parked else None

    def all(self) -> tuple[Parked, ...]:
        """Everything that waits, the longest first."""
        return tuple(sorted(self._parked.values(), key=lambda parked: parked.since))

    def expired(self, now: datetime) -> tuple[Parked, ...]:
        """What has waited for longer than the rules allow."""
        return tuple(parked for parked in self.all() if now - parked.since >= self._patience)

    def without(self, records: Iterable[InboundRecord]) -> tuple[Parked, ...]:
        """Everything that waits and is not among `records` (a rewound group delivers parked records again)."""
        delivered = {_position(record) for record in records}
        return tuple(parked for parked in self.all() if _position(parked.record) not in delivered)


ENTRY_BYTES_MAX = 900_000
"""What a journal topic of Kafka's own default (a megabyte a record) takes."""


def fits(parked: Parked) -> bool:
    """False for a record that the journal could not keep while it waits."""
    return len(journal_value(parked)) <= ENTRY_BYTES_MAX


def journal_key(record: InboundRecord) -> str:
    """Where the journal keeps this record while it waits."""
    return f"{PREFIX}{record.topic}:{record.partition}:{record.offset}"


def journal_value(parked: Parked) -> bytes:
    """The journal's entry of a parked record, original bytes included."""
    record = parked.record
    return orjson.dumps(
        {
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "key": _text(record.key),
            "value": _text(None if record.value is None else zlib.compress(record.value)),
            "headers": [(name, _text(value)) for name, value in record.headers],
            "timestamp_ms": record.timestamp_ms,
            "since": parked.since.isoformat(),
        }
    )


def _read(value: bytes) -> Parked:
    entry = orjson.loads(value)
    packed = _bytes(entry["value"])
    record = InboundRecord(
        topic=entry["topic"],
        partition=entry["partition"],
        offset=entry["offset"],
        key=_bytes(entry["key"]),
        value=None if packed is None else zlib.decompress(packed),
        headers=tuple((name, _bytes(text)) for name, text in entry["headers"]),
        timestamp_ms=entry["timestamp_ms"],
    )
    return Parked(record, datetime.fromisoformat(entry["since"]))


def _position(record: InboundRecord) -> Position:
    return record.topic, record.partition, record.offset


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
