"""Payments in the books that must lie elsewhere: off an invoice that shrinks, on one that grew. Pure."""

from __future__ import annotations

from decimal import Decimal

from bridge.index.index import Posted
from bridge.planning.context import PlanningContext
from bridge.planning.sale.money import SaleMoney
from bridge.planning.steps import Claim, PlannedStep, StepId
from contracts.entities import number
from contracts.money import plain
from contracts.posting import Operation


def give_way(context: PlanningContext, money: SaleMoney, claim: Claim) -> None:
    """Take from the payments what a smaller invoice cannot hold any more; the money of the body goes first."""
    for payment in context.index.payments_of(money.sale.key):
        less = min(payment.applied, max(-money.open, Decimal(0)))
        if less and payment != money.changing:
            money.open += less
            change(context, money, _applied_anew(payment, claim, money, payment.applied - less))


def reapply(context: PlanningContext, money: SaleMoney, claim: Claim) -> None:
    """Payments that had no room on the invoice, or that were another customer's, go on it where it takes them now."""
    for payment in context.index.payments_of(money.sale.key):
        ours = payment.customer_id == money.owner
        if is_target(context, payment) or (payment.elsewhere if not ours else not is_partly_applied(payment)):
            continue
        if not payment.fresh:
            context.require_reread(payment)
        on_it = payment.applied if ours else Decimal(0)
        applied = on_it + money.take(payment.total - on_it - payment.applied_elsewhere)
        if applied != payment.applied or not ours:
            context.write(_applied_anew(payment, claim, money, applied))


def change(context: PlanningContext, money: SaleMoney, step: PlannedStep) -> StepId:
    """Put down a change of a payment, before the write that makes the invoice smaller."""
    return context.write_before(step, money.shrinking) if money.shrinking else context.write(step)


def is_target(context: PlanningContext, posted: Posted) -> bool:
    """True for what this micro-batch changes already."""
    return any(step.target == posted for step in context.steps.values())


def is_partly_applied(payment: Posted) -> bool:
    """True when we left a part of it beside the invoice, and that is still so: what a person took off stays off."""
    left_on = number(payment.marker_fields.get("a"))
    return left_on is not None and left_on == payment.applied


def applied_fact(amount: Decimal, applied: Decimal, currency: str) -> dict[str, str]:
    """What the marker says of a payment that the invoice could not take whole: how much of it is on it."""
    return {"a": plain(applied, currency)} if applied < amount else {}


def _applied_anew(payment: Posted, claim: Claim, money: SaleMoney, applied: Decimal) -> PlannedStep:
    marker_fields = {name: value for name, value in payment.marker_fields.items() if name != "a"}
    return PlannedStep(
        id=StepId("Payment", payment.key),
        operation=Operation.UPDATE,
        owner=claim.position,
        target=payment,
        sale=money.sale.key,
        marker_fields=marker_fields | applied_fact(payment.total, applied, money.currency),
        applied=applied,
    )
