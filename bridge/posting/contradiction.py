"""An answer with our marker and another total than was sent: what is in the books is not what the record says.

The document is taken back, void or deleted, and its record is a conflict with both totals. Going on does no harm then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from bridge.planning.steps import PlannedStep, StepId
from bridge.posting.sending import BoundStep
from bridge.quickbooks.batching import WireStep
from bridge.quickbooks.requests import VOIDABLE
from bridge.quickbooks.verify import mismatch, other_total
from contracts.entities import Entity
from contracts.errors import AnswerMismatch, RejectedPosting
from contracts.keys import SourceKey, step_request_id
from contracts.posting import Operation

UNDONE = "undone"
"""The part of a step that takes its document back."""


def totals_apart(step: StepId, operation: Operation, sent: Mapping[str, Any], answer: Entity) -> tuple[Decimal, ...]:
    """The total that was sent and the one that was answered; nothing when the answer is what was sent.

    AnswerMismatch for an answer about something else, and for a void that is none.
    """
    different = mismatch(sent, answer)
    if different is None:
        return ()
    totals = other_total(sent, answer) if operation in (Operation.CREATE, Operation.UPDATE, Operation.ADOPT) else None
    if totals is None:
        # because an answer about something else means that we do not know what is in the books: nobody may go on
        raise AnswerMismatch(f"QBO's answer to the {step} is not what was sent: {different}")
    return totals


def taking_back(step: StepId, answer: Entity, realm_id: str) -> BoundStep:
    """The step that takes the answered document out of the books again."""
    operation = Operation.VOID if step.entity in VOIDABLE else Operation.DELETE
    token = str(answer["SyncToken"])
    key, ident = SourceKey(step.key.system, step.key.kind, f"{step.key.id}@{UNDONE}"), str(answer["Id"])
    wire = WireStep(
        entity=step.entity,
        operation="void" if operation is Operation.VOID else "delete",
        body={"Id": ident, "SyncToken": token},
        request_id=step_request_id(
            realm_id, key, step.entity, operation.value, target=ident, sync_token=token, attempt=1
        ),
    )
    planned = PlannedStep(id=StepId(step.entity, step.key, UNDONE), operation=operation, owner=-1)
    return BoundStep(planned, wire)


def as_it_stood(step: PlannedStep, answer: Entity) -> PlannedStep:
    """The step that writes lines and tax of an adopted document as they were before our marker came on it."""
    target = replace(step.target, sync_token=str(answer["SyncToken"])) if step.target is not None else None
    return replace(step, id=step.id._replace(part="as it stood"), operation=Operation.UPDATE, target=target)


def moved_by_adoption(step: StepId, totals: tuple[Decimal, ...], answer: Entity) -> RejectedPosting:
    """The record's error where that did not help."""
    before, now = totals
    return RejectedPosting(
        f"{step.entity.lower()}/{answer['Id']} was over {before} and is over {now} since it carries our marker: "
        "QBO has computed its tax anew",
        reason_code="conflict",
        step=step.entity.lower(),
    )


def conflict(step: StepId, totals: tuple[Decimal, ...], answer: Entity, refused: str | None) -> RejectedPosting:
    """The record's error; `refused` is what keeps the document in the books."""
    wanted, found = totals
    named = f"{step.entity.lower()}/{answer['Id']}"
    done = "it was taken out of the books again" if refused is None else f"it could not be taken out again: {refused}"
    return RejectedPosting(
        f"QBO made {named} over {found} of what was sent over {wanted}; {done}",
        reason_code="conflict",
        step=step.entity.lower(),
    )
