"""Invoices of which something has come off, told by no event of theirs: what lies beside them goes on them. Pure.

With AutoApplyCredit on QBO puts a credit on whichever invoice of its customer is open. Once it has come off again, the
payments and credits that it kept off are still beside that invoice.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from decimal import Decimal

from bridge.index.posted import Posted, order_of
from bridge.planning.context import PlanningContext
from bridge.planning.sale.applying import applied_anew
from bridge.planning.sale.balance import OpenBalance, is_partly_applied
from bridge.planning.sale.credits import apply_earlier, is_cancelled
from bridge.planning.steps import Sale
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.posting import PostingStep


def fill_room(context: PlanningContext, named: Set[SourceKey]) -> None:
    """Put what was left beside an invoice on it, as far as it takes it; those that are `named` have done so.

    Because whoever took QBO's own payment off may be killed before the rest is written, the books say what is left to
    do, and not the event that was told.
    """
    planned = named | {step.sale for step in context.steps.values()}
    for key in context.index.sales_with_unapplied_money():
        invoice = context.index.get("Invoice", key)
        if key in planned or invoice is None or invoice.voided or not invoice.total_unchanged:
            continue
        payments = [each for each in context.index.payments_of(key) if _finds_room(context, each, invoice)]
        open_credits = _open_credits(context, key, invoice)
        if (payments or open_credits) and not invoice.is_current:
            context.require_reread(invoice)
        elif payments or open_credits:
            _fill(context, invoice, payments, open_credits)


def await_room(context: PlanningContext) -> None:
    """Plan payments once more that lie beside an invoice which another payment leaves in the same waves.

    Because QBO takes them only once that one is off it, and one that lies on a deposit by then never finds its place.
    """
    payments = [step for step in context.steps.values() if step.id.entity == "Payment"]
    left = {
        order_of(step.target) for step in payments if step.target is not None and order_of(step.target) != step.sale
    }
    for step in payments:
        if step.sale in left and MarkerField.APPLIED in step.marker_fields:
            with context.planning([step.owner]):
                context.ask_again()


def _finds_room(context: PlanningContext, payment: Posted, invoice: Posted) -> bool:
    """True for what we left beside the invoice, where it may still be changed."""
    frozen = payment.deposited or context.profile.is_closed(payment.txn_date)
    return is_partly_applied(payment) and payment.customer_id == invoice.customer_id and not frozen


def _open_credits(context: PlanningContext, key: SourceKey, invoice: Posted) -> list[Posted]:
    sale = Sale(key=key, entity="Invoice", posted=invoice, step=None)
    if not context.profile.applies_credits or is_cancelled(context, sale):
        return []
    found = context.index.credits_of(key)
    return [each for each in found if each.customer_id == invoice.customer_id and (each.balance or not each.is_current)]


def _fill(
    context: PlanningContext, invoice: Posted, payments: Sequence[Posted], open_credits: Sequence[Posted]
) -> None:
    sale = Sale(key=invoice.key, entity="Invoice", posted=invoice, step=None)
    balance = OpenBalance(amount=invoice.balance or Decimal(0), customer_id=invoice.customer_id)
    owner = _cause(context)
    with context.planning([owner]):
        for payment in payments:
            more, balance = balance.spend(payment.total - payment.applied - payment.applied_elsewhere)
            if more:
                context.write(applied_anew(payment, owner, sale.key, payment.applied + more))
        apply_earlier(context, sale, open_credits, owner, balance)


def _cause(context: PlanningContext) -> int:
    """The event that a write for another sale is credited to: one that tells of a credit, else one that writes."""
    writing = {step.owner for step in context.steps.values()}

    def unlikely(position: int) -> tuple[bool, bool, bool, int]:
        steps = context.plans[position].steps
        return not any(map(_is_credit, steps)), position not in writing, not steps, position

    return min(range(len(context.plans)), key=unlikely)


def _is_credit(step: PostingStep) -> bool:
    return step.entity == "CreditMemo"
