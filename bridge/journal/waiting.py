"""Events that are parked until something that they depend on exists: the money of an order that is not known yet.

Their offsets are committed, so the journal keeps them across restarts, original bytes and all.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge.journal.entries import WAITING
from contracts.records import InboundRecord, Place


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
        self._parked: dict[Place, Parked] = {}

    def __len__(self) -> int:
        return len(self._parked)

    def load(self, journal: Mapping[str, bytes]) -> None:
        """Take in what the journal kept. UnreadableJournal for another format."""
        self._parked = {}
        for parked in WAITING.read_all(journal, _read):
            self.park(parked)

    def park(self, parked: Parked) -> None:
        """Keep a record; the same record again keeps the time since when it waits."""
        self._parked.setdefault(parked.record.place, parked)

    def release(self, record: InboundRecord) -> None:
        """The record has its terminal outcome."""
        self._parked.pop(record.place, None)

    def since(self, record: InboundRecord) -> datetime | None:
        """Since when this record waits, None when it does not."""
        parked = self._parked.get(record.place)
        return parked.since if parked else None

    def all(self) -> tuple[Parked, ...]:
        """Everything that waits, the longest first."""
        return tuple(sorted(self._parked.values(), key=lambda parked: parked.since))

    def expired(self, now: datetime) -> tuple[Parked, ...]:
        """What has waited for longer than the rules allow."""
        return tuple(parked for parked in self.all() if now - parked.since >= self._patience)

    def without(self, records: Iterable[InboundRecord]) -> tuple[Parked, ...]:
        """Everything that waits and is not among `records` (a rewound group delivers parked records again)."""
        delivered = {record.place for record in records}
        return tuple(parked for parked in self.all() if parked.record.place not in delivered)


ENTRY_BYTES_MAX = 900_000
"""What a journal topic of Kafka's own default (a megabyte a record) takes."""


def fits(parked: Parked) -> bool:
    """False for a record that the journal could not keep while it waits."""
    return len(journal_value(parked)) <= ENTRY_BYTES_MAX


def journal_key(record: InboundRecord) -> str:
    """Where the journal keeps this record while it waits."""
    return waiting_key(record.place)


def waiting_key(place: Place) -> str:
    """Where the journal keeps the record that lies here while it waits."""
    return WAITING.key(str(place))


def journal_value(parked: Parked) -> bytes:
    """The journal's entry of a parked record, original bytes included."""
    record = parked.record
    return WAITING.value(
        {
            "key": _text(record.key),
            "value": _text(None if record.value is None else zlib.compress(record.value)),
            "headers": [(name, _text(value)) for name, value in record.headers],
            "timestamp_ms": record.timestamp_ms,
            "since": parked.since.isoformat(),
        }
    )


def _read(name: str, entry: Mapping[str, Any]) -> Parked:
    place, packed = Place.parse(name), _bytes(entry["value"])
    record = InboundRecord(
        topic=place.topic,
        partition=place.partition,
        offset=place.offset,
        key=_bytes(entry["key"]),
        value=None if packed is None else zlib.decompress(packed),
        headers=tuple((name, _bytes(text)) for name, text in entry["headers"]),
        timestamp_ms=entry["timestamp_ms"],
    )
    return Parked(record, datetime.fromisoformat(entry["since"]))


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
