"""A wave to what goes over the wire: every reference an Id, every write a request id. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.binding import Binder
from bridge.planning.steps import PlannedStep, StepId
from bridge.posting.sending import BoundStep
from bridge.quickbooks import requests
from bridge.quickbooks.batching import WireStep, pack
from bridge.settlement.step_outcomes import Blocked, Done, Failed, Postponed, StepOutcome
from contracts.errors import RecordError
from contracts.keys import SourceKey, step_request_id
from contracts.posting import Operation

_WIRE: dict[Operation, requests.Operation] = {
    Operation.CREATE: "create",
    Operation.UPDATE: "sparse_update",
    Operation.ADOPT: "sparse_update",
    Operation.VOID: "void",
    Operation.DELETE: "delete",
}


def bind_wave(
    wave: Sequence[PlannedStep],
    binder: Binder,
    realm_id: str,
    attempts: Mapping[StepId, int],
    outcomes: Mapping[StepId, StepOutcome],
) -> tuple[list[BoundStep], dict[StepId, StepOutcome]]:
    """The steps of `wave` that can be sent, and the outcomes of those that cannot.

    `outcomes` are those of the waves before; `attempts` counts earlier definitive faults of a step.
    """
    bound: list[BoundStep] = []
    unsent: dict[StepId, StepOutcome] = {}
    for step in wave:
        reason = _unsendable(step, outcomes)
        if reason is not None:
            unsent[step.id] = reason
            continue
        try:
            wire = _wire_step(step, binder, realm_id, attempts.get(step.id, 0) + 1, outcomes)
        except RecordError as error:
            unsent[step.id] = Failed(error)
        else:
            bound.append(BoundStep(step, wire))
    return bound, unsent


def prove(bound: Sequence[BoundStep]) -> None:
    """Raise what packing these steps, or writing them down, would raise."""
    pack([each.wire for each in bound])
    for each in bound:
        each.written  # noqa: B018 - computed each time


def _unsendable(step: PlannedStep, outcomes: Mapping[StepId, StepOutcome]) -> StepOutcome | None:
    """Why a step is not sent: the books are closed for it, or what it needs was not written. None when it may be."""
    if step.barred is not None:
        return Postponed(str(step.barred)) if step.held else Failed(step.barred)
    blocker = next((need for need in step.needs if not isinstance(outcomes.get(need), Done)), None)
    return None if blocker is None else Blocked(blocker)


def _wire_step(
    step: PlannedStep, binder: Binder, realm_id: str, attempt: int, outcomes: Mapping[StepId, StepOutcome]
) -> WireStep:
    body = binder.bind(step)
    if step.id.part == "note":
        done = next(outcome for need in step.needs if isinstance(outcome := outcomes[need], Done))
        body["SyncToken"] = str(done.body["SyncToken"])
    named = SourceKey(step.id.key.system, step.id.key.kind, f"{step.id.key.id}@{step.id.part}")
    # because QBO answers a known request id with its first answer, each attempt after a fault needs an id of its own
    request_id = step_request_id(
        realm_id,
        named if step.id.part else step.id.key,
        step.id.entity,
        step.operation.value,
        target=body.get("Id"),
        sync_token=body.get("SyncToken"),
        attempt=attempt,
    )
    return WireStep(entity=step.id.entity, operation=_WIRE[step.operation], body=body, request_id=request_id)
