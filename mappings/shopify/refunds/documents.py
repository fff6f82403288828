"""The refund receipts and the credit memo of one refund."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from contracts.entities import DOC_NUMBER_MAX, PAYMENT_REF_MAX
from contracts.keys import SourceKey
from contracts.money import total
from contracts.posting import Intent, PostingStep
from contracts.quickbooks import (
    CreditMemoDraft,
    JournalEntryDraft,
    JournalLine,
    LineDraft,
    RefundReceiptDraft,
)
from contracts.transfers import RECEIVABLE
from mappings.accounts import account, deposit_account
from mappings.lines import in_hundredths, line
from mappings.rules import MappingRules
from mappings.shopify.amounts import AmountPart
from mappings.shopify.gateways import is_redemption
from mappings.shopify.inexact import groups, joined
from mappings.shopify.parts import described, needs_of, taken_back_by
from mappings.shopify.refunds.money import RefundMoney, Share
from mappings.shopify.refunds.parts import own_taxes, value
from mappings.tax import tax_code

ID_DIGITS = 4
"""How much of a refund's id tells it from the others of its order."""
CORRECTIONS = {"overpaid": 97, "goods": 98, "tip": 99}
"""The numbers of corrections among the receipts of one refund, beyond those of its gateways."""


@dataclass(frozen=True, slots=True)
class Refunded:
    """Which refund of which order, and the date that its documents carry."""

    key: SourceKey
    order: SourceKey
    txn_date: date


def refund_documents(refunded: Refunded, money: RefundMoney, rules: MappingRules) -> tuple[PostingStep, ...]:
    """The steps that book the refund as far as its money has moved, items first; none when there is nothing to book.

    The gateways of all its transactions decide about keys and numbers, so that one on its way changes neither. A credit
    memo that was booked before any money was on its way gives way to it: both reverse revenue.
    """
    items: list[PostingStep] = []
    steps: list[PostingStep] = []
    for number, share in enumerate(money.shares, start=1):
        if share.settled:
            alone = len(money.shares) == 1
            steps.append(_receipt(refunded, money, share, 0 if alone else number, rules, items))
    for name, parts in money.corrections:
        steps.append(_correction(refunded, money, name, parts, rules, items))
    if money.overpaid:
        steps.append(_repaid(refunded, money, rules))
    keys = [_credit_key(refunded.key, paid) for paid in range(money.paid_times + 1)]
    moved = any(share.settled for share in money.shares)
    stands = value(money.credit) > 0
    steps += [_undone(key) for key in (keys[:-1] if stands or not moved else keys)]
    if stands:
        steps.append(_credit(refunded, keys[-1], money, rules, items))
    return (*needs_of(items), *steps)


def _receipt(
    refunded: Refunded, money: RefundMoney, share: Share, number: int, rules: MappingRules, items: list[PostingStep]
) -> PostingStep:
    ident = f"{refunded.key.id}.{share.gateway}" if number else refunded.key.id
    parts = share.parts
    if is_redemption(share.gateway):
        parts = (
            *parts,
            AmountPart(kind="gift_card", amount=-share.amount, title="Back to the gift card or store credit"),
        )
    parts = own_taxes(parts)
    handed_back = share.transactions[0] if len(share.transactions) == 1 else refunded.key.id
    tax = in_hundredths(total(part.tax for part in parts), money.currency)
    draft = RefundReceiptDraft(
        refund_of=refunded.order,
        doc_number=_own_number(refunded.key.id, number),
        behind_sale=_behind_sale(refunded.key.id, number),
        txn_date=refunded.txn_date,
        currency=money.currency,
        lines=_lines(parts, money.currency, rules, items),
        total=in_hundredths(value(parts), money.currency),
        deposit_to=deposit_account(rules, share.gateway),
        tax=tax,
        tax_code=tax_code((each for part in parts for each in part.taxes), rules, charged=True) if tax else None,
        method=rules.gateway(share.gateway).method,
        reference=handed_back[-PAYMENT_REF_MAX:],
        exchange_rate=rules.exchange_rates.get(money.currency),
        transactions=tuple(SourceKey("shopify", "refund_transaction", each) for each in share.transactions),
    )
    key = SourceKey("shopify", "refund", ident)
    return PostingStep(key=key, entity="RefundReceipt", intent=Intent.FACT, draft=draft, name="refund")


def _correction(
    refunded: Refunded,
    money: RefundMoney,
    name: str,
    parts: tuple[AmountPart, ...],
    rules: MappingRules,
    items: list[PostingStep],
) -> PostingStep:
    """A receipt of nothing beside those of the refund: its own event could not know what its money was for."""
    key = SourceKey("shopify", "refund", f"{refunded.key.id}.{name}")
    nothing = Share(money.shares[0].gateway, Decimal(0), parts, settled=True, transactions=())
    step = _receipt(refunded, replace(money, shares=(nothing,)), nothing, 0, rules, items)
    draft = step.draft
    if not isinstance(draft, RefundReceiptDraft):
        raise TypeError(f"{key}: a correction is a receipt")
    number, ident = CORRECTIONS[name], refunded.key.id
    numbered = replace(draft, doc_number=_own_number(ident, number), behind_sale=_behind_sale(ident, number))
    return replace(step, key=key, draft=numbered)


def _repaid(refunded: Refunded, money: RefundMoney, rules: MappingRules) -> PostingStep:
    """The customer is owed less by what it had paid too much; no revenue was handed back."""
    # because a refund receipt cannot take from what a customer is owed, its line on refunds is moved there
    amount, ident = in_hundredths(money.overpaid, money.currency), refunded.key.id
    said = f"Refund {ident} of order {refunded.order.id} handed back what was paid too much"
    draft = JournalEntryDraft(
        txn_date=refunded.txn_date,
        currency=money.currency,
        lines=(
            JournalLine(side="Debit", account=RECEIVABLE, amount=amount, description=said, customer_of=refunded.order),
            JournalLine(side="Credit", account=account(rules, "refunds"), amount=amount, description=said),
        ),
        doc_number=_own_number(ident, CORRECTIONS["overpaid"]),
        sale=refunded.order,
        exchange_rate=rules.exchange_rates.get(money.currency),
    )
    key = SourceKey("shopify", "refund", f"{ident}.overpaid")
    return PostingStep(key=key, entity="JournalEntry", intent=Intent.FACT, draft=draft, name="overpayment")


def _credit(
    refunded: Refunded, key: SourceKey, money: RefundMoney, rules: MappingRules, items: list[PostingStep]
) -> PostingStep:
    parts, number = own_taxes(money.credit), money.paid_times + 1 if money.paid_times else 0
    tax = in_hundredths(total(part.tax for part in parts), money.currency)
    draft = CreditMemoDraft(
        credit_of=refunded.order,
        doc_number=_own_number(refunded.key.id, number),
        behind_sale=_behind_sale(refunded.key.id, number),
        txn_date=refunded.txn_date,
        currency=money.currency,
        lines=_lines(parts, money.currency, rules, items),
        total=in_hundredths(value(parts), money.currency),
        tax=tax,
        tax_code=tax_code((each for part in parts for each in part.taxes), rules, charged=True) if tax else None,
        exchange_rate=rules.exchange_rates.get(money.currency),
    )
    return PostingStep(key=key, entity="CreditMemo", intent=Intent.FACT, draft=draft, name="credit memo")


def _credit_key(refund: SourceKey, paid: int) -> SourceKey:
    """Of its own, because it is gone for good once money moves; what is left of it then has another one."""
    return SourceKey(refund.system, refund.kind, f"{refund.id}.credit" + (f".{paid}" if paid else ""))


def _undone(credit: SourceKey) -> PostingStep:
    return PostingStep(key=credit, entity="CreditMemo", intent=Intent.UNDONE, name="credit memo")


def _lines(
    parts: Sequence[AmountPart], currency: str, rules: MappingRules, items: list[PostingStep]
) -> tuple[LineDraft, ...]:
    """One line per part; the items that they need are put down in `items`."""
    lines: list[LineDraft] = []
    numbers = groups(parts, [part.amount for part in parts], [part.tax != 0 for part in parts])
    for part in (joined([parts[number] for number in group]) for group in numbers):
        item = taken_back_by(part, rules)
        items.append(item)
        lines.append(
            line(
                item.key,
                in_hundredths(part.amount, currency),
                description=described(part, rules),
                quantity=Decimal(part.quantity) if part.quantity else None,
                price=part.line.price if part.line else None,
                taxable=part.tax != 0,
                tax=in_hundredths(part.tax, currency),
                tax_code=tax_code(part.taxes, rules, charged=part.tax != 0),
            )
        )
    return tuple(lines)


def _behind_sale(ident: str, number: int) -> str:
    """What stands behind the order's name; the first receipt of several goes by the refund alone."""
    return f"-R{ident[-ID_DIGITS:]}" + (f"-{number}" if number > 1 else "")


def _own_number(ident: str, number: int) -> str:
    """The number where nobody knows the order's name; the end of a long id tells more than its beginning."""
    end = f"-{number}" if number > 1 else ""
    return f"R{ident[-(DOC_NUMBER_MAX - 1 - len(end)) :]}{end}"
