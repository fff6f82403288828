"""What became of one event: its resolutions and what QBO said, in one status. Pure.

Money decides before content: an event that changed the books is `posted` although its body was superseded, and one
refused step makes a dead letter although others went through (they are named in the result).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bridge.index.index import Posted
from bridge.planning.steps import Refused, Skipped, StepId, StepResolution, Superseded, Waiting, Write
from bridge.settlement.step_outcomes import Blocked, Done, Failed, Postponed, Recoverable, StepOutcome, rejection
from contracts.entities import number
from contracts.errors import RecordError, RejectedPosting
from contracts.money import plain
from contracts.posting import Caution, Intent, Operation, PostingPlan, PostingStep
from contracts.quickbooks import ShipmentDraft
from contracts.records import Place
from contracts.results import PostedEntity, Reason, ResultStatus

_OF_A_DOCUMENT = frozenset({Intent.STATE, Intent.VOID, Intent.WITHDRAWN})
_NEWER = Reason(code="newer_version", message="a newer version of the document is in the books")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a record. `error` is there exactly when it is dead-lettered.

    `ended_with` is the record of the document that it waited for, where that one is a dead letter itself. `cautions`
    are what planning found that a person should know.
    """

    status: ResultStatus
    reason: Reason | None = None
    entities: tuple[PostedEntity, ...] = ()
    error: RecordError | None = None
    attempts: int = 1
    ended_with: Place | None = None
    cautions: tuple[Caution, ...] = ()


def outcome_of(
    plan: PostingPlan,
    resolutions: Iterable[StepResolution],
    outcomes: Mapping[StepId, StepOutcome],
    written_for: Iterable[StepId],
) -> Outcome:
    """The outcome of `plan`. `written_for` are the writes that are credited to it, name-list entities included."""
    resolved = [_resolved(plan, resolution, outcomes) for resolution in resolutions]
    credited = [step_id for step_id in written_for if isinstance(outcomes.get(step_id), Done)]
    entities = _entities(resolved, credited, outcomes)
    for resolution in resolved:
        if isinstance(resolution, Refused):
            return refused(resolution.error, entities)
    for resolution in resolved:
        if isinstance(resolution, Waiting):
            return waiting(resolution.message, entities)
    if credited and not _only_adopted(credited, outcomes):
        return Outcome(status=ResultStatus.POSTED, entities=entities)
    for resolution in resolved:
        if isinstance(resolution, Skipped):
            return ignored(resolution.code, resolution.message)
    if any(isinstance(resolution, Superseded) for resolution in resolved):
        return Outcome(status=ResultStatus.SUPERSEDED, reason=_NEWER, entities=entities)
    return Outcome(status=ResultStatus.ALREADY_POSTED, entities=entities)


def _only_adopted(credited: Iterable[StepId], outcomes: Mapping[StepId, StepOutcome]) -> bool:
    """True when everything was in the books before: our markers change nothing of them."""
    return all(isinstance(each := outcomes[step], Done) and each.operation is Operation.ADOPT for step in credited)


def refused(error: RecordError, entities: tuple[PostedEntity, ...] = ()) -> Outcome:
    """A dead letter, with QBO's own code and the step when QBO refused."""
    code, fault_code, step = error.code, None, None
    if isinstance(error, RejectedPosting):
        code, fault_code, step = error.reason_code, error.fault_code, error.step
    reason = Reason(code=code, message=str(error), fault_code=fault_code, step=step)
    return Outcome(status=ResultStatus.DEAD_LETTERED, reason=reason, entities=entities, error=error)


def written_by(written: Iterable[Done]) -> tuple[PostedEntity, ...]:
    """The entities of writes, for a record that is told though the rest of it came to nothing."""
    return tuple(_written(done, done.operation) for done in written)


def waiting(message: str, entities: tuple[PostedEntity, ...] = ()) -> Outcome:
    """Parked until what it depends on is there; `message` names that."""
    reason = Reason(code="waiting", message=message)
    return Outcome(status=ResultStatus.WAITING, reason=reason, entities=entities)


def ignored(code: str, message: str) -> Outcome:
    """Nothing to book, by rule."""
    return Outcome(status=ResultStatus.IGNORED, reason=Reason(code=code, message=message))


def _resolved(plan: PostingPlan, resolution: StepResolution, outcomes: Mapping[StepId, StepOutcome]) -> StepResolution:
    """A write that did not happen is a refusal when the plan itself is at fault, else it waits for the other event.

    An event that carries a whole document depends on no other event: whatever stopped its writes is its own fault.
    """
    if not isinstance(resolution, Write) or isinstance(outcomes.get(resolution.step), Done):
        return resolution
    culprit = stopped_by(resolution.step, outcomes)
    found = outcomes.get(culprit)
    if isinstance(found, Postponed):
        return Waiting(found.message)
    # because a redrive books only its own document, a write that another event asked for is waited for instead
    own = (resolution.credited and culprit == resolution.step) or any(
        _answers_for(step, culprit) for step in plan.steps
    )
    if own and isinstance(found, Failed | Recoverable):
        error = found.error if isinstance(found, Failed) else rejection(found.step, found.fault, found.disposition)
        return Refused(error)
    return Waiting(f"the {culprit} could not be written")


def _answers_for(step: PostingStep, culprit: StepId) -> bool:
    """True for the step of a whole document, but a parcel, and for the step that failed."""
    is_document = step.intent in _OF_A_DOCUMENT and not isinstance(step.draft, ShipmentDraft)
    return is_document or step.key == culprit.key


def stopped_by(step_id: StepId, outcomes: Mapping[StepId, StepOutcome]) -> StepId:
    """The step that keeps this one from going out, itself where none does."""
    outcome = outcomes.get(step_id)
    return stopped_by(outcome.by, outcomes) if isinstance(outcome, Blocked) else step_id


def _entities(
    resolutions: Iterable[StepResolution], credited: Iterable[StepId], outcomes: Mapping[StepId, StepOutcome]
) -> tuple[PostedEntity, ...]:
    """The entities of the event, each once: what it wrote, then what the books already had for it."""
    found: dict[tuple[str, str], PostedEntity] = {}
    for step_id in credited:
        done = outcomes[step_id]
        if isinstance(done, Done):
            entity = _written(done, done.operation)
            found.setdefault((entity.entity, entity.id), entity)
    for resolution in resolutions:
        known = _known(resolution, outcomes)
        if known is not None:
            found.setdefault((known.entity, known.id), known)
    return tuple(found.values())


def _known(resolution: StepResolution, outcomes: Mapping[StepId, StepOutcome]) -> PostedEntity | None:
    if isinstance(resolution, Write):
        done = outcomes.get(resolution.step)
        return _written(done, Operation.NONE) if isinstance(done, Done) else None
    if isinstance(resolution, Waiting) or resolution.posted is None:
        return None
    return _as_posted(resolution.posted)


def _written(done: Done, operation: Operation) -> PostedEntity:
    body = done.body
    reference = body.get("CurrencyRef")
    currency = str(reference["value"]) if isinstance(reference, Mapping) and "value" in reference else None
    return PostedEntity(
        entity=done.entity,
        operation=operation.value,
        id=str(body["Id"]),
        sync_token=str(body["SyncToken"]) if "SyncToken" in body else None,
        doc_number=str(body["DocNumber"]) if body.get("DocNumber") else None,
        total=_amount(body, "TotalAmt", currency),
        balance=_amount(body, "Balance", currency) if done.entity == "Invoice" else None,
        currency=currency,
        request_id=done.request_id,
        intuit_tid=done.intuit_tid,
    )


def _as_posted(posted: Posted) -> PostedEntity:
    return PostedEntity(
        entity=posted.entity,
        operation="none",
        id=posted.id,
        sync_token=posted.sync_token,
        doc_number=posted.doc_number,
        total=plain(posted.total, posted.currency),
        balance=plain(posted.balance, posted.currency) if posted.balance is not None else None,
        currency=posted.currency,
    )


def _amount(body: Mapping[str, object], name: str, currency: str | None) -> str | None:
    amount = number(body.get(name))
    return plain(amount, currency) if amount is not None else None
