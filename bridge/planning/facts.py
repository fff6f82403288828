"""Facts beside sales: fees, disputes, entries that a payout's rows tell; each once, whoever tells it. Pure."""

from __future__ import annotations

from decimal import Decimal

from bridge.index.posted import order_fact
from bridge.planning.context import PlanningContext
from bridge.planning.refusals import DID_NOT_LAST, known, other_figures
from bridge.planning.sale.entries import said_of_its_sale
from bridge.planning.steps import AlreadyPosted, Claim, PlannedStep, StepId, StepResolution, Write
from contracts.entities import EntityName
from contracts.keys import SourceKey
from contracts.marker import MarkerField, text_in
from contracts.money import total
from contracts.posting import Operation
from contracts.quickbooks import Draft, JournalEntryDraft

RETURNED = ".returned"


def plan_fact(context: PlanningContext, claim: Claim) -> None:
    """Write it unless the books have it, or its source took it back."""
    step = claim.step
    posted = context.index.get(step.entity, step.key)
    resolution: StepResolution | None = known(posted) if posted else None
    if posted is not None and not posted.voided:
        _warn_of_another_amount(context, claim, posted.total)
    if resolution is None:
        taken_back = context.is_taken_back(step.key)
        resolution = DID_NOT_LAST if taken_back else _dispute_in_other_words(context, claim)
    step_id = StepId(step.entity, step.key)
    if resolution is not None:
        context.resolve([claim.position], resolution)
    elif step_id in context.steps:
        context.resolve([claim.position], Write(step_id, credited=False))
        _warn_of_another_amount(context, claim, _amount(context.steps[step_id].draft))
    else:
        draft = _dated(context, said_of_its_sale(context, claim))
        write = PlannedStep(
            id=step_id,
            operation=Operation.CREATE,
            owner=claim.position,
            draft=draft,
            marker_fields=_marker_fields(step.entity, step.key, step.draft),
        )
        context.plan_write(write, [claim.position])


def _warn_of_another_amount(context: PlanningContext, claim: Claim, booked: Decimal) -> None:
    """Say that a fact is told over another amount than it is booked over; QBO shows that of some entries as 0."""
    now, draft = _amount(claim.step.draft), claim.step.draft
    if isinstance(draft, JournalEntryDraft) and booked not in (0, now):
        context.warn([claim.position], other_figures(claim.step.entity, booked, now, draft.currency))


def _amount(draft: Draft | None) -> Decimal:
    """What the debits of an entry add up to; 0 for anything else."""
    lines = draft.lines if isinstance(draft, JournalEntryDraft) else ()
    return total(line.amount for line in lines if line.side == "Debit")


def _dated(context: PlanningContext, draft: Draft | None) -> Draft | None:
    """An entry of closed books on its other day, where it has one."""
    if not isinstance(draft, JournalEntryDraft) or draft.otherwise is None:
        return draft
    return draft.with_date(draft.otherwise) if context.profile.is_closed(draft.txn_date) else draft


def _marker_fields(entity: EntityName, key: SourceKey, draft: Draft | None) -> dict[str, str]:
    if entity != "JournalEntry" or not isinstance(draft, JournalEntryDraft) or draft.sale is None:
        return {}
    said: dict[str, str] = {MarkerField.SALE: order_fact(draft.sale, of=key)}
    return said | ({MarkerField.SOURCE_EVENT: draft.source_event} if draft.source_event else {})


def _dispute_in_other_words(context: PlanningContext, claim: Claim) -> AlreadyPosted | Write | None:
    """The same dispute under another id: a payout's row need not name what the dispute's own event calls itself."""
    key, draft = claim.step.key, claim.step.draft
    if key.kind != "dispute" or not isinstance(draft, JournalEntryDraft) or draft.sale is None:
        return None
    # because the row and the event name one loss by two ids, both would book it: sale, amount and side are its name
    for posted in context.index.entries_of(draft.sale):
        other = text_in(posted.marker_fields, MarkerField.SOURCE_EVENT) != draft.source_event
        if other and _is_same_move(posted.key, key) and posted.total in (0, draft.lines[0].amount):
            return AlreadyPosted(posted)
    planned = (step for step in context.steps.values() if _is_of_sale(step.draft, draft))
    return next((Write(step.id, credited=False) for step in planned if _is_same_move(step.id.key, key)), None)


def _is_of_sale(draft: Draft | None, other: JournalEntryDraft) -> bool:
    """True for an entry of the same sale and amount that another teller told."""
    if not isinstance(draft, JournalEntryDraft) or draft.source_event == other.source_event:
        return False
    return draft.sale == other.sale and draft.lines[0].amount == other.lines[0].amount


def _is_same_move(one: SourceKey, other: SourceKey) -> bool:
    """True for two keys of disputes that both took money, or both gave it back."""
    return one.kind == other.kind and one.id.endswith(RETURNED) == other.id.endswith(RETURNED)
