"""The pause of a company that a person asked for, as its journal keeps it, with those before that still count.

Written and ended by commands, followed by the owner, wherever it runs; a change of owner or a restart changes nothing.
What waits does not lapse because of a pause: the pauses that it has seen are added to its time, so they are kept until
nothing waits any more that has seen them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bridge.journal.entries import PAUSE

PAUSED_KEY = PAUSE.key()
"""Where the company's journal keeps it."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Since when (aware) a company is paused, None while it is not; and the pauses before, the oldest first."""

    since: datetime | None = None
    past: tuple[tuple[datetime, datetime], ...] = ()

    def begun(self, now: datetime) -> Pauses:
        """From `now` on the company is paused."""
        return Pauses(now, self.past)

    def ended(self, now: datetime, oldest_waiting: datetime | None) -> Pauses:
        """The pause ends; only those that something waiting (the oldest since then) has seen are kept."""
        all_past = (*self.past, (self.since, now)) if self.since else self.past
        if oldest_waiting is None:
            return Pauses()
        return Pauses(past=tuple(each for each in all_past if each[1] > oldest_waiting))

    def end_of(self, since: datetime, wait_max: timedelta) -> datetime:
        """When something is over that waits since then for at most `wait_max`, pauses not counted."""
        end = since + wait_max
        for begin, until in self.past:
            if until > since and begin < end:
                end += until - max(begin, since)
        return end

    def to_bytes(self) -> bytes | None:
        """As the journal keeps it; None where there is nothing to keep."""
        if self.since is None and not self.past:
            return None
        past = [[begin.isoformat(), until.isoformat()] for begin, until in self.past]
        return PAUSE.value({"since": self.since.isoformat() if self.since else None, "past": past})

    @classmethod
    def from_bytes(cls, raw: bytes | None) -> Pauses:
        """What `to_bytes` wrote, or nothing. UnreadableJournal for a format that is not known here."""
        return PAUSE.read(PAUSED_KEY, raw, _pauses) if raw is not None else Pauses()


def _pauses(_: str, fields: Mapping[str, Any]) -> Pauses:
    past = tuple((datetime.fromisoformat(begin), datetime.fromisoformat(until)) for begin, until in fields["past"])
    since = fields["since"]
    return Pauses(datetime.fromisoformat(since) if since else None, past)
