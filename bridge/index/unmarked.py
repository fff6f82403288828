"""Live transactions of the books, found by what people write on them: total and day, numbers, customer. Pure.

Those without our marker are compared with every order before it is created, so they must be found without looking at
all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain

from bridge.index.posted import Posted

Place = tuple[str, str]
"""The type of an entity and its Id."""
_DIGITS = re.compile(r"\d+", re.ASCII)


def numbers_in(text: str | None) -> frozenset[str]:
    """The whole numbers in a text, without their leading zeros."""
    return frozenset(found.lstrip("0") or "0" for found in _DIGITS.findall(text or ""))


class FoundByFacts:
    """Transactions by their facts; each is kept once, as it was seen last."""

    def __init__(self, documents: Iterable[Posted] = ()) -> None:
        self._known: dict[Place, Posted] = {}
        self._by_total: dict[tuple[Decimal, date | None], set[Place]] = {}
        self._by_number: dict[str, set[Place]] = {}
        self._by_customer: dict[str | None, set[Place]] = {}
        self._by_invoice: dict[str, set[Place]] = {}
        for document in documents:
            self.remember(document)

    def __len__(self) -> int:
        return len(self._known)

    def get(self, entity: str, ident: str) -> Posted | None:
        """The transaction of this Id, None for one that is not here."""
        return self._known.get((entity, ident))

    def remember(self, document: Posted) -> None:
        """Take in a transaction, or what became of it: one that is void is not here any more."""
        self.forget(document.entity, document.id)
        if document.voided or document.deleted:
            return
        place = (document.entity, document.id)
        self._known[place] = document
        for keys, key in self._keys(document):
            keys.setdefault(key, set()).add(place)

    def forget(self, entity: str, ident: str) -> None:
        """It is void, gone, or known otherwise by now."""
        document = self._known.pop((entity, ident), None)
        for keys, key in self._keys(document) if document is not None else ():
            found = keys[key]
            found.discard((entity, ident))
            if not found:
                del keys[key]

    def of_total(self, total: Decimal, day: date, days: int) -> Iterator[Posted]:
        """Those of this total that are dated at most `days` days from `day`."""
        around = (day + timedelta(days=number) for number in range(-days, days + 1))
        return self._found(chain.from_iterable(self._by_total.get((total, each), ()) for each in around))

    def naming(self, number: str) -> Iterator[Posted]:
        """Those with this number, without leading zeros, in their DocNumber or note."""
        return self._found(self._by_number.get(number, ()))

    def on_invoice(self, ident: str) -> Iterator[Posted]:
        """The payments that are linked to the invoice of this Id."""
        return self._found(self._by_invoice.get(ident, ()))

    def of_customer(self, ident: str | None) -> Iterator[Posted]:
        """Those of the customer of this Id."""
        return self._found(self._by_customer.get(ident, ()))

    def _found(self, places: Iterable[Place]) -> Iterator[Posted]:
        return (self._known[place] for place in sorted(places))

    def _keys(self, document: Posted) -> Iterator[tuple[dict, object]]:  # type: ignore[type-arg]
        yield self._by_total, (document.total, document.txn_date)
        yield self._by_customer, document.customer_id
        for number in numbers_in(document.doc_number) | numbers_in(document.human_note):
            yield self._by_number, number
        links = {link["TxnId"] for line in document.lines for link in line["LinkedTxn"] if link["TxnType"] == "Invoice"}
        for ident in links:
            yield self._by_invoice, ident
