"""Which transactions, which refund and which dispute of the source a document of the books carries as its money. Pure.

A payment has the transaction's id as its key; a form names its gift cards in its marker, a payment the change that was
given back of it. What is inside a sales receipt, or went back by a refund receipt, only the journal tells: as the
version of the transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bridge.index.posted import sale_named
from contracts.keys import SourceKey
from contracts.marker import SALES, MarkerField
from contracts.posting import Version

_FOR = "for "


_IN_PARTS = frozenset({"refund", "dispute"})
"""What has several documents: a refund its receipts and credits, a dispute what was taken and what came back."""


def name_of(key: SourceKey) -> SourceKey:
    """The name that its source knows money by: all documents of one refund share its id."""
    return SourceKey(key.system, key.kind, key.id.partition(".")[0]) if key.kind in _IN_PARTS else key


def names_in(key: SourceKey, fields: Mapping[str, str]) -> Iterator[SourceKey]:
    """The names of the money that is in what is written under `key` with these pairs of a marker."""
    if key.kind == "transaction" or key.kind in _IN_PARTS:
        yield name_of(key)
    for entry in _entries(fields, MarkerField.GIFT_CARDS):
        kind, _, ident = entry.rpartition(":")[0].partition(".")
        if kind == "transaction":
            yield SourceKey(key.system, kind, ident)
    for entry in _entries(fields, MarkerField.CHANGE):
        yield SourceKey(key.system, "transaction", entry.partition(":")[0])


def sale_with(entity: str, key: SourceKey, fields: Mapping[str, str]) -> SourceKey | None:
    """The sale whose money is in it; None where its marker does not say."""
    return key if entity in SALES else sale_named(key, fields)


def noted_holder(document: SourceKey, before: Version | None) -> Version:
    """That a transaction is inside `document`, as the journal keeps it; newer than what was noted `before`."""
    return Version(0, before.rank + 1 if before is not None else 0, f"{_FOR}{document}")


def read_holder(version: Version) -> SourceKey | None:
    """The document in such a note, None in one that is about something else."""
    return SourceKey.parse(version.content.removeprefix(_FOR)) if version.content.startswith(_FOR) else None


class MoneyNames:
    """The sales of all money that one micro-batch writes, by its names."""

    def __init__(self) -> None:
        self._sales: dict[SourceKey, SourceKey] = {}

    def add(self, entity: str, key: SourceKey, fields: Mapping[str, str]) -> None:
        """Take in what is about to be written."""
        sale = sale_with(entity, key, fields)
        if sale is not None:
            self._sales.update(dict.fromkeys(names_in(key, fields), sale))

    def sale_of(self, name: SourceKey) -> SourceKey | None:
        """The sale that gets this money, None for what nothing is written of."""
        return self._sales.get(name)


def _entries(fields: Mapping[str, str], field: MarkerField) -> Iterator[str]:
    return (entry for entry in fields.get(field, "").split(",") if entry)
