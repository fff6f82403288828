"""Orders that may be in the books already: which, why, and what a person has decided of them.

Each of their events is told as a dead letter and kept in the journal; after the decision it is processed again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bridge.company.pipeline import SettledRecord
from bridge.decoding.decision import MappedRecord
from bridge.journal.doubts import (
    DoubtfulEvent,
    decision_key,
    doubt_key,
    doubt_value,
    fits,
    read_decisions,
    read_doubts,
)
from bridge.matching.there import AlreadyThere
from contracts.errors import RejectedPosting
from contracts.keys import SourceKey
from contracts.matching import Decision, Matching
from contracts.posting import PostingPlan
from contracts.quickbooks import InvoiceDraft, SalesReceiptDraft
from contracts.records import InboundRecord
from contracts.results import POSSIBLE_DUPLICATE, ResultStatus


class Doubts:
    """The orders in doubt of one company, with the keys of their events in the journal, and people's decisions."""

    def __init__(self) -> None:
        self._why: dict[SourceKey, str] = {}
        self._events: dict[SourceKey, dict[str, None]] = {}
        self._decisions: dict[SourceKey, Decision] = {}
        self._changed: dict[str, bytes | None] = {}

    def __len__(self) -> int:
        return len(self._why)

    def clear(self) -> None:
        """Another process's company now."""
        for each in (self._why, self._events, self._decisions, self._changed):
            each.clear()

    def load(self, journal: Mapping[str, bytes]) -> None:
        """Take in what the journal keeps. UnreadableJournal for an unknown format."""
        self.clear()
        for event in read_doubts(journal):
            self._keep(event)
        self._decisions.update(read_decisions(journal))

    def there(self, matching: Matching) -> AlreadyThere:
        """What planning has to know."""
        return AlreadyThere(matching=matching, decisions=self._decisions, doubts=self._why)

    def hear(self, written: Mapping[str, bytes]) -> None:
        """Take in the decisions among entries that were written since: of one order the last counts."""
        self._decisions.update(read_decisions(written))

    def decided(self, is_booked: Callable[[SourceKey], bool]) -> frozenset[SourceKey]:
        """The orders in doubt that a person has decided, or that are booked by now: their events can go on."""
        return frozenset(order for order in self._why if order in self._decisions or is_booked(order))

    def note(self, settled: Iterable[SettledRecord]) -> set[SourceKey]:
        """Take in how these records ended; the orders that are in doubt since."""
        found: set[SourceKey] = set()
        for each in settled:
            order, record = _order_of(each.mapped), each.mapped.record
            if order is None:
                continue
            error = each.outcome.error
            if isinstance(error, RejectedPosting) and error.reason_code == POSSIBLE_DUPLICATE:
                self._begin(DoubtfulEvent(order, str(error), _name_of(each.mapped), record))
                found.add(order)
            elif each.outcome.status is ResultStatus.WAITING:
                # because it has not met the decision yet: the books may have to be read back to its day first
                self._remove(order, record)
            elif order in self._why or order in self._decisions:
                self._end(order, record)
        return found

    def events_of(self, orders: Iterable[SourceKey], journal: Mapping[str, bytes]) -> list[InboundRecord]:
        """The events of these orders that the journal keeps, in their order."""
        wanted = {key for order in orders for key in self._events.get(order, ())}
        kept = {key: value for key, value in journal.items() if key in wanted}
        return [event.record for event in read_doubts(kept)]

    def take_changed(self) -> dict[str, bytes | None]:
        """What the journal has to keep, or with None to end, since this was asked last."""
        changed, self._changed = self._changed, {}
        return changed

    def _begin(self, event: DoubtfulEvent) -> None:
        # because a decision that could not be carried out would otherwise be tried again for ever
        self._drop_decision(event.order)
        self._keep(event)
        if fits(event):
            self._changed[doubt_key(event.record)] = doubt_value(event)

    def _keep(self, event: DoubtfulEvent) -> None:
        self._why[event.order] = event.why
        self._events.setdefault(event.order, {})[doubt_key(event.record)] = None

    def _end(self, order: SourceKey, record: InboundRecord) -> None:
        """The record has another end now; with the last one of its order the decision is carried out."""
        if self._remove(order, record):
            self._drop_decision(order)

    def _remove(self, order: SourceKey, record: InboundRecord) -> bool:
        """The record is kept elsewhere, or no longer; True where it was the last one of its order."""
        events = self._events.get(order, {})
        if doubt_key(record) in events:
            events.pop(doubt_key(record))
            self._changed[doubt_key(record)] = None
        if not events:
            self._why.pop(order, None)
            self._events.pop(order, None)
        return not events

    def _drop_decision(self, order: SourceKey) -> None:
        if self._decisions.pop(order, None) is not None:
            self._changed[decision_key(order)] = None


def _order_of(mapped: MappedRecord) -> SourceKey | None:
    plan = mapped.decision
    return plan.lane if isinstance(plan, PostingPlan) and plan.lane.kind in ("order", "payout") else None


def _name_of(mapped: MappedRecord) -> str | None:
    """What people call the order of a record, None where it does not say it."""
    plan = mapped.decision
    drafts = [step.draft for step in plan.steps] if isinstance(plan, PostingPlan) else []
    sales = (each.sale if isinstance(each, SalesReceiptDraft) else each for each in drafts)
    return next((each.named.name for each in sales if isinstance(each, InvoiceDraft) and each.named), None)
