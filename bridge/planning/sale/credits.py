"""Credit memos: taken off what is owed without money moving, and put on their invoice by a payment of nothing. Pure.

Where a company has credits applied by themselves (AutoApplyCredit), QBO is asked what it did before we do the rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from bridge.index.foreign_payments import links_one_credit
from bridge.index.posted import VOIDED, Posted, order_fact, split_by_invoice
from bridge.planning.context import PlanningContext
from bridge.planning.grouping import by_key
from bridge.planning.refusals import DID_NOT_LAST, known, stays_void
from bridge.planning.sale.applying import applied_fact
from bridge.planning.sale.balance import OpenBalance, is_partly_applied
from bridge.planning.sale.buyers import follow_buyer, moving
from bridge.planning.sale.numbers import numbered
from bridge.planning.sale.state import CreditedSale, PaidSale
from bridge.planning.steps import (
    AlreadyPosted,
    Claim,
    PlannedStep,
    Refused,
    Sale,
    Skipped,
    StepId,
    StepResolution,
    Write,
)
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.money import plain
from contracts.posting import Intent, Operation, PostingStep
from contracts.quickbooks import CreditMemoDraft

NOTHING_TO_CREDIT = "the sale was cancelled: there is nothing to credit"


def plan_credits(context: PlanningContext, paid: PaidSale) -> CreditedSale:
    """Phase *credits*: decide the credit memos, each once, and how much of each goes on the invoice."""
    form, balance = paid.form, paid.balance
    follow_buyer(context, form, balance, context.index.credits_of(form.key), paid.claims.first)
    for key, group in by_key(paid.claims.credits):
        positions = [claim.position for claim in group]
        posted = context.index.get("CreditMemo", key)
        refusal = _refusal(context, paid, group[0], posted)
        if refusal is not None:
            context.resolve(positions, refusal)
            continue
        if posted is None:
            balance = _write(context, form, group, balance)
        else:
            context.resolve(positions, AlreadyPosted(posted))
            balance = _apply_rest(context, form, group[0], posted, balance)
        if (application := StepId("Payment", key)) in context.steps:
            context.resolve(positions[:1], Write(application, credited=True))
    if form.counts and not is_cancelled(context, form):
        claimed = {claim.step.key for claim in paid.claims.credits}
        earlier = [credit for credit in context.index.credits_of(form.key) if credit.key not in claimed]
        apply_earlier(context, form, earlier, paid.claims.first.position, balance)
    return CreditedSale(form=form, claims=paid.claims, balance=balance)


def apply_earlier(
    context: PlanningContext, sale: Sale, open_credits: Iterable[Posted], cause: int, balance: OpenBalance
) -> None:
    """Put credit memos that no event tells now on their invoice, where it has come to ask for more since."""
    for credit in open_credits:
        if balance.amount > 0 and StepId("CreditMemo", credit.key) not in context.steps:
            claim = Claim(cause, context.plans[cause], _again(credit, sale))
            balance = _apply_rest(context, sale, claim, credit, balance)


def _again(credit: Posted, sale: Sale) -> PostingStep:
    """A credit memo of the books, as far as its application needs it."""
    draft = CreditMemoDraft(
        credit_of=sale.key,
        doc_number=credit.doc_number or "",
        txn_date=credit.txn_date or date.min,
        currency=credit.currency or sale.currency(""),
        lines=(),
        total=credit.total,
        tax=Decimal(0),
    )
    return PostingStep(key=credit.key, entity="CreditMemo", intent=Intent.FACT, draft=draft, name="credit memo")


def take_off_credits(
    context: PlanningContext, sale: SourceKey, positions: Sequence[int], *, only: Collection[Posted] | None = None
) -> frozenset[StepId]:
    """Put down what takes our credit memos away from an invoice and out of the books; gives what must go out first.

    With `only` these of them.
    """
    off: set[StepId] = set()
    going = context.index.credits_of(sale) if only is None else only
    keys = {each.key for each in going}
    for application in context.index.applications_of(sale):
        if only is None or application.key in keys:
            off.add(_taken(context, application, Operation.VOID, sale, positions, frozenset()))
    for credit in going:
        off.add(_taken(context, credit, Operation.DELETE, sale, positions, frozenset(off)))
        if context.profile.applies_credits and context.foreign_payments_on(credit):
            context.ask_again()  # because other invoices, on which QBO had put it, have room again
    return frozenset(off)


def is_late(credit: SourceKey, sale: SourceKey) -> bool:
    """True for the credit memo of a late change: it goes by the sale itself and not by a refund."""
    return credit.kind == sale.kind


def late_credits_of(context: PlanningContext, sale: SourceKey) -> list[Posted]:
    """The live credit memos of late changes of a sale, in the order of their keys."""
    return [credit for credit in context.index.credits_of(sale) if is_late(credit.key, sale)]


def _taken(
    context: PlanningContext,
    posted: Posted,
    operation: Operation,
    sale: SourceKey,
    positions: Sequence[int],
    needs: frozenset[StepId],
) -> StepId:
    entity = StepId("Payment" if operation is Operation.VOID else "CreditMemo", posted.key)
    step = PlannedStep(id=entity, operation=operation, owner=positions[0], target=posted, sale=sale, needs=needs)
    context.plan_write(step, positions)
    return step.id


def _refusal(context: PlanningContext, paid: PaidSale, claim: Claim, posted: Posted | None) -> StepResolution | None:
    sale, draft = paid.form, _draft(claim)
    if posted is not None and posted.voided:
        return known(posted)
    if posted is None and context.is_taken_back(claim.step.key):
        return DID_NOT_LAST
    if not sale.counts:
        by_a_person = sale.posted is not None and sale.posted.voided and not sale.posted.voided_by_us
        if by_a_person and sale.posted is not None:
            return stays_void(sale.posted)
        return Skipped("skipped_by_rule", NOTHING_TO_CREDIT, sale.posted)
    if _is_cancelled_late(context, paid) and not is_late(claim.step.key, sale.key):
        # because the credit memo of a late cancellation took all of the sale back
        return Skipped("skipped_by_rule", NOTHING_TO_CREDIT, sale.posted)
    if draft.currency != sale.currency(draft.currency):
        return Refused(UnmappableEvent(f"the credit is in {draft.currency} and its invoice is not"))
    return None


def _is_cancelled_late(context: PlanningContext, paid: PaidSale) -> bool:
    """True where a credit memo takes back all of a cancelled sale, in the books or about to be."""
    late = any(is_late(claim.step.key, paid.form.key) for claim in paid.claims.credits)
    return (late or bool(late_credits_of(context, paid.form.key))) and is_cancelled(context, paid.form)


def is_cancelled(context: PlanningContext, sale: Sale) -> bool:
    """True for a sale whose source has cancelled it, also where money on it keeps its invoice."""
    newest = context.versions.get(sale.key) or context.index.newest(sale.key)
    return newest is not None and newest.content == VOIDED


def _write(context: PlanningContext, sale: Sale, group: Sequence[Claim], balance: OpenBalance) -> OpenBalance:
    claim, draft = group[0], _draft(group[0])
    step = PlannedStep(
        id=StepId("CreditMemo", claim.step.key),
        operation=Operation.CREATE,
        owner=claim.position,
        draft=numbered(draft, sale),
        sale=sale.key,
        marker_fields={
            MarkerField.SALE: order_fact(sale.key, of=claim.step.key),
            MarkerField.TOTAL: plain(draft.total, draft.currency),
        },
        # because what goes for it must be gone first: the books say what is left to take off when an owner was killed
        needs=frozenset({sale.step.id} if sale.step else ()) | _going(context, sale),
        total=draft.total,
    )
    context.plan_write(step, [each.position for each in group])
    if sale.entity != "Invoice":
        return balance
    if context.profile.applies_credits:
        # Because QBO puts the new credit on invoices of its own choice: what is left to do shows once it has.
        context.ask_again()
        return balance
    return _apply(context, sale, claim, draft.total, balance)


def _going(context: PlanningContext, sale: Sale) -> frozenset[StepId]:
    """The credit memos of the sale that these waves take out of the books."""
    steps = (context.steps.get(StepId("CreditMemo", each.key)) for each in context.index.credits_of(sale.key))
    return frozenset(step.id for step in steps if step is not None and step.operation is Operation.DELETE)


def _apply_rest(
    context: PlanningContext, sale: Sale, claim: Claim, credit: Posted, balance: OpenBalance
) -> OpenBalance:
    """What is not on any invoice yet goes on its own, unless we did that before: what a person took off stays off.

    What QBO has put on other invoices by itself comes back first, as far as its own invoice asks for it. What we could
    put on it only in part before goes on it as far as it has room now.
    """
    before, follows = context.index.get("Payment", credit.key), moving(credit) in context.steps
    if balance.customer_id != credit.customer_id and not follows:
        return balance  # because it stays with another customer, whose invoices alone it can be put on
    if before is not None and before.customer_id != balance.customer_id and not before.voided:
        # because QBO takes off what changes hands, nothing of it is on the invoice any more
        before = replace(before, applied=Decimal(0))
    elif before is not None and (before.voided or not is_partly_applied(before)):
        return balance
    if sale.entity != "Invoice":
        return balance
    if follows and context.profile.applies_credits:
        context.ask_again()  # because QBO may put it on invoices of its new customer by itself
        return balance
    if follows:
        return _apply(context, sale, claim, credit.total, balance, before=before, after=[moving(credit)])
    if not credit.is_current:
        context.require_reread(credit)
    amount, misapplied = credit.balance or Decimal(0), _misapplied(context, sale, credit)
    if sale.posted is not None and not sale.posted.is_current and (amount or misapplied):
        context.require_reread(sale.posted)
    taken: set[StepId] = set()
    for misapplied_payment in misapplied:
        if amount < balance.amount:
            taken.add(_take_off(context, sale, claim, misapplied_payment))
            amount += misapplied_payment.applied
            # because the other invoice has room again, and its own payments may lie beside it
            context.ask_again()
    return _apply(context, sale, claim, amount, balance, before=before, after=taken)


def _misapplied(context: PlanningContext, sale: Sale, credit: Posted) -> list[Posted]:
    """The payments of nothing by which QBO itself put the credit on other invoices than its own."""
    if not (context.profile.applies_credits and credit.is_current and sale.posted is not None):
        return []
    by_itself = [each for each in context.foreign_payments_on(credit) if links_one_credit(each, credit.id)]
    return [each for each in by_itself if not split_by_invoice(each, sale.posted.id).applied]


def _take_off(context: PlanningContext, sale: Sale, claim: Claim, misapplied_payment: Posted) -> StepId:
    step_id = StepId("Payment", claim.step.key, part=f"of QuickBooks {misapplied_payment.id}")
    step = PlannedStep(
        id=step_id, operation=Operation.DELETE, owner=claim.position, target=misapplied_payment, sale=sale.key
    )
    return context.write(step)


def _apply(
    context: PlanningContext,
    sale: Sale,
    claim: Claim,
    amount: Decimal,
    balance: OpenBalance,
    *,
    before: Posted | None = None,
    after: Iterable[StepId] = (),
) -> OpenBalance:
    more, balance = balance.spend(amount)
    if not more:
        return balance
    draft = _draft(claim)
    applied = more + (before.applied if before is not None else 0)
    credit = StepId("CreditMemo", claim.step.key)
    step = PlannedStep(
        id=StepId("Payment", claim.step.key),
        operation=Operation.CREATE if before is None else Operation.UPDATE,
        owner=claim.position,
        draft=draft,
        target=before,
        sale=sale.key,
        marker_fields={
            MarkerField.SALE: order_fact(sale.key, of=claim.step.key),
            MarkerField.TOTAL: plain(Decimal(0), draft.currency),
            **applied_fact(draft.total, applied, draft.currency),
        },
        needs=frozenset(
            {*after, *([credit] if credit in context.steps else []), *([sale.step.id] if sale.step else [])}
        ),
        applied=applied,
    )
    context.write(step)
    return balance


def _draft(claim: Claim) -> CreditMemoDraft:
    if not isinstance(claim.step.draft, CreditMemoDraft):
        raise TypeError(f"{claim.step.key}: a credit needs a CreditMemoDraft")
    return claim.step.draft
