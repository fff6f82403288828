"""Payouts: a deposit carries payments to the bank whole, so it waits until all of them are in the books."""

from __future__ import annotations

from bridge.planning.context import Board
from bridge.planning.refusals import DID_NOT_LAST, known, rejected
from bridge.planning.steps import Claim, Fate, PlannedStep, Refused, StepId, Waiting, Work
from contracts.errors import UnmappableEvent
from contracts.money import plain
from contracts.posting import Operation
from contracts.quickbooks import DepositDraft, DepositedPayment, PaymentDraft


def plan_deposits(board: Board) -> None:
    """Decide every deposit of the micro-batch; everything else is on the board already."""
    for position, plan in enumerate(board.plans):
        for step in plan.steps:
            if isinstance(step.draft, DepositDraft):
                board.settle([position], _planned(board, Claim(position, plan, step), step.draft))


def _planned(board: Board, claim: Claim, draft: DepositDraft) -> Fate:
    posted = board.index.get("Deposit", claim.step.key)
    if posted is not None:
        return known(posted)
    if board.is_gone(claim.step.key):
        return DID_NOT_LAST
    step_id = StepId("Deposit", claim.step.key)
    if step_id in board.steps:
        return Work(step_id, credited=False)
    if not board.facts.can_book(draft.currency):
        return Refused(board.foreign(draft.currency))
    fates = [fate for each in draft.payments if (fate := _why_not(board, each, draft.currency)) is not None]
    if fates:
        board.once_more |= any(step.entity == "Payment" for step in board.steps)  # one of them may be what is missing
        return next((fate for fate in fates if isinstance(fate, Refused)), fates[0])
    needs = frozenset(found for each in draft.payments if (found := StepId("Payment", each.payment)) in board.steps)
    board.write(
        PlannedStep(
            id=step_id,
            operation=Operation.CREATE,
            owner=claim.position,
            draft=draft,
            facts={"t": plain(draft.total, draft.currency)},
            needs=needs,
        )
    )
    return Work(step_id, credited=True)


def _why_not(board: Board, each: DepositedPayment, currency: str) -> Fate | None:
    """What keeps a payment out of the deposit: it is not there yet, or it is not what the payout says."""
    planned = board.steps.get(StepId("Payment", each.payment))
    if planned is not None and isinstance(planned.draft, PaymentDraft):
        amount, code = planned.draft.amount, planned.draft.currency
    else:
        posted = board.index.get("Payment", each.payment)
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
