"""Money of another currency in a payout: what the processor made of it, against what the books say it is worth. Pure.

A document carries the rate of its own day, and a processor exchanges at one of its own. Without the difference between
the two the rest would lie in the clearing account for ever.
"""

from __future__ import annotations

from decimal import Decimal

from bridge.index.posted import Posted
from bridge.planning.context import PlanningContext
from bridge.planning.steps import StepId, Waiting
from contracts.entities import EntityName
from contracts.errors import UnmappableEvent
from contracts.money import round_half_up, stripe_decimals_of
from contracts.quickbooks import (
    AccountDraft,
    AccountSelector,
    DepositDraft,
    DepositedPayment,
    DepositLine,
    PaymentDraft,
)

OWN_ACCOUNT = AccountDraft(
    name="Exchange differences", account_type="Other Expense", sub_type="OtherMiscellaneousExpense"
)
SAME_MONEY = Decimal("0.005")
"""How far an amount may miss the processor's rate and still be all of the money: rounding does, a part misses more."""


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
    worth = _worth(context, posted, each, draft)
    off = Decimal(0) if worth is None else each.amount - worth
    if not off:
        return []
    where = _account(context, draft.exchange)
    return [
        DepositLine(account=account, amount=-off, description="Exchanged at another rate"),
        DepositLine(account=where, amount=off, description="Exchange difference"),
    ]


def _worth(
    context: PlanningContext, posted: Posted | None, each: DepositedPayment, draft: DepositDraft
) -> Decimal | None:
    """What the books say the money is worth, below zero for a refund; None where nothing was exchanged."""
    if posted is None or posted.voided or posted.currency is None or posted.exchange_rate is None:
        return None
    if draft.currency != context.profile.home_currency or posted.currency == draft.currency:
        return None
    moved, whole = abs(each.amount), posted.total
    if each.rate is not None:
        rate = each.rate.scaleb(stripe_decimals_of(posted.currency) - stripe_decimals_of(draft.currency))
        # because one of several captures is worth its part of the payment, and only its own rate tells which part
        if abs(whole * rate - moved) > SAME_MONEY * moved:
            whole = round_half_up(moved / rate, 2)
    worth = round_half_up(whole * posted.exchange_rate, 2)
    return worth if each.amount > 0 else -worth


def _account(context: PlanningContext, selector: AccountSelector | None) -> AccountSelector:
    """The rule's account, else QuickBooks' own, else one that the bridge makes. UnmappableEvent for a wrong rule."""
    if selector is None:
        raise UnmappableEvent("nothing says where exchange differences go: set the rule accounts.exchange")
    fitting = [each for each in context.profile.accounts.values() if each.sub_type == selector.sub_type]
    if selector.sub_type is None or fitting:
        return selector
    return AccountSelector(rule=selector.rule, name=OWN_ACCOUNT.name, made=OWN_ACCOUNT)
