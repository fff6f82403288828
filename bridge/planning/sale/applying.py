"""Payments in the books that must lie elsewhere: off an invoice that shrinks, on one that grew. Pure."""

from __future__ import annotations

from decimal import Decimal

from bridge.index.index import Posted
from bridge.planning.context import Board
from bridge.planning.sale.money import Purse
from bridge.planning.steps import Claim, PlannedStep, StepId
from contracts.entities import number
from contracts.money import plain
from contracts.posting import Operation


def give_way(board: Board, purse: Purse, claim: Claim) -> None:
    """Take from the payments what a smaller invoice cannot hold any more; the money of the body goes first."""
    for payment in board.index.payments_of(purse.sale.key):
        less = min(payment.applied, max(-purse.open, Decimal(0)))
        if less and payment != purse.changing:
            purse.open += less
            change(board, purse, _applied_anew(payment, claim, purse, payment.applied - less))


def put_on_again(board: Board, purse: Purse, claim: Claim) -> None:
    """Payments that had no room on the invoice, or that were another customer's, go on it where it takes them now."""
    for payment in board.index.payments_of(purse.sale.key):
        ours = payment.customer_id == purse.owner
        if is_target(board, payment) or (payment.elsewhere if not ours else not left_beside(payment)):
            continue
        if not payment.fresh:
            board.look_again(payment)
        on_it = payment.applied if ours else Decimal(0)
        applied = on_it + purse.take(payment.total - on_it - payment.promised)
        if applied != payment.applied or not ours:
            board.write(_applied_anew(payment, claim, purse, applied))


def change(board: Board, purse: Purse, step: PlannedStep) -> StepId:
    """Put down a change of a payment, before the write that makes the invoice smaller."""
    return board.write_before(step, purse.shrinking) if purse.shrinking else board.write(step)


def is_target(board: Board, posted: Posted) -> bool:
    """True for what this micro-batch changes already."""
    return any(step.target == posted for step in board.steps.values())


def left_beside(payment: Posted) -> bool:
    """True when we left a part of it beside the invoice, and that is still so: what a person took off stays off."""
    left_on = number(payment.facts.get("a"))
    return left_on is not None and left_on == payment.applied


def beside(amount: Decimal, applied: Decimal, currency: str) -> dict[str, str]:
    """What the marker says of a payment that the invoice could not take whole: how much of it is on it."""
    return {"a": plain(applied, currency)} if applied < amount else {}


def _applied_anew(payment: Posted, claim: Claim, purse: Purse, applied: Decimal) -> PlannedStep:
    facts = {name: value for name, value in payment.facts.items() if name != "a"}
    return PlannedStep(
        id=StepId("Payment", payment.key),
        operation=Operation.UPDATE,
        owner=claim.position,
        target=payment,
        sale=purse.sale.key,
        facts=facts | beside(payment.total, applied, purse.currency),
        applied=applied,
    )
