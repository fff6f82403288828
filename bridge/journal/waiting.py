"""Events that are parked until something that they depend on exists: the money of an order that is not known yet.

Their offsets are committed, so the journal keeps them across restarts, original bytes and all.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bridge.journal.entries import WAITING
from contracts.records import InboundRecord, Place, RecordId
from contracts.sizes import JOURNAL_ENTRY_BYTES_MAX


@dataclass(frozen=True, slots=True)
class Parked:
    """One waiting record and since when (aware) it waits.

    `found_under` is the key of the entry that it was read from, where that is one without a checksum.
    """

    record: InboundRecord
    since: datetime
    found_under: str | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """The record's key in the journal."""
        return self.found_under or journal_key(self.record)


def fits(parked: Parked) -> bool:
    """False for a record that the journal could not keep while it waits."""
    return len(journal_value(parked)) <= JOURNAL_ENTRY_BYTES_MAX


def journal_key(record: InboundRecord) -> str:
    """Where the journal keeps this record while it waits."""
    return waiting_key(record.id)


def waiting_key(record: RecordId) -> str:
    """Where the journal keeps this record while it waits.

    Its checksum is part of the key, because another record may lie at the same place of a topic that was made anew.
    """
    return WAITING.key(str(record))


def waiting_places(keys: Iterable[str]) -> set[Place]:
    """Where the records lie that wait by these keys of a journal."""
    return {_place(WAITING.name(key)) for key in keys if WAITING.holds(key)}


def parked_records(journal: Mapping[str, bytes]) -> Iterator[Parked]:
    """The parked records of a journal, each read when it is asked for. UnreadableJournal for another format."""
    return (WAITING.read(key, value, _read) for key, value in journal.items() if WAITING.holds(key))


def waiting_since(journal: Mapping[str, bytes]) -> list[datetime]:
    """Since when (aware) each event waits, without its bytes. UnreadableJournal for an unknown format."""
    return WAITING.read_all(journal, lambda _, fields: datetime.fromisoformat(fields["since"]))


def journal_value(parked: Parked) -> bytes:
    """The journal's entry of a parked record, original bytes included."""
    return WAITING.value({**record_fields(parked.record), "since": parked.since.isoformat()})


def record_fields(record: InboundRecord) -> dict[str, Any]:
    """A record as an entry keeps it: original bytes, compressed."""
    return {
        "key": _text(record.key),
        "value": _text(None if record.value is None else zlib.compress(record.value)),
        "headers": [(name, _text(value)) for name, value in record.headers],
        "timestamp_ms": record.timestamp_ms,
    }


def read_record(name: str, entry: Mapping[str, Any]) -> InboundRecord:
    """The record that `record_fields` wrote; `name` says where it lies."""
    place, packed = _place(name), _bytes(entry["value"])
    return InboundRecord(
        topic=place.topic,
        partition=place.partition,
        offset=place.offset,
        key=_bytes(entry["key"]),
        value=None if packed is None else zlib.decompress(packed),
        headers=tuple((name, _bytes(text)) for name, text in entry["headers"]),
        timestamp_ms=entry["timestamp_ms"],
    )


def _read(name: str, entry: Mapping[str, Any]) -> Parked:
    record = read_record(name, entry)
    key = WAITING.key(name)
    found_under = key if key != journal_key(record) else None
    return Parked(record, datetime.fromisoformat(entry["since"]), found_under)


def _place(name: str) -> Place:
    """The place in an entry's name, with a checksum behind it or without."""
    return Place.parse(":".join(name.split(":")[:3]))


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text)
