"""Closed books: what a rule says of a write that would change them. Pure.

QBO refuses it anyway (6200, 6210); known from `BookCloseDate`, it is not tried. `reject` makes a dead letter, `hold`
waits until the books are opened again, `redate` books new documents on the first open day and says so in the note. A
document that stands in closed books cannot be moved, so whatever would change it is rejected there as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

from bridge.planning.barring import without_idle
from bridge.planning.steps import PlannedStep, StepId
from contracts.errors import RejectedPosting
from contracts.posting import ClosedPeriod, Operation
from contracts.quickbooks import DocumentDraft


def within_open_books(
    steps: Mapping[StepId, PlannedStep], closed_until: date | None, policy: ClosedPeriod
) -> dict[StepId, PlannedStep]:
    """The steps as the policy has them: as they were, on another date, or barred with the reason why."""
    if closed_until is None:
        return dict(steps)
    found = {step_id: _step(step, closed_until, policy) for step_id, step in steps.items()}
    return without_idle(found)


def _step(step: PlannedStep, closed_until: date, policy: ClosedPeriod) -> PlannedStep:
    stands = step.target.txn_date if step.target is not None else None
    dated = _date(step)
    if stands is not None and stands <= closed_until:
        return _barred(step, stands, closed_until, policy)
    if dated is None or dated > closed_until:
        return step
    if stands is not None:
        # because it was booked in open books: moving it would change a month that nobody has closed yet
        return _on(step, stands)
    if policy != "redate":
        return _barred(step, dated, closed_until, policy)
    # because QBO refuses anything up to the closing date, the first open day is the nearest; the note keeps its own
    note = f"Dated {dated.isoformat()} at its source; the books were closed until {closed_until.isoformat()}."
    return replace(_on(step, closed_until + timedelta(days=1)), note=note)


def _barred(step: PlannedStep, day: date, closed_until: date, policy: ClosedPeriod) -> PlannedStep:
    verb = "created" if step.operation is Operation.CREATE else "changed"
    sentence = f"nothing of {day.isoformat()} can be {verb}: the books are closed until {closed_until.isoformat()}"
    error = RejectedPosting(sentence, reason_code="period_closed", step=step.id.entity.lower())
    return replace(step, barred=error, held=policy == "hold")


def _date(step: PlannedStep) -> date | None:
    return step.draft.txn_date if isinstance(step.draft, DocumentDraft) else None


def _on(step: PlannedStep, day: date) -> PlannedStep:
    return replace(step, draft=step.draft.with_date(day)) if isinstance(step.draft, DocumentDraft) else step
