"""The documents of a span by the day on which their first event came, in the company's time zone. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from bridge.reconciliation.documents import BY_PEOPLE, WRONG, Document, counts, totals
from contracts.money import plain
from contracts.records import Place


@dataclass(frozen=True, slots=True)
class VerifiedDay:
    """One day and its documents; `day` is None for documents that no event of the span asks for."""

    day: date | None
    documents: tuple[Document, ...]

    @property
    def wrong(self) -> int:
        """How many are missing, there more than once, or there without need."""
        return sum(1 for each in self.documents if each.verdict in WRONG)

    @property
    def changed(self) -> int:
        """How many people have changed, voided or deleted."""
        return sum(1 for each in self.documents if each.verdict in BY_PEOPLE)

    def sums(self) -> list[tuple[str, str, str, str]]:
        """Type, currency, and the totals by the events and in the books."""
        return [
            (entity, currency, *(plain(each, currency) for each in sides))  # type: ignore[misc]
            for (entity, currency), sides in sorted(totals(self.documents).items())
        ]

    def as_json(self) -> dict[str, object]:
        """Money is text, counts are numbers."""
        found = sorted(counts(self.documents).items())
        return {
            "day": self.day,
            "documents": [
                {"entity": entity, "verdict": verdict.value, "count": count} for (entity, verdict), count in found
            ],
            "totals": [
                {"entity": entity, "currency": currency or None, "told": expected, "booked": booked}
                for entity, currency, expected, booked in self.sums()
            ],
        }


def by_day(documents: Iterable[Document], times_ms: Mapping[Place, int], zone: tzinfo) -> list[VerifiedDay]:
    """The documents by day, the first one first; `times_ms` are those of the span's records."""
    found: dict[date | None, list[Document]] = {}
    for each in documents:
        first_at = min((times_ms[place] for place in each.records if place in times_ms), default=None)
        day = None if first_at is None else datetime.fromtimestamp(first_at / 1000, tz=zone).date()
        found.setdefault(day, []).append(each)
    ordered = sorted(found.items(), key=lambda pair: pair[0] or date.min)
    return [VerifiedDay(day, tuple(those)) for day, those in ordered]
