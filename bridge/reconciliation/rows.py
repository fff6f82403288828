"""One transaction of QuickBooks as a bookkeeper sees it: day, amount, tax, accounts, who changed it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bridge.index.posted import day as day_of
from contracts.entities import Entity, number, part

Link = tuple[str, str]
"""Type and Id of a transaction that another one is linked to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookRow:
    """One live transaction, anybody's; amounts are in its own currency.

    `moves` is what it brings to each account by Id, debits positive, as far as its lines name accounts, `deposit_to`
    where its money went, `items` what its lines come to by the Id of the item. `changed_by` is the Id of a user, None
    where QBO does not tell. `is_first_version`: nobody has changed it since it was made.
    """

    entity: str
    id: str
    day: date | None
    total: Decimal
    tax: Decimal
    currency: str
    customer_id: str | None
    customer: str
    number: str
    note: str
    links: frozenset[Link]
    moves: Mapping[str, Decimal]
    deposit_to: str | None
    items: Mapping[str, Decimal]
    changed_at: str | None
    changed_by: str | None
    is_first_version: bool

    @property
    def document(self) -> str:
        """Its name for people and for `explain`, such as `invoice/145`."""
        return f"{self.entity.lower()}/{self.id}"


def read_row(entity: str, row: Entity, home_currency: str) -> BookRow:
    """`row` as QBO gave it; a transaction without a currency is of the company's own."""
    meta = part(row, "MetaData")
    return BookRow(
        entity=entity,
        id=str(row.get("Id")),
        day=day_of(row.get("TxnDate")),
        total=_total(entity, row),
        tax=number(part(row, "TxnTaxDetail").get("TotalTax")) or Decimal(0),
        currency=str(part(row, "CurrencyRef").get("value") or home_currency),
        customer_id=_text(part(row, "CustomerRef").get("value")),
        customer=str(part(row, "CustomerRef").get("name") or ""),
        number=str(row.get("DocNumber") or row.get("PaymentRefNum") or ""),
        note=str(row.get("PrivateNote") or ""),
        links=frozenset(_links(row)),
        moves=moves_of(entity, row),
        deposit_to=_text(part(row, "DepositToAccountRef").get("value")),
        items=_by_item(row),
        changed_at=_text(meta.get("LastUpdatedTime")),
        changed_by=_text(part(meta, "LastModifiedByRef").get("value")),
        is_first_version=str(row.get("SyncToken")) == "0",
    )


def moves_of(entity: str, row: Entity) -> dict[str, Decimal]:
    """What a transaction brings to each account that it names by Id, below zero what it draws.

    Lines of items move what their items say, and payments that lie on a deposit move what lay in Undeposited Funds:
    neither is named in the row.
    """
    moves: defaultdict[str, Decimal] = defaultdict(Decimal)
    total = number(row.get("Amount" if entity == "Transfer" else "TotalAmt")) or Decimal(0)
    if entity == "Transfer":
        moves[str(part(row, "ToAccountRef").get("value"))] += total
        moves[str(part(row, "FromAccountRef").get("value"))] -= total
        return dict(moves)
    for line in _lines(row):
        detail = part(line, f"{'Deposit' if entity == 'Deposit' else 'JournalEntry'}LineDetail")
        account = part(detail, "AccountRef").get("value")
        if account is not None:
            amount = number(line.get("Amount")) or Decimal(0)
            moves[str(account)] += amount if detail.get("PostingType") == "Debit" else -amount
    where = part(row, "DepositToAccountRef").get("value")
    if where is not None:
        moves[str(where)] += -total if entity == "RefundReceipt" else total
    return dict(moves)


def _by_item(row: Entity) -> dict[str, Decimal]:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in _lines(row):
        item = part(part(line, "SalesItemLineDetail"), "ItemRef").get("value")
        if item is not None:
            found[str(item)] += number(line.get("Amount")) or Decimal(0)
    return dict(found)


def _total(entity: str, row: Entity) -> Decimal:
    """QBO names no total of a journal entry that may be relied on: it is what is debited."""
    if entity != "JournalEntry":
        return number(row.get("Amount" if entity == "Transfer" else "TotalAmt")) or Decimal(0)
    details = ((line, part(line, "JournalEntryLineDetail")) for line in _lines(row))
    debits = (number(line.get("Amount")) for line, detail in details if detail.get("PostingType") == "Debit")
    return sum((each for each in debits if each is not None), Decimal(0))


def _links(row: Entity) -> Iterator[Link]:
    for holder in (row, *_lines(row)):
        for link in holder.get("LinkedTxn") or ():
            yield str(link.get("TxnType")), str(link.get("TxnId"))


def _lines(row: Entity) -> list[Entity]:
    lines = row.get("Line")
    return lines if isinstance(lines, list) else []


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None
