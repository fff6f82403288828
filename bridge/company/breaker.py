"""Stops a company whose events are refused one after the other, rather than drain its topic into the dead letters.

It goes by two measures. A *row* is dead letters of one reason with nothing booked between them: a rule that went
missing, an account that was renamed. A *share* is the dead letters, of any reason, among the last records of one kind
of document: as many as the limit within the last twice as many. So a company whose every payment fails is not saved by
the invoices between them. What was ignored, what waits, and what says nothing of other records (`UNCOUNTED`) neither
counts nor ends a row.

Rule 1: while in doubt (a row has begun, or nothing was booked yet since the company was taken over; for a share, the
        last of its kind is a dead letter) no more is taken at once than is missing to the limit, so row or share end
        there exactly.
Rule 2: a refusal that is known before anything is sent ends a micro-batch at the limit, also without doubt.
Rule 3: refusals that only QBO can tell come with the answers: then the micro-batch is settled whole, and the company
        stops behind it. In each case a record is settled, offset and all, or was never begun.

The stop is an entry in the company's journal, written in the same transaction as the results that led to it.
`qbo-bridge resume` ends the entry, from whatever machine; the owner follows the journal while it is stopped. A process
that finds the entry of another one takes it out and goes on: that is what a restart means.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from bridge.company.shares import Shares, kind_of
from bridge.decoding.decision import MappedRecord
from bridge.journal.stop import Stop
from contracts.errors import RecordError, RejectedPosting
from contracts.posting import PostingPlan
from contracts.results import ResultStatus

ENDS_A_ROW = frozenset({ResultStatus.POSTED, ResultStatus.ALREADY_POSTED, ResultStatus.SUPERSEDED})
UNCOUNTED = frozenset({"undecodable", "orphan", "period_closed", "possible_duplicate"})
"""Dead letters that say nothing of what comes next: one record's bytes, an end that it shares, a person's choice."""


class EndedRecord(NamedTuple):
    """How a record ended: its status, its reason code, and the kind of document that it is about."""

    status: ResultStatus
    code: str | None
    kind: str = ""


class Breaker:
    """Counts one company's dead letters; a `limit` of 0 never stops it."""

    def __init__(self, limit: int, process: str) -> None:
        self._limit = limit
        self._process = process
        self._code: str | None = None
        self._has_booked = False
        self._shares = Shares(limit)
        self.row = 0
        self.stop: Stop | None = None
        """Why the company is stopped, None while it is not."""

    def reset(self) -> None:
        """Begin anew, in doubt."""
        self._code, self._has_booked, self.row, self.stop = None, False, 0, None
        self._shares.clear()

    def allowed_prefix(self, mapped: Iterable[MappedRecord]) -> Iterator[MappedRecord]:
        """The records, from the first one on, that may be settled at once; no further one is taken from *mapped*."""
        # because each record of a prefix may itself be refused, it ends where the limit could be reached: else a single
        # micro-batch would publish more dead letters than the limit says
        in_doubt = self.row > 0 or not self._has_booked
        code, row = self._code, self.row
        refused: Counter[str] = Counter()
        for each in mapped:
            yield each
            refusal = _refusal(each)
            if refusal is None and not isinstance(each.decision, PostingPlan):
                continue
            if in_doubt:
                row += 1
            else:
                row = row + 1 if refusal is not None and refusal == code else int(refusal is not None)
                code = refusal
            kind = kind_of(each)
            refused[kind] += bool(kind) and (refusal is not None or self._shares.in_doubt(kind))
            if self._limit and max(row, self._shares.refused(kind) + refused[kind]) >= self._limit:
                return

    def count(self, outcomes: Iterable[EndedRecord], now: datetime) -> None:
        """Count what became of records, in their order; `stop` is there when that was one too many."""
        for status, code, kind in outcomes:
            if status in ENDS_A_ROW:
                self._code, self._has_booked, self.row = None, True, 0
                self._shares.count(kind, None)
            elif status is ResultStatus.DEAD_LETTERED and code not in UNCOUNTED:
                self.row = self.row + 1 if code == self._code else 1
                self._code = code
                self._shares.count(kind, code or "")
                self.stop = self.stop or self._reached(kind, now)

    def taken_over(self, note: bytes | None) -> None:
        """The company was taken over; it stays stopped where this very process has stopped it before."""
        self.reset()
        stop = Stop.from_bytes(note) if note is not None else None
        if stop is not None and stop.process == self._process:
            self.stop = stop

    def _reached(self, kind: str, now: datetime) -> Stop | None:
        if not self._limit:
            return None
        at, refused = now.isoformat(), self._shares.refused(kind)
        if self.row >= self._limit:
            return Stop(code=self._code or "", dead_letters=self.row, at=at, process=self._process)
        if refused < self._limit:
            return None
        return Stop(
            code=self._shares.reason(kind),
            dead_letters=refused,
            at=at,
            process=self._process,
            kind=kind,
            among=self._shares.records(kind),
        )


def _refusal(mapped: MappedRecord) -> str | None:
    """The reason of a dead letter that is one whatever QBO says, None where that is open or does not count."""
    error = mapped.decision
    if not isinstance(error, RecordError):
        return None
    code = error.reason_code if isinstance(error, RejectedPosting) else error.code
    return None if code in UNCOUNTED else code
