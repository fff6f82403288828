"""Payouts: a deposit carries payments to the bank whole, so it waits until all of them are in the books."""

from __future__ import annotations

from bridge.planning.context import PlanningContext
from bridge.planning.refusals import DID_NOT_LAST, known, rejected
from bridge.planning.steps import Claim, PlannedStep, Refused, StepId, StepResolution, Waiting, Write
from contracts.errors import UnmappableEvent
from contracts.marker import MarkerField
from contracts.money import plain
from contracts.posting import Operation
from contracts.quickbooks import DepositDraft, DepositedPayment, PaymentDraft


def plan_deposits(context: PlanningContext) -> None:
    """Decide every deposit of the micro-batch; everything else is on the board already."""
    for position, plan in enumerate(context.plans):
        for step in plan.steps:
            if isinstance(step.draft, DepositDraft):
                context.resolve([position], _planned(context, Claim(position, plan, step), step.draft))


def _planned(context: PlanningContext, claim: Claim, draft: DepositDraft) -> StepResolution:
    posted = context.index.get("Deposit", claim.step.key)
    if posted is not None:
        return known(posted)
    if context.is_gone(claim.step.key):
        return DID_NOT_LAST
    step_id = StepId("Deposit", claim.step.key)
    if step_id in context.steps:
        return Write(step_id, credited=False)
    if not context.profile.can_book(draft.currency):
        return Refused(context.foreign(draft.currency))
    resolutions = [
        resolution for each in draft.payments if (resolution := _why_not(context, each, draft.currency)) is not None
    ]
    if resolutions:
        context.once_more |= any(
            step.entity == "Payment" for step in context.steps
        )  # one of them may be what is missing
        return next((resolution for resolution in resolutions if isinstance(resolution, Refused)), resolutions[0])
    needs = frozenset(found for each in draft.payments if (found := StepId("Payment", each.payment)) in context.steps)
    context.write(
        PlannedStep(
            id=step_id,
            operation=Operation.CREATE,
            owner=claim.position,
            draft=draft,
            marker_fields={MarkerField.TOTAL: plain(draft.total, draft.currency)},
            needs=needs,
        )
    )
    return Write(step_id, credited=True)


def _why_not(context: PlanningContext, each: DepositedPayment, currency: str) -> StepResolution | None:
    """What keeps a payment out of the deposit: it is not there yet, or it is not what the payout says."""
    planned = context.steps.get(StepId("Payment", each.payment))
    if planned is not None and isinstance(planned.draft, PaymentDraft):
        amount, code = planned.draft.amount, planned.draft.currency
    else:
        posted = context.index.get("Payment", each.payment)
        if posted is None:
            return Waiting(f"the payment of {each.payment} is not in the books yet")
        if posted.voided:
            return Refused(rejected(posted, "is void or deleted in QuickBooks, and a payout says that it was paid out"))
        amount, code = posted.total, posted.currency or currency
    if code != currency:
        return Refused(UnmappableEvent(f"{each.payment} was taken in {code} and paid out in {currency}"))
    if amount != each.amount:
        said, has = plain(each.amount, currency), plain(amount, currency)
        return Refused(UnmappableEvent(f"the payout has {said} {currency} of {each.payment}, the books have {has}"))
    return None
