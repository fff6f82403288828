"""Sales from before the start of the books: never booked; money that moves for them later is booked without them. Pure.

A refund is a receipt of the walk-in customer, against refunds and sales tax; a payment is an entry from where its money
goes to what was owed at the start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.index.posted import order_fact
from bridge.planning.context import PlanningContext
from bridge.planning.grouping import by_key
from bridge.planning.refusals import DID_NOT_LAST, known
from bridge.planning.sale.amounts import amount_of
from bridge.planning.steps import Claim, PlannedStep, Refused, SaleClaims, Skipped, StepId, StepResolution
from contracts.errors import RecordError, UnmappableEvent
from contracts.keys import BODY_MONEY, SourceKey
from contracts.marker import MarkerField
from contracts.money import plain
from contracts.opening import BEFORE_BOOKS_START, OF_EARLIER_BOOKS, OpeningAccounts
from contracts.posting import Operation
from contracts.quickbooks import (
    AccountSelector,
    ItemDraft,
    JournalEntryDraft,
    JournalLine,
    LineDraft,
    PaymentDraft,
    RefundReceiptDraft,
)

OF_EARLIER = Skipped(BEFORE_BOOKS_START, "its sale is dated before the start of the books")
RECEIVABLE = "Accounts Receivable"
OWED = frozenset({"accounts.gift_cards", "accounts.tips", "accounts.duties", "accounts.marketplace_tax"})


def is_of_earlier_books(context: PlanningContext, key: SourceKey) -> bool:
    """True for a sale that is known to be dated before the start."""
    found = (context.versions.get(key), context.index.newest(key))
    return any(version is not None and version.content == OF_EARLIER_BOOKS.content for version in found)


def note_earlier(context: PlanningContext, key: SourceKey, claims: Sequence[Claim]) -> None:
    """Whatever touches a sale of earlier books is ignored; that it is one is remembered once."""
    context.note_version(key, OF_EARLIER_BOOKS)
    context.resolve((claim.position for claim in claims), OF_EARLIER)


def plan_earlier(context: PlanningContext, key: SourceKey, claims: SaleClaims) -> None:
    """Book the money that moves for a sale of earlier books."""
    rest = (*claims.credits, *claims.shipments, *claims.redemptions, *claims.change)
    context.resolve((claim.position for claim in rest), OF_EARLIER)
    if context.opening is None:
        money = (*claims.payments, *claims.received, *claims.refunds)
        context.resolve((claim.position for claim in money), OF_EARLIER)
        return
    for _, group in by_key(claims.refunds):
        _plan(context, group, "RefundReceipt", context.opening)
    for _, group in by_key(claims.payments):
        _plan(context, group, "JournalEntry", context.opening)
    _plan_body(context, key, claims, context.opening)


def _plan_body(context: PlanningContext, key: SourceKey, claims: SaleClaims, opening: OpeningAccounts) -> None:
    """Money that only a body tells, until a transaction of the sale tells it."""
    by_body = [each for each in context.index.entries_of(key) if each.key.kind == BODY_MONEY]
    by_itself = [each for each in context.index.entries_of(key) if each.key.kind == "transaction"]
    if claims.payments or by_itself:
        context.resolve((claim.position for claim in claims.received), OF_EARLIER)
        for posted in by_body:
            owner = claims.payments[0].position if claims.payments else 0
            step_id = StepId("JournalEntry", posted.key)
            context.write(PlannedStep(id=step_id, operation=Operation.DELETE, owner=owner, target=posted))
        return
    for _, group in by_key(claim for claim in claims.received if amount_of(claim)):
        _plan(context, group, "JournalEntry", opening)


def _plan(context: PlanningContext, group: Sequence[Claim], entity: str, opening: OpeningAccounts) -> None:
    claim, positions = group[0], [each.position for each in group]
    posted = context.index.get(entity, claim.step.key)
    resolution: StepResolution | None = known(posted) if posted else None
    if resolution is None and context.is_taken_back(claim.step.key):
        resolution = DID_NOT_LAST
    if resolution is None:
        try:
            context.plan_write(_written(context, claim, opening), positions)
        except RecordError as error:
            resolution = Refused(error)
    if resolution is not None:
        context.resolve(positions, resolution)


def _written(context: PlanningContext, claim: Claim, opening: OpeningAccounts) -> PlannedStep:
    match claim.step.draft:
        case RefundReceiptDraft() as draft:
            key, customer = opening.customer
            context.offer_draft(key, replace(customer, currency=draft.currency))
            context.offer_draft(*opening.item)
            lines = tuple(_line(context, line, opening) for line in draft.lines)
            return PlannedStep(
                id=StepId("RefundReceipt", claim.step.key),
                operation=Operation.CREATE,
                owner=claim.position,
                draft=replace(draft, customer=key, lines=lines),
                marker_fields={
                    MarkerField.SALE: order_fact(draft.refund_of, of=claim.step.key),
                    MarkerField.TOTAL: plain(draft.total, draft.currency),
                },
                total=draft.total,
            )
        case PaymentDraft() as draft:
            return PlannedStep(
                id=StepId("JournalEntry", claim.step.key),
                operation=Operation.CREATE,
                owner=claim.position,
                draft=_late_payment(context, draft, opening),
                marker_fields={MarkerField.SALE: order_fact(draft.invoice, of=claim.step.key)},
            )
    raise TypeError(f"{claim.step.key}: no money of an earlier sale")


def _line(context: PlanningContext, line: LineDraft, opening: OpeningAccounts) -> LineDraft:
    """Revenue that is handed back is of no product of these books; what is owed to others stays owed to them."""
    item = context.drafts.get(line.item)
    income = item.income if isinstance(item, ItemDraft) else None
    owed = isinstance(income, SourceKey) or (isinstance(income, AccountSelector) and income.rule in OWED)
    return line if owed else replace(line, item=opening.item[0])


def _late_payment(context: PlanningContext, draft: PaymentDraft, opening: OpeningAccounts) -> JournalEntryDraft:
    account = context.profile.accounts.get(context.profile.account_id(opening.receivables))
    if account is not None and account.account_type == RECEIVABLE:
        # because an entry on Accounts Receivable would be a customer's, and nobody says whose it was in earlier books
        raise UnmappableEvent(f"{opening.receivables.rule} is an account of receivables: name one of another type")
    why = f"Payment of {draft.invoice} from before the start of the books"
    return JournalEntryDraft(
        txn_date=draft.txn_date,
        currency=draft.currency,
        lines=(
            JournalLine(side="Debit", account=draft.deposit_to, amount=draft.amount, description=why),
            JournalLine(side="Credit", account=opening.receivables, amount=draft.amount, description=why),
        ),
        sale=draft.invoice,
        exchange_rate=draft.exchange_rate,
    )
