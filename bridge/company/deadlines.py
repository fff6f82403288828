"""Who is due when: the earliest first, and asking while nobody is due costs one look at the top of a heap."""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from datetime import datetime
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_SPARE = 64
"""Entries that have ended stay in the heap until they come up or are more than the live ones and these."""


class Deadlines(Generic[K]):
    """Names, each with the time (aware) at which it is due. Names must be comparable: of two equal times the lower."""

    def __init__(self) -> None:
        self._at: dict[K, datetime] = {}
        self._heap: list[tuple[datetime, K]] = []

    def __len__(self) -> int:
        return len(self._at)

    def put(self, name: K, at: datetime) -> None:
        """`name` is due at `at`, and not when it was before."""
        self._at[name] = at
        heapq.heappush(self._heap, (at, name))
        if len(self._heap) > 2 * len(self._at) + _SPARE:
            self._heap = [(due_at, each) for each, due_at in self._at.items()]
            heapq.heapify(self._heap)

    def drop(self, name: K) -> None:
        """`name` is never due; unknown names are none."""
        self._at.pop(name, None)

    def due(self, now: datetime, limit: int) -> list[K]:
        """The first `limit` that are due at `now`, the earliest first. They stay until they are put anew or dropped."""
        found: list[tuple[datetime, K]] = []
        while self._heap and self._heap[0][0] <= now and len(found) < limit:
            entry = heapq.heappop(self._heap)
            if self._at.get(entry[1]) == entry[0] and entry not in found[-1:]:
                found.append(entry)
        for entry in found:
            heapq.heappush(self._heap, entry)
        return [name for _, name in found]
