"""What is written of money that moves for a sale of earlier books. Pure.

A refund is a receipt of the walk-in customer, against refunds and sales tax; a payment is an entry from where its money
goes, and a gift card one from what the company owes, to what was owed at the start.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from bridge.index.posted import Posted, order_fact
from bridge.planning.context import PlanningContext
from bridge.planning.steps import Claim, PlannedStep, StepId
from contracts.entities import number
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.money import plain
from contracts.opening import OpeningAccounts
from contracts.posting import Operation
from contracts.quickbooks import (
    AccountSelector,
    ItemDraft,
    JournalEntryDraft,
    JournalLine,
    LineDraft,
    PaymentDraft,
    RedemptionDraft,
    RefundReceiptDraft,
)

RECEIVABLE = "Accounts Receivable"
OWED = frozenset({"accounts.gift_cards", "accounts.tips", "accounts.duties", "accounts.marketplace_tax"})


def late_refund(
    context: PlanningContext, claim: Claim, draft: RefundReceiptDraft, opening: OpeningAccounts
) -> PlannedStep:
    """Money handed back for a sale of earlier books."""
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


def _line(context: PlanningContext, line: LineDraft, opening: OpeningAccounts) -> LineDraft:
    """Revenue that is handed back is of no product of these books; what is owed to others stays owed to them."""
    item = context.drafts.get(line.item)
    income = item.income if isinstance(item, ItemDraft) else None
    owed = isinstance(income, SourceKey) or (isinstance(income, AccountSelector) and income.company_rule in OWED)
    return line if owed else replace(line, item=opening.item[0])


def late_payment(
    context: PlanningContext,
    claim: Claim,
    draft: PaymentDraft | RedemptionDraft,
    opening: OpeningAccounts,
    said: Mapping[str, str],
) -> PlannedStep:
    """Money that came in, or a gift card that was redeemed; `said` is what its marker says besides.

    UnmappableEvent where what was owed at the start is a customer's account.
    """
    account = context.profile.accounts.get(context.profile.account_id(opening.receivables))
    if account is not None and account.account_type == RECEIVABLE:
        # because an entry on Accounts Receivable would be a customer's, and nobody says whose it was in earlier books
        raise UnmappableEvent(f"{opening.receivables.rule} is an account of receivables: name one of another type")
    why = f"Payment of {draft.invoice} from before the start of the books"
    into = draft.deposit_to if isinstance(draft, PaymentDraft) else opening.gift_cards
    entry = JournalEntryDraft(
        txn_date=draft.txn_date,
        currency=draft.currency,
        lines=(
            JournalLine(side="Debit", account=into, amount=draft.amount, description=why),
            JournalLine(side="Credit", account=opening.receivables, amount=draft.amount, description=why),
        ),
        sale=draft.invoice,
        exchange_rate=draft.exchange_rate if isinstance(draft, PaymentDraft) else None,
    )
    return PlannedStep(
        id=StepId("JournalEntry", claim.step.key),
        operation=Operation.CREATE,
        owner=claim.position,
        draft=entry,
        marker_fields={MarkerField.SALE: order_fact(draft.invoice, of=claim.step.key), **said},
    )


def amount_on(posted: Posted) -> Decimal | None:
    """Over how much the entry of a late payment is, None where its lines are not known."""
    lines = posted.form["Line"] if posted.form else []
    return number(lines[0].get("Amount")) if lines else None


def with_amount(posted: Posted, amount: Decimal, said: Mapping[str, str], owner: int) -> PlannedStep:
    """The entry of `posted` over another amount; its accounts and its day stay."""
    return PlannedStep(
        id=StepId("JournalEntry", posted.key),
        operation=Operation.UPDATE,
        owner=owner,
        target=posted,
        marker_fields={**posted.marker_fields, **said},
        total=amount,
    )
