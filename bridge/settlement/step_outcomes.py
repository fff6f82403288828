"""What became of a step that was to be written: done, refused, curable, blocked by another, or postponed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.index.posted import Posted
from bridge.planning.steps import PlannedStep, StepId
from bridge.quickbooks.faults import Disposition, Fault, describe
from contracts.entities import Entity
from contracts.errors import RecordError, RejectedPosting
from contracts.keys import SourceKey
from contracts.posting import Operation, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A step that is carried out. `request_id` names the call, in a batch `<requestid>/<bId>`; None without one.

    `notes` are versions of other documents that hold since then.
    """

    operation: Operation
    entity: str
    body: Entity
    posted: Posted | None
    request_id: str | None
    intuit_tid: str | None
    notes: Mapping[SourceKey, Version] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """A step that QBO (or the company's own set-up) refuses for good."""

    error: RecordError


@dataclass(frozen=True, slots=True)
class Recoverable:
    """A refusal that a second look at the books may cure."""

    step: PlannedStep
    fault: Fault
    disposition: Disposition


@dataclass(frozen=True, slots=True)
class Blocked:
    """A step that could not go out because `by` did not."""

    by: StepId


@dataclass(frozen=True, slots=True)
class Postponed:
    """A step that waits until a person opens the books again."""

    message: str


StepOutcome = Done | Failed | Recoverable | Blocked | Postponed


def rejection(step: PlannedStep, fault: Fault, disposition: Disposition) -> RejectedPosting:
    """The record's error for a refusal that nothing cures."""
    return RejectedPosting(
        describe(fault),
        reason_code=disposition.reason_code,
        fault_code=fault.code,
        intuit_tid=fault.intuit_tid,
        step=step.id.entity.lower(),
    )
