"""What we mean to write in QuickBooks Online, before any Id is known.

A draft is an entity without Id: plain values, amounts as Decimal, and references that are resolved only when the step
goes out. `SourceKey` references name another document of ours (the customer of an invoice); `AccountSelector`s say
which account, in the words of the rules.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, fields
from decimal import Decimal

import orjson

from contracts.documents import LineDraft, distinct_number
from contracts.keys import SourceKey
from contracts.lists import AccountDraft, AccountSelector, Address, CustomerDraft, ItemDraft, TaxCodeSelector
from contracts.sales_forms import (
    CreditMemoDraft,
    InvoiceDraft,
    RedemptionDraft,
    RefundReceiptDraft,
    SalesReceiptDraft,
    ShipmentDraft,
    Shown,
)
from contracts.transfers import (
    ChangeDraft,
    DepositDraft,
    DepositedPayment,
    DepositLine,
    JournalEntryDraft,
    JournalLine,
    PaymentDraft,
    Settled,
)

__all__ = [
    "AccountDraft",
    "AccountSelector",
    "Address",
    "ChangeDraft",
    "CreditMemoDraft",
    "CustomerDraft",
    "DepositDraft",
    "DepositLine",
    "DepositedPayment",
    "DocumentDraft",
    "Draft",
    "InvoiceDraft",
    "ItemDraft",
    "JournalEntryDraft",
    "JournalLine",
    "LineDraft",
    "PaymentDraft",
    "RedemptionDraft",
    "RefundReceiptDraft",
    "SalesReceiptDraft",
    "Settled",
    "ShipmentDraft",
    "Shown",
    "TaxCodeSelector",
    "content_hash",
    "distinct_number",
    "references_of",
]

DocumentDraft = (
    InvoiceDraft
    | SalesReceiptDraft
    | RefundReceiptDraft
    | CreditMemoDraft
    | PaymentDraft
    | JournalEntryDraft
    | DepositDraft
)
"""What becomes a transaction of its own. All of them say currency, txn_date, customer, number and items themselves, and
take another date or number: see `contracts/documents.py`."""
Draft = AccountDraft | CustomerDraft | ItemDraft | DocumentDraft | RedemptionDraft | ShipmentDraft | ChangeDraft


def references_of(draft: Draft) -> tuple[SourceKey, ...]:
    """The documents of ours that must be in QBO before this draft can go out, in order, each once."""
    found: dict[SourceKey, None] = {}

    def visit(value: object) -> None:
        if isinstance(value, SourceKey):
            found[value] = None
        elif isinstance(value, tuple):
            for part in value:
                visit(part)
        elif isinstance(value, LineDraft | DepositedPayment | InvoiceDraft):
            for field in fields(value):
                visit(getattr(value, field.name))

    for field in fields(draft):
        visit(getattr(draft, field.name))
    return tuple(found)


CAME_LATER = frozenset({"po_number"})
NEVER_WRITTEN = frozenset({"shown"})


def content_hash(draft: Draft) -> str:
    """Ten hex digits of SHA-256 over everything in the draft: two drafts that say the same have the same hash.

    A field of `CAME_LATER` counts where it is set, so that what was written before it came keeps its hash; one of
    `NEVER_WRITTEN` does not count.
    """
    packed = orjson.dumps(asdict(draft, dict_factory=_said), option=orjson.OPT_SORT_KEYS, default=_plain)
    return hashlib.sha256(packed).hexdigest()[:10]


def _said(pairs: list[tuple[str, object]]) -> dict[str, object]:
    said = ((name, value) for name, value in pairs if name not in NEVER_WRITTEN)
    return {name: value for name, value in said if value is not None or name not in CAME_LATER}


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    raise TypeError(type(value).__name__)
