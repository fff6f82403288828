"""Stops 3 and 4 of the walk: bytes to envelope, envelope to plan, and whose record it is at all. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.decoding.headers import claimed_shop
from bridge.decoding.record import decode_record
from bridge.decoding.routing import Router
from contracts.containment import contained
from contracts.envelope import Envelope
from contracts.errors import InternalFault, RecordError
from contracts.matching import Matching
from contracts.opening import OpeningAccounts
from contracts.posting import ClosedPeriod, Ignored, PostingPlan
from contracts.records import InboundRecord
from mappings.matching import matching_of
from mappings.registry import map_event
from mappings.rules import MappingRules
from mappings.start import opening_of


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedRecord:
    """A record of this company and what follows from it: a plan, nothing to book, or an error that is its own."""

    record: InboundRecord
    envelope: Envelope | None
    decision: PostingPlan | Ignored | RecordError

    @classmethod
    def broken(cls, record: InboundRecord, fault: InternalFault) -> MappedRecord:
        """A record that a bug of ours has met: nothing of what it holds is looked at any more."""
        return cls(record=record, envelope=None, decision=fault)


class EventMapper:
    """Judges records for one company; the first company in the file also speaks for what no company owns."""

    def __init__(self, company: str, router: Router, rules: MappingRules) -> None:
        self._company = company
        self._router = router
        self._rules = rules
        self._first = router.first
        self.matching: Matching = matching_of(rules)
        """How an order is compared with what the books hold already."""

    @property
    def closed_period(self) -> ClosedPeriod:
        """What the company's rules say of closed books."""
        return self._rules.closed_period

    @property
    def opening(self) -> OpeningAccounts | None:
        """Where money of sales from before the start of the books goes."""
        return opening_of(self._rules)

    def map_record(self, record: InboundRecord) -> MappedRecord | None:
        """What `record` means for this company; None when it is another company's business."""
        if record.unread is not None:
            return self._mine(record, None, InternalFault(record.unread), None)
        try:
            with contained():
                envelope = decode_record(record)
                owner = self._router.company_of(envelope) if envelope is not None else None
        except RecordError as error:
            return self._mine(record, None, error, self._claimant(record))
        if envelope is None:
            nothing = Ignored(code="tombstone", message="the record has no value")
            return self._mine(record, None, nothing, self._claimant(record))
        if owner is None:
            unknown = Ignored(code="unknown_source", message="no company lists the shop or account of this event")
            return self._mine(record, envelope, unknown, None)
        return self._mapped(record, envelope) if owner == self._company else None

    def _mapped(self, record: InboundRecord, envelope: Envelope) -> MappedRecord:
        try:
            with contained():
                decision: PostingPlan | Ignored | RecordError = map_event(envelope, self._rules)
                if isinstance(decision, PostingPlan) and record.recorded_at is not None:
                    decision = decision.known_at(record.recorded_at)
        except RecordError as error:
            decision = error
        return MappedRecord(record=record, envelope=envelope, decision=decision)

    def _claimant(self, record: InboundRecord) -> str | None:
        """The company of the shop that the headers of a record name; None where they cannot be read."""
        try:
            with contained():
                return self._router.company_of_shop(claimed_shop(record))
        except InternalFault:
            return None

    def _mine(
        self, record: InboundRecord, envelope: Envelope | None, decision: Ignored | RecordError, owner: str | None
    ) -> MappedRecord | None:
        """The verdict when this company owns the record, or speaks for what nobody owns."""
        if (owner or self._first) != self._company:
            return None
        return MappedRecord(record=record, envelope=envelope, decision=decision)
