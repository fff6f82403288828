"""Money of another currency in a payout: what the processor made of it, against what the books say it is worth. Pure.

A document carries the rate of its own day, and a processor exchanges at one of its own. Without the difference between
the two the rest would lie in the clearing account for ever.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from bridge.index.posted import Posted, order_fact
from bridge.index.worth import off_worth
from bridge.planning.context import PlanningContext
from bridge.planning.steps import Claim, PlannedStep, StepId, Waiting
from contracts.entities import EntityName
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.money import plain, written_out
from contracts.posting import Operation, Version
from contracts.quickbooks import (
    AccountDraft,
    AccountSelector,
    DepositDraft,
    DepositedPayment,
    DepositLine,
    JournalEntryDraft,
    JournalLine,
    PaymentDraft,
    RefundReceiptDraft,
)

OWN_ACCOUNT = AccountDraft(
    name="Exchange differences", account_type="Other Expense", sub_type="OtherMiscellaneousExpense"
)
Sides = tuple[Literal["Debit", "Credit"], Literal["Debit", "Credit"]]
PAID_OUT, EXCHANGE = "paid-out", "exchange"


def unknown_worth(context: PlanningContext, entity: EntityName, each: DepositedPayment, draft: DepositDraft) -> bool:
    """True for money of another currency that this micro-batch writes: what it is worth shows once it is written."""
    step = context.steps.get(StepId(entity, each.payment))
    if step is None or draft.currency != context.profile.home_currency:
        return False
    settled = step.draft.settled if isinstance(step.draft, PaymentDraft) else None
    at_its_rate = settled is not None and settled.currency == draft.currency
    return getattr(step.draft, "currency", draft.currency) != draft.currency and not at_its_rate


def without_worth(context: PlanningContext, draft: DepositDraft) -> Waiting | None:
    """What a payout waits for whose refunds of another currency this micro-batch writes."""
    found = next((each for each in draft.refunds if unknown_worth(context, "RefundReceipt", each, draft)), None)
    if found is None:
        return None
    context.ask_again()
    return Waiting(f"the refund {found.payment} is not in the books yet")


def difference(
    context: PlanningContext,
    posted: Posted | None,
    each: DepositedPayment,
    account: AccountSelector,
    draft: DepositDraft,
) -> list[DepositLine]:
    """The lines that move what a payout brings beyond the worth of `posted` out of `account`; none without any."""
    off = off_worth(posted, each, draft.currency, context.profile.home_currency)
    if not off:
        return []
    where = _account(context, draft.exchange)
    return [
        DepositLine(account=account, amount=-off, description="Exchanged at another rate"),
        DepositLine(account=where, amount=off, description="Exchange difference"),
    ]


def note_paid_out(context: PlanningContext, draft: DepositDraft) -> None:
    """Remember refunds of another currency that nobody has told yet: what they are worth shows when they are told."""
    for each in draft.refunds if draft.currency == context.profile.home_currency else ():
        if context.index.get("RefundReceipt", each.payment) is None and each.rate is not None:
            where = _account(context, draft.exchange)
            ident = "" if where.made is not None else context.profile.account_id(where)
            said = " ".join((plain(each.amount, draft.currency), written_out(each.rate), draft.currency, ident))
            context.note_version(_paid_out(each.payment), Version(0, 0, f"{PAID_OUT} {said}".rstrip()))


def plan_late_difference(context: PlanningContext, claim: Claim) -> None:
    """The difference of a refund that was told after the payout that paid it out: an entry of its own."""
    refund = claim.step.key
    noted = context.index.newest(_paid_out(refund))
    posted = context.index.get("RefundReceipt", refund)
    if noted is None or not noted.content.startswith(PAID_OUT):
        return
    if posted is None:
        context.ask_again()  # because only once it is written its rate, and with it its worth, is known
        return
    entry = SourceKey(refund.system, refund.kind, f"{refund.id}.{EXCHANGE}")
    if posted.voided or posted.deposit_to is None or context.index.get("JournalEntry", entry) is not None:
        return
    amount, rate, currency, *ident = noted.content.split()[1:]
    each = DepositedPayment(payment=refund, amount=Decimal(amount), rate=Decimal(rate))
    off = -off_worth(posted, each, currency, context.profile.home_currency)
    if off:
        _write_late_difference(context, claim, entry, off, currency, ident[0] if ident else None)


def _write_late_difference(
    context: PlanningContext, claim: Claim, entry: SourceKey, off: Decimal, currency: str, ident: str | None
) -> None:
    """`off` is what the processor took beyond the worth of the refund; below zero it took less."""
    draft, posted = claim.step.draft, context.index.get("RefundReceipt", claim.step.key)
    if not isinstance(draft, RefundReceiptDraft) or posted is None:
        raise TypeError(f"{claim.step.key}: only a refund receipt has such a difference")
    own = AccountSelector(rule="accounts.exchange", name=OWN_ACCOUNT.name, made=OWN_ACCOUNT)
    where = own if ident is None else AccountSelector(rule="accounts.exchange", id=ident)
    sides: Sides = ("Debit", "Credit") if off > 0 else ("Credit", "Debit")
    said = f"Exchange difference of refund {claim.step.key.id}"
    lines = (
        JournalLine(side=sides[0], account=where, amount=abs(off), description=said),
        JournalLine(side=sides[1], account=draft.deposit_to, amount=abs(off), description=said),
    )
    sale = draft.refund_of
    made = JournalEntryDraft(txn_date=draft.txn_date, currency=currency, lines=lines, sale=sale, place_of=sale)
    step = PlannedStep(
        id=StepId("JournalEntry", entry),
        operation=Operation.CREATE,
        owner=claim.position,
        draft=made,
        marker_fields={MarkerField.SALE: order_fact(draft.refund_of, of=entry)},
    )
    context.plan_write(step, [claim.position])


def _paid_out(refund: SourceKey) -> SourceKey:
    """Where the note of a refund stands that a payout has paid out already."""
    return SourceKey(refund.system, refund.kind, f"{refund.id}.{PAID_OUT}")


def _account(context: PlanningContext, selector: AccountSelector | None) -> AccountSelector:
    """The rule's account, else QuickBooks' own, else one that the bridge makes. UnmappableEvent for a wrong rule."""
    if selector is None:
        raise UnmappableEvent("nothing says where exchange differences go: set the rule accounts.exchange")
    fitting = [each for each in context.profile.accounts.values() if each.sub_type == selector.sub_type]
    if selector.sub_type is None or fitting:
        return selector
    return AccountSelector(rule=selector.rule, name=OWN_ACCOUNT.name, made=OWN_ACCOUNT)
