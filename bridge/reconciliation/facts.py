"""What the events say of each document beside its total: days, tax, gateway and the accounts that it moves. Pure.

Taken from the drafts of the mapping rooms, so that what a document must be is worked out in one place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import get_args

from bridge.decoding.decision import MappedRecord
from bridge.reconciliation.control_kinds import ControlKind, liability_of
from bridge.reconciliation.events import EntityKey
from bridge.reconciliation.payouts import PayoutRecords, key_of_return, moves_back
from contracts.documents import SalesForm
from contracts.keys import SourceKey
from contracts.lists import AccountSelector
from contracts.opening import OpeningAccounts
from contracts.posting import Intent, PostingPlan, PostingStep
from contracts.quickbooks import (
    CreditMemoDraft,
    DepositDraft,
    DocumentDraft,
    InvoiceDraft,
    JournalEntryDraft,
    PaymentDraft,
    RedemptionDraft,
    RefundReceiptDraft,
    SalesReceiptDraft,
)

_GATEWAY = re.compile(r"gateways\.(.+)\.deposit")
FEES = frozenset({"accounts.fees", "accounts.dispute_fees"})
"""The rules that name where fees go."""
Move = tuple[AccountSelector, Decimal]
_UNDATED = (-1, -1)


@dataclass(slots=True, kw_only=True)
class DocumentFacts:
    """What the events say of one document, by its newest version.

    `days` are all days that any of its events gave it: of money that several bodies tell, the rules choose one. `tax`
    is None where a document has none of its own, `debits` where it is no entry. `moves` are what it brings to accounts.
    """

    entity: str
    key: SourceKey
    sale: SourceKey
    currency: str
    days: set[date] = field(default_factory=set)
    age: tuple[int, int] = _UNDATED
    tax: Decimal | None = None
    debits: Decimal | None = None
    gateway: str = ""
    number: str | None = None
    moves: tuple[Move, ...] = ()
    on_liabilities: dict[ControlKind, Decimal] = field(default_factory=dict)
    """What its lines come to that stand on a liability, such as gift cards."""

    @property
    def fees(self) -> Decimal:
        """What it brings to the accounts for fees."""
        return sum((amount for account, amount in self.moves if account.company_rule in FEES), Decimal(0))


class SourceFacts:
    """The facts of all documents of a span; `gateways` are those by which each sale was paid.

    `payouts` is every telling of each payout, which others take in.
    """

    def __init__(self, payouts: PayoutRecords) -> None:
        self.of: dict[EntityKey, DocumentFacts] = {}
        self.gateways: dict[SourceKey, set[str]] = {}
        self.payouts = payouts
        self._cards: dict[SourceKey, DocumentFacts] = {}

    def add(self, mapped: Iterable[MappedRecord]) -> None:
        """Take in records of the company; what books nothing says nothing."""
        for each in mapped:
            if isinstance(each.decision, PostingPlan):
                for step in each.decision.steps:
                    self._take(step)

    def gateway_of(self, entity: str, key: SourceKey, sale: SourceKey) -> str:
        """The document's own gateway, else the one by which its sale was paid; "" where nobody says, or several."""
        facts = self.of.get((entity, key))
        if facts is not None and facts.gateway:
            return facts.gateway
        paid_by = self.gateways.get(sale, set())
        return next(iter(paid_by)) if len(paid_by) == 1 else ""

    def add_late(self, late: Mapping[SourceKey, Decimal], opening: OpeningAccounts) -> None:
        """Take in how much of which money is an entry in the books, as its sale is of earlier ones."""
        for key, amount in late.items():
            money, card = self.of.get(("Payment", key)), self._cards.get(key)
            found = max((each for each in (money, card) if each is not None), key=lambda each: each.age, default=None)
            if found is not None:
                into = opening.gift_cards if found is card else found.moves[0][0]
                moves = ((into, amount), (opening.receivables, -amount))
                entry = replace(found, entity="JournalEntry", debits=amount, moves=moves)
                entry.days = {day for each in (money, card) if each is not None for day in each.days}
                self.of["JournalEntry", key] = entry

    def _take(self, step: PostingStep) -> None:
        draft = step.draft
        if isinstance(draft, RedemptionDraft):
            self._cards[step.key] = _of_card(step, draft, self._cards.get(step.key))
            return
        if step.intent is Intent.ENSURE or not isinstance(draft, get_args(DocumentDraft)):
            return
        found = _facts(step, draft)
        if isinstance(draft, DepositDraft) and draft.returned is not None:
            entry = _facts_of_return(step.key, draft, draft.returned)
            self.of[entry.entity, entry.key] = entry
        known = self.of.get((step.entity, step.key))
        found.days |= known.days if known is not None else set()
        if known is not None and known.age > found.age:
            known.days = found.days
        else:
            self.of[step.entity, step.key] = found
        if found.gateway and step.entity != "JournalEntry":
            self.gateways.setdefault(found.sale, set()).add(found.gateway)


def _of_card(step: PostingStep, draft: RedemptionDraft, known: DocumentFacts | None) -> DocumentFacts:
    """What a redemption says beside its amount: it is a document of its own for a sale of earlier books alone."""
    return DocumentFacts(
        entity=step.entity,
        key=step.key,
        sale=draft.invoice,
        currency=draft.currency,
        days={draft.txn_date} | (known.days if known is not None else set()),
        age=(step.version.updated_at, step.version.rank) if step.version else _UNDATED,
    )


def _facts(step: PostingStep, draft: DocumentDraft) -> DocumentFacts:
    found = DocumentFacts(
        entity=step.entity,
        key=step.key,
        sale=_sale_of(step.key, draft),
        currency=draft.currency,
        days={draft.txn_date},
        age=(step.version.updated_at, step.version.rank) if step.version else _UNDATED,
        number=draft.number,
    )
    form = draft.sale if isinstance(draft, SalesReceiptDraft) else draft
    if isinstance(form, SalesForm):
        for line in form.lines:
            kind = liability_of(line.item)
            if kind is not None:
                found.on_liabilities[kind] = found.on_liabilities.get(kind, Decimal(0)) + line.amount
    match draft:
        case SalesReceiptDraft():
            found.tax, found.gateway = draft.sale.tax, gateway_of(draft.deposit_to)
            found.moves = ((draft.deposit_to, draft.sale.total),)
        case InvoiceDraft() | CreditMemoDraft():
            found.tax = draft.tax
        case RefundReceiptDraft():
            found.tax, found.gateway = draft.tax, gateway_of(draft.deposit_to)
            found.moves = ((draft.deposit_to, -draft.total),)
        case PaymentDraft():
            found.gateway, found.moves = gateway_of(draft.deposit_to), ((draft.deposit_to, draft.amount),)
        case JournalEntryDraft():
            found.moves = _moves_of_entry(draft)
            found.gateway = next((named for account, _ in found.moves if (named := gateway_of(account))), "")
            found.debits = sum((line.amount for line in draft.lines if line.side == "Debit"), Decimal(0))
        case DepositDraft():
            found.gateway = gateway_of(draft.clearing) if draft.clearing else ""
            found.moves = _moves_of_payout(draft)
    return found


def _facts_of_return(payout: SourceKey, draft: DepositDraft, day: date) -> DocumentFacts:
    key = key_of_return(payout)
    return DocumentFacts(
        entity="JournalEntry",
        key=key,
        sale=key,
        currency=draft.currency,
        days={day},
        gateway=gateway_of(draft.clearing) if draft.clearing else "",
        moves=tuple((each.account, each.amount) for each in moves_back(draft)),
    )


def gateway_of(account: AccountSelector) -> str:
    """The gateway whose money lies in this account, by the rule that names it; "" for one that is no gateway's."""
    found = _GATEWAY.fullmatch(account.company_rule)
    return found[1] if found else ""


def _sale_of(key: SourceKey, draft: DocumentDraft) -> SourceKey:
    match draft:
        case PaymentDraft():
            return draft.invoice
        case RefundReceiptDraft():
            return draft.refund_of
        case CreditMemoDraft():
            return draft.credit_of
        case JournalEntryDraft(sale=SourceKey() as sale):
            return sale
    return key


def _moves_of_entry(draft: JournalEntryDraft) -> tuple[Move, ...]:
    return tuple((line.account, line.amount if line.side == "Debit" else -line.amount) for line in draft.lines)


def _moves_of_payout(draft: DepositDraft) -> tuple[Move, ...]:
    """A deposit credits what its lines name; the payments that it pays out come out of the clearing account."""
    lines = [(line.account, -line.amount) for line in draft.lines]
    near = sum((each.amount for each in draft.near_start), Decimal(0))
    brought = sum((each.amount for each in draft.payments), near)
    out_of_clearing = [(draft.clearing, -brought)] if draft.clearing is not None else []
    return ((draft.deposit_to, draft.total), *out_of_clearing, *lines)
