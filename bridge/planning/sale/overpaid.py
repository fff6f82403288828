"""Money that was paid too much and handed back: its customer is owed less, each once. Pure."""

from __future__ import annotations

from dataclasses import replace

from bridge.index.posted import order_fact
from bridge.planning.context import PlanningContext
from bridge.planning.grouping import by_key
from bridge.planning.refusals import known
from bridge.planning.sale.entries import said_of_its_sale
from bridge.planning.sale.state import CreditedSale
from bridge.planning.steps import Claim, PlannedStep, Skipped, StepId
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.posting import Operation
from contracts.quickbooks import Draft, JournalEntryDraft

NO_RECEIPT = Skipped("skipped_by_rule", "the refund receipt that it goes with is not in the books")


def plan_overpaid(context: PlanningContext, credited: CreditedSale) -> None:
    """The last of *refunds*: the entry beside a refund receipt whose money lowered nothing that was sold."""
    sale = credited.form
    for key, group in by_key(credited.claims.overpaid):
        positions = [claim.position for claim in group]
        posted = context.index.get("JournalEntry", key)
        if posted is not None:
            context.resolve(positions, known(posted))
            continue
        if not any(_is_booked(context, receipt) for receipt in _receipts(group[0])):
            context.resolve(positions, NO_RECEIPT)
            continue
        step = PlannedStep(
            id=StepId("JournalEntry", key),
            operation=Operation.CREATE,
            owner=group[0].position,
            draft=_at_its_sale(said_of_its_sale(context, group[0]), sale.key),
            sale=sale.key,
            marker_fields={MarkerField.SALE: order_fact(sale.key, of=key)},
            needs=frozenset({sale.step.id} if sale.step else ()),
        )
        context.plan_write(step, positions)


def _at_its_sale(draft: Draft | None, sale: SourceKey) -> Draft | None:
    """The entry with the class and location of its sale, as the receipt beside it has them."""
    return replace(draft, place_of=sale) if isinstance(draft, JournalEntryDraft) else draft


def _receipts(claim: Claim) -> list[SourceKey]:
    """The receipts of the refund that the entry is beside, one for each gateway."""
    key = claim.step.key
    steps = (step for step in claim.plan.steps if step.entity == "RefundReceipt" and step.key.kind == key.kind)
    return [step.key for step in steps if step.key.id.partition(".")[0] == key.id.partition(".")[0]]


def _is_booked(context: PlanningContext, receipt: SourceKey) -> bool:
    posted = context.index.get("RefundReceipt", receipt)
    return StepId("RefundReceipt", receipt) in context.steps or (posted is not None and not posted.voided)
