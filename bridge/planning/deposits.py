"""Payouts: a deposit carries payments to the bank whole, so it waits until all of them are in the books."""

from __future__ import annotations

from bridge.index.index import VOIDED
from bridge.planning.context import PlanningContext
from bridge.planning.refusals import DID_NOT_LAST, known, rejected
from bridge.planning.sale.documents import LEFT_OUT
from bridge.planning.steps import Claim, PlannedStep, Refused, StepId, StepResolution, Waiting, Write
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.money import plain
from contracts.posting import Operation
from contracts.quickbooks import DepositDraft, DepositedPayment


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
    resolutions = [why for each in draft.payments if (why := _why_not(context, each)) is not None]
    resolutions += [missing for order in draft.orders if (missing := _without_order(context, order)) is not None]
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


def _why_not(context: PlanningContext, each: DepositedPayment) -> StepResolution | None:
    """What keeps a payment out of the deposit: it is not there yet, or a person took it out of the books."""
    # because a payout may bring one of several captures, more than was captured (its other row takes the rest back) or
    # another currency, its amount is not compared: what is no whole payment becomes a line of the deposit
    if StepId("Payment", each.payment) in context.steps or context.is_gone(each.payment):
        return None
    posted = context.index.get("Payment", each.payment)
    if posted is None:
        return Waiting(f"the payment of {each.payment} is not in the books yet")
    if posted.voided:
        return Refused(rejected(posted, "is void or deleted in QuickBooks, and a payout says that it was paid out"))
    return None


def _without_order(context: PlanningContext, order: SourceKey) -> StepResolution | None:
    """A payout waits for the shop's own sales that it pays out: their money must be in the account it draws from."""
    forms = (StepId("Invoice", order), StepId("SalesReceipt", order))
    there = context.index.sale(order) is not None or any(form in context.steps for form in forms)
    version = context.versions.get(order) or context.index.newest(order)
    left_out = version is not None and version.content in {LEFT_OUT, VOIDED}
    return None if there or left_out else Waiting(f"{order}, which this payout pays out, is not in the books yet")
