"""How a record ends that may wait no longer, and one that a bug of ours has met."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from bridge.books.books import Books
from bridge.company.pipeline import Processed, SettledRecord
from bridge.company.refused_documents import RefusedDocuments
from bridge.company.waiting_room import WaitingRoom
from bridge.decoding.decision import MappedRecord
from bridge.journal.waiting import Parked, fits
from bridge.settlement.outcome import Outcome, refused
from bridge.settlement.reporting import document_key
from contracts.containment import contained
from contracts.errors import InternalFault, RecordError
from contracts.keys import SourceKey
from contracts.posting import PostingPlan
from contracts.records import InboundRecord, RecordId
from contracts.results import ResultStatus


class Orphan(RecordError):
    """What the record waited for never came."""

    code = "orphan"


class TooLarge(RecordError):
    """The record is larger than what can be kept of it."""

    code = "too_large"


def bare(record: InboundRecord, fault: InternalFault) -> SettledRecord:
    """The end of a record that a bug of ours has met."""
    return SettledRecord(mapped=MappedRecord.broken(record, fault), outcome=refused(fault))


@dataclass(frozen=True, slots=True)
class Endings:
    """Decides what waits on, in one company."""

    books: Books
    room: WaitingRoom
    refused: RefusedDocuments

    def final(self, processed: Processed, over: Collection[RecordId], now: datetime) -> Processed:
        """What may not wait any longer (`over`), or cannot, is refused."""
        settled = [_each_alone(each, _asked_for_its_document) for each in processed.settled]
        self.refused.note(settled, now)
        return replace(
            processed,
            settled=tuple(
                _each_alone(each, lambda one: replace(one, outcome=self._ended(one, over, now))) for each in settled
            ),
        )

    def _ended(self, settled: SettledRecord, over: Collection[RecordId], now: datetime) -> Outcome:
        outcome, record = settled.outcome, settled.mapped.record
        if outcome.status is not ResultStatus.WAITING:
            return outcome
        ended = self._with_its_document(settled)
        if ended is not None:
            return ended
        if record.id in over and self.books.reaches(_books_since(settled.mapped)):
            return refused(Orphan(f"waited too long: {_message(outcome)}"))
        if self.room.since(record) is None and not fits(Parked(record, now)):
            return refused(TooLarge(f"too large to be kept while it waits: {_message(outcome)}"))
        return outcome

    def _with_its_document(self, settled: SettledRecord) -> Outcome | None:
        """The end of what waits for a document that is a dead letter and not in the books; None for all else.

        A payout waits for everything that it pays out.
        """
        plan = settled.mapped.decision
        awaited = self._awaited(plan) if isinstance(plan, PostingPlan) else ()
        for document in awaited:
            place = self.refused.place_of(document)
            if place is not None and not self._is_booked(document):
                # because nothing but a redrive of that document can bring it, waiting would hide the money till then
                belongs = "which it belongs to" if document == awaited[0] else "which it pays out"
                error = Orphan(
                    f"{document}, {belongs}, is a dead letter (record {place}): redriving that redrives both"
                )
                return replace(refused(error), ended_with=place)
        return None

    def _awaited(self, plan: PostingPlan) -> tuple[SourceKey, ...]:
        """Its own document first; of a charge that the shop books the order, too, which its own event named before."""
        links = self.books.index.payment_links
        names = [name for key in plan.wakes for name in (key, *links.payments_of_document(key))]
        orders = [each for name in names for each in links.documents_of(name) if each.system != name.system]
        return (plan.lane, *plan.wakes, *orders)

    def _is_booked(self, document: SourceKey) -> bool:
        index = self.books.index
        return index.sale(document) is not None or index.get("Payment", document) is not None


def _each_alone(settled: SettledRecord, end: Callable[[SettledRecord], SettledRecord]) -> SettledRecord:
    """What `end` makes of one record; a bug that it meets there is that record's end."""
    try:
        with contained():
            return end(settled)
    except InternalFault as fault:
        return bare(settled.mapped.record, fault)


def _asked_for_its_document(settled: SettledRecord) -> SettledRecord:
    """The same record; raises now what whoever asks for its document later would meet."""
    document_key(settled.mapped)
    return settled


def _books_since(mapped: MappedRecord) -> datetime | None:
    return mapped.decision.books_since if isinstance(mapped.decision, PostingPlan) else None


def _message(outcome: Outcome) -> str:
    return outcome.reason.message if outcome.reason else "what it depends on is not there"
