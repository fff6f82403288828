"""Charges that were booked as sales of their own and pay an invoice: those sales are undone. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.index.posted import Posted
from bridge.planning.context import PlanningContext
from bridge.planning.refusals import rejected
from bridge.planning.sale.voids import marker_again, others_paid
from bridge.planning.steps import PlannedStep, Refused, StepId
from contracts.keys import SourceKey
from contracts.posting import ONCE, Operation

PAID_BY_HAND = "is the sale of a charge that pays an invoice of Stripe, and somebody has put other money on it"


def void_superseded_charges(context: PlanningContext, superseded_charges: Iterable[tuple[SourceKey, int]]) -> None:
    """Void the sales whose money is on its invoice; what waits until its money has moved is looked at once more."""
    for charge, owner in superseded_charges:
        document = StepId("Invoice", charge)
        sale = context.index.get("Invoice", charge)
        if sale is None or document in context.steps or owner not in context.positions:
            continue
        if StepId("Payment", charge) in context.steps:
            with context.planning([owner]):
                context.ask_again()
            continue
        if _others_paid(context, sale, owner):
            context.resolve([owner], Refused(rejected(sale, PAID_BY_HAND), sale))
            continue
        with context.planning([owner]):
            void = PlannedStep(id=document, operation=Operation.VOID, owner=owner, target=sale)
            context.plan_write(void, [owner])
            _delete_receipt(context, charge, owner)
            context.plan_write(marker_again(document, sale, str(ONCE), owner, voided_now=True), [owner])


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
