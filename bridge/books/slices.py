"""The books before the index's window, read piece by piece beside the work when an event needs them.

A piece is every transaction type over one span of creation time. It is read at low priority, so that live work goes
on; what was read stays read when QBO goes away in between. A span without much in it makes the next one longer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bridge.books.background import BackgroundReading
from bridge.clock import Clock
from bridge.quickbooks.client import QuickBooksClient, ReadRefused
from bridge.quickbooks.limiter import Priority
from bridge.quickbooks.warmup import for_index
from contracts.entities import Entity
from contracts.errors import Unavailable

SPAN = timedelta(days=30)
"""The first piece of a way back."""
ROWS_WANTED = 1000
"""A piece with fewer rows makes the next span twice as long, one with more half as long."""
AGAIN_AFTER_S = 60.0
"""How long a piece that QBO did not give is left alone."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """One piece: everything that was created from `since` (aware) to where the books were complete before."""

    since: datetime
    rows: Mapping[str, Sequence[Entity]]


class SliceReader:
    """The pieces of one company, one at a time; nothing is asked before `begin` and after `end`."""

    def __init__(self, client: QuickBooksClient, clock: Clock, entities: Sequence[str]) -> None:
        self._client = client
        self._clock = clock
        self._entities = entities
        self._span = SPAN
        self._complete_since: datetime | None = None
        self._wanted: datetime | None = None
        self._reading = BackgroundReading[Slice](f"older books {client.realm_id}")
        self._next_at = -math.inf

    def begin(self, complete_since: datetime) -> None:
        """The books are warm and complete since `complete_since` (aware)."""
        self.end()
        self._complete_since = complete_since

    def end(self) -> None:
        """Not the owner any more: what is under way is dropped, what is wanted is forgotten."""
        self._reading.end()
        self._span, self._complete_since, self._wanted, self._next_at = SPAN, None, None, -math.inf

    def want(self, since: datetime) -> None:
        """Somebody needs the books since `since` (aware); the earliest wish counts."""
        if self._wanted is None or since < self._wanted:
            self._wanted = since

    def slice(self) -> Slice | None:
        """What the last piece found, once; begins the next one while more is wanted. Never waits."""
        if not self._reading.is_begun:
            self._begin_next()
            return None
        try:
            found = self._reading.take()
        except (Unavailable, ReadRefused) as error:
            log.info("books.not_widened", realm_id=self._client.realm_id, reason=str(error))
            self._next_at = self._clock.monotonic() + AGAIN_AFTER_S
            return None
        if found is None:
            return None
        rows = sum(len(each) for each in found.rows.values())
        self._span = self._span * 2 if rows < ROWS_WANTED else max(self._span / 2, timedelta(days=1))
        self._complete_since = found.since
        return found

    def _begin_next(self) -> None:
        until, wanted = self._complete_since, self._wanted
        if until is None or wanted is None or wanted >= until or self._clock.monotonic() < self._next_at:
            return
        self._reading.begin(self._read(max(wanted, until - self._span), until))

    async def _read(self, since: datetime, until: datetime) -> Slice:
        rows: dict[str, list[Entity]] = {}
        for entity in self._entities:
            pages = for_index(self._client, entity, since, created_until=until, priority=Priority.HOUSEKEEPING)
            rows[entity] = [row async for page in pages for row in page]
        return Slice(since=since, rows=rows)
