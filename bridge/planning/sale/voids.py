"""Sales that must not count any more: cancelled before anybody paid, or deleted at their source. Pure."""

from __future__ import annotations

from dataclasses import replace

from bridge.index.index import VOIDED, Posted
from bridge.index.posted import split_by_invoice
from bridge.planning.context import PlanningContext
from bridge.planning.refusals import rejected, stays_void
from bridge.planning.sale.credits import take_off_credits
from bridge.planning.sale.late import plan_late
from bridge.planning.steps import AlreadyPosted, Claim, PlannedStep, Refused, SaleClaims, Skipped, StepId
from contracts.entities import EntityName
from contracts.keys import BODY_MONEY
from contracts.marker import MarkerField, text_in
from contracts.money import plain, total
from contracts.posting import Intent, Operation, Version

NOTHING_BOOKED = "cancelled before anything was booked: there is nothing to void"
PAID = "cancelled with money on it: the invoice stays, its refunds carry the money back"
DELETED_PAID = "belongs to an order that its source has deleted, and money was received for it"


def plan_void(
    context: PlanningContext, claim: Claim, same: list[int], posted: Posted | None, version: Version, claims: SaleClaims
) -> tuple[Claim, ...]:
    """Decide what becomes of a sale that is taken back: void where nobody paid, else its refunds tell the rest.

    Gives the credit memo of a cancellation in a later month as a claim.
    """
    withdrawn = claim.step.intent is Intent.WITHDRAWN
    if posted is None:
        context.note_version(claim.step.key, version)
        context.resolve(same, Skipped("skipped_by_rule", NOTHING_BOOKED))
    elif posted.voided and posted.marked:
        context.resolve(
            same, stays_void(posted) if posted.deleted and not posted.voided_by_us else AlreadyPosted(posted)
        )
    elif posted.voided:
        context.plan_write(marker_again(_form(posted), posted, str(version), claim.position, voided_now=False), same)
    elif not _is_paid(context, posted, claims, withdrawn=withdrawn):
        late = plan_late(context, claim, same, posted, version, None)
        if late is not None:
            return late
        _void(context, claim, same, posted, version)
    elif withdrawn:
        context.resolve(same, Refused(rejected(posted, DELETED_PAID), posted))
    else:
        context.note_version(claim.step.key, version)
        context.resolve(same, Skipped("skipped_by_rule", PAID, posted))
    return ()


def _void(context: PlanningContext, claim: Claim, same: list[int], posted: Posted, version: Version) -> None:
    """Credit memos of ours come off first: whether they came before or after the cancellation is the same then."""
    form = _form(posted)
    off = take_off_credits(context, claim.step.key, same)
    void = PlannedStep(id=form, operation=Operation.VOID, owner=claim.position, target=posted, needs=off)
    context.plan_write(void, same)
    context.plan_write(marker_again(form, posted, str(version), claim.position, voided_now=True), same)


def marker_again(document: StepId, posted: Posted, version: str, owner: int, *, voided_now: bool) -> PlannedStep:
    """QBO overwrites PrivateNote when it voids (recorded 2025-06), so the marker and a person's note go back.

    After a void of our own (`document` is that step) the SyncToken is that of its answer; else the index has it.
    """
    return PlannedStep(
        id=document._replace(part="note" if voided_now else "marker"),
        operation=Operation.UPDATE,
        owner=owner,
        target=replace(posted, is_current=True) if voided_now else posted,
        marker_fields={
            **_order(posted),
            MarkerField.VERSION: version,
            MarkerField.CONTENT: VOIDED,
            MarkerField.TOTAL: plain(posted.total * 0, posted.currency),
        },
        needs=frozenset({document} if voided_now else ()),
    )


def _is_paid(context: PlanningContext, posted: Posted, claims: SaleClaims, *, withdrawn: bool) -> bool:
    """Transactions are money whatever a body says; what only an older body told, the newest one may take back.

    Of an order that is deleted no body tells anything any more: all its money counts.
    """
    payments = context.index.payments_of(posted.key)
    known = any(withdrawn or payment.key.kind != BODY_MONEY for payment in payments)
    on_form = posted.has_gift_cards or posted.entity == "SalesReceipt"
    if claims.payments or claims.redemptions or known or on_form:
        # Because money on it must go back by a refund of its own: a void would take it out of the books unseen.
        return True
    return others_paid(context, posted)


def others_paid(context: PlanningContext, posted: Posted) -> bool:
    """True when a person has put money on the invoice. One that is not fresh is read before it is voided anyway.

    Credit memos are no money, this order's or another's: we, a person or, where credits apply themselves, QBO puts
    them on it by payments of nothing, and QBO gives them back when the invoice is voided.
    """
    index = context.index
    ours = total(each.applied for each in (*index.payments_of(posted.key), *index.applications_of(posted.key)))
    covered = posted.total - (posted.balance if posted.balance is not None else posted.total)
    if not posted.is_current or covered <= ours:
        return False
    others = [split_by_invoice(payment, posted.id) for payment in context.foreign_payments_on(posted)]
    return covered > ours + total(payment.applied for payment in others if not payment.total)


def _form(posted: Posted) -> StepId:
    entity: EntityName = "SalesReceipt" if posted.entity == "SalesReceipt" else "Invoice"
    return StepId(entity, posted.key)


def _order(posted: Posted) -> dict[str, str]:
    sale = text_in(posted.marker_fields, MarkerField.SALE)
    return {MarkerField.SALE: sale} if sale else {}
