"""Documents that only their marker shows to be ours: nothing is written on one whose facts say otherwise. Pure.

The record of Ids knows what the bridge wrote. Where it is lost, a marker with a right signature proves which source
document somebody has once booked, and neither that this is that document nor any other pair: memos are copied, and
pairs are typed. Before such a document is changed, voided, paid or deposited, its total and its customer must be those
that its marker says, and what an event tells of the same sale must agree too: else a person has to look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from bridge.index.posted import Posted, order_of
from bridge.planning.barring import without_idle
from bridge.planning.context import PlanningContext
from bridge.planning.refusals import rejected
from bridge.planning.sale.redemptions import amount_redeemed, redeemed_on
from bridge.planning.steps import PlannedStep, StepId
from contracts.keys import SourceKey
from contracts.marker import CREDITS, SALES, MarkerField, amount_in, qbo_id_in
from contracts.quickbooks import DepositDraft, InvoiceDraft, PaymentDraft, SalesReceiptDraft

UNPROVEN = "is known by its marker alone, and {} is not what the bridge would have written"


def only_on_proven(context: PlanningContext) -> dict[StepId, PlannedStep]:
    """The steps, barred as a conflict where they would touch a document that may be somebody else's work."""
    sales: defaultdict[SourceKey, list[InvoiceDraft]] = defaultdict(list)
    for step in (step for plan in context.plans for step in plan.steps):
        match step.draft:
            case InvoiceDraft() | SalesReceiptDraft(sale=InvoiceDraft()):
                sales[step.key].append(step.draft if isinstance(step.draft, InvoiceDraft) else step.draft.sale)
    found = {step.id: _step(context, step, sales) for step in context.steps.values()}
    return without_idle(found) if any(step.barred for step in found.values()) else found


def _step(context: PlanningContext, step: PlannedStep, sales: dict[SourceKey, list[InvoiceDraft]]) -> PlannedStep:
    for posted in _touched(context, step):
        fact = None if posted.proven else _contradicted(context, posted, sales.get(posted.key, ()), step)
        if fact is not None:
            # because what would be overwritten or void may be what a person made, of a copy for one
            return replace(step, barred=rejected(posted, UNPROVEN.format(fact)))
    return step


def _touched(context: PlanningContext, step: PlannedStep) -> Iterator[Posted]:
    """What the write changes, and what it links money to."""
    index, draft = context.index, step.draft
    paid: Iterable[SourceKey] = (each.payment for each in draft.payments) if isinstance(draft, DepositDraft) else ()
    found = [step.target, *(index.get("Payment", key) for key in paid)]
    if step.came_back is not None:
        # because over how much that entry is follows from what the deposit says by now
        found.append(index.get("Deposit", step.came_back))
    if step.sale is not None and step.id.entity == "Payment":
        # because a payment of nothing that carries a credit's key puts that credit on the sale
        found += [index.sale(step.sale), index.get("CreditMemo", step.id.key)]
    return (posted for posted in found if posted is not None)


def _contradicted(
    context: PlanningContext, posted: Posted, drafts: Sequence[InvoiceDraft], step: PlannedStep
) -> str | None:
    """Which fact of a document speaks against its being what the bridge wrote; None where all agree."""
    fields = posted.marker_fields
    totals = [amount_in(fields, MarkerField.TOTAL)]
    if step.target == posted and isinstance(step.draft, PaymentDraft):
        totals.append(step.draft.amount)
    # because the marker of a journal entry says no amount, none of its facts can be compared
    if any(each != posted.total for each in totals):
        return "its total"
    sale = None if posted.entity in SALES else context.index.sale(order_of(posted))
    if sale is None and posted.entity in CREDITS:
        # because nothing else says for whom it was
        return "its sale"
    booked_for = qbo_id_in(fields, MarkerField.CUSTOMER) if posted.entity in SALES else sale and sale.customer_id
    if booked_for != posted.customer_id and (sale is not None or posted.entity in SALES):
        return "its customer"
    facts = [_contradicted_by(context, posted, draft) for draft in drafts]
    # because a micro-batch may hold an older version too, one that agrees is enough
    return None if None in facts else next(iter(facts), None)


def _contradicted_by(context: PlanningContext, posted: Posted, draft: InvoiceDraft) -> str | None:
    if posted.total != draft.total - amount_redeemed(redeemed_on(posted)):
        return "its total"
    if posted.customer_id != context.customer_id(draft.customer, draft.currency):
        return "its customer"
    return None if posted.doc_number in (draft.number, draft.second_number(posted.key)) else "its number"
