"""Credit memos and refund receipts go with their sale when its buyer changes, as its payments do. Pure.

Whoever is killed after the form went to the new customer finds the rest by the books: what was written for another
customer than its form's now. What a person gave to somebody, or QBO does not let go, stays there; the result says so.
"""

from __future__ import annotations

from collections.abc import Iterable

from bridge.index.foreign_payments import links_one_credit
from bridge.index.posted import Posted
from bridge.planning.context import PlanningContext
from bridge.planning.sale.applying import STAYS_AWAY
from bridge.planning.sale.balance import OpenBalance
from bridge.planning.steps import Claim, PlannedStep, Sale, StepId
from contracts.entities import EntityName
from contracts.posting import Caution, Operation

BY_A_PERSON = "by a person's hand"
ON_A_DEPOSIT = "and lies on a deposit"
IN_CLOSED_BOOKS = "in closed books"
INACTIVE = "because the customer of its sale is inactive"
STAYS = "{} {} is with another customer than its sale {}: it stays there."
MOVE = "customer"
"""The part of a step that moves a document to the customer of its sale."""


def follow_buyer(
    context: PlanningContext, sale: Sale, owner: OpenBalance, documents: Iterable[Posted], claim: Claim
) -> None:
    """Give credit memos or refund receipts of `sale` the customer whom its form has in the end."""
    for posted in documents:
        if not sale.counts or posted.customer_id in (None, owner.customer_id) or _goes(context, posted):
            continue
        reason = _stays(context, owner, posted)
        if reason is not None:
            context.warn([claim.position], Caution(STAYS_AWAY, STAYS.format(posted.entity, posted.id, reason)))
            continue
        if posted.form is None:
            context.require_reread(posted)
        if context.profile.applies_credits and context.foreign_payments_on(posted):
            context.ask_again()  # because other invoices, on which QBO had put it, have room again
        step = PlannedStep(
            id=moving(posted),
            operation=Operation.UPDATE,
            owner=claim.position,
            target=posted,
            sale=sale.key,
            marker_fields=posted.marker_fields,
            total=posted.total,
        )
        context.plan_write(step, [claim.position])


def moving(posted: Posted) -> StepId:
    """The write that moves a document to the customer of its sale."""
    return StepId(_name(posted), posted.key, part=MOVE)


def _name(posted: Posted) -> EntityName:
    return "CreditMemo" if posted.entity == "CreditMemo" else "RefundReceipt"


def _goes(context: PlanningContext, posted: Posted) -> bool:
    """True for what these waves take out of the books."""
    step = context.steps.get(StepId(_name(posted), posted.key))
    return step is not None and step.operation is Operation.DELETE


def _stays(context: PlanningContext, owner: OpenBalance, posted: Posted) -> str | None:
    """Why a document stays with its customer, None for one that follows."""
    if owner.is_given_away(posted) or not posted.total_unchanged or _is_used(context, posted):
        return BY_A_PERSON
    if posted.deposited:
        return ON_A_DEPOSIT
    if context.profile.is_closed(posted.txn_date):
        return IN_CLOSED_BOOKS
    if owner.customer_id is not None and context.index.customers.is_dropped(owner.customer_id):
        return INACTIVE
    return None


def _is_used(context: PlanningContext, posted: Posted) -> bool:
    """True for a credit that a person has put on an invoice: it would come off."""
    by_itself = context.profile.applies_credits
    others = context.foreign_payments_on(posted)
    return any(not (by_itself and links_one_credit(each, posted.id)) for each in others)
