"""Where the money lies that a payout brings: each payment in its own account, the rest is cleared. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.index.company_profile import Account
from bridge.index.posted import Posted
from bridge.planning.context import PlanningContext
from bridge.planning.exchange_differences import Exchanged, difference, noted, of_payment, of_refund
from bridge.planning.moved_money import moved_elsewhere
from bridge.planning.sale.combined import entered_payment_of
from bridge.planning.steps import PlannedStep
from contracts.entities import EntityName
from contracts.errors import UnmappableEvent
from contracts.keys import BODY_MONEY, SourceKey
from contracts.posting import Version
from contracts.quickbooks import (
    AccountSelector,
    DepositDraft,
    DepositedPayment,
    DepositLine,
    PaymentDraft,
    SalesReceiptDraft,
)

UNDEPOSITED = "UndepositedFunds"
BANK = "Bank"
PAYMENTS = "Payments"

Planned = dict[tuple[str, SourceKey], PlannedStep]
"""What is written in this micro-batch, by type and document."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where one payment lies; `link` is the payment that goes into a deposit whole."""

    account: AccountSelector
    link: SourceKey | None = None
    in_bank: bool = False
    posted: Posted | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A payout with each row drawn from where its money lies; `in_bank`, which lies in a bank already, is not drawn.

    `documents` are those of that money that are known by name, `notes` what holds once the draft is written.
    """

    draft: DepositDraft
    in_bank: Decimal
    documents: tuple[SourceKey, ...]
    notes: Mapping[SourceKey, Version]


def drawn(context: PlanningContext, payout: SourceKey, draft: DepositDraft) -> Drawn:
    """The draft with every payment as a link or as a line from where it lies; what is in a bank already is left out.

    UnmappableEvent when the clearing account is needed and not known.
    """
    links: list[DepositedPayment] = []
    lines: list[DepositLine] = []
    in_bank = Decimal(0)
    documents: list[SourceKey] = []
    exchanged: list[Exchanged] = []
    planned = _by_document(context)
    for each in draft.payments:
        place = _place(context, planned, each, draft)
        if place.in_bank:
            in_bank += each.amount
            documents.append(each.payment)
        elif place.link is not None:
            links.append(DepositedPayment(payment=place.link, amount=each.amount))
        else:
            lines.append(DepositLine(account=place.account, amount=each.amount, description=PAYMENTS))
            taken = of_payment(context, payout, place.posted, each, draft)
            exchanged += [taken] if taken is not None else []
            lines += difference(context, taken, each, place.account, draft)
    for line in draft.lines:
        # because money that a rule has put into a bank at once has reached it: nothing is left to bring there
        if line.account == draft.clearing and _is_in_bank(context, _found(context, line.account), draft):
            in_bank += line.amount
        else:
            lines.append(line)
    for moved, document, account in moved_elsewhere(
        context, draft, _found(context, _clearing(draft)) if draft.moved else None
    ):
        there = AccountSelector(rule="accounts.deposit", id=account)
        lines.append(replace(moved.line, amount=-moved.line.amount))
        if _is_in_bank(context, _found(context, there), draft):
            in_bank += moved.line.amount
            documents.append(document)
        else:
            lines.append(replace(moved.line, account=there))
    for each in _refunds_of(context, draft):
        taken = of_refund(context, payout, each, draft, exchanged)
        exchanged += [taken] if taken is not None else []
        lines += difference(context, taken, each, _clearing(draft), draft)
    without = replace(
        draft,
        payments=tuple(links),
        lines=_together(lines),
        total=draft.total - in_bank,
        refunds=(),
        exchange=None,
        moved=(),
    )
    return Drawn(without, in_bank, tuple(documents), noted(context, payout, draft, exchanged))


def _refunds_of(context: PlanningContext, draft: DepositDraft) -> list[DepositedPayment]:
    """The rows of money of another currency that went or came back; what was brought before what took it back."""
    if not draft.refunds or _is_in_bank(context, _found(context, _clearing(draft)), draft):
        return []
    found: dict[tuple[SourceKey, bool], DepositedPayment] = {}
    for each in draft.refunds:
        # because a refund that failed before it was paid out has two rows, which leave nothing in its own currency
        name = (each.payment, each.payment.kind == "charge" and each.amount < 0)
        other = found.get(name)
        both = each if other is None else replace(each, amount=each.amount + other.amount, own=Decimal(0))
        found[name] = both
    return sorted(found.values(), key=lambda each: each.amount < 0)


def names_of(each: DepositedPayment) -> list[tuple[EntityName, SourceKey]]:
    """What may hold the money of a row: its own payment, else what its sale's own telling holds."""
    own: tuple[EntityName, SourceKey] = ("Payment", each.payment)
    if each.sale is None:
        return [own]
    body = SourceKey(each.sale.system, BODY_MONEY, each.sale.id)
    return [own, ("Payment", body), ("SalesReceipt", each.sale)]


def _by_document(context: PlanningContext) -> Planned:
    """What this micro-batch writes, by type and document; the first step of each that has a draft."""
    found: Planned = {}
    for step in context.steps.values():
        if step.draft is not None:
            found.setdefault((step.id.entity, step.id.key), step)
    return found


def _place(context: PlanningContext, planned: Planned, each: DepositedPayment, draft: DepositDraft) -> _Source:
    step, posted = _of_payment(context, planned, each)
    if posted is not None and posted.deposited:
        return _Source(_clearing(draft), in_bank=True)
    selector = _selector(step, posted) or _clearing(draft)
    account = _found(context, selector)
    if _is_in_bank(context, account, draft):
        return _Source(selector, in_bank=True)
    whole = _is_whole(step, posted, each, draft)
    link = whole if account is not None and account.sub_type == UNDEPOSITED else None
    return _Source(selector, link=link, posted=posted)


def _of_payment(
    context: PlanningContext, planned: Planned, each: DepositedPayment
) -> tuple[PlannedStep | None, Posted | None]:
    """The payment as this micro-batch writes it and as the books have it; else what its sale's own telling holds.

    Last the payment of a person that stands for it in an adopted sale.
    """
    for entity, key in names_of(each):
        step, posted = planned.get((entity, key)), context.index.get(entity, key)
        if step is not None or (posted is not None and not posted.voided):
            return step, posted
    return None, entered_payment_of(context, each.payment, each.sale, each.amount) if each.sale is not None else None


def _selector(step: PlannedStep | None, posted: Posted | None) -> AccountSelector | None:
    if step is not None and isinstance(step.draft, PaymentDraft | SalesReceiptDraft):
        return step.draft.deposit_to
    if posted is not None and posted.deposit_to is not None:
        return AccountSelector(rule="accounts.deposit", id=posted.deposit_to)
    return None


def _is_whole(
    step: PlannedStep | None, posted: Posted | None, each: DepositedPayment, draft: DepositDraft
) -> SourceKey | None:
    """The payment when all of it is paid out: QBO deposits a linked payment whole."""
    if step is not None and isinstance(step.draft, PaymentDraft):
        same = step.draft.amount == each.amount and step.draft.currency == draft.currency
        return step.id.key if same and not step.id.part else None
    if posted is None or posted.entity != "Payment":
        return None
    same = posted.total == each.amount and (posted.currency or draft.currency) == draft.currency
    return posted.key if same else None


def _clearing(draft: DepositDraft) -> AccountSelector:
    if draft.clearing is None:
        raise UnmappableEvent("nothing says where the money of this payout lies")
    return draft.clearing


def _found(context: PlanningContext, selector: AccountSelector) -> Account | None:
    """The account in the chart, None for one that the bridge is about to make and for one that is not active."""
    try:
        return context.profile.accounts.get(context.profile.account_id(selector))
    except UnmappableEvent:
        return None


def _is_in_bank(context: PlanningContext, account: Account | None, draft: DepositDraft) -> bool:
    """True for money in the payout's own bank account, or in any other that the rules do not clear it in."""
    if account is None:
        return False
    bank, clearing = _found(context, draft.deposit_to), _found(context, _clearing(draft))
    return account == bank or (account.account_type == BANK and account != clearing)


def _together(lines: list[DepositLine]) -> tuple[DepositLine, ...]:
    """One line for each account, reason and class: a payout has as many rows as a shop has sales."""
    sums: dict[DepositLine, Decimal] = {}
    for line in lines:
        kind = replace(line, amount=Decimal(0))
        sums[kind] = sums.get(kind, Decimal(0)) + line.amount
    return tuple(replace(kind, amount=amount) for kind, amount in sums.items() if amount)
