"""The record of Ids as it is kept in a topic of its own: one small entry a source document.

An entry has at most `BYTES_MAX` bytes with its key, so that a hundred thousand of them are read in a moment. What does
not fit of the pairs is left out from the end of `KEPT`; where money depends on it the entry says so, with a digest by
which the pairs are known again in the marker.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.index.identities import KEPT, MAY_BE_MISSING, Identities, Identity, Recorded, digest_of
from bridge.journal.entries import EntryKind, Journal
from contracts.errors import UnreadableJournal
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.records import OutboundRecord

BYTES_MAX = 300
IDENTITY = EntryKind(
    "", "what a source document became in QuickBooks", "bridge.journal.identities", place="record of Ids"
)
MARKER_ALONE = "marker"
"""The third value of a row that only its marker shows to be ours; a release that does not know it trusts it less."""
CUT = "cut:"
"""How the third value of a row begins that has no room for all pairs; the digest of all of them follows."""


def identity_value(key: str, recorded: Recorded) -> bytes:
    """The entry of a document under `key`, its company's name included."""
    if recorded.left_out is not None:
        return IDENTITY.value({"left_out": recorded.left_out})
    kept = list(KEPT)
    while True:
        value = IDENTITY.value({"entities": {name: _row(each, kept) for name, each in recorded.entities.items()}})
        if len(key.encode()) + len(value) <= BYTES_MAX or not kept:
            return value
        kept.pop()


def read_identities(entries: Mapping[str, bytes]) -> list[tuple[SourceKey, Recorded]]:
    """What is recorded of every document. UnreadableJournal for what this release does not understand."""
    return IDENTITY.read_all(entries, _decode)


class RecordOfIds:
    """The record of Ids in its `table`, decoded as it is followed, so that a take-over has only its end to decode."""

    def __init__(self, table: Journal) -> None:
        self._table = table
        self._entries: dict[str, bytes] = {}
        self._unreadable: dict[str, bytes] = {}
        self._known = Identities()

    def journal_record(self, key: str, value: bytes | None) -> OutboundRecord:
        """An entry, or with None its end, as a record to be settled together with others."""
        return self._table.journal_record(key, value)

    def take(self, key: str, value: bytes | None) -> None:
        """Take in an entry of the table, or with None its end."""
        self._unreadable.pop(key, None)
        if value is None:
            self._entries.pop(key, None)
            self._known.replace(SourceKey.parse(key), None)
            return
        self._entries[key] = value
        try:
            document, recorded = IDENTITY.read(key, value, _decode)
        except UnreadableJournal:
            # because a newer release may serve this company now, and only who takes it over must understand all
            self._unreadable[key] = value
        else:
            self._known.replace(document, recorded)

    async def read(self) -> Identities:
        """What is recorded up to the end that the table has now. UnreadableJournal for another release's entry."""
        entries = await self._table.read()
        for key in [key for key in self._entries if key not in entries]:
            self.take(key, None)
        for key, value in entries.items():
            if self._entries.get(key) != value:
                self.take(key, value)
        read_identities(self._unreadable)
        # because an owner changes what it knows ahead of what it has settled
        return self._known.copy()


def _row(identity: Identity, kept: list[MarkerField]) -> list[Any]:
    """Id, pairs, and a third value where pairs that money depends on had no room: the digest of all."""
    pairs = {str(name): identity.fields[name] for name in kept if name in identity.fields}
    if not identity.proven:
        return [identity.id, pairs, MARKER_ALONE]
    cut = {name for name in KEPT if name in identity.fields and name not in kept} - MAY_BE_MISSING
    if not (cut or not identity.complete):
        return [identity.id, pairs]
    return [identity.id, pairs, CUT + (digest_of(identity.fields) if identity.complete else identity.digest)]


def _decode(key: str, fields: Mapping[str, Any]) -> tuple[SourceKey, Recorded]:
    if "left_out" in fields:
        return SourceKey.parse(key), Recorded(left_out=str(fields["left_out"]))
    found = {entity: _identity(str(ident), *rest) for entity, (ident, *rest) in fields["entities"].items()}
    return SourceKey.parse(key), Recorded(found)


def _identity(ident: str, pairs: Mapping[str, str], more: str | None = None) -> Identity:
    if more == MARKER_ALONE:
        return Identity(ident, dict(pairs), proven=False)
    return Identity(ident, dict(pairs), more is None, str(more or "").removeprefix(CUT))
