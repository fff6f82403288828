"""Whether what lies on an account is what the events say is still open: clearing, tax, gift cards. Pure.

Both sides are added up document by document, so that an account that does not agree names its documents. What lay there
before the days is QuickBooks' own word, unless a person's file says it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from bridge.reconciliation.control_kinds import ControlKind
from bridge.reconciliation.days import KnownAccounts
from bridge.reconciliation.lines import BothSides, DocumentLine
from bridge.reconciliation.moved import Moved, moved_by_books, moved_by_events

ZERO = Decimal(0)
Place = tuple[ControlKind, str, str]
"""What is tied, the Id of a clearing account, and the currency."""
Given = Mapping[tuple[ControlKind, str, str], Decimal]
"""What a person says was open before the days: by kind, name of a clearing account, and currency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountBalance:
    """What QBO says lies on an account now, of a liability what is owed; None where it does not say."""

    kind: ControlKind
    name: str
    gateway: str
    currency: str
    amount: Decimal | None


@dataclass(slots=True, kw_only=True)
class ControlAccount:
    """One account in one currency: what was open before the days, and what each side moved in them.

    `before` is what QBO says, `given` what a person's file says; None where nobody does. `untold` counts documents that
    the books alone tell: they count on both sides. `documents` are those whose two sides differ.
    """

    kind: ControlKind
    name: str
    gateway: str
    currency: str
    before: Decimal | None = None
    given: Decimal | None = None
    source: Decimal = ZERO
    books: Decimal = ZERO
    untold: int = 0
    documents: list[str] = field(default_factory=list)

    @property
    def open_by_events(self) -> Decimal | None:
        """What is still open after the days by the events."""
        before = self.given if self.given is not None else self.before
        return None if before is None else before + self.source

    @property
    def open_by_books(self) -> Decimal | None:
        """What is still open after the days by the books."""
        return None if self.before is None else self.before + self.books

    @property
    def difference(self) -> Decimal:
        """What the books have more than the events say."""
        earlier = self.before - self.given if self.before is not None and self.given is not None else ZERO
        return earlier + self.books - self.source


def control_accounts(
    lines: Sequence[DocumentLine],
    sides: BothSides,
    accounts: KnownAccounts,
    balances: Mapping[str, AccountBalance],
    span: tuple[date, date],
    given: Given,
) -> list[ControlAccount]:
    """Every account that something moved in the days of `span`, both included."""
    found = _Controls(accounts, balances, span)
    known = {(line.row.entity, line.row.id) for line in lines if line.row is not None}
    for line in lines:
        booked = list(moved_by_books(line.row, accounts, sides.items)) if line.row is not None else []
        found.add(_name(line), _source_moves(line, sides, accounts), booked)
    for place, row in sides.rows.items():
        if place not in known:
            # because what the company sells outside the shop is taxed too, and no event tells it
            booked = [each for each in moved_by_books(row, accounts, sides.items) if each.kind in _ACCOUNTS]
            found.add(row.document, [], booked)
    return found.results(given)


_ACCOUNTS = frozenset(ControlKind) - {ControlKind.SALES_TAX}


def _name(line: DocumentLine) -> str:
    return line.row.document if line.row is not None else f"{line.key} {line.entity}"


def _source_moves(line: DocumentLine, sides: BothSides, accounts: KnownAccounts) -> list[Moved] | None:
    return [] if line.key is None else moved_by_events(line, sides, accounts)


class _Controls:
    """The sums by account, as they are added up."""

    def __init__(
        self, accounts: KnownAccounts, balances: Mapping[str, AccountBalance], span: tuple[date, date]
    ) -> None:
        self._accounts, self._balances = accounts, balances
        self._first, self._last = span
        self._source: defaultdict[Place, Decimal] = defaultdict(Decimal)
        self._books: defaultdict[Place, Decimal] = defaultdict(Decimal)
        self._later: defaultdict[Place, Decimal] = defaultdict(Decimal)
        self._untold: defaultdict[Place, int] = defaultdict(int)
        self._documents: defaultdict[Place, list[str]] = defaultdict(list)

    def add(self, document: str, source_moves: list[Moved] | None, booked: list[Moved]) -> None:
        """One document by its two sides; `source_moves` is None where the books alone tell it."""
        by_books = self._in_days(booked)
        by_events = by_books if source_moves is None else self._in_days(source_moves)
        for place in {*by_events, *by_books}:
            events_say, books_say = by_events.get(place, ZERO), by_books.get(place, ZERO)
            self._source[place] += events_say
            self._books[place] += books_say
            self._untold[place] += source_moves is None
            if events_say != books_say:
                self._documents[place].append(document)
        for each in booked:
            if each.day > self._last:
                self._later[_place(each)] += each.amount

    def _in_days(self, moved: Iterable[Moved]) -> dict[Place, Decimal]:
        sums: defaultdict[Place, Decimal] = defaultdict(Decimal)
        for each in moved:
            if self._first <= each.day <= self._last:
                sums[_place(each)] += each.amount
        return {place: amount for place, amount in sums.items() if amount}

    def results(self, given: Given) -> list[ControlAccount]:
        """Every account with what was open before, by kind, name and currency."""
        found = [self._result(place) for place in {*self._source, *self._books}]
        for each in found:
            each.given = given.get((each.kind, each.name if each.kind is ControlKind.CLEARING else "", each.currency))
        return sorted(found, key=lambda each: (list(ControlKind).index(each.kind), each.name, each.currency))

    def _result(self, place: Place) -> ControlAccount:
        kind, account, currency = place
        held = [each for ident, each in self._balances.items() if each.kind is kind and account in ("", ident)]
        return ControlAccount(
            kind=kind,
            name=", ".join(sorted(each.name for each in held)),
            gateway=held[0].gateway if len(held) == 1 else "",
            currency=currency,
            before=self._before(place, held),
            source=self._source[place],
            books=self._books[place],
            untold=self._untold[place],
            documents=self._documents[place],
        )

    def _before(self, place: Place, held: Sequence[AccountBalance]) -> Decimal | None:
        """The balance of now less what moved since the days began; None where QBO does not say it in this currency."""
        kind, account, currency = place
        others = {each for each in {*self._books, *self._later} if each[:2] == (kind, account) and each != place}
        if not held or others or any(each.amount is None or each.currency != currency for each in held):
            return None
        now = sum((each.amount for each in held if each.amount is not None), ZERO)
        return now - self._later[place] - self._books[place]


def _place(moved: Moved) -> Place:
    return moved.kind, moved.account, moved.currency
