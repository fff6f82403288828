"""The duplicate sentinel: what the books hold twice, and what differs from what we wrote. It never repairs anything.

A live transaction that carries the marker of another one of its type can only be ours twice (QBO applied a request long
after it was given up, say) or a copy that a person made; it is told whatever became of the first. A total that is not
the one in the marker is a person's edit, or QBO's own arithmetic: it is shown as drifted. Each finding is one log line
while it stands; /status and the metrics show them all.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import structlog

from bridge.index.index import Index
from bridge.telemetry.status import CompanyBoard
from contracts.keys import SourceKey
from contracts.money import plain

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerFinding:
    """One marker that does not stand for exactly what we wrote: live copies carry it, or what we wrote has drifted.

    `written` is the total that we wrote last, `total` what the books say (of a duplicate: all of them together).
    """

    entity: str
    key: SourceKey
    ids: tuple[str, ...]
    written: Decimal
    total: Decimal
    currency: str | None
    duplicate: bool

    def shown(self) -> dict[str, object]:
        """For /status and logs: ids and amounts, nothing about people."""
        currency = self.currency
        return {
            "document": str(self.key),
            "entity": self.entity,
            "ids": list(self.ids),
            "written": plain(self.written, currency),
            "total": plain(self.total, currency),
            "currency": self.currency,
        }


def findings(index: Index) -> tuple[MarkerFinding, ...]:
    """Everything in the index that is there twice or has drifted, duplicates first."""
    duplicates = [
        MarkerFinding(
            entity=entity,
            key=key,
            ids=tuple(duplicate.id for duplicate in duplicates),
            written=duplicates[0].written,
            total=sum((duplicate.total for duplicate in duplicates), Decimal(0)),
            currency=duplicates[-1].currency,
            duplicate=True,
        )
        for (entity, key), duplicates in index.duplicates().items()
    ]
    drifted = [
        MarkerFinding(
            entity=posted.entity,
            key=posted.key,
            ids=(posted.id,),
            written=posted.written,
            total=posted.total,
            currency=posted.currency,
            duplicate=False,
        )
        for posted in index.drifted()
    ]
    return (*duplicates, *drifted)


class Sentinel:
    """Tells the board and the log of one company what was found; each finding once while it stands."""

    def __init__(self, board: CompanyBoard) -> None:
        self._board = board
        self._reported: frozenset[MarkerFinding] = frozenset()

    def report(self, index: Index) -> None:
        """Report what `index` shows now."""
        found = findings(index)
        for finding in found:
            if finding in self._reported:
                continue
            if finding.duplicate:
                log.error("books.duplicate", company=self._board.name, **finding.shown())
            else:
                log.warning("books.drifted", company=self._board.name, **finding.shown())
        self._reported = frozenset(found)
        self._board.found(
            duplicates=[finding.shown() for finding in found if finding.duplicate],
            drifted=[finding.shown() for finding in found if not finding.duplicate],
        )
