"""Money handed back: one refund receipt for each fact, and facts that did not last. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bridge.index.money_names import name_of
from bridge.index.payment_links import lost
from bridge.index.posted import Posted, order_fact, order_of
from bridge.planning.context import PlanningContext
from bridge.planning.exchange_differences import plan_late_difference
from bridge.planning.grouping import by_key
from bridge.planning.named_twice import note_inside
from bridge.planning.refusals import DID_NOT_LAST, known, other_figures, rejected, stays_void
from bridge.planning.sale.buyers import follow_buyer
from bridge.planning.sale.numbers import numbered
from bridge.planning.sale.state import CreditedSale
from bridge.planning.steps import Claim, PlannedStep, Refused, Sale, Skipped, StepId, StepResolution
from contracts.errors import UnmappableEvent
from contracts.keys import BODY_MONEY, SourceKey
from contracts.marker import MarkerField
from contracts.money import plain
from contracts.posting import TAKEN_BACK_FOR_GOOD, Intent, Operation
from contracts.quickbooks import JournalEntryDraft, JournalLine, PaymentDraft, RefundReceiptDraft
from contracts.transfers import RECEIVABLE

CREDITED_BY_HAND = "was entered by a person and may be this refund: delete it, then redrive, or leave this as it is"
NEVER_BOOKED = "it did not last, and it was never booked"


def plan_refunds(context: PlanningContext, credited: CreditedSale) -> None:
    """Phase *refunds*: decide the refund receipts, each once; whose they are, the sale says."""
    sale = credited.form
    follow_buyer(context, sale, credited.balance, context.index.refunds_of(sale.key), credited.claims.first)
    for key, group in by_key(credited.claims.refunds):
        if group[0].step.intent is Intent.REVERSED and key != sale.key:
            _plan_owed_again(context, sale, group)
            continue
        positions = [claim.position for claim in group]
        draft = group[0].step.draft
        if not isinstance(draft, RefundReceiptDraft):
            raise TypeError(f"{key}: a refund needs a RefundReceiptDraft")
        resolution = _known(context, sale, group[0], draft)
        _warn_of_another_total(context, group, draft.total)
        note_inside(context, draft.transactions, name_of(key))
        if resolution is not None:
            context.resolve(positions, resolution)
            plan_late_difference(context, key, positions[0], is_back=True)
            continue
        step = PlannedStep(
            id=StepId("RefundReceipt", key),
            operation=Operation.CREATE,
            owner=group[0].position,
            draft=numbered(draft, sale),
            sale=sale.key,
            marker_fields={
                MarkerField.SALE: order_fact(sale.key, of=key),
                MarkerField.TOTAL: plain(draft.total, draft.currency),
            },
            needs=frozenset({sale.step.id} if sale.step else ()),
            total=draft.total,
        )
        context.plan_write(step, positions)
        plan_late_difference(context, key, positions[0], is_back=True)


def _plan_owed_again(context: PlanningContext, sale: Sale, group: Sequence[Claim]) -> None:
    """A debit that failed was the payment of a sale that stands: its customer owes it again, revenue stays."""
    claim, draft = group[0], group[0].step.draft
    if not isinstance(draft, RefundReceiptDraft):
        raise TypeError(f"{claim.step.key}: money that was lost again needs a RefundReceiptDraft")
    positions = [each.position for each in group]
    posted = context.index.get("JournalEntry", claim.step.key)
    payment = context.index.get("Payment", claim.step.key)
    if posted is not None:
        plan_late_difference(context, claim.step.key, claim.position, is_back=True)
        context.resolve(positions, known(posted))
        return
    is_known = payment is not None or StepId("Payment", claim.step.key) in context.steps
    if not is_known and _known_from_body(context, sale) < draft.total:
        note_lost(context, claim)
        context.resolve(positions, DID_NOT_LAST)
        return
    if payment is not None and payment.voided:
        context.resolve(positions, stays_void(payment))
        return
    said = f"Payment {claim.step.key.id} failed"
    lines = (
        JournalLine(side="Debit", account=RECEIVABLE, amount=draft.total, description=said, customer_of=sale.key),
        JournalLine(side="Credit", account=draft.deposit_to, amount=draft.total, description=said),
    )
    entry = JournalEntryDraft(
        txn_date=draft.txn_date,
        currency=draft.currency,
        lines=lines,
        doc_number=draft.doc_number,
        place_of=sale.key,
        exchange_rate=draft.exchange_rate,
    )
    step_id = StepId("JournalEntry", claim.step.key)
    needs = frozenset({sale.step.id} if sale.step else ())
    step = PlannedStep(id=step_id, operation=Operation.CREATE, owner=claim.position, draft=entry, needs=needs)
    context.plan_write(step, positions)
    plan_late_difference(context, claim.step.key, claim.position, is_back=True)


def note_lost(context: PlanningContext, claim: Claim) -> None:
    """Remember a debit that failed before anything of it was booked, by each name that its invoice may call it."""
    # because it failed while it was pending, or its success comes late: nothing of it may be booked, and what a body
    # says of its money has not come in
    ended = (part for part, whole in claim.plan.links if whole == claim.step.key)
    for name in (claim.step.key, *ended):
        context.note_version(lost(name), TAKEN_BACK_FOR_GOOD)


def _known_from_body(context: PlanningContext, sale: Sale) -> Decimal:
    """The money of the sale that only its body tells: that of a debit whose own success nobody has told yet."""
    key = SourceKey(sale.key.system, BODY_MONEY, sale.key.id)
    posted = context.index.get("Payment", key)
    step = next((each for each in context.steps.values() if (each.id.entity, each.id.key) == ("Payment", key)), None)
    if step is not None and step.total is not None:
        return step.total
    if step is not None and isinstance(step.draft, PaymentDraft):
        return step.draft.amount
    return Decimal(0) if posted is None or posted.voided else posted.total


def _known(context: PlanningContext, sale: Sale, claim: Claim, draft: RefundReceiptDraft) -> StepResolution | None:
    posted = context.index.get("RefundReceipt", claim.step.key)
    if posted is not None:
        return known(posted)
    if context.is_taken_back(claim.step.key):
        return DID_NOT_LAST
    entered = _credited_by_hand(context, sale, draft)
    if entered is not None:
        # because revenue and tax would be taken back twice, and the credit memo does not say where the money went
        return Refused(rejected(entered, CREDITED_BY_HAND))
    if sale.posted is not None and sale.posted.voided and not sale.posted.voided_by_us:
        return stays_void(sale.posted)
    if draft.currency != sale.currency(draft.currency):
        return Refused(
            UnmappableEvent(f"the refund is in {draft.currency} and its sale in {sale.currency(draft.currency)}")
        )
    return None


def _credited_by_hand(context: PlanningContext, sale: Sale, draft: RefundReceiptDraft) -> Posted | None:
    """A credit memo that a person entered over the same amount for the customer of an adopted sale, near its day."""
    if sale.posted is None or not sale.posted.was_adopted:
        return None
    near = context.index.unmarked.of_total(draft.total, draft.txn_date, context.there.matching.days)
    customer = sale.posted.customer_id
    return next((each for each in near if (each.entity, each.customer_id) == ("CreditMemo", customer)), None)


def _warn_of_another_total(context: PlanningContext, group: Sequence[Claim], first: Decimal) -> None:
    """Say that a refund is told over another total than it is booked over, or than its first telling is."""
    posted = context.index.get("RefundReceipt", group[0].step.key)
    if posted is not None and posted.voided:
        return
    booked = first if posted is None else posted.written
    for claim in group:
        draft = claim.step.draft
        if isinstance(draft, RefundReceiptDraft) and draft.total != booked:
            context.warn([claim.position], other_figures("RefundReceipt", booked, draft.total, draft.currency))


def plan_undone(context: PlanningContext, claim: Claim) -> None:
    """Take a fact that did not last out of the books, and remember it, so that a later telling is not booked."""
    step = claim.step
    posted = context.index.get(step.entity, step.key)
    context.note_version(step.key, TAKEN_BACK_FOR_GOOD)
    if posted is None:
        if claim.plan.document == step.key:
            context.resolve([claim.position], Skipped("skipped_by_rule", NEVER_BOOKED))
    elif posted.voided:
        context.resolve([claim.position], stays_void(posted))
    else:
        step_id = StepId(step.entity, step.key)
        if step_id not in context.steps:
            delete = PlannedStep(id=step_id, operation=Operation.DELETE, owner=claim.position, target=posted)
            context.plan_write(_off_its_invoice(context, claim, delete), [claim.position])


def _off_its_invoice(context: PlanningContext, claim: Claim, delete: PlannedStep) -> PlannedStep:
    """A credit memo comes off its invoice before it goes; payments that it kept off are looked at once more."""
    if delete.target is None or delete.id.entity != "CreditMemo":
        return delete
    context.ask_again()
    delete = replace(delete, sale=order_of(delete.target))
    application = context.index.get("Payment", claim.step.key)
    if application is None or application.voided:
        return delete
    void = PlannedStep(
        id=StepId("Payment", claim.step.key),
        operation=Operation.VOID,
        owner=claim.position,
        target=application,
        sale=delete.sale,
    )
    context.plan_write(void, [claim.position])
    return replace(delete, needs=frozenset({void.id}))
