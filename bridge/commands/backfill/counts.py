"""What a bounded run did, counted as it goes: outcomes by status and reason, writes by currency. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from bridge.commands.backfill.risk import Risk
from contracts.records import InboundRecord
from contracts.results import Result, ResultStatus, result_id


class WriteKind(NamedTuple):
    """One way in which the books were changed."""

    entity: str
    operation: str
    currency: str


@dataclass(slots=True)
class Sum:
    """How often, and what the answers' totals add up to; None for what has no total."""

    times: int = 0
    total: Decimal | None = None


@dataclass(slots=True)
class BackfillCounts:
    """The counts of one company's run. A record counts once, with its newest outcome."""

    company: str
    read: int = 0
    """Records of the range."""
    other_companies: int = 0
    """Of these, records that are another company's business: they have no result here."""
    outside_range: int = 0
    """Events from outside the range that had been waiting and have their terminal result now."""
    written: dict[WriteKind, Sum] = field(default_factory=dict)
    risk: Risk = field(default_factory=Risk)
    """The money of what a person must look at, and of what waits."""
    _outcomes: Counter[tuple[ResultStatus, str]] = field(default_factory=Counter)
    _waiting: dict[str, str] = field(default_factory=dict)

    @property
    def outcomes(self) -> Mapping[tuple[ResultStatus, str], int]:
        """Records by status and reason code ("" for none), the waiting ones with them."""
        waiting = Counter((ResultStatus.WAITING, code) for code in self._waiting.values())
        return self._outcomes + waiting

    def add(self, records: Collection[InboundRecord], results: Iterable[Result], parked: Collection[str]) -> None:
        """A micro-batch is settled: its records, what was told, and the result ids of records that go on waiting."""
        self.read += len(records)
        results = list(results)
        self.risk.add(records, results)
        ours = {result_id(self.company, *record.position, record.offset) for record in records}
        published = set()
        for result in results:
            published.add(result.result_id)
            self._add(result, ours)
        for silent in ours - published:
            if silent in parked:
                self._waiting.setdefault(silent, "waiting")
            else:
                self.other_companies += 1

    def _add(self, result: Result, ours: Collection[str]) -> None:
        code = result.reason.code if result.reason else ""
        known = self._waiting.pop(result.result_id, None) is not None or result.result_id in ours
        if result.status is ResultStatus.WAITING:
            self._waiting[result.result_id] = code
        elif known:
            self._outcomes[result.status, code] += 1
        else:
            self.outside_range += 1
        for entity in result.entities:
            if entity.operation != "none":
                sums = self.written.setdefault(WriteKind(entity.entity, entity.operation, entity.currency or ""), Sum())
                sums.times += 1
                if entity.total is not None:
                    sums.total = (sums.total or Decimal(0)) + Decimal(entity.total)
