"""Documents whose own event is a dead letter: what waits for one of them waits in vain, and ends with it.

Kept for as long as a process owns the company; what is told after another has taken over waits as before.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.company.pipeline import Settled
from bridge.settlement.reporting import document_key
from contracts.keys import SourceKey
from contracts.records import Place
from contracts.results import ResultStatus


class RefusedDocuments:
    """Each document with the place of the record that was refused."""

    def __init__(self) -> None:
        self._places: dict[SourceKey, Place] = {}

    def clear(self) -> None:
        """Another process's company now."""
        self._places.clear()

    def note(self, settled: Iterable[Settled]) -> None:
        """Take in how these records ended: a document that was booked, or left out, since is refused no more."""
        for each in settled:
            key, status = document_key(each.mapped), each.outcome.status
            if key is not None and status is ResultStatus.DEAD_LETTERED:
                self._places[key] = each.mapped.record.place
            elif key is not None and status is not ResultStatus.WAITING:
                self._places.pop(key, None)

    def place_of(self, key: SourceKey) -> Place | None:
        """Where the record of this document lies that is a dead letter, None for any other document."""
        return self._places.get(key)
