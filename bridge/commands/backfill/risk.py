"""The money of documents that a person must look at, or that wait still: by reason and currency. Pure.

What an event is about is its order's or charge's money, once: an order in doubt with its transaction is one amount, the
largest that its events tell. What an event does not tell is never a number: such documents are counted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from bridge.decoding.decision import EventMapper, MappedRecord
from contracts.entities import number
from contracts.posting import PostingPlan
from contracts.records import InboundRecord, Place
from contracts.results import Result, ResultStatus

AT_RISK = frozenset({ResultStatus.DEAD_LETTERED, ResultStatus.WAITING})


class Amount(NamedTuple):
    """What an event is about: the order or charge, and its money where that is told."""

    about: str
    amount: Decimal | None
    currency: str


@dataclass(slots=True)
class AtRisk:
    """What one reason holds up: documents, their money by currency, and how many of them tell none."""

    documents: int = 0
    sums: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    unknown: int = 0


class Risk:
    """Collects as results come; a record that waited and is booked is no risk any more."""

    def __init__(self, mapper: EventMapper | None = None) -> None:
        self._mapper = mapper
        self._open: dict[str, tuple[str, Amount]] = {}

    def add(self, records: Collection[InboundRecord], results: Iterable[Result]) -> None:
        """The results of a micro-batch, those of events that had waited among them."""
        by_place = {record.place: record for record in records}
        for result in results:
            known = self._open.pop(result.result_id, None)
            if result.status in AT_RISK:
                reason = result.reason.code if result.reason else result.status.value
                amount = known[1] if known is not None else self._amount(result, by_place)
                self._open[result.result_id] = (reason, amount)

    def by_reason(self) -> dict[str, AtRisk]:
        """What is held up now."""
        largest: dict[tuple[str, str], Amount] = {}
        for reason, amount in self._open.values():
            known = largest.get((reason, amount.about))
            if known is None or (amount.amount or Decimal(0)) > (known.amount or Decimal(0)):
                largest[reason, amount.about] = amount
        found: dict[str, AtRisk] = defaultdict(AtRisk)
        for (reason, _), amount in sorted(largest.items()):
            at_risk = found[reason]
            at_risk.documents += 1
            if amount.amount is None:
                at_risk.unknown += 1
            else:
                at_risk.sums[amount.currency] += amount.amount
        return dict(found)

    def _amount(self, result: Result, records: dict[Place, InboundRecord]) -> Amount:
        place = result.source.place
        record = records.get(place)
        mapped = self._mapper.map_record(record) if self._mapper is not None and record is not None else None
        return amount_of(mapped) if mapped is not None else Amount(result.source.document or str(place), None, "")


def amount_of(mapped: MappedRecord) -> Amount:
    """What a record is about, as its plan says, else as a Shopify body says by itself."""
    plan = mapped.decision
    if isinstance(plan, PostingPlan):
        own = next((step.draft for step in plan.steps if step.key == plan.document and step.draft is not None), None)
        total = getattr(own, "total", None) or getattr(own, "amount", None)
        return Amount(str(plan.lane), total, getattr(own, "currency", ""))
    body = mapped.envelope.body if mapped.envelope is not None and mapped.envelope.system == "shopify" else {}
    currency = body.get("currency")
    if not isinstance(currency, str):
        return Amount(str(mapped.record.place), None, "")
    amount = number(body.get("total_price", body.get("amount")))
    return Amount(f"shopify:{body.get('order_id') or body.get('id')}", amount, currency)
