"""The dead letters among the last records of each kind of document: what a row over all kinds cannot see."""

from __future__ import annotations

from collections import Counter, deque

from bridge.decoding.decision import MappedRecord
from bridge.settlement.reporting import document_key
from contracts.containment import contained
from contracts.errors import InternalFault


class Shares:
    """Keeps how the last `2 * limit` records of each kind have ended, of those that count."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._last: dict[str, deque[str | None]] = {}

    def clear(self) -> None:
        """Begin anew."""
        self._last.clear()

    def count(self, kind: str, code: str | None) -> None:
        """One more record of this kind: the reason of its dead letter, None for one that is in the books."""
        if not kind:
            return  # because records that do not say what they are have nothing in common
        self._last.setdefault(kind, deque(maxlen=2 * self._limit)).append(code)

    def refused(self, kind: str) -> int:
        """How many of them are dead letters."""
        return sum(code is not None for code in self._last.get(kind, ()))

    def records(self, kind: str) -> int:
        """Of how many the end is kept."""
        return len(self._last.get(kind, ()))

    def in_doubt(self, kind: str) -> bool:
        """True while the last one that counts is a dead letter."""
        last = self._last.get(kind)
        return last is not None and len(last) > 0 and last[-1] is not None

    def reason(self, kind: str) -> str:
        """The reason that most of them have."""
        ((code, _),) = Counter(code for code in self._last[kind] if code is not None).most_common(1)
        return code


def kind_of(mapped: MappedRecord) -> str:
    """The kind of document that a record is about (`shopify:order`), else the type of its event, else nothing."""
    try:
        with contained():
            key = document_key(mapped)
    except InternalFault:
        key = None  # because the record itself ends with that bug, a little later
    if key is not None:
        return f"{key.system}:{key.kind}"
    return mapped.envelope.event_type if mapped.envelope is not None else ""
