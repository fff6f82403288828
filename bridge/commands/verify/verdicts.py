"""The documents of a span with their verdicts, from what was read of events, books and outcomes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from bridge.commands.sides import BooksSide, both_sides
from bridge.commands.verify.span import SpanEvents
from bridge.decoding.decision import MappedRecord
from bridge.kafka.range import TimeSpan
from bridge.reconciliation.documents import DIFFERS, Document, documents
from bridge.reconciliation.lines import BothSides
from bridge.reconciliation.verified import compared_in_full, right_by_either, written_customers
from contracts.records import InboundRecord, Place
from mappings.rules import MappingRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """What became of records, each with its reason code: dead letters, what was ignored, and what waits."""

    letters: Mapping[Place, str] = field(default_factory=dict)
    ignored: Mapping[Place, str] = field(default_factory=dict)
    waiting: Collection[Place] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BothReadings:
    """The events as of what was consumed, and all of them, which the books may be ahead by."""

    consumed: SpanEvents
    every: SpanEvents

    @classmethod
    def of(cls, span: TimeSpan, consumed: Mapping[tuple[str, int], int]) -> Self:
        """Of the events of `span`; `consumed` is as `SpanEvents` takes it."""
        return cls(consumed=SpanEvents(span, consumed), every=SpanEvents(span, {}))

    def add(self, records: Sequence[InboundRecord], mapped: Sequence[MappedRecord]) -> None:
        """Take in a micro-batch."""
        self.consumed.add(records, mapped)
        self.every.add(records, mapped)


def documents_of(
    readings: BothReadings, books: BooksSide, outcomes: Outcomes, rules: MappingRules, unused: Collection[str] = ()
) -> list[Document]:
    """Every document of the events that were consumed; `unused` are customers that nobody uses any more."""
    found = compared_in_full(_sides(readings.consumed, books, outcomes, rules), unused)
    if readings.consumed.is_behind and any(each.verdict in DIFFERS for each in found):
        ahead = compared_in_full(_sides(readings.every, books, outcomes, rules), unused)
        found = right_by_either(found, {(each.entity, each.key): each for each in ahead})
    return [_with_person(each, books) for each in found]


def customers_left(readings: BothReadings, books: BooksSide, rules: MappingRules) -> set[str]:
    """The Ids of customers that documents are not with any more: whether somebody uses them has to be asked."""
    return written_customers(_sides(readings.consumed, books, Outcomes(), rules))


def _sides(read: SpanEvents, books: BooksSide, outcomes: Outcomes, rules: MappingRules) -> BothSides:
    found = documents(read.events, books.index, outcomes.letters, outcomes.ignored, outcomes.waiting)
    return both_sides(read.source, books, found, rules)


def _with_person(each: Document, books: BooksSide) -> Document:
    """A document that differs, with who changed it last and when, as far as QuickBooks tells."""
    if each.verdict not in DIFFERS:
        return each
    rows = [books.rows[each.entity, ident] for ident in each.ids if (each.entity, ident) in books.rows]
    last = max(rows, key=lambda row: row.changed_at or "", default=None)
    return replace(each, user_id=last.changed_by, changed_at=last.changed_at) if last is not None else each
