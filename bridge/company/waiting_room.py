"""What waits in one company, kept by what it waits for: an event finds what it touches without looking at the rest.

One that waits is looked at when an event speaks of what it waits for, once an hour, and when anything may have become
possible for all of them (a take-over, older documents in the index, books that were opened again). What is due is
handed out a slice at a time and stays due until it was looked at, so that an outage loses no look. The bodies are not
here, see `bodies.py`.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice

from bridge.company.deadlines import Deadlines
from bridge.company.dependencies import waits_for
from bridge.decoding.decision import MappedRecord
from contracts.keys import SourceKey
from contracts.posting import PostingPlan
from contracts.records import InboundRecord, Place

LOOK_EVERY = timedelta(hours=1)
"""How often one is looked at although nothing spoke of what it waits for."""
LOOK_BACK_AFTER = timedelta(minutes=10)
"""Money that has waited this long for its order belongs to an old one: the index reaches back a year then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedEvent:
    """One event that waits, without its body: where that lies, since when (aware) it waits, and for what.

    `document_created_at` is None for an event that has no plan. `checksum` tells its body from any other.
    """

    place: Place
    since: datetime
    waits_for: tuple[SourceKey, ...]
    document_created_at: datetime | None
    checksum: int


class WaitingRoom:
    """The parked events of one company; they wait for at most `patience`."""

    def __init__(self, patience: timedelta) -> None:
        self._patience = patience
        self.clear()

    def clear(self) -> None:
        """Nothing waits here."""
        self._events: dict[Place, ParkedEvent] = {}
        self._waiting_for: dict[SourceKey, set[Place]] = {}
        self._called: OrderedDict[Place, None] = OrderedDict()
        self._ends: Deadlines[Place] = Deadlines()
        self._looks: Deadlines[Place] = Deadlines()
        self._look_backs: Deadlines[Place] = Deadlines()

    def __len__(self) -> int:
        return len(self._events)

    def park(self, mapped: MappedRecord, since: datetime, now: datetime) -> None:
        """Keep an event; the same one again keeps the time since when it waits."""
        place = mapped.record.place
        if place in self._events:
            return
        event = parked_event(mapped, since)
        self._events[place] = event
        for key in event.waits_for:
            self._waiting_for.setdefault(key, set()).add(place)
        self._ends.put(place, since + self._patience)
        self._looks.put(place, now + LOOK_EVERY)
        if event.document_created_at is not None:
            self._look_backs.put(place, since + LOOK_BACK_AFTER)

    def release(self, record: InboundRecord) -> None:
        """The event has its terminal outcome."""
        place = record.place
        event = self._events.pop(place, None)
        if event is None:
            return
        for key in event.waits_for:
            waiting = self._waiting_for[key]
            waiting.discard(place)
            if not waiting:
                del self._waiting_for[key]
        self._called.pop(place, None)
        for deadlines in (self._ends, self._looks, self._look_backs):
            deadlines.drop(place)

    def since(self, record: InboundRecord) -> datetime | None:
        """Since when this record waits, None when it does not."""
        event = self._events.get(record.place)
        return event.since if event else None

    def event(self, place: Place) -> ParkedEvent:
        """The event that is parked at `place`. KeyError when there is none."""
        return self._events[place]

    @property
    def is_anybody_called(self) -> bool:
        """True while there is news that not everybody whom it may concern was looked at for."""
        return bool(self._called)

    # Who is to be looked at --------------------------------------------------------------------------------------

    def touched(self, keys: Iterable[SourceKey]) -> list[Place]:
        """What waits for one of `keys`, the longest first."""
        found = {place for key in keys for place in self._waiting_for.get(key, ())}
        return sorted(found, key=lambda place: (self._events[place].since, place))

    def call(self, keys: Iterable[SourceKey]) -> None:
        """What waits for one of `keys` is due."""
        self._called.update(dict.fromkeys(self.touched(keys)))

    def call_all(self) -> None:
        """Everything is due once, because what has changed concerns nobody in particular."""
        self._called.update(dict.fromkeys(self._events))

    def due(self, now: datetime, limit: int) -> list[Place]:
        """At most `limit` of what is due: whose time is up, who was called, who was not looked at for an hour."""
        everybody = chain(self._ends.due(now, limit), islice(self._called, limit), self._looks.due(now, limit))
        return list(dict.fromkeys(everybody))[:limit]

    def looked_at(self, record: InboundRecord, now: datetime) -> None:
        """It goes on waiting."""
        place = record.place
        self._called.pop(place, None)
        self._looks.put(place, now + LOOK_EVERY)

    def is_over(self, place: Place, now: datetime) -> bool:
        """True for one that may not wait any longer."""
        return now - self._events[place].since >= self._patience

    def overdue(self, now: datetime) -> list[ParkedEvent]:
        """What has waited for ten minutes and was not reached back for yet (`reached_back`)."""
        return [self._events[place] for place in self._look_backs.due(now, len(self._look_backs))]

    def reached_back(self, events: Iterable[ParkedEvent]) -> None:
        """The index reaches back far enough for these."""
        for event in events:
            self._look_backs.drop(event.place)


def parked_event(mapped: MappedRecord, since: datetime) -> ParkedEvent:
    """What is known of an event that waits without its body."""
    plan, record = mapped.decision, mapped.record
    return ParkedEvent(
        place=record.place,
        since=since,
        waits_for=waits_for(mapped),
        document_created_at=plan.document_created_at if isinstance(plan, PostingPlan) else None,
        checksum=checksum_of(record),
    )


def checksum_of(record: InboundRecord) -> int:
    """Tells a body from any other that may lie at its place when a topic was made anew."""
    return zlib.crc32(record.value or b"")
