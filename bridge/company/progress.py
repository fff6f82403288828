"""Whether a company gets on: what was at work when something failed, and how little is tried at once because of it.

A failure that a record may be to blame for (a bug of ours, a size that the broker refuses) halves what is taken at
once, down to one record, and each commit doubles it again: so all before the culprit is told, and then all behind it. A
record that has failed `TRIES_ALONE` times by itself is refused unread, with a result that fits whatever it holds. Other
failures (Kafka is away) say nothing of any record; the next try after them waits longer. Nor does one loss of the
company to another process; the second one with the same records at work narrows as a failure does, across ownerships
(`losses.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from bridge.company.losses import Losses
from bridge.decoding.decision import MappedRecord
from bridge.telemetry.status import CompanyBoard
from contracts.errors import InternalFault
from contracts.records import InboundRecord, Place

TRIES_ALONE = 3
"""How often a record fails by itself before it is refused: what else was wrong may be over by then."""
LOST = "another process took the company over while it was at work"
WIDE = 1_000
"""More than comes at once: from here on nothing is held back."""


class Progress:
    """What is at work in one company, and what has failed since something was committed last."""

    limit: int | None
    """How many records may be taken at once because of failures; None: as many as come."""
    reason: str | None
    """What has failed since something was committed last."""

    def __init__(self, board: CompanyBoard) -> None:
        self._board = board
        self._losses = Losses()
        self._resending: str | None = None
        self._resend_failures: Counter[str] = Counter()
        self.reset()

    def reset(self) -> None:
        """Another ownership: nothing is known to fail, but what was at work when the company was lost."""
        self.limit = self.reason = None
        self._at_work: tuple[Place, ...] = ()
        self._failures = self._in_vain = 0
        self._failed: set[Place] = set()
        self._alone: dict[Place, list[str]] = {}
        self._board.has_pending(False)
        self._show()

    @property
    def retaken_after(self) -> str | None:
        """Why the company is taken over again, in words; None when nothing has failed."""
        return None if self.reason is None else f"taken over again after {self.reason}"

    def limit_of(self, records: Iterable[InboundRecord | Place]) -> int | None:
        """How many of these may be taken at once; None: as many as come."""
        limits = (self.limit, self._losses.limit_of(map(_place_of, records)))
        return min((each for each in limits if each is not None), default=None)

    def begin(self, records: Iterable[InboundRecord | Place]) -> None:
        """These are at work from now on, until they are committed, have failed, or are put back."""
        self._at_work = tuple(map(_place_of, records))
        if self._at_work:
            self._board.has_pending(True)

    def put_back(self) -> None:
        """Nothing is at work any more: they come again, and nothing is said of them."""
        self._at_work = ()

    def lost(self) -> None:
        """Another process took the company over, and nothing but our own computing has kept what was at work."""
        self._losses.count(self._at_work)
        self._at_work = ()

    def is_refused(self, record: InboundRecord) -> bool:
        """True for a record that has failed too often by itself."""
        return self._why_refused(record.place) is not None

    def resends(self, entry: str) -> bool:
        """Whether the request of this journal entry is to be sent again: not once that has failed too often."""
        self._resending = entry
        return self._resend_failures[entry] < TRIES_ALONE

    def resent(self) -> None:
        """No request is being sent again any more."""
        self._resending = None

    def or_refusal(self, mapped: MappedRecord) -> MappedRecord:
        """The record, or its refusal."""
        why = self._why_refused(mapped.record.place)
        if why is None:
            return mapped
        return MappedRecord.broken(mapped.record, InternalFault(f"it failed {TRIES_ALONE} times alone, {why}"))

    def _why_refused(self, place: Place) -> str | None:
        if self._losses.alone(place) >= TRIES_ALONE:
            return LOST
        reasons = self._alone.get(place, [])
        return reasons[-1] if len(reasons) >= TRIES_ALONE else None

    def committed(self) -> None:
        """What was at work is on the bus."""
        at_work, self._at_work = self._at_work, ()
        self._losses.drop(at_work)
        if self._failed and self._failed.isdisjoint(at_work):
            return  # because what goes well beside them, or a quiet moment, says nothing of the records that failed
        self._failed.difference_update(at_work)
        # because what was cut short by a rebalance and does not come again is pending no more
        self._board.has_pending(False)
        if at_work:
            self.limit = None if self.limit is None or 2 * self.limit > WIDE else 2 * self.limit
        for place in at_work:
            self._alone.pop(place, None)
        self.reason, self._failures, self._in_vain = None, 0, 0
        self._show()

    def failed(self, reason: str, *, by_record: bool) -> int:
        """Work was cut short. How many times in a row nothing could be narrowed: the next try waits by it."""
        at_work, self._at_work = self._at_work, ()
        self.reason = reason
        self._failures += 1
        entry, self._resending = self._resending, None
        if by_record and entry is not None:
            self._resend_failures[entry] += 1
        self._failed.update(at_work)
        if not (by_record and self._narrow(at_work, reason)):
            self._in_vain += 1
        self._show()
        return self._in_vain

    def _narrow(self, at_work: tuple[Place, ...], reason: str) -> bool:
        if len(at_work) > 1:
            self.limit = len(at_work) // 2
            return True
        for place in at_work:
            self.limit = 1
            self._alone[place] = [*self._alone.get(place, ())[-TRIES_ALONE:], reason]
        return False

    def _show(self) -> None:
        self._board.progress(failures=self._failures, reason=self.reason, records_at_once=self.limit)


def _place_of(record: InboundRecord | Place) -> Place:
    return record if isinstance(record, Place) else record.place
