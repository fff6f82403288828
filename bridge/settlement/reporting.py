"""Outcomes become records: one result each, and a dead letter with the original bytes where a person must act. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bridge.decoding.decision import MappedRecord
from bridge.settlement.outcome import Outcome
from contracts.bodies import read_time, read_unix_time
from contracts.dead_letters import dead_letter_record
from contracts.envelope import Envelope
from contracts.errors import RejectedPosting
from contracts.keys import SourceKey
from contracts.posting import Ignored, PostingPlan
from contracts.records import OutboundRecord
from contracts.results import Result, ResultStatus, Source, Warned, result_id, result_record
from mappings.documents import document_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """What every record of one company's results has in common."""

    company: str
    realm_id: str
    rules_version: str
    results_topic: str
    dead_letters_topic: str

    def records(
        self, mapped: MappedRecord, outcome: Outcome, *, received_at: datetime, now: datetime
    ) -> tuple[OutboundRecord, ...]:
        """The result of one record and, when it is dead-lettered, the dead letter."""
        result = self._result(mapped, outcome, received_at, now)
        record = result_record(result, self.results_topic, published_at=now)
        if outcome.status is not ResultStatus.DEAD_LETTERED:
            return (record,)
        return record, self._dead_letter(mapped, outcome, now)

    def _result(self, mapped: MappedRecord, outcome: Outcome, received_at: datetime, now: datetime) -> Result:
        record, envelope = mapped.record, mapped.envelope
        document = document_key(mapped)
        source = Source(
            system=envelope.system if envelope else None,
            event_type=envelope.event_type if envelope else None,
            event_id=envelope.event_id if envelope else None,
            document=str(document) if document else None,
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
        )
        return Result(
            result_id=result_id(self.company, *record.position, record.offset),
            status=outcome.status,
            company=self.company,
            realm_id=self.realm_id,
            source=source,
            entities=outcome.entities,
            reason=outcome.reason,
            warnings=warnings_of(mapped, outcome),
            rules_version=self.rules_version,
            attempts=outcome.attempts,
            occurred_at=happened_at(envelope) if envelope else None,
            received_at=received_at,
            posted_at=now if outcome.status is ResultStatus.POSTED else None,
        )

    def _dead_letter(self, mapped: MappedRecord, outcome: Outcome, now: datetime) -> OutboundRecord:
        record, reason, error = mapped.record, outcome.reason, outcome.error
        headers = {
            "reason-code": reason.code if reason else "",
            "reason": reason.message if reason else "",
            "company": self.company,
            "topic": record.topic,
            "partition": str(record.partition),
            "offset": str(record.offset),
            "attempts": str(outcome.attempts),
            "fault-code": (reason.fault_code or "") if reason else "",
            "intuit-tid": (error.intuit_tid or "") if isinstance(error, RejectedPosting) else "",
            "failed-at": now.isoformat(),
            "ended-with": str(outcome.ended_with) if outcome.ended_with else "",
            "value-omitted": "lost" if record.value is None else "",
        }
        return dead_letter_record(record, self.dead_letters_topic, headers)


def happened_at(envelope: Envelope) -> datetime | None:
    """The source's own time of the event; where it gives none, when the document was changed or made last.

    For telling only: what is booked is dated by the mapping.
    """
    if envelope.occurred_at is not None:
        return envelope.occurred_at
    body = envelope.body
    if envelope.system == "stripe":
        return _readable(read_unix_time, body.get("created"))
    found = (_readable(read_time, body.get(name)) for name in ("updated_at", "processed_at", "created_at"))
    return next((time for time in found if time is not None), None)


def _readable(read: Callable[[object], datetime], value: object) -> datetime | None:
    try:
        return read(value)
    except ValueError:
        return None


def warnings_of(mapped: MappedRecord, outcome: Outcome) -> tuple[Warned, ...]:
    """What the mapping could not know, and what planning found; of a record that was not mapped nothing is said."""
    if not isinstance(mapped.decision, PostingPlan | Ignored):
        return ()
    found = dict.fromkeys((*mapped.decision.warnings, *outcome.cautions))
    return tuple(Warned(code=each.code, message=each.message) for each in found)


def document_key(mapped: MappedRecord) -> SourceKey | None:
    """The document that a record is about, None when it does not say it plainly."""
    match mapped.decision:
        case PostingPlan(document=document) | Ignored(document=SourceKey() as document):
            return document
    return document_of(mapped.envelope) if mapped.envelope else None
