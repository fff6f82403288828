"""The record of Ids as it is kept in a topic of its own: one small entry a source document.

An entry has at most `BYTES_MAX` bytes with its key, so that a hundred thousand of them are read in a moment. What does
not fit of the pairs is left out from the end of `KEPT`; where money depends on it the entry says so, with a digest by
which the pairs are known again in the marker.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.index.identities import KEPT, MAY_BE_MISSING, Identity, Recorded, digest_of
from bridge.journal.entries import EntryKind
from contracts.keys import SourceKey
from contracts.marker import MarkerField

BYTES_MAX = 300
IDENTITY = EntryKind(
    "", "what a source document became in QuickBooks", "bridge.journal.identities", place="record of Ids"
)
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


def _row(identity: Identity, kept: list[MarkerField]) -> list[Any]:
    """Id, pairs, and a third value where pairs that money depends on had no room: the digest of all."""
    pairs = {str(name): identity.fields[name] for name in kept if name in identity.fields}
    cut = {name for name in KEPT if name in identity.fields and name not in kept} - MAY_BE_MISSING
    if not (cut or not identity.complete):
        return [identity.id, pairs]
    return [identity.id, pairs, CUT + (digest_of(identity.fields) if identity.complete else identity.digest)]


def _decode(key: str, fields: Mapping[str, Any]) -> tuple[SourceKey, Recorded]:
    if "left_out" in fields:
        return SourceKey.parse(key), Recorded(left_out=str(fields["left_out"]))
    found = {
        entity: Identity(str(ident), dict(pairs), not cut, str(cut[0]).removeprefix(CUT) if cut else "")
        for entity, (ident, pairs, *cut) in fields["entities"].items()
    }
    return SourceKey.parse(key), Recorded(found)
