"""What people change in QBO is learnt while the company is owned: a look every minute, beside the work.

A look is one call of change data capture. An answer of 1000 objects is not all: then the entities are paged by
`MetaData.LastUpdatedTime` instead, and the next look comes later (a backlog of our own makes such answers). Deletions
show in change data capture only, so those beyond a full answer are not told; a write that meets them learns them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bridge.books.background import BackgroundReading
from bridge.clock import Clock
from bridge.quickbooks.changes import OVERLAP, REACH, ChangeData, next_since
from bridge.quickbooks.client import QuickBooksClient, ReadRefused
from bridge.quickbooks.limiter import Priority
from bridge.quickbooks.warmup import updated
from contracts.entities import Entity
from contracts.errors import Unavailable

REACH_MARGIN = timedelta(hours=1)
"""QBO refuses a time that is 30 days back by its clock, which may be ahead of ours."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What one poll found: rows that changed, Ids of what was deleted, and where the next poll begins (QBO's clock).

    `nothing_written_since`: no write of ours between asking and now. `complete` is false when deletions may be missing.
    """

    changed: Mapping[str, Sequence[Entity]]
    deleted: Mapping[str, frozenset[str]]
    next_since: datetime
    complete: bool = True
    nothing_written_since: bool = True


async def poll(client: QuickBooksClient, entities: Sequence[str], since: datetime, now: datetime) -> Changes:
    """What changed since `since` (aware), 30 days back at most. Unavailable when QBO is away."""
    changes = await client.cdc(entities, _within_reach(since, now), priority=Priority.HOUSEKEEPING)
    changed = changes.changed if changes.complete else await _paged(client, entities, since)
    return Changes(
        changed=changed, deleted=changes.deleted, next_since=next_since(changes, since), complete=changes.complete
    )


async def start_of(
    client: QuickBooksClient, entities: Sequence[str], since: datetime, now: datetime
) -> ChangeData | None:
    """What is deleted since `since`, and QBO's clock, before the lists are read. None when QBO refuses to say."""
    try:
        return await client.cdc(entities, _within_reach(since, now))
    except ReadRefused as error:
        log.warning("books.no_changes", realm_id=client.realm_id, reason=str(error))
        return None


class ChangePoller:
    """The looks of one company, one at a time; nothing is asked before `begin` and after `end`."""

    def __init__(self, client: QuickBooksClient, clock: Clock, entities: Sequence[str], *, every: timedelta) -> None:
        self._client = client
        self._clock = clock
        self._entities = entities
        self._every = every
        self._since: datetime | None = None
        self._next_at = math.inf
        self._reading = BackgroundReading[Changes](f"freshness {client.realm_id}")
        self._written = 0

    def begin(self, since: datetime) -> None:
        """The books are warm and were complete at `since` (aware, QBO's clock)."""
        self.end()
        self._since = since
        self._wait(self._every)

    def end(self) -> None:
        """Not the owner any more."""
        self._reading.end()
        self._next_at = math.inf

    def changes(self) -> Changes | None:
        """What the last look found, once; begins another one when it is time. Never waits."""
        if not self._reading.is_begun:
            if self._since is not None and self._clock.monotonic() >= self._next_at:
                self._written = self._writes()
                self._reading.begin(poll(self._client, self._entities, self._since, self._clock.now()))
            return None
        try:
            changes = self._reading.take()
        except (Unavailable, ReadRefused) as error:
            log.info("books.not_fresh", realm_id=self._client.realm_id, reason=str(error))
            self._wait(self._every)
            return None
        if changes is None:
            return None
        return self._taken(changes, self._written)

    async def read_now(self) -> Changes | None:
        """A look now, instead of the one that may be under way. Unavailable when QBO is away, ReadRefused as ever."""
        self._reading.end()
        if self._since is None:
            return None
        written = self._writes()
        changes = await poll(self._client, self._entities, self._since, self._clock.now())
        return self._taken(changes, written)

    def _taken(self, changes: Changes, written: int) -> Changes:
        """The next look begins where this one ends; `written` is how much was written when it began."""
        self._since = changes.next_since
        self._wait(self._every if changes.complete else max(self._every, OVERLAP))
        return replace(changes, nothing_written_since=written == self._writes())

    def _wait(self, pause: timedelta) -> None:
        self._next_at = self._clock.monotonic() + pause.total_seconds()

    def _writes(self) -> int:
        return self._client.counts.writes + self._client.counts.batches


async def _paged(client: QuickBooksClient, entities: Sequence[str], since: datetime) -> dict[str, Sequence[Entity]]:
    found: dict[str, Sequence[Entity]] = {}
    for entity in entities:
        pages = updated(client, entity, since, priority=Priority.HOUSEKEEPING)
        found[entity] = [row async for page in pages for row in page]
    return found


def _within_reach(since: datetime, now: datetime) -> datetime:
    return max(since, now - REACH + REACH_MARGIN)
