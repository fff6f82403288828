"""Payments in the books that must lie elsewhere: off an invoice that shrinks, on one that has room again. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from bridge.index.posted import Posted, is_given_away, order_of, taken_off_by_hand
from bridge.planning.context import PlanningContext
from bridge.planning.sale.balance import OpenBalance, is_partly_applied
from bridge.planning.sale.state import FormedSale
from bridge.planning.steps import Claim, PlannedStep, StepId
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.money import plain
from contracts.posting import Caution, Operation

STAYS_AWAY = "with_another_customer"
"""The warning of a payment that a person gave another customer than its invoice's."""
TAKEN_OFF = "taken_off_its_invoice"
"""The warning of a payment that a person took off its invoice, or put on another one."""
IS_OFF = "Of Payment {} a person took {} off its invoice in QuickBooks, or put it on another one: it stays so."
STAYS = "Payment {} is with another customer in QuickBooks by a person's hand: it stays there and off its invoice."


def give_way(context: PlanningContext, formed: FormedSale, balance: OpenBalance, claim: Claim) -> OpenBalance:
    """Take from the payments what a smaller invoice cannot hold any more; the money of the body goes first.

    Because QBO takes it from whichever payment it likes once the invoice is smaller than what is on it, they give way
    before that write.
    """
    for payment in context.index.payments_of(formed.form.key):
        less = min(payment.applied, balance.too_much)
        if less and payment != formed.money.changing:
            balance = balance.give_back(less)
            change(context, balance, applied_anew(payment, claim.position, formed.form.key, payment.applied - less))
    return balance


def reapply(context: PlanningContext, formed: FormedSale, balance: OpenBalance, claim: Claim) -> OpenBalance:
    """Payments that had no room on the invoice, or that were another customer's, go on it where it takes them now."""
    for payment in context.index.payments_of(formed.form.key):
        ours = payment.customer_id == balance.customer_id
        if balance.is_given_away(payment):
            _say_whose_it_is(context, payment, claim.position)
            continue
        if is_target(context, payment) or (ours and not is_partly_applied(payment)):
            continue
        if not payment.is_current:
            context.require_reread(payment)
        on_it = payment.applied if ours else Decimal(0)
        more, balance = balance.spend(payment.total - on_it - payment.applied_elsewhere)
        if on_it + more != payment.applied or not ours:
            context.write(applied_anew(payment, claim.position, formed.form.key, on_it + more))
    return balance


def say_what_is_off(context: PlanningContext, sale: Posted | None, positions: Iterable[int]) -> None:
    """Warn these plans of payments of an invoice in the books of which a person took something off it."""
    for payment in context.index.payments_of(sale.key) if sale is not None else ():
        off = taken_off_by_hand(payment, sale)
        if off:
            context.warn(positions, Caution(TAKEN_OFF, IS_OFF.format(payment.id, plain(off, payment.currency))))


def say_where_it_is(context: PlanningContext, payment: Posted, position: int) -> None:
    """Warn a plan that only names a payment of the books of what a person did with it."""
    sale = context.index.sale(order_of(payment))
    if is_given_away(payment, sale):
        _say_whose_it_is(context, payment, position)
    say_what_is_off(context, sale, [position])


def _say_whose_it_is(context: PlanningContext, payment: Posted, position: int) -> None:
    if not payment.was_adopted:
        context.warn([position], Caution(STAYS_AWAY, STAYS.format(payment.id)))


def as_applied(context: PlanningContext, payment: Posted) -> Posted:
    """A payment with what is on the invoice that it was written for told apart from what a person linked elsewhere."""
    found = context.index.payments_of(order_of(payment))
    return next((each for each in found if each.key == payment.key), payment)


def change(context: PlanningContext, balance: OpenBalance, step: PlannedStep) -> StepId:
    """Put down a change of a payment, before the write that makes the invoice smaller."""
    return context.write_before(step, balance.shrinking) if balance.shrinking else context.write(step)


def is_target(context: PlanningContext, posted: Posted) -> bool:
    """True for what this micro-batch changes already."""
    return any(step.target == posted for step in context.steps.values())


def applied_fact(amount: Decimal, applied: Decimal, currency: str) -> dict[str, str]:
    """What the marker says of a payment that the invoice could not take whole: how much of it is on it."""
    return {MarkerField.APPLIED: plain(applied, currency)} if applied < amount else {}


def applied_anew(payment: Posted, owner: int, sale: SourceKey, applied: Decimal) -> PlannedStep:
    """The change of a payment of which `applied` is on the invoice of `sale` in the end."""
    marker_fields = {name: value for name, value in payment.marker_fields.items() if name != MarkerField.APPLIED}
    return PlannedStep(
        id=StepId("Payment", payment.key),
        operation=Operation.UPDATE,
        owner=owner,
        target=payment,
        sale=sale,
        marker_fields=marker_fields | applied_fact(payment.total, applied, payment.currency or ""),
        applied=applied,
    )
