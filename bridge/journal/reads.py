"""The metered reads of a month, as the company's journal keeps them: one running sum for each process that made some.

Intuit meters reads by the month, whoever makes them: services, backfills, `verify`, `doctor`. Each writes only its own
entry, so that nobody needs to know of the others, and the month is the sum. Months are those of UTC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge.journal.entries import READS

FREE_READS = 500_000
"""Reads that Intuit gives each month for nothing."""


@dataclass(slots=True)
class MonthlyReads:
    """What one process has read in the running month; `writer` is a name that no other process has."""

    writer: str
    _month: str = ""
    _before: int = 0
    _total: int = 0
    _written: int = 0

    def entry(self, now: datetime, total: int) -> tuple[str, bytes] | None:
        """What the journal must be told of `total`, the reads since the process began; None where it knows it.

        What was read since the last look counts for the month of `now` (aware).
        """
        month = month_of(now)
        if month != self._month:
            self._month, self._before, self._written = month, self._total, 0
        self._total = total
        reads = total - self._before
        return (READS.key(f"{month}:{self.writer}"), READS.value({"reads": reads})) if reads > self._written else None

    def written(self) -> None:
        """The entry that was asked for last is in the journal."""
        self._written = self._total - self._before


def month_of(now: datetime) -> str:
    """The month of an aware time, in UTC: `2026-11`."""
    return (now - (now.utcoffset() or timedelta())).strftime("%Y-%m")


def reads_of_month(journal: Mapping[str, bytes], now: datetime) -> int | None:
    """All reads of the month of `now` that were counted; None where nobody has counted any.

    UnreadableJournal for an unknown format.
    """
    counted = [reads for month, reads in READS.read_all(journal, _read) if month == month_of(now)]
    return sum(counted) if counted else None


def outdated_reads(journal: Mapping[str, bytes], now: datetime) -> list[str]:
    """The keys of entries that nobody asks for any more: those of the months before the last one."""
    kept = {month_of(now), month_of(now.replace(day=1) - timedelta(days=2))}
    return [key for key in journal if READS.holds(key) and READS.name(key).split(":", 1)[0] not in kept]


def _read(name: str, fields: Mapping[str, Any]) -> tuple[str, int]:
    return name.split(":", 1)[0], int(fields["reads"])
