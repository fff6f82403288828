"""Documents whose own event is a dead letter: what waits for one of them waits in vain, and ends with it.

The journal keeps each for the next owner until the document is booked after all, and for no longer than anything waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bridge.company.pipeline import SettledRecord
from bridge.journal.refused import RefusedDocument, read_refused, refused_key, refused_value
from bridge.settlement.reporting import document_key
from contracts.keys import SourceKey
from contracts.records import Place
from contracts.results import POSSIBLE_DUPLICATE, ResultStatus


class RefusedDocuments:
    """Each document with the place of the record that was refused, for as long as `kept` at most."""

    def __init__(self, kept: timedelta) -> None:
        self._kept = kept
        self._found: dict[SourceKey, RefusedDocument] = {}
        self._changed: dict[SourceKey, RefusedDocument | None] = {}

    def clear(self) -> None:
        """Another process's company now."""
        self._found.clear()
        self._changed.clear()

    def load(self, journal: Mapping[str, bytes]) -> None:
        """Take in what earlier owners left in their journal. UnreadableJournal for an unknown format."""
        self.clear()
        self._found.update(sorted(read_refused(journal).items(), key=lambda entry: entry[1].at))

    def note(self, settled: Iterable[SettledRecord], now: datetime) -> None:
        """Take in how these records ended: a document that was booked, or left out, since is refused no more."""
        for each in settled:
            key, status = document_key(each.mapped), each.outcome.status
            if is_in_doubt(each):
                continue  # because its money waits for the same decision
            if key is not None and status is ResultStatus.DEAD_LETTERED:
                self._forget(key)
                self._found[key] = self._changed[key] = RefusedDocument(each.mapped.record.place, now)
            elif key is not None and status is not ResultStatus.WAITING:
                self._forget(key)
        self._forget_old(now)

    def place_of(self, key: SourceKey) -> Place | None:
        """Where the record of this document lies that is a dead letter, None for any other document."""
        found = self._found.get(key)
        return found.place if found is not None else None

    def take_changed(self) -> dict[str, bytes | None]:
        """What the journal has to keep, or with None to end, since this was asked last."""
        changed, self._changed = self._changed, {}
        return {refused_key(key): refused_value(each) if each is not None else None for key, each in changed.items()}

    def _forget(self, key: SourceKey) -> None:
        if self._found.pop(key, None) is not None:
            self._changed[key] = None

    def _forget_old(self, now: datetime) -> None:
        """The oldest are first, because whatever is refused anew goes to the end."""
        while self._found:
            oldest = next(iter(self._found))
            if now - self._found[oldest].at < self._kept:
                return
            self._forget(oldest)


def is_in_doubt(settled: SettledRecord) -> bool:
    """True for an event of an order that may be in the books already."""
    reason = settled.outcome.reason
    return reason is not None and reason.code == POSSIBLE_DUPLICATE
