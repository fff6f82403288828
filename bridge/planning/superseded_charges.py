"""Charges that were booked as sales of their own and pay an invoice: those sales are undone. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.index.posted import Posted, order_of
from bridge.planning.context import PlanningContext
from bridge.planning.refusals import rejected
from bridge.planning.sale.voids import marker_again, others_paid
from bridge.planning.steps import PlannedStep, Refused, StepId
from contracts.keys import SourceKey
from contracts.posting import ONCE, Operation
from contracts.quickbooks import PaymentDraft

PAID_BY_HAND = "is the sale of a charge that pays an invoice of Stripe, and somebody has put other money on it"


def void_superseded_charges(context: PlanningContext, superseded_charges: Iterable[tuple[SourceKey, int]]) -> None:
    """Void the sales whose money is on its invoice; what waits until its money has moved is looked at once more."""
    for charge, owner in superseded_charges:
        document = StepId("Invoice", charge)
        sale = context.index.get("Invoice", charge)
        if sale is None or document in context.steps or owner not in context.positions:
            continue
        if _stays(context, charge):
            continue
        if StepId("Payment", charge) in context.steps:
            with context.planning([owner]):
                context.ask_again()
            continue
        if _others_paid(context, sale, owner):
            context.resolve([owner], Refused(rejected(sale, PAID_BY_HAND), sale))
            continue
        with context.planning([owner]):
            if not sale.voided:
                void = PlannedStep(id=document, operation=Operation.VOID, owner=owner, target=sale)
                context.plan_write(void, [owner])
                context.plan_write(marker_again(document, sale, str(ONCE), owner, voided_now=True), [owner])
            _delete_receipt(context, charge, owner)


def shares_after_charges(context: PlanningContext) -> None:
    """A share of a charge is written once the charge's own payment leaves it: else its money would be there twice."""
    for step in list(context.steps.values()):
        charge = step.draft.share_of if isinstance(step.draft, PaymentDraft) else None
        own = StepId("Payment", charge) if charge is not None else step.id
        if own != step.id and own in context.steps and not context.rests_on(own, step.id):
            context.add_need(step.id, own)


def _stays(context: PlanningContext, charge: SourceKey) -> bool:
    """True where the charge's money was not moved: what refused it has said so, and its sale is not to be void."""
    payment = context.index.get("Payment", charge)
    is_here = payment is not None and not payment.voided and order_of(payment) == charge
    return is_here and StepId("Payment", charge) not in context.steps


def _others_paid(context: PlanningContext, sale: Posted, owner: int) -> bool:
    with context.planning([owner]):
        return others_paid(context, sale)


def _delete_receipt(context: PlanningContext, charge: SourceKey, owner: int) -> None:
    """The receipt that took the sale of a failed debit back goes with that sale: its invoice is owed again instead."""
    receipt = context.index.get("RefundReceipt", charge)
    if receipt is not None and not receipt.voided:
        delete = PlannedStep(
            id=StepId("RefundReceipt", charge), operation=Operation.DELETE, owner=owner, target=receipt, sale=charge
        )
        context.plan_write(delete, [owner])
