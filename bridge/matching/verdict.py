"""Is an order in the books already, entered by a person or another tool? INTERFACE: "Already there". Pure.

Only number, reference, total, date and customer decide; what else is alike explains a decision and never makes one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bridge.index.posted import Posted
from bridge.index.unmarked import FoundByFacts, numbers_in
from bridge.matching.orders import KnownOrders, Party, SoughtOrder
from contracts.marker import SALES
from contracts.matching import Matching

_MARKER = re.compile(r"\[qbb:[a-z]+:order:([^\s\]]+)")
ENTERED_TWICE = "two or more documents of the books would be this order"
ANOTHER_ORDER_ALIKE = "the same buyer has another order of this total within the days that dates may differ"
OTHER_TOTAL = "its number and its customer are there with another total or currency"
OTHER_DATE = "its number or a reference to it is there with a date too far from its own"
ANYBODY = "its total is there for a customer that stands for anybody, without a number or reference"
OTHER_NUMBER = "its total and its customer are there under the number of another order"


@dataclass(frozen=True, slots=True)
class Certain:
    """The document is the order."""

    document: Posted


@dataclass(frozen=True, slots=True)
class Doubtful:
    """One of these may be the order: a person must say. `why` is a clause for people."""

    documents: tuple[Posted, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Likeness:
    """What a document has in common with the order."""

    document: Posted
    by_number: bool
    by_reference: bool
    fits: bool
    near: bool
    of_buyer: bool
    of_anybody: bool
    of_another: bool

    @property
    def names(self) -> bool:
        return self.by_number or self.by_reference


PartyOf = Callable[[str | None], Party]
"""The customer of the books under an Id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksToMatch:
    """The documents without our marker, whose they are, and the orders that are known."""

    unmarked: FoundByFacts
    party_of: PartyOf
    known: KnownOrders
    matching: Matching
    home_currency: str

    def verdict(self, order: SoughtOrder) -> Certain | Doubtful | None:
        """What of the books is `order`; None when it is not there, so that it is to be created."""
        found = [each for each in map(self._likeness(order), self._candidates(order)) if each is not None]
        fit = [each for each in found if each.fits and each.near]
        proven = [each for each in fit if each.names]
        alike = [each for each in fit if each.of_buyer and not each.of_another]
        is_unclear = len(alike) == 1 and self._may_be_another(alike[0].document, order)
        if proven:
            # because one of the buyer is certain too, where none of those that are named is the buyer's
            also = alike if len(alike) == 1 and not is_unclear and not any(each.of_buyer for each in proven) else []
            return _decided([*proven, *also], ENTERED_TWICE)
        if is_unclear:
            return _doubtful(alike, ANOTHER_ORDER_ALIKE)
        if alike:
            return _decided(alike, ENTERED_TWICE)
        return _first_doubt(found)

    def _may_be_another(self, document: Posted, order: SoughtOrder) -> bool:
        return self.known.is_asked(document) or self.known.are_alike(order, self.matching.days)

    def _candidates(self, order: SoughtOrder) -> Iterator[Posted]:
        days, unmarked = self.matching.days, self.unmarked
        places = [each for total in order.totals for each in unmarked.of_total(total, order.day, days)]
        for number in sorted({*order.numbers, *numbers_in(order.named.name), order.key.id}):
            places += unmarked.naming(number)
        found = {(each.entity, each.id): each for each in places if each.entity in SALES}
        return (found[place] for place in sorted(found))

    def _likeness(self, order: SoughtOrder) -> Callable[[Posted], _Likeness | None]:
        def compare(document: Posted) -> _Likeness | None:
            buyer = self.party_of(document.customer_id)
            anybody = buyer.is_anybody(self.matching)
            currency = document.currency or self.home_currency
            numbers = numbers_in(document.doc_number)
            by_number = not order.numbers.isdisjoint(numbers) or order.is_called(document.doc_number or "")
            by_reference = any(order.is_called(said) for said in self._references(document.human_note))
            others = [] if by_number or by_reference else self._others_named(numbers, order)
            if any(self._is_also(each, document, currency) for each in others):
                return None
            return _Likeness(
                document=document,
                by_number=by_number,
                by_reference=by_reference,
                fits=order.asks(document.total, currency),
                near=order.is_near(document.txn_date, self.matching.days),
                of_buyer=not anybody and buyer.is_same(order.buyer),
                of_anybody=anybody,
                of_another=bool(others),
            )

        return compare

    def _references(self, note: str) -> Iterator[str]:
        """What a note calls orders by: the groups of the rules' patterns, and markers that are not signed."""
        for pattern in (*self.matching.note_patterns, _MARKER):
            for found in pattern.finditer(note):
                yield from (said for said in found.groups() or (found[0],) if said)

    def _others_named(self, numbers: frozenset[str], order: SoughtOrder) -> list[SoughtOrder]:
        return [each for number in numbers for each in self.known.called(number, order)]

    def _is_also(self, other: SoughtOrder, document: Posted, currency: str) -> bool:
        """True when a document fits the other order that its number names."""
        its_buyer = other.buyer.is_same(self.party_of(document.customer_id))
        near = other.is_near(document.txn_date, self.matching.days)
        return other.asks(document.total, currency) and (its_buyer or near)


def _decided(found: list[_Likeness], why: str) -> Certain | Doubtful:
    return Certain(found[0].document) if len(found) == 1 else _doubtful(found, why)


def _doubtful(found: list[_Likeness], why: str) -> Doubtful:
    return Doubtful(tuple(each.document for each in found), why)


def _first_doubt(found: list[_Likeness]) -> Doubtful | None:
    doubts = (
        (OTHER_TOTAL, [each for each in found if each.by_number and each.of_buyer and not each.fits]),
        (OTHER_DATE, [e for e in found if not e.near and (e.by_reference or (e.by_number and e.fits))]),
        (OTHER_NUMBER, [e for e in found if e.of_another and e.of_buyer and e.fits and e.near]),
        (ANYBODY, [e for e in found if e.of_anybody and e.fits and e.near and not e.names and not e.of_another]),
    )
    every = {(each.document.entity, each.document.id): each for _, group in doubts for each in group}
    why = next((why for why, group in doubts if group), None)
    return _doubtful(list(every.values()), why) if why is not None else None
