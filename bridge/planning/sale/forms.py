"""The form of a sale as a whole: what its body says, the gift cards on it, and how it went out, in one write. Pure.

A gift card that is told late goes on the form that the books have: its own lines are read once for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from bridge.index.index import Posted
from bridge.index.posted import NOT_SHIPPED, Shipping
from bridge.planning.context import PlanningContext
from bridge.planning.refusals import conflict, stays_void
from bridge.planning.sale import shipments
from bridge.planning.sale.amounts import form_draft
from bridge.planning.sale.credits import late_credits_of
from bridge.planning.sale.documents import version_of
from bridge.planning.sale.redemptions import amount_redeemed, redeemed_fact, redeemed_on
from bridge.planning.sale.shipments import Shipment, is_newer, shipment_fact, shipments_on, shipping
from bridge.planning.sale.shown import shown_fact
from bridge.planning.sale.state import FormedSale, SaleMoney
from bridge.planning.steps import AlreadyPosted, Claim, PlannedStep, Refused, Sale, SaleClaims, Skipped, StepId, Write
from contracts.entities import EntityName
from contracts.keys import SourceKey
from contracts.marker import SALES, MarkerField
from contracts.money import plain
from contracts.posting import Operation
from contracts.quickbooks import DocumentDraft, InvoiceDraft, PaymentDraft, RedemptionDraft, ShipmentDraft

CLOSED = "the books are closed until {}: how the goods went out is not written there"
SHIPPED_BY_HAND = "how the order was sent was entered or changed in QuickBooks and stays so"


def sale_of(context: PlanningContext, key: SourceKey) -> Sale | None:
    """The sale `key` as the books have it and as this micro-batch leaves it; None when there is neither."""
    entities: tuple[EntityName, ...] = ("Invoice", "SalesReceipt")
    for entity in entities:
        step = context.steps.get(StepId(entity, key))
        if step is not None and step.operation is not Operation.VOID:
            return Sale(key=key, entity=entity, posted=step.target, step=step)
    posted = context.index.sale(key)
    if posted is None:
        return None
    entity = "Invoice" if posted.entity == SALES[0] else "SalesReceipt"
    return Sale(key=key, entity=entity, posted=posted, step=context.steps.get(StepId(entity, key)))


def plan_form(context: PlanningContext, money: SaleMoney) -> FormedSale:
    """Phase *form*: put gift cards and deliveries on the form of the sale, in one write with its content."""
    sale = money.sale
    before = shipments_on(sale.posted)
    newer = [claim for claim in money.claims.shipments if is_newer(claim, before)]
    _resolve_old(context, sale, [claim for claim in money.claims.shipments if claim not in newer])
    if newer and (reason := _in_closed_books(context, sale) or _left_alone(sale, before)) is not None:
        context.resolve((claim.position for claim in newer), reason)
        newer = []
    cards = [claim for group in money.cards for claim in group]
    if not sale.counts:
        return FormedSale(form=sale, money=money)
    found = shipments.merged(before, newer)
    if sale.step is not None:
        _complete(context, sale.step, money, found, [*cards, *newer])
    else:
        _change(context, money, found, [*cards, *newer])
    return FormedSale(form=sale_of(context, sale.key) or sale, money=money)


def _resolve_old(context: PlanningContext, sale: Sale, claims: Sequence[Claim]) -> None:
    if sale.posted is not None:
        context.resolve((claim.position for claim in claims), AlreadyPosted(sale.posted))


def _in_closed_books(context: PlanningContext, sale: Sale) -> Skipped | None:
    """Why a delivery is not written on a form that closed books hold, or keep out."""
    # because how goods went out is no accounting, a person has nothing to decide about it: it is no dead letter
    draft = sale.step.draft if sale.step else None
    stands = sale.posted.txn_date if sale.posted else draft.txn_date if isinstance(draft, DocumentDraft) else None
    if not context.profile.is_closed(stands):
        return None
    if sale.posted is None and context.closed == "redate":
        return None
    return Skipped("skipped_by_rule", CLOSED.format(context.profile.close_date), sale.posted)


def before_closing(context: PlanningContext, claim: Claim) -> Skipped | None:
    """Why a parcel does not wait for its order: that is no younger, so closed books keep it out."""
    draft = claim.step.draft
    shipped = draft.ship_date if isinstance(draft, ShipmentDraft) else None
    if not context.profile.is_closed(shipped) or context.closed == "redate":
        return None
    return Skipped("skipped_by_rule", CLOSED.format(context.profile.close_date))


def _left_alone(sale: Sale, before: dict[str, Shipment]) -> Skipped | None:
    """Why a delivery is not written: the sale is void, or a person has filled these fields in otherwise."""
    posted = sale.posted
    if not sale.counts:
        if posted is not None and posted.voided and not posted.voided_by_us:
            return stays_void(posted)
        return Skipped("skipped_by_rule", "the order was cancelled: there is no invoice to write it on", posted)
    if posted is not None and posted.shipping != (shipping(before) if before else NOT_SHIPPED):
        return Skipped("skipped_by_rule", SHIPPED_BY_HAND, posted)
    return None


def _complete(
    context: PlanningContext,
    step: PlannedStep,
    money: SaleMoney,
    found: dict[str, Shipment],
    claims: Sequence[Claim],
) -> None:
    """The form is written anyway: everything goes with it."""
    total = (step.total or Decimal(0)) - amount_redeemed(money.redeemed)
    context.write(
        replace(
            step,
            total=total,
            redemptions=money.redeemed,
            shipping=_fields(found, claims),
            marker_fields=_marker_fields(step.marker_fields, money, found, total),
        )
    )
    for claim in claims:
        context.resolve([claim.position], Write(step.id, credited=False))


def _change(context: PlanningContext, money: SaleMoney, found: dict[str, Shipment], claims: Sequence[Claim]) -> None:
    sale, posted = money.sale, money.sale.posted
    cards = money.redeemed != redeemed_on(posted)
    if posted is None or not (cards or any(_is_delivery(claim) for claim in claims)):
        return
    draft = _same_content(context, posted, money.claims)
    if cards and not posted.total_unchanged:
        # Because a person has changed the total, how much the gift card may take off it is theirs to settle.
        context.resolve((claim.position for claim in claims), Refused(conflict(posted), posted))
        return
    if cards and draft is None and posted.form is None:
        context.require_reread(posted)
    total = posted.total + amount_redeemed(redeemed_on(posted)) - amount_redeemed(money.redeemed)
    causes = [*claims, *money.current, *(claim for group in money.unbooked for claim in group)]
    positions = [claim.position for claim in claims or causes[:1]]
    step = PlannedStep(
        id=StepId(sale.entity, sale.key),
        operation=Operation.UPDATE,
        owner=min(positions),
        draft=draft if cards else None,
        target=posted,
        marker_fields=_marker_fields(posted.marker_fields, money, found, total),
        total=total if cards else None,
        redemptions=money.redeemed,
        shipping=_fields(found, claims),
    )
    context.plan_write(step, positions)


def _is_delivery(claim: Claim) -> bool:
    return not isinstance(claim.step.draft, PaymentDraft | RedemptionDraft)


def _fields(found: dict[str, Shipment], claims: Sequence[Claim]) -> Shipping | None:
    """The three fields when they may have changed, None when they stay as they are."""
    return shipping(found) if any(_is_delivery(claim) for claim in claims) else None


def _marker_fields(before: object, money: SaleMoney, found: dict[str, Shipment], total: Decimal) -> dict[str, str]:
    marker_fields = dict(before) if isinstance(before, dict) else {}
    kept = {
        name: value
        for name, value in marker_fields.items()
        if name not in (MarkerField.GIFT_CARDS, MarkerField.SHIPMENTS, MarkerField.SHOWN, MarkerField.TOTAL)
    }
    on_form = redeemed_fact(money.redeemed, money.currency) | shown_fact(money.shown, money.currency)
    on_form |= shipment_fact(found)
    return {**kept, MarkerField.TOTAL: plain(total, money.currency), **on_form}


def _same_content(context: PlanningContext, posted: Posted, claims: SaleClaims) -> InvoiceDraft | None:
    """The body of this micro-batch that says what the form says, so that its lines need not be read."""
    if late_credits_of(context, posted.key):
        return None  # because its lines are those of before the late changes, whatever version its marker says
    for claim in claims.bodies:
        # because a form of other rules has lines of its own, only its lines as they are read may be written again
        if claim.step.draft is not None and not claim.step.said and version_of(claim).content == posted.content:
            return form_draft(claim)
    return None
