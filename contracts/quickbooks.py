"""What we mean to write in QuickBooks Online, before any Id is known.

A draft is an entity without Id: plain values, amounts as Decimal, and references that are resolved only when the step
goes out. `SourceKey` references name another document of ours (the customer of an invoice); `AccountSelector`s say
which account, in the words of the rules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, get_args

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
    EarlierMoneyDraft,
    JournalEntryDraft,
    JournalLine,
    MovedMoney,
    PaymentDraft,
    RowNearStart,
    SettlementRate,
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
    "EarlierMoneyDraft",
    "InvoiceDraft",
    "ItemDraft",
    "JournalEntryDraft",
    "JournalLine",
    "LineDraft",
    "MovedMoney",
    "PaymentDraft",
    "RedemptionDraft",
    "RefundReceiptDraft",
    "RowNearStart",
    "SalesReceiptDraft",
    "SettlementRate",
    "ShipmentDraft",
    "Shown",
    "TaxCodeSelector",
    "accounts_made_for",
    "accounts_of",
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
PartDraft = RedemptionDraft | ShipmentDraft | ChangeDraft | EarlierMoneyDraft
"""What changes a document of ours, or is only remembered: never a transaction of its own."""
Draft = AccountDraft | CustomerDraft | ItemDraft | DocumentDraft | PartDraft


def references_of(draft: Draft) -> tuple[SourceKey, ...]:
    """The documents of ours that must be in QBO before this draft can go out, in order, each once."""
    return tuple(dict.fromkeys(part for part in _parts_of(draft) if isinstance(part, SourceKey)))


def accounts_made_for(draft: Draft) -> tuple[AccountDraft, ...]:
    """The accounts that the bridge makes where the company lacks them and this draft needs them, each once."""
    made = (part.made for part in _parts_of(draft) if isinstance(part, AccountSelector))
    return tuple(dict.fromkeys(account for account in made if account is not None))


def accounts_of(draft: Draft) -> tuple[AccountSelector, ...]:
    """Every account that the draft names, each once."""
    return tuple(dict.fromkeys(part for part in _parts_of(draft) if isinstance(part, AccountSelector)))


def _parts_of(value: object) -> Iterator[object]:
    """Every key and every account that a draft names, in its lines too."""
    kind = type(value)
    if kind in _PARTS:
        yield value
    elif kind is tuple:
        for part in value:  # type: ignore[attr-defined]
            yield from _parts_of(part)
    elif kind in _WITH_PARTS:
        for name in _names_of(kind):  # type: ignore[arg-type] # a class is hashable, whatever its objects are
            part = getattr(value, name)
            if type(part) not in PLAIN:
                yield from _parts_of(part)


_PARTS = frozenset({SourceKey, AccountSelector})
_WITH_PARTS = frozenset({*get_args(Draft), LineDraft, DepositedPayment, DepositLine, JournalLine, RowNearStart})
PLAIN = frozenset({str, bool, int, Decimal, date, type(None)})
"""Most fields of a draft, with nothing in them to go on into."""

CAME_LATER = frozenset({"po_number", "made", "own_discount", "without_street"})
NEVER_WRITTEN = frozenset({"shown", "moved", "among", "named", "known_email", "buyers"})


def content_hash(draft: Draft, *, without: frozenset[str] = frozenset()) -> str:
    """Ten hex digits of SHA-256 over everything in the draft: two drafts that say the same have the same hash.

    A field of `CAME_LATER` counts where it is set, so that what was written before it came keeps its hash; one of
    `NEVER_WRITTEN` does not count. Those of `without`, in the draft and in its lines, count as not set.
    """
    packed = orjson.dumps(_written(draft, without), option=orjson.OPT_SORT_KEYS, default=_plain)
    return hashlib.sha256(packed).hexdigest()[:10]


def _written(value: Any, without: frozenset[str]) -> object:
    """The value as plain dicts and lists, without copies of what is plain already."""
    if isinstance(value, tuple):
        return [_written(part, without) for part in value]
    if not is_dataclass(value):
        return value
    found: dict[str, object] = {}
    for name in _names_of(type(value)):  # type: ignore[arg-type] # as above
        part = None if name in without else getattr(value, name)
        if name not in NEVER_WRITTEN and (part is not None or name not in CAME_LATER):
            found[name] = part if type(part) in PLAIN else _written(part, without)
    return found


@cache
def _names_of(kind: Any) -> tuple[str, ...]:
    """The names of the fields of a dataclass."""
    return tuple(field.name for field in fields(kind))


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    raise TypeError(type(value).__name__)
