"""Events that are parked until something that they depend on exists: the money of an order that is not known yet.

Their offsets are committed, so the journal keeps them across restarts, original bytes and all.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.journal.entries import WAITING
from contracts.records import InboundRecord, Place
from contracts.sizes import JOURNAL_ENTRY_BYTES_MAX


@dataclass(frozen=True, slots=True)
class Parked:
    """One waiting record and since when (aware) it waits."""

    record: InboundRecord
    since: datetime

    @property
    def key(self) -> str:
        """The record's key in the journal."""
        return journal_key(self.record)


def fits(parked: Parked) -> bool:
    """False for a record that the journal could not keep while it waits."""
    return len(journal_value(parked)) <= JOURNAL_ENTRY_BYTES_MAX


def journal_key(record: InboundRecord) -> str:
    """Where the journal keeps this record while it waits."""
    return waiting_key(record.place)


def waiting_key(place: Place) -> str:
    """Where the journal keeps the record that lies here while it waits."""
    return WAITING.key(str(place))


def parked_records(journal: Mapping[str, bytes]) -> Iterator[Parked]:
    """The parked records of a journal, each read when it is asked for. UnreadableJournal for another format."""
    return (WAITING.read(key, value, _read) for key, value in journal.items() if WAITING.holds(key))


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
