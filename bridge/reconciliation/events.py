"""What the records of a span ask for: the newest word on each document, mapped anew from the events themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bridge.decoding.decision import MappedRecord
from bridge.reconciliation.payouts import PayoutRecords, key_of_return
from bridge.reconciliation.source import SourceOrders, updated_at
from contracts.errors import RecordError
from contracts.keys import BODY_MONEY, SourceKey
from contracts.money import decimals_of, total
from contracts.opening import BEFORE_BOOKS_START
from contracts.posting import Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import (
    ChangeDraft,
    CreditMemoDraft,
    DepositDraft,
    DocumentDraft,
    Draft,
    EarlierMoneyDraft,
    InvoiceDraft,
    JournalEntryDraft,
    PaymentDraft,
    RedemptionDraft,
    RefundReceiptDraft,
    SalesReceiptDraft,
    Shown,
)
from contracts.records import Place
from mappings.documents import document_of

EntityKey = tuple[str, SourceKey]
"""The type of an entity and the document that it stands for."""

_TAKEN_BACK = frozenset({Intent.VOID, Intent.WITHDRAWN, Intent.UNDONE, Intent.LEFT_OUT})
_NOTHING_NEED_BE_THERE = _TAKEN_BACK | {Intent.BEFORE_START}
_LISTED = frozenset({"customer", "product"})
"""Kinds of documents that become entries of lists, and no transactions."""
_UNDATED = (-1, -1)
"""The age of a fact: it has no version, and what takes it back is always newer."""


@dataclass(slots=True)
class ExpectedDocument:
    """The newest word on one document. `total` is None where the event names none; `age` orders the versions."""

    entity: str
    key: SourceKey
    age: tuple[int, int]
    total: Decimal | None
    currency: str
    taken_back: bool = False
    """True when its source took it back."""
    before_start: bool = False
    """True for a sale that is dated before the start of the books: other books hold it."""
    invoice: SourceKey | None = None
    """The sale that money is for."""
    credit_of: SourceKey | None = None
    records: list[Place] = field(default_factory=list)

    @property
    def is_versioned(self) -> bool:
        """False for a fact: it happened once, whichever event tells it."""
        return self.age != _UNDATED


@dataclass(frozen=True, slots=True)
class UnmappedDocument:
    """A document of which no mapping makes anything. `updated_at` is its own, in seconds; 0 where it says none."""

    updated_at: int
    code: str
    records: tuple[Place, ...]


class Events:
    """What the records of a span ask for, and how many of them ask for nothing."""

    def __init__(self) -> None:
        self.records = 0
        self.other_companies = 0
        """Records that are another company's business."""
        self.ignored: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        """Records that can never be booked, by reason code."""
        self.unmapped: dict[SourceKey, UnmappedDocument] = {}
        """What cannot be booked and names its document, by that."""
        self.earliest_created_at: datetime | None = None
        """When the oldest document existed at its source: the books are read since then."""
        self.wanted: dict[EntityKey, ExpectedDocument] = {}
        self._payments_of: dict[SourceKey, dict[SourceKey, None]] = {}
        self.received: dict[EntityKey, ExpectedDocument] = {}
        """Money that an order's body tells of, by the key of its payment."""
        self.redeemed: dict[SourceKey, dict[SourceKey, RedemptionDraft]] = {}
        """The gift cards that take something off an invoice, by the redemption."""
        self.cards: dict[EntityKey, ExpectedDocument] = {}
        """The same, each with its records: where the sale is of earlier books it is an entry."""
        self.before_start: set[SourceKey] = set()
        """The sales that are dated before the start of the books."""
        self.change: dict[SourceKey | None, dict[SourceKey, Decimal]] = {}
        """The change that was given back out of a payment, by its transaction."""
        self.payouts = PayoutRecords()
        """Every telling of each payout."""
        self.returns: dict[SourceKey, ExpectedDocument] = {}
        """The entries by which payouts came back, by the payout: there only where its money was in the bank before."""
        self.source = SourceOrders()
        """What orders say of themselves, read by no mapping."""
        self.shown: dict[SourceKey, Shown] = {}
        """What customers of another currency saw of a sale."""

    def add(self, read: int, mapped: Iterable[MappedRecord]) -> None:
        """Take in a micro-batch: how many records were read, and what those of this company mean."""
        ours = list(mapped)
        self.records += read
        self.other_companies += read - len(ours)
        for each in ours:
            self.source.add(each)
            match each.decision:
                case Ignored(code=code):
                    self.ignored[code] += 1
                case RecordError() as error:
                    self.refused[error.code] += 1
                    self._take_unmapped(each, error)
                case PostingPlan() as plan:
                    self._take(plan, each.record.place)

    def _take_unmapped(self, mapped: MappedRecord, error: RecordError) -> None:
        document = document_of(mapped.envelope) if mapped.envelope is not None else None
        if mapped.envelope is None or document is None or document.kind in _LISTED:
            return
        known = self.unmapped.get(document)
        self.unmapped[document] = UnmappedDocument(
            updated_at=max(updated_at(mapped.envelope.body), known.updated_at if known else 0),
            code=error.code,
            records=(*(known.records if known else ()), mapped.record.place),
        )

    def add_later(self, mapped: Iterable[MappedRecord]) -> None:
        """Take in what was told after the span of documents that it asks for.

        The books are as of now: an order that was cancelled later is rightly void, one that grew rightly larger.
        """
        for each in mapped:
            self.source.add(each)
            if isinstance(each.decision, PostingPlan):
                self._take(each.decision, each.record.place, later=True)

    def _take(self, plan: PostingPlan, record: Place, *, later: bool = False) -> None:
        if any(isinstance(step.draft, EarlierMoneyDraft) for step in plan.steps) and plan.books_since is None:
            self.ignored[BEFORE_BOOKS_START] += 1
            return
        if not later:
            created_at = plan.document_created_at
            self.earliest_created_at = min(created_at, self.earliest_created_at or created_at)
        for payment, document in plan.links:
            self._payments_of.setdefault(document, {})[payment] = None
        for step in plan.steps:
            if not self._take_part(step, record, later=later):
                self._take_document(step, record, later=later)

    def _take_part(self, step: PostingStep, record: Place, *, later: bool) -> bool:
        """Take in what becomes a part of another document; True for such."""
        match step.draft:
            case RedemptionDraft() as draft:
                self.redeemed.setdefault(draft.invoice, {})[step.key] = draft
                if not later or (step.entity, step.key) in self.cards:
                    _keep_newest(self.cards, step, record)
            case EarlierMoneyDraft():
                pass  # because other books hold it
            case ChangeDraft() as draft:
                self.change.setdefault(draft.payment, {})[step.key] = draft.amount
            case _:
                return False
        return True

    def _take_document(self, step: PostingStep, record: Place, *, later: bool) -> None:
        draft = step.draft
        if step.intent is Intent.BEFORE_START:
            self.before_start.add(step.key)
        if later and (step.entity, step.key) not in (self.received | self.wanted):
            return  # because the span does not ask for it
        if step.intent is Intent.RECEIVED:
            _keep_newest(self.received, step, record)
        elif step.intent in _NOTHING_NEED_BE_THERE or (step.intent is not Intent.ENSURE and _is_a_document(draft)):
            _keep_newest(self.wanted, step, record)
            self._see(step, record)

    def _see_return(self, payout: SourceKey, draft: DepositDraft, record: Place) -> None:
        if draft.returned is not None:
            key = key_of_return(payout)
            entry = ExpectedDocument(
                entity="JournalEntry", key=key, age=_UNDATED, total=None, currency=draft.currency, records=[]
            )
            self.returns.setdefault(payout, entry).records.append(record)

    def _see(self, step: PostingStep, record: Place) -> None:
        draft = step.draft
        if isinstance(draft, DepositDraft):
            self.payouts.add(step.key, draft)
            self._see_return(step.key, draft, record)
        if isinstance(draft, PaymentDraft):
            self._payments_of.setdefault(draft.invoice, {})[step.key] = None
        sale = draft.sale if isinstance(draft, SalesReceiptDraft) else draft
        if isinstance(sale, InvoiceDraft) and sale.shown is not None:
            self.shown[step.key] = sale.shown

    def payments_of(self, order: SourceKey) -> list[ExpectedDocument]:
        """The payments of an order or invoice that its own transactions tell, or charges that are said to pay it."""
        keys = self._payments_of.get(order, ())
        return [wanted for key in keys if (wanted := self.wanted.get(("Payment", key))) is not None]

    def paid_by_card(self, order: SourceKey) -> Decimal:
        """What gift cards took off the form of `order`: its own transactions, or more where its body says more.

        Those told in the customer's currency are their share of the order in the shop's.
        """
        redeemed, shown = self.redeemed.get(order, {}), self.shown.get(order)
        by_body = [draft.amount for key, draft in redeemed.items() if key.kind == BODY_MONEY]
        cards = [draft for key, draft in redeemed.items() if key.kind != BODY_MONEY]
        foreign = [draft for draft in cards if shown is not None and draft.currency == shown.currency]
        own = total(draft.amount for draft in cards if draft not in foreign)
        if shown is not None and foreign:
            currency = self._currency_of(order)
            own += shown.share(total(draft.amount for draft in foreign), decimals_of(currency))
        return max([own, *by_body])

    def _currency_of(self, order: SourceKey) -> str:
        sales = (self.wanted.get((entity, order)) for entity in ("Invoice", "SalesReceipt"))
        return next((sale.currency for sale in sales if sale is not None), "")


def _keep_newest(table: dict[EntityKey, ExpectedDocument], step: PostingStep, record: Place) -> None:
    entity_key, draft = (step.entity, step.key), step.draft
    known = table.get(entity_key)
    amount, currency = _figures(draft)
    wanted = ExpectedDocument(
        entity=step.entity,
        key=step.key,
        age=(step.version.updated_at, step.version.rank) if step.version else _UNDATED,
        total=amount,
        currency=currency or (known.currency if known else ""),
        taken_back=step.intent in _TAKEN_BACK,
        before_start=step.intent is Intent.BEFORE_START,
        invoice=draft.invoice if isinstance(draft, PaymentDraft | RedemptionDraft) else None,
        credit_of=draft.credit_of if isinstance(draft, CreditMemoDraft) else None,
        records=[*(known.records if known else ()), record],
    )
    if known is not None and (known.age, known.taken_back) > (wanted.age, wanted.taken_back):
        known.records = wanted.records
    else:
        table[entity_key] = wanted


def _is_a_document(draft: Draft | None) -> bool:
    """True for what becomes a transaction of its own; others change one."""
    return isinstance(draft, DocumentDraft)


def _figures(draft: Draft | None) -> tuple[Decimal | None, str]:
    """Total and currency of a draft; QBO names no total of a journal entry."""
    match draft:
        case DepositDraft() if draft.total <= 0:
            return None, draft.currency  # because a payout that took money is an entry
        case InvoiceDraft() | RefundReceiptDraft() | CreditMemoDraft() | DepositDraft():
            return draft.total, draft.currency
        case SalesReceiptDraft(sale=sale):
            return sale.total, sale.currency
        case PaymentDraft() | RedemptionDraft():
            return draft.amount, draft.currency
        case JournalEntryDraft():
            return None, draft.currency
    return None, ""
