"""A reply to a step's outcome: written, failed for good, or recoverable by reading the books once more."""

from __future__ import annotations

from bridge.index.index import Posted
from bridge.planning.steps import PlannedStep
from bridge.posting.sending import BoundStep, KnownBooks, ResentStep, StepReply
from bridge.quickbooks.fault_codes import Action
from bridge.quickbooks.faults import Fault, classify
from bridge.settlement.step_outcomes import Done, Failed, Recoverable, StepOutcome, rejection
from contracts.entities import Entity
from contracts.posting import Operation

RECOVERABLE = frozenset(
    {
        Action.STALE,
        Action.DUPLICATE_NAME,
        Action.DUPLICATE_NUMBER,
        Action.REFERENCE_MISSING,
        Action.PERIOD_CLOSED,
    }
)
"""Faults that reading the books once more can cure."""
BUSINESS_RULE = "6000"
"""Fault 6000 tells its meaning in words only, and the words are localised."""
_REPEATED = Fault(code="610", message="the request was answered long ago with what has been made inactive since")
_OUTDATED = Fault(code="5010", message="the request was written as it was planned long ago")


def outcome_of(bound: BoundStep, answer: Entity, reply: StepReply, books: KnownBooks) -> Done | Recoverable:
    """What became of a step whose answer is what was sent; `books` remember what it wrote."""
    step = bound.step
    # because QBO replays the first answer of a known request id, recreating an entity needs a new id
    if step.operation is Operation.CREATE and books.is_dropped(step.id.entity, str(answer.get("Id"))):
        return Recoverable(step, _REPEATED, classify(_REPEATED))
    return Done(
        operation=step.operation,
        entity=step.id.entity,
        body=answer,
        posted=_remember(bound, answer, books),
        request_id=reply.call,
        intuit_tid=reply.intuit_tid,
        notes=step.notes,
    )


def outcome_of_resent(sent: ResentStep, answer: Entity, reply: StepReply, books: KnownBooks | None) -> Done:
    """What an earlier owner has written; `books` remember it, None before they are read."""
    entity, operation = sent.written.step.entity, sent.written.operation
    posted = None
    if books is not None and operation is Operation.DELETE:
        books.index.disown(entity, sent.written.step.key)
    elif books is not None:
        posted = books.remember(entity, answer, sent.sent)
    if books is not None and posted is not None:
        books.index.mark_stale_with(posted)
    return Done(
        operation=operation,
        entity=entity,
        body=answer,
        posted=posted,
        request_id=reply.call,
        intuit_tid=reply.intuit_tid,
        notes=sent.written.notes,
    )


def outdated(step: PlannedStep) -> Recoverable:
    """The step was written as it was planned long ago: what it says now is planned on that."""
    return Recoverable(step, _OUTDATED, classify(_OUTDATED))


def refusal(step: PlannedStep, fault: Fault) -> StepOutcome:
    """What a fault makes of a step."""
    disposition = classify(fault)
    if disposition.action in RECOVERABLE or _is_overpaid(step, fault):
        return Recoverable(step, fault, disposition)
    return Failed(rejection(step, fault, disposition))


def _is_overpaid(step: PlannedStep, fault: Fault) -> bool:
    """True when a payment may exceed what its invoice still asks for: a person's payment or a credit may be on it."""
    certain = fault.http_status < 500
    return certain and fault.code == BUSINESS_RULE and step.id.entity == "Payment" and bool(step.applied)


def _remember(bound: BoundStep, answer: Entity, books: KnownBooks) -> Posted | None:
    """What the books hold after the write: nothing any more of what we deleted ourselves."""
    step = bound.step
    if step.operation is Operation.DELETE:
        books.index.disown(step.id.entity, step.id.key)
        return None
    return books.remember(step.id.entity, answer, bound.wire.body)
