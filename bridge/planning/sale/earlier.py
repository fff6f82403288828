"""Sales from before the start of the books: never booked; money that moves for them later is booked without them. Pure.

Money from before the start is only remembered: a body that comes later tells all that was ever received.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from bridge.index.earlier_money import earlier, read_earlier
from bridge.index.money_names import name_of
from bridge.index.posted import Posted
from bridge.planning.context import PlanningContext
from bridge.planning.grouping import by_key
from bridge.planning.named_twice import note_inside
from bridge.planning.refusals import DID_NOT_LAST, known
from bridge.planning.sale.amounts import age, amount_of, money_of
from bridge.planning.sale.earlier_entries import amount_on, late_payment, late_refund, with_amount
from bridge.planning.steps import Claim, PlannedStep, Refused, SaleClaims, Skipped, StepId, StepResolution
from contracts.entities import EntityName
from contracts.errors import RecordError
from contracts.keys import BODY_MONEY, SourceKey
from contracts.marker import MarkerField, amount_in
from contracts.money import plain
from contracts.opening import BEFORE_BOOKS_START, OF_EARLIER_BOOKS, PLACE_UNKNOWN, OpeningAccounts, owed_no_more
from contracts.posting import Caution, Operation, Version
from contracts.quickbooks import (
    ChangeDraft,
    CreditMemoDraft,
    EarlierMoneyDraft,
    PaymentDraft,
    RedemptionDraft,
    RefundReceiptDraft,
)

OF_EARLIER = Skipped(BEFORE_BOOKS_START, "its sale is dated before the start of the books")
CHANGE_NOT_BOOKED = "change_not_booked"
CHANGE = (
    "Change of {} {} was given back out of a payment of an order from before the start of the books: its entry, if it "
    "has one, is over the whole payment, and a person makes it smaller."
)
MONEY_OF_EARLIER = Skipped(BEFORE_BOOKS_START, "dated before the start of the books")


def is_of_earlier_books(context: PlanningContext, key: SourceKey) -> bool:
    """True for a sale that is known to be dated before the start."""
    found = (context.versions.get(key), context.index.newest(key))
    return any(version is not None and version.content == OF_EARLIER_BOOKS.content for version in found)


def note_earlier(context: PlanningContext, key: SourceKey, claims: Sequence[Claim]) -> None:
    """Whatever touches a sale of earlier books is ignored; that it is one is remembered once."""
    context.note_version(key, OF_EARLIER_BOOKS)
    context.resolve((claim.position for claim in claims), OF_EARLIER)


def note_earlier_money(context: PlanningContext, claims: Sequence[Claim]) -> None:
    """Money from before the start is never booked; how much it was is remembered."""
    for claim in claims:
        version = _earlier_note(claim)
        if version is not None:
            context.note_version(claim.step.key, version)
        context.resolve([claim.position], MONEY_OF_EARLIER)


def _earlier_note(claim: Claim) -> Version | None:
    draft = claim.step.draft
    if not isinstance(draft, EarlierMoneyDraft):
        raise TypeError(f"{claim.step.key}: money of earlier books needs an EarlierMoneyDraft")
    if not draft.amount:
        return None
    return earlier(draft.invoice, plain(draft.amount, draft.currency), claim.step.version)


def plan_earlier(context: PlanningContext, key: SourceKey, claims: SaleClaims) -> None:
    """Book the money that moves for a sale of earlier books."""
    rest = (*claims.credits, *claims.shipments, *claims.change, *claims.overpaid)
    context.resolve((claim.position for claim in rest), OF_EARLIER)
    _warn_of_what_stays_open(context, claims)
    money = (*claims.refunds, *claims.payments, *claims.redemptions)
    if context.opening is None:
        context.resolve((claim.position for claim in (*money, *claims.received)), OF_EARLIER)
        return
    for _, group in by_key(money):
        _plan(context, group, context.opening)
    _plan_body(context, key, claims, context.opening)


def _warn_of_what_stays_open(context: PlanningContext, claims: SaleClaims) -> None:
    """What lowers the money or the receivable of a sale of earlier books is not booked: a person has to know of it."""
    for claim in claims.credits:
        if isinstance(claim.step.draft, CreditMemoDraft):
            context.warn([claim.position], owed_no_more(claim.step.draft.total, claim.step.draft.currency))
    for claim in claims.change:
        if isinstance(claim.step.draft, ChangeDraft) and not _is_earlier_money(context, claim.step.draft.payment):
            given = plain(claim.step.draft.amount, claim.step.draft.currency)
            context.warn([claim.position], Caution(CHANGE_NOT_BOOKED, CHANGE.format(given, claim.step.draft.currency)))


def _is_earlier_money(context: PlanningContext, payment: SourceKey | None) -> bool:
    """True for a payment that is known to be dated before the start, so that no entry is over its change too."""
    if payment is None:
        return False
    found = (context.versions.get(payment), context.index.newest(payment))
    return any(version is not None and read_earlier(version) is not None for version in found)


def _plan_body(context: PlanningContext, key: SourceKey, claims: SaleClaims, opening: OpeningAccounts) -> None:
    """Money that only a body tells: what exceeds that of before the start, until a later transaction tells it."""
    entries = context.index.every_entry_of(key)
    posted = next((each for each in entries if each.key.kind == BODY_MONEY and not each.voided), None)
    newest = max(claims.received, key=lambda claim: (amount_of(claim), age(claim)), default=None)
    received = max(_written(posted), amount_of(newest) if newest else Decimal(0))
    # because the body of an order that was paid only now tells what its late transactions tell, once more, those among
    # them whose entry a person took out
    by_itself = (*claims.payments, *claims.redemptions, *(each for each in entries if each.key.kind == "transaction"))
    before = context.index.earlier_money.of(key, context.versions)
    amount = Decimal(0) if by_itself else max(received - before, Decimal(0))
    if posted is not None:
        resolution = _follow(context, posted, amount, received, claims)
        context.resolve((claim.position for claim in claims.received), resolution)
    elif newest is not None and amount:
        over = [_over(claim, amount) for claim in (newest, *claims.received)]
        _plan(context, over, opening, {MarkerField.RECEIVED: plain(received, money_of(newest).currency)})
    else:
        context.resolve((claim.position for claim in claims.received), OF_EARLIER)


def _written(posted: Posted | None) -> Decimal:
    """All that the body said was received when the entry was written."""
    return (amount_in(posted.marker_fields, MarkerField.RECEIVED) if posted else None) or Decimal(0)


def _follow(
    context: PlanningContext, posted: Posted, amount: Decimal, received: Decimal, claims: SaleClaims
) -> StepResolution:
    """Bring the entry of a body's money to `amount`, or take it out; what becomes of the claims of bodies."""
    by_itself = (*claims.payments, *claims.redemptions)
    causes = (*by_itself, *claims.earlier, *claims.received)
    is_newer = bool(claims.earlier) or received > _written(posted)
    if not amount and causes:
        step_id = StepId("JournalEntry", posted.key)
        step = PlannedStep(id=step_id, operation=Operation.DELETE, owner=causes[0].position, target=posted)
        context.plan_write(step, _positions((*by_itself, *claims.earlier) or claims.received))
        for claim in by_itself:
            # because in closed books it stays, and the same money would be there twice
            context.add_need(StepId("JournalEntry", claim.step.key), step_id)
        return OF_EARLIER
    if is_newer and posted.form is None:
        context.require_reread(posted)  # because only its lines say over how much it is
    elif is_newer and amount_on(posted) != amount:
        currency = posted.currency or context.profile.home_currency
        said: dict[str, str] = {MarkerField.RECEIVED: plain(received, currency)}
        step = with_amount(posted, amount, said, causes[0].position)
        context.plan_write(step, _positions(claims.earlier or claims.received))
    return known(posted)


def _positions(claims: Sequence[Claim]) -> set[int]:
    return {claim.position for claim in claims}


def _over(claim: Claim, amount: Decimal) -> Claim:
    return claim._replace(step=replace(claim.step, draft=replace(money_of(claim), amount=amount)))


def _plan(
    context: PlanningContext, group: Sequence[Claim], opening: OpeningAccounts, said: Mapping[str, str] | None = None
) -> None:
    claim, positions = group[0], sorted({each.position for each in group})
    entity: EntityName = "RefundReceipt" if isinstance(claim.step.draft, RefundReceiptDraft) else "JournalEntry"
    posted = context.index.get(entity, claim.step.key)
    posted = posted or _taken_out(context, claim)
    resolution: StepResolution | None = known(posted) if posted else None
    if resolution is None and context.is_taken_back(claim.step.key):
        resolution = DID_NOT_LAST
    if resolution is None:
        try:
            context.plan_write(_step(context, claim, opening, said or {}), positions)
        except RecordError as error:
            resolution = Refused(error)
    if resolution is not None:
        context.resolve(positions, resolution)


def _taken_out(context: PlanningContext, claim: Claim) -> Posted | None:
    """The entry of a body's money that a person took out: a transaction that tells the same money brings none back."""
    if not isinstance(claim.step.draft, PaymentDraft | RedemptionDraft):
        return None
    entries = context.index.every_entry_of(claim.step.draft.invoice)
    return next((each for each in entries if each.voided and each.key.kind == BODY_MONEY), None)


def _step(context: PlanningContext, claim: Claim, opening: OpeningAccounts, said: Mapping[str, str]) -> PlannedStep:
    match claim.step.draft:
        case RefundReceiptDraft() as draft:
            if opening.tracks:
                context.warn([claim.position], PLACE_UNKNOWN)
            note_inside(context, draft.transactions, name_of(claim.step.key))
            return late_refund(context, claim, draft, opening)
        case PaymentDraft() | RedemptionDraft() as draft:
            return late_payment(context, claim, draft, opening, said)
    raise TypeError(f"{claim.step.key}: no money of an earlier sale")
