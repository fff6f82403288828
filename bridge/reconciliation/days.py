"""The lines of both sides added up by day, currency and gateway. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from bridge.reconciliation.control_kinds import ControlKind
from bridge.reconciliation.differences import DifferenceKind
from bridge.reconciliation.facts import DocumentFacts
from bridge.reconciliation.lines import DocumentLine
from bridge.reconciliation.rows import BookRow
from contracts.marker import CREDITS, SALES


class Measure(StrEnum):
    """What is added up."""

    SALES = "sales"
    PAID = "paid"
    REFUNDED = "refunded"
    TAX = "tax"
    FEES = "fees"
    PAID_OUT = "paid_out"


Amounts = Mapping[Measure, Decimal]
_BANK_RULES = frozenset({"payouts.bank", "accounts.payouts"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAccounts:
    """Ids of accounts by what they are for; `clearing` names the gateway of each."""

    fees: Collection[str] = ()
    banks: Collection[str] = ()
    clearing: Mapping[str, str] = field(default_factory=dict)
    liabilities: Mapping[str, ControlKind] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class DayRow:
    """One day of one gateway in one currency: both sides of each measure, and the documents that differ."""

    day: date
    currency: str
    gateway: str
    source: defaultdict[Measure, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    books: defaultdict[Measure, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    differing: list[DocumentLine] = field(default_factory=list)
    difference: Decimal = Decimal(0)
    """What the documents differ by, each added up without its sign, so that two mistakes never look like none."""


def day_rows(lines: Iterable[DocumentLine], accounts: KnownAccounts, first: date, last: date) -> list[DayRow]:
    """One row a day, currency and gateway of `first` to `last`, in that order."""
    rows: dict[tuple[date, str, str], DayRow] = {}

    def at(day: date | None, line: DocumentLine) -> DayRow | None:
        if day is None or not first <= day <= last:
            return None
        place = (day, line.currency, line.gateway)
        return rows.setdefault(place, DayRow(day=place[0], currency=place[1], gateway=place[2]))

    for line in lines:
        source_day = line.row.day if line.agrees and line.row is not None else line.source_day
        booked = amounts_in_books(line.row, accounts) if line.row is not None else {}
        source = amounts_of_events(line, booked)
        days = {each: row for each in line.days if (row := at(each, line)) is not None}
        for day, row in days.items():
            _add(row.source, source if day == source_day else {})
            _add(row.books, booked if line.row is not None and day == line.row.day else {})
            apart = _apart(source if day == source_day else {}, _on(day, line, booked))
            row.difference += apart or _elsewhere(line)
            if line.difference is not None:
                row.differing.append(line)
    return [rows[place] for place in sorted(rows)]


def amounts_in_books(row: BookRow, accounts: KnownAccounts) -> dict[Measure, Decimal]:
    """What a transaction of the books adds to each measure."""
    found = dict(_by_entity(row.entity, row.total, row.tax))
    fees = sum((row.moves.get(each, Decimal(0)) for each in accounts.fees), Decimal(0))
    if fees:
        found[Measure.FEES] = fees
    if row.entity in ("Deposit", "Transfer", "JournalEntry"):
        banked = sum((row.moves.get(each, Decimal(0)) for each in accounts.banks), Decimal(0))
        found |= {Measure.PAID_OUT: banked} if banked else {}
    return found


def amounts_of_events(line: DocumentLine, booked: Amounts) -> Amounts:
    """What the events say a document adds to each measure; what the books say where they alone tell it."""
    if line.agrees and not line.is_known_from_events:
        return booked  # because nothing need be there of what was taken back, or left out by a rule
    if line.source is None and line.facts is None:
        return {}
    facts = line.facts
    tax = facts.tax if facts is not None and facts.tax is not None else booked.get(Measure.TAX, Decimal(0))
    found = dict(_by_entity(line.entity, line.source or Decimal(0), abs(tax)))
    if facts is not None:
        found |= dict(_of_facts(facts))
    return found


def _of_facts(facts: DocumentFacts) -> Iterator[tuple[Measure, Decimal]]:
    if facts.fees:
        yield Measure.FEES, facts.fees
    banked = sum((amount for account, amount in facts.moves if account.company_rule in _BANK_RULES), Decimal(0))
    if banked:
        yield Measure.PAID_OUT, banked


def _by_entity(entity: str, total: Decimal, tax: Decimal) -> Iterator[tuple[Measure, Decimal]]:
    if entity in SALES:
        yield Measure.SALES, total
        yield Measure.TAX, tax
    if entity in ("Payment", "SalesReceipt"):
        yield Measure.PAID, total
    if entity in CREDITS:
        yield Measure.REFUNDED, total
        yield Measure.TAX, -tax


def _add(to: defaultdict[Measure, Decimal], amounts: Amounts) -> None:
    for measure, amount in amounts.items():
        to[measure] += amount


def _elsewhere(line: DocumentLine) -> Decimal:
    """All of a document that stands on another account: no measure of the day shows it."""
    is_elsewhere = line.difference is not None and line.difference.kind is DifferenceKind.ACCOUNT
    return line.row.total if is_elsewhere and line.row is not None else Decimal(0)


def _on(day: date, line: DocumentLine, booked: Amounts) -> Amounts:
    return booked if line.row is not None and line.row.day == day else {}


def _apart(source: Amounts, books: Amounts) -> Decimal:
    """The greatest difference of one measure: a sale that is missing is missing once, not with its tax again."""
    apart = (abs(source.get(each, Decimal(0)) - books.get(each, Decimal(0))) for each in Measure)
    return max(apart, default=Decimal(0))
