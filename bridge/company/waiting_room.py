"""What waits in one company, kept by what it waits for: an event finds what it touches without looking at the rest.

One that waits is looked at when an event speaks of what it waits for, once an hour, and when anything may have become
possible for all of them (a take-over, older documents in the index, books that were opened again). What is due is
handed out a slice at a time and stays due until it was looked at, so that an outage loses no look. The bodies are not
here, see `bodies.py`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice

from bridge.company.deadlines import Deadlines
from bridge.company.dependencies import waits_for
from bridge.decoding.decision import MappedRecord
from bridge.journal.pause import Pauses
from bridge.journal.waiting import journal_key
from contracts.keys import SourceKey
from contracts.posting import PostingPlan
from contracts.records import InboundRecord, RecordId

RECHECK_EVERY = timedelta(hours=1)
"""How often one is looked at although nothing spoke of what it waits for."""
PAYOUT = "payout"
"""The kind of document that may come in parts."""
REACH_BACK_AFTER = timedelta(minutes=10)
"""Money that has waited this long for its order belongs to an old one: the index reaches back a year then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedEvent:
    """One event that waits, without its body: which record, since when (aware) it waits, and for what.

    `entry` is its key in the journal. `document_created_at` is None for an event that has no plan. What it is about and
    what it says of itself is kept for the dead letter of an event whose body is lost.
    """

    record: RecordId
    since: datetime
    entry: str
    waits_for: tuple[SourceKey, ...]
    document_created_at: datetime | None
    document: SourceKey | None
    event_type: str | None
    event_id: str | None


class WaitingRoom:
    """The parked events of one company; they wait for at most `wait_max`."""

    def __init__(self, wait_max: timedelta) -> None:
        self.wait_max = wait_max
        """For how long anything waits, pauses of the company not counted."""
        self._pauses = Pauses()
        self.clear()

    def clear(self) -> None:
        """Nothing waits here."""
        self._events: dict[RecordId, ParkedEvent] = {}
        self._waiting_for: dict[SourceKey, set[RecordId]] = {}
        self._called: OrderedDict[RecordId, None] = OrderedDict()
        self._ends: Deadlines[RecordId] = Deadlines()
        self._rechecks: Deadlines[RecordId] = Deadlines()
        self._reaches_back: Deadlines[RecordId] = Deadlines()

    def __len__(self) -> int:
        return len(self._events)

    def park(self, mapped: MappedRecord, since: datetime, now: datetime, *, entry: str | None = None) -> None:
        """Keep an event; the same one again keeps the time since when it waits.

        `entry` is the key under which an earlier release has kept it in the journal.
        """
        ident = mapped.record.id
        if ident in self._events:
            return
        event = parked_event(mapped, since, entry)
        self._events[ident] = event
        for key in event.waits_for:
            self._waiting_for.setdefault(key, set()).add(ident)
        self._ends.put(ident, self._pauses.end_of(since, self.wait_max))
        self._rechecks.put(ident, now + RECHECK_EVERY)
        if event.document_created_at is not None:
            self._reaches_back.put(ident, since + REACH_BACK_AFTER)

    def pauses(self, pauses: Pauses) -> None:
        """The pauses of the company are these: nothing ends earlier because of them."""
        if pauses.past == self._pauses.past:
            return
        self._pauses = pauses
        for ident, event in self._events.items():
            self._ends.put(ident, pauses.end_of(event.since, self.wait_max))

    def release(self, ident: RecordId) -> None:
        """The event has its terminal outcome."""
        event = self._events.pop(ident, None)
        if event is None:
            return
        for key in event.waits_for:
            waiting = self._waiting_for[key]
            waiting.discard(ident)
            if not waiting:
                del self._waiting_for[key]
        self._called.pop(ident, None)
        for deadlines in (self._ends, self._rechecks, self._reaches_back):
            deadlines.drop(ident)

    def since(self, record: InboundRecord) -> datetime | None:
        """Since when this record waits, None when it does not."""
        event = self._events.get(record.id) if self._events else None  # because an id is computed from all bytes
        return event.since if event else None

    def event(self, ident: RecordId) -> ParkedEvent:
        """The event of this record. KeyError when it does not wait."""
        return self._events[ident]

    @property
    def is_anybody_called(self) -> bool:
        """True while there is news that not everybody whom it may concern was looked at for."""
        return bool(self._called)

    # Who is to be looked at --------------------------------------------------------------------------------------

    def touched(self, keys: Iterable[SourceKey]) -> list[RecordId]:
        """What waits for one of `keys`, the longest first."""
        found = {ident for key in keys for ident in self._waiting_for.get(key, ())}
        return sorted(found, key=lambda ident: (self._events[ident].since, ident))

    def with_other_parts(self, idents: Iterable[RecordId]) -> list[RecordId]:
        """These, and what waits beside them of the same payout: one part of it is nothing without the others."""
        found = dict.fromkeys(idents)
        # because an order wakes the part that names it alone, and that part would go on waiting for the others
        documents = {self._events[ident].document for ident in found}
        payouts = {each for each in documents if each is not None and each.kind == PAYOUT}
        return [*found, *(ident for ident in self.touched(payouts) if ident not in found)]

    def call(self, keys: Iterable[SourceKey]) -> None:
        """What waits for one of `keys` is due."""
        self._called.update(dict.fromkeys(self.touched(keys)))

    def call_all(self) -> None:
        """Everything is due once, because what has changed concerns nobody in particular."""
        self._called.update(dict.fromkeys(self._events))

    def due(self, now: datetime, limit: int) -> list[RecordId]:
        """At most `limit` of what is due: whose time is up, who was called, who was not looked at for an hour.

        The other parts of a payout come with each part, beyond the limit.
        """
        everybody = chain(self._ends.due(now, limit), islice(self._called, limit), self._rechecks.due(now, limit))
        return self.with_other_parts(list(dict.fromkeys(everybody))[:limit])

    def rechecked(self, ident: RecordId, now: datetime) -> None:
        """It goes on waiting."""
        self._called.pop(ident, None)
        self._rechecks.put(ident, now + RECHECK_EVERY)

    def is_over(self, ident: RecordId, now: datetime) -> bool:
        """True for one that may not wait any longer."""
        return now >= self._pauses.end_of(self._events[ident].since, self.wait_max)

    def overdue(self, now: datetime) -> list[ParkedEvent]:
        """What has waited for ten minutes and was not reached back for yet (`reached_back`, `reach_back_later`)."""
        return [self._events[ident] for ident in self._reaches_back.due(now, len(self._reaches_back))]

    def reached_back(self, events: Iterable[ParkedEvent]) -> None:
        """The index reaches back far enough for these."""
        for event in events:
            self._reaches_back.drop(event.record)

    def reach_back_later(self, events: Iterable[ParkedEvent], now: datetime) -> None:
        """The books of their own documents are not read yet: none of them need be asked for ten minutes."""
        for event in events:
            self._reaches_back.put(event.record, now + REACH_BACK_AFTER)


def parked_event(mapped: MappedRecord, since: datetime, entry: str | None = None) -> ParkedEvent:
    """What is known of an event that waits without its body."""
    plan, envelope = mapped.decision, mapped.envelope
    planned = plan if isinstance(plan, PostingPlan) else None
    return ParkedEvent(
        record=mapped.record.id,
        since=since,
        entry=entry or journal_key(mapped.record),
        waits_for=waits_for(mapped),
        document_created_at=planned.document_created_at if planned else None,
        document=planned.document if planned else None,
        event_type=envelope.event_type if envelope else None,
        event_id=envelope.event_id if envelope else None,
    )
