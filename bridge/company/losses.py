"""What was at work each time the company was lost to another process, kept over all ownerships of this one.

One loss says nothing of a record: processes are restarted, machines freeze. A record that was at work in two of them
is tried with fewer, half of the smallest number in which the company was lost with it, at last alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.records import Place

PLACES_MAX = 10_000
"""As many are remembered; the ones that were lost longest ago make room, another process may have told them."""


@dataclass(frozen=True, slots=True)
class _Loss:
    """How often the company was lost with a record: at all, with it alone, and among how few at least."""

    times: int
    alone: int
    among: int


class Losses:
    """The records that were at work when the company was lost, until they are committed here."""

    def __init__(self) -> None:
        self._by_place: dict[Place, _Loss] = {}

    def count(self, at_work: tuple[Place, ...]) -> None:
        """The company was lost with these at work."""
        among = len(at_work)
        for place in at_work:
            before = self._by_place.pop(place, _Loss(0, 0, among))
            self._by_place[place] = _Loss(before.times + 1, before.alone + (among == 1), min(among, before.among))
        for place in list(self._by_place)[:-PLACES_MAX]:
            del self._by_place[place]

    def drop(self, places: Iterable[Place]) -> None:
        """These are committed."""
        for place in places:
            self._by_place.pop(place, None)

    def limit_of(self, places: Iterable[Place]) -> int | None:
        """How many of these may be at work at once; None: as many as come."""
        if not self._by_place:
            return None
        losses = (self._by_place.get(place) for place in places)
        # because the first loss may have any reason, only the second one with the same record is about what was at work
        return min((max(1, loss.among // 2) for loss in losses if loss is not None and loss.times > 1), default=None)

    def alone(self, place: Place) -> int:
        """How often the company was lost while this record alone was at work."""
        loss = self._by_place.get(place)
        return loss.alone if loss is not None else 0
