"""The catalogue of the journal: every kind of entry that the compacted topic holds, and how its format is kept apart.

A value is a JSON object whose field `format` is the number of its kind's format. A release reads the formats that it
knows and refuses everything else before anything is done: guessing what a newer release meant could post money twice.
Kinds and prefixes are persistent: they are added, never renamed. `bridge/FORMATS.md` has the page for people.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import orjson

from contracts.errors import UnreadableJournal
from contracts.records import OutboundRecord

FORMAT = "format"
T = TypeVar("T")


class Journal(Protocol):
    """One company's part of the journal topic. Its keys here are without the company's name."""

    async def append(
        self, entries: Sequence[tuple[str, bytes | None]], *, together_with: Sequence[OutboundRecord] = ()
    ) -> None:
        """Store entries now, all or none; when this returns they survive us. A null value ends an entry.

        `together_with` are records of other topics, stored with them or not at all.
        """

    async def read(self) -> Mapping[str, bytes]:
        """All live entries."""

    async def read_on(self) -> Mapping[str, bytes]:
        """The entries that were written, by whomever, since this or `read` was asked last."""

    def journal_record(self, key: str, value: bytes | None) -> OutboundRecord:
        """An entry, or with None its end, as a record to be settled together with others."""


@dataclass(frozen=True, slots=True)
class EntryKind:
    """One kind of entry: the prefix of its keys (or its only key), what it is, and the module that reads and writes it.

    `place` is the topic that holds it, as a person calls it. `writes` is the format that this release writes, `reads`
    are those that it understands. A format is raised in two releases: the first one reads it, the next one writes it;
    so there is always a way back.
    """

    prefix: str
    what: str
    module: str
    is_single: bool = False
    place: str = "journal"
    writes: int = 1
    reads: frozenset[int] = frozenset({1})

    def key(self, name: str = "") -> str:
        """The key of the entry of this name; a single entry has none."""
        return f"{self.prefix}{name}"

    def holds(self, key: str) -> bool:
        """Whether an entry of this key is of this kind."""
        return key == self.prefix if self.is_single else key.startswith(self.prefix)

    def name(self, key: str) -> str:
        """The name of the entry of this key."""
        return key.removeprefix(self.prefix)

    def value(self, fields: Mapping[str, Any]) -> bytes:
        """The bytes of an entry with these fields."""
        return orjson.dumps({FORMAT: self.writes, **fields})

    def read(self, key: str, value: bytes, decode: Callable[[str, Mapping[str, Any]], T]) -> T:
        """What `decode` makes of an entry's name and fields. UnreadableJournal for a format that is not known here."""
        fields = self.fields(key, value)
        try:
            return decode(self.name(key), fields)
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, zlib.error) as error:
            raise UnreadableJournal(f"the {self.place}'s entry {key} ({self.what}) is damaged: {error!r}") from error

    def read_all(self, journal: Mapping[str, bytes], decode: Callable[[str, Mapping[str, Any]], T]) -> list[T]:
        """What `decode` makes of every entry of this kind, in the journal's order."""
        return [self.read(key, value, decode) for key, value in journal.items() if self.holds(key)]

    def fields(self, key: str, value: bytes) -> Mapping[str, Any]:
        """The fields of an entry. UnreadableJournal for one whose format this release does not know."""
        try:
            found = orjson.loads(value)
        except orjson.JSONDecodeError:
            found = None
        number = found.get(FORMAT) if isinstance(found, dict) else None
        if type(number) is not int or number not in self.reads:
            raise UnreadableJournal(self._refusal(key, number))
        return dict(found)

    def _refusal(self, key: str, number: object) -> str:
        known = ", ".join(map(str, sorted(self.reads)))
        named = f"in format {number}" if type(number) is int else "without a format"
        return (
            f"the {self.place} holds {self.what} ({key}) {named}, and this release reads format {known} of it. "
            "Nothing was done: start the release that wrote it, or a newer one"
        )


REQUEST = EntryKind("request:", "a request to QuickBooks that is not settled", "bridge.journal.requests")
WAITING = EntryKind("waiting:", "an event that waits for another one", "bridge.journal.waiting")
VERSION = EntryKind("version:", "a version or a link that QuickBooks does not show", "bridge.journal.versions")
LOST_MARKER = EntryKind("ours:", "a document whose marker QuickBooks has lost", "bridge.journal.lost_markers")
KNOWN_UNTIL = EntryKind(
    "fresh:since", "until when changes in QuickBooks are known", "bridge.journal.known_until", is_single=True
)
STOP = EntryKind("stopped", "the stop after too many dead letters", "bridge.journal.stop", is_single=True)
PAUSE = EntryKind("paused", "the pause that a person asked for", "bridge.journal.pause", is_single=True)
READS = EntryKind("reads:", "how many reads of QuickBooks a process made in a month", "bridge.journal.reads")
REDRIVE = EntryKind("redriven:", "a dead letter that was redriven", "bridge.journal.redrives")
REFUSED = EntryKind("refused:", "a document whose record is a dead letter", "bridge.journal.refused")
DOUBT = EntryKind("doubtful:", "an event of an order that may be in the books already", "bridge.journal.doubts")
DECISION = EntryKind("decided:", "a person's decision on such an order", "bridge.journal.doubts")
JOB = EntryKind("job:", "a backfill that is done beside the live work", "bridge.journal.jobs")
JOB_PIECE = EntryKind("job-piece:", "a part of what such a backfill leaves out", "bridge.journal.jobs")
JOB_LEFT = EntryKind("job-left:", "what such a backfill has left of its plan", "bridge.journal.job_lines")
JOB_CANCEL = EntryKind("job-cancel:", "a person's wish to end such a backfill", "bridge.journal.jobs")

KINDS = (
    REQUEST,
    WAITING,
    VERSION,
    LOST_MARKER,
    KNOWN_UNTIL,
    STOP,
    PAUSE,
    READS,
    REDRIVE,
    REFUSED,
    DOUBT,
    DECISION,
    JOB,
    JOB_PIECE,
    JOB_LEFT,
    JOB_CANCEL,
)


def kind_of(key: str) -> EntryKind | None:
    """The kind of an entry by its key, None for one that this release does not know."""
    return next((kind for kind in KINDS if kind.holds(key)), None)


def check_formats(journal: Mapping[str, bytes]) -> None:
    """UnreadableJournal unless this release understands every live entry; call it before anything is taken over."""
    for key, value in _in_order(journal):
        kind = kind_of(key)
        if kind is None:
            raise UnreadableJournal(
                f"the journal holds an entry of a kind that this release does not know ({key}). Nothing was done: "
                "start the release that wrote it, or a newer one"
            )
        kind.fields(key, value)


def _in_order(journal: Mapping[str, bytes]) -> Iterable[tuple[str, bytes]]:
    """By key, so that two processes name the same entry."""
    return sorted(journal.items())
