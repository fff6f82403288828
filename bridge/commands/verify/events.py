"""What the records of a span ask for: the newest word on each document, mapped anew from the events themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from bridge.decoding.decision import MappedRecord
from contracts.errors import RecordError
from contracts.keys import SourceKey
from contracts.posting import Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import (
    CreditMemoDraft,
    DepositDraft,
    DocumentDraft,
    Draft,
    InvoiceDraft,
    JournalEntryDraft,
    PaymentDraft,
    RedemptionDraft,
    RefundReceiptDraft,
    SalesReceiptDraft,
)
from contracts.records import Place

EntityKey = tuple[str, SourceKey]
"""The type of an entity and the document that it stands for."""

_GONE = frozenset({Intent.VOID, Intent.WITHDRAWN, Intent.UNDONE, Intent.LEFT_OUT})
_UNDATED = (-1, -1)
"""The age of a fact: it has no version, and what takes it back is always newer."""


@dataclass(slots=True)
class Wanted:
    """The newest word on one document. `total` is None where the event names none; `age` orders the versions."""

    entity: str
    key: SourceKey
    age: tuple[int, int]
    total: Decimal | None
    currency: str
    gone: bool = False
    """True when its source took it back."""
    invoice: SourceKey | None = None
    records: list[Place] = field(default_factory=list)


class Events:
    """What the records of a span ask for, and how many of them ask for nothing."""

    def __init__(self) -> None:
        self.records = 0
        self.other_companies = 0
        """Records that are another company's business."""
        self.ignored: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        """Records that can never be booked, by reason code."""
        self.earliest_created_at: datetime | None = None
        """When the oldest document existed at its source: the books are read since then."""
        self.wanted: dict[EntityKey, Wanted] = {}
        self.received: dict[EntityKey, Wanted] = {}
        """Money that an order's body tells of, by the key of its payment."""
        self.redeemed: dict[SourceKey, dict[SourceKey, Decimal]] = {}
        """What gift cards take off an invoice, by the redemption."""

    def add(self, read: int, mapped: Iterable[MappedRecord]) -> None:
        """Take in a micro-batch: how many records were read, and what those of this company mean."""
        ours = list(mapped)
        self.records += read
        self.other_companies += read - len(ours)
        for each in ours:
            match each.decision:
                case Ignored(code=code):
                    self.ignored[code] += 1
                case RecordError() as error:
                    self.refused[error.code] += 1
                case PostingPlan() as plan:
                    self._take(plan, each.record.place)

    def _take(self, plan: PostingPlan, record: Place) -> None:
        self.earliest_created_at = (
            plan.document_created_at
            if self.earliest_created_at is None
            else min(self.earliest_created_at, plan.document_created_at)
        )
        for step in plan.steps:
            draft = step.draft
            if isinstance(draft, RedemptionDraft):
                self.redeemed.setdefault(draft.invoice, {})[step.key] = draft.amount
            elif step.intent is Intent.RECEIVED:
                _keep_newest(self.received, step, record)
            elif step.intent in _GONE or (step.intent is not Intent.ENSURE and _is_a_document(draft)):
                _keep_newest(self.wanted, step, record)


def _keep_newest(table: dict[EntityKey, Wanted], step: PostingStep, record: Place) -> None:
    entity_key, draft = (step.entity, step.key), step.draft
    known = table.get(entity_key)
    total, currency = _figures(draft)
    wanted = Wanted(
        entity=step.entity,
        key=step.key,
        age=(step.version.updated_at, step.version.rank) if step.version else _UNDATED,
        total=total,
        currency=currency or (known.currency if known else ""),
        gone=step.intent in _GONE,
        invoice=draft.invoice if isinstance(draft, PaymentDraft) else None,
        records=[*(known.records if known else ()), record],
    )
    if known is not None and (known.age, known.gone) > (wanted.age, wanted.gone):
        known.records = wanted.records
    else:
        table[entity_key] = wanted


def _is_a_document(draft: Draft | None) -> bool:
    """True for what becomes a transaction of its own; others change one."""
    return isinstance(draft, DocumentDraft)


def _figures(draft: Draft | None) -> tuple[Decimal | None, str]:
    """Total and currency of a draft; QBO names no total of a journal entry."""
    match draft:
        case InvoiceDraft() | RefundReceiptDraft() | CreditMemoDraft() | DepositDraft():
            return draft.total, draft.currency
        case SalesReceiptDraft(sale=sale):
            return sale.total, sale.currency
        case PaymentDraft():
            return draft.amount, draft.currency
        case JournalEntryDraft():
            return None, draft.currency
    return None, ""
