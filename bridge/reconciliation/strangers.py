"""Documents without our marker that have to do with the shop: entered twice, credited or refunded by hand. Pure.

A company may sell outside the shop as well: what has nothing in common with the shop's documents is only counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from bridge.index.unmarked import numbers_in
from bridge.reconciliation.differences import Difference, DifferenceKind, amount_of
from bridge.reconciliation.lines import DocumentLine
from bridge.reconciliation.rows import BookRow, Link
from contracts.marker import CREDITS, SALES

FORMS = (*SALES, *CREDITS, "Payment")
"""What people enter for a customer; the other types move money between accounts."""
NUMBER_DIGITS = 3
"""A number of fewer digits names no order: it may be a quantity."""
_SAME_ROLE = (frozenset(SALES), frozenset(CREDITS), frozenset({"Payment"}), frozenset({"Deposit", "Transfer"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopDocuments:
    """The shop's documents in the books, and what people would write of them. `accounts` are the gateways' own."""

    days: int
    accounts: Mapping[str, str]
    """The gateway whose money lies in each clearing account, by the account's Id."""
    has_payouts: bool
    by_place: Mapping[Link, DocumentLine] = field(default_factory=dict)
    by_customer: Mapping[str, DocumentLine] = field(default_factory=dict)
    by_number: Mapping[str, DocumentLine] = field(default_factory=dict)
    by_total: Mapping[tuple[Decimal, str], Sequence[DocumentLine]] = field(default_factory=dict)


def shop_documents(
    lines: Iterable[DocumentLine], accounts: Mapping[str, str], *, days: int, by_customers: bool
) -> ShopDocuments:
    """Those of `lines`; without `by_customers` (one customer for all) nothing follows from the customer."""
    by_place: dict[Link, DocumentLine] = {}
    by_customer: dict[str, DocumentLine] = {}
    by_number: dict[str, DocumentLine] = {}
    by_total: dict[tuple[Decimal, str], list[DocumentLine]] = {}
    has_payouts = False
    for line in lines:
        has_payouts = has_payouts or line.entity == "Deposit"
        row = line.row
        number = row.number if row is not None else (line.facts.number if line.facts else None)
        for found in numbers_in(number) if line.entity in SALES else ():
            if len(found) >= NUMBER_DIGITS:
                by_number.setdefault(found, line)
        total = line.source if line.source is not None else (row.total if row is not None else None)
        if total:
            by_total.setdefault((total, line.currency), []).append(line)
        if row is not None:
            by_place[row.entity, row.id] = line
            if by_customers and row.customer_id is not None:
                by_customer.setdefault(row.customer_id, line)
    return ShopDocuments(
        days=days,
        accounts=accounts,
        has_payouts=has_payouts,
        by_place=by_place,
        by_customer=by_customer,
        by_number=by_number,
        by_total=by_total,
    )


def stranger_of(row: BookRow, shop: ShopDocuments) -> DocumentLine | None:
    """The line of a document without our marker; None where it has nothing to do with the shop."""
    related, why = _related(row, shop)
    if not why:
        return None
    moved = next((shop.accounts[ident] for ident in row.moves if ident in shop.accounts), "")
    gateway = related.gateway if related is not None and not moved else moved
    difference = Difference(
        kind=DifferenceKind.BY_HAND,
        entity=row.entity,
        key=None,
        day=row.day,
        currency=row.currency,
        gateway=gateway,
        source=None,
        books=amount_of(row.total, row.currency),
        why=f"no document of the bridge, no event tells it: {why}",
        ids=(row.id,),
    ).about(row)
    return DocumentLine(
        entity=row.entity,
        key=None,
        sale=None,
        gateway=gateway,
        currency=row.currency,
        source_day=None,
        row=row,
        facts=None,
        source=None,
        difference=difference,
    )


def _related(row: BookRow, shop: ShopDocuments) -> tuple[DocumentLine | None, str]:
    """What of the shop's it has to do with, and how; the most certain first."""
    linked = next((shop.by_place[link] for link in sorted(row.links) if link in shop.by_place), None)
    if linked is not None and row.entity in FORMS:
        return linked, f"it is linked to {_called(linked)}"
    if row.entity in FORMS:
        by_number = _of_number(row, shop)
        if by_number is not None:
            return by_number, f"its number or memo names {_called(by_number)}"
    same = _of_same_total(row, shop)
    if same is not None:
        return same, f"it comes to as much as {_called(same)}, at most {shop.days} days away"
    if row.entity in FORMS:
        known = shop.by_customer.get(row.customer_id or "")
        return known, f"its customer is that of {_called(known)}" if known is not None else ""
    if shop.has_payouts and any(ident in shop.accounts for ident in row.moves):
        return None, "it moves money of a processor whose payouts the events tell"
    return None, ""


def _of_number(row: BookRow, shop: ShopDocuments) -> DocumentLine | None:
    """The sale that its number or memo names; other series of numbers run through the same ones on other days."""
    named = sorted(numbers_in(row.number) | numbers_in(row.note))
    found = (shop.by_number[each] for each in named if each in shop.by_number)
    return next((line for line in found if any(_is_near(row.day, day, shop.days) for day in line.days)), None)


def _of_same_total(row: BookRow, shop: ShopDocuments) -> DocumentLine | None:
    role = next((each for each in _SAME_ROLE if row.entity in each), frozenset())
    for line in shop.by_total.get((row.total, row.currency), ()):
        if line.entity in role and any(_is_near(row.day, each, shop.days) for each in line.days):
            return line
    return None


def _is_near(one: date | None, other: date, days: int) -> bool:
    return one is not None and abs(one - other) <= timedelta(days=days)


def _called(line: DocumentLine) -> str:
    number = line.row.number if line.row is not None else (line.facts.number if line.facts else "")
    there = line.row.document if line.row is not None else str(line.key)
    return f"{there} (number {number})" if number else there
