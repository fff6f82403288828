"""Gift cards that are redeemed for more than the books owe: sold or given away before the start of the books. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from bridge.planning.context import PlanningContext
from bridge.planning.steps import Write
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import plain
from contracts.posting import Caution, Operation, PostingPlan
from contracts.quickbooks import (
    AccountSelector,
    InvoiceDraft,
    ItemDraft,
    JournalEntryDraft,
    RedemptionDraft,
    SalesReceiptDraft,
)

BELOW_ZERO = "gift_cards_below_zero"


def warn_of_cards_below_zero(context: PlanningContext) -> tuple[str, ...]:
    """Say with every redemption of this micro-batch that the liability does not cover it; the Ids of these accounts.

    What the books owe is what QBO said when the account was read last, and what is sold now.
    """
    items = dict(_card_items(context))
    moved: dict[str | None, Decimal] = defaultdict(Decimal)
    for account, amount in _moves(context, items):
        moved[account] += amount
    for account, amount in moved.items():
        short = amount - _owed(context, account)
        if amount > 0 and short > 0:
            context.warn(_positions(context), _caution(context, account, short))
    return tuple(sorted(account for account, amount in moved.items() if account is not None and amount > 0))


def _caution(context: PlanningContext, account: str | None, short: Decimal) -> Caution:
    known = context.profile.accounts.get(account or "")
    name = known.full_name if known is not None else "Gift cards"
    much = f"{plain(short, context.profile.home_currency)} {context.profile.home_currency}"
    return Caution(
        BELOW_ZERO,
        f'With this redemption "{name}" is {much} below zero: cards were sold or given away before these books begin, '
        "or are told by nobody. A person enters what was outstanding at the start (`qbo-bridge doctor --start`) as a "
        "credit of this account, or moves it there from accounts.opening_gift_cards.",
    )


def _card_items(context: PlanningContext) -> Iterator[tuple[SourceKey, str | None]]:
    """The items that cards are redeemed by, each with the Id of its account; None for one that is still to be made."""
    keys = {each.draft.item for plan in context.plans for each in plan.steps if isinstance(each.draft, RedemptionDraft)}
    for key in keys:
        draft = context.drafts.get(key)
        if isinstance(draft, ItemDraft):
            yield key, _account_id(context, draft.income)


def _account_id(context: PlanningContext, income: AccountSelector | SourceKey) -> str | None:
    if isinstance(income, SourceKey):
        return context.profile.account_named(income.id)
    try:
        return context.profile.account_id(income)
    except UnmappableEvent:
        return None  # because the write that needs it is refused, naming the rule


def _moves(context: PlanningContext, items: dict[SourceKey, str | None]) -> Iterator[tuple[str | None, Decimal]]:
    """What this micro-batch takes off each liability, below zero what it adds."""
    for step in context.steps.values():
        for card in step.redemptions:
            if isinstance(card.line, RedemptionDraft) and card.line.item in items:
                yield items[card.line.item], card.amount
        if step.operation is not Operation.CREATE:
            continue
        match step.draft:
            case InvoiceDraft(lines=lines) | SalesReceiptDraft(sale=InvoiceDraft(lines=lines)):
                for line in lines:
                    if line.item in items:
                        yield items[line.item], -line.amount
            case JournalEntryDraft(lines=sides) if context.opening is not None:
                for side in sides:
                    if side.side == "Debit" and side.account == context.opening.gift_cards:
                        yield _account_id(context, side.account), side.amount


def _owed(context: PlanningContext, account: str | None) -> Decimal:
    """What lies on a liability; QBO shows what is owed below zero."""
    known = context.profile.accounts.get(account or "")
    return Decimal(0) if known is None or known.balance is None else -known.balance


def _positions(context: PlanningContext) -> list[int]:
    """The plans that redeem something that is written now."""
    return [
        position
        for position in sorted(redeeming(context.plans) & context.positions)
        if any(isinstance(each, Write) for each in context.resolutions[position])
    ]


def redeeming(plans: Sequence[PostingPlan]) -> frozenset[int]:
    """The plans, by position, that redeem a gift card."""
    return frozenset(
        position
        for position, plan in enumerate(plans)
        if any(isinstance(each.draft, RedemptionDraft) for each in plan.steps)
    )
