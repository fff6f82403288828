"""An order as matching knows it, and the orders that are known beside it. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from bridge.index.posted import Posted
from bridge.index.unmarked import FoundByFacts, Place, numbers_in
from bridge.matching.names import is_generic, is_same_name
from contracts.keys import SourceKey
from contracts.matching import Matching, OrderName


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Somebody by every name that is known, and by e-mail; `customer_id` where the books have them as a customer."""

    names: tuple[str, ...] = ()
    email: str | None = None
    customer_id: str | None = None

    def is_same(self, other: Party) -> bool:
        """True for the same customer of the books, the same e-mail address, or the same name."""
        if self.customer_id is not None and self.customer_id == other.customer_id:
            return True
        if self.email is not None and self.email == other.email:
            return True
        return any(is_same_name(mine, theirs) for mine in self.names for theirs in other.names)

    def is_anybody(self, matching: Matching) -> bool:
        """True for a customer that stands for whoever buys: nothing follows from its name."""
        known = {name.casefold() for name in self.names}
        return bool(matching.generic_names & known) or any(is_generic(name) for name in self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtOrder:
    """An order that is not in the books under its marker. `totals` are those of all known versions."""

    key: SourceKey
    named: OrderName
    totals: frozenset[Decimal]
    currency: str
    day: date
    buyer: Party

    @property
    def numbers(self) -> frozenset[str]:
        """Its number without leading zeros: as the shop says it, and as its name does where that has only one."""
        in_name = numbers_in(self.named.name)
        return numbers_in(self.named.number) | (in_name if len(in_name) == 1 else frozenset())

    def is_called(self, text: str) -> bool:
        """True when `text` is its name, its number or its id."""
        said = text.strip().removeprefix("#").casefold()
        return said == self.named.name.casefold() or (said.lstrip("0") or "0") in {*self.numbers, self.key.id}

    def is_near(self, day: date | None, days: int) -> bool:
        """True for a date at most `days` days from its own."""
        return day is not None and abs((day - self.day).days) <= days

    def asks(self, total: Decimal, currency: str) -> bool:
        """True for its total to the cent in one of its versions, in its currency."""
        return total in self.totals and currency == self.currency


class OrdersAhead:
    """Orders that are still to come, because a whole range was read before any of it is booked; by number and total."""

    def __init__(self) -> None:
        self._known: dict[SourceKey, SoughtOrder] = {}
        self._by_number: dict[str, set[SourceKey]] = {}
        self._by_total: dict[tuple[Decimal, date], set[SourceKey]] = {}

    def __contains__(self, key: SourceKey) -> bool:
        return key in self._known

    def get(self, key: SourceKey) -> SoughtOrder | None:
        """The order as it was told, None where the range does not have it."""
        return self._known.get(key)

    def remember(self, order: SoughtOrder) -> None:
        """Take in an order, or what else is known of it by now; by what was said of it before it is found, too."""
        self._known[order.key] = order
        for number in order.numbers:
            self._by_number.setdefault(number, set()).add(order.key)
        for total in order.totals:
            self._by_total.setdefault((total, order.day), set()).add(order.key)

    def called(self, number: str) -> Iterator[SoughtOrder]:
        """Those that have this number."""
        return (self._known[key] for key in sorted(self._by_number.get(number, ())))

    def of_total(self, total: Decimal, day: date, days: int) -> Iterator[SoughtOrder]:
        """Those that have this total in one of their versions, and are dated at most `days` days from `day`."""
        around = (day + timedelta(days=number) for number in range(-days, days + 1))
        found = sorted({key for each in around for key in self._by_total.get((total, each), ())})
        return (each for each in map(self._known.__getitem__, found) if each.is_near(day, days))


NO_ORDERS_AHEAD = OrdersAhead()


class KnownOrders:
    """The orders that are known beside the one that is looked for: of the same micro-batch, and those in the books.

    `ahead` are those of a whole range, `asked` the documents that people are asked about for orders in doubt: the
    events of those came before.
    """

    def __init__(
        self,
        coming: Iterable[SoughtOrder],
        booked: FoundByFacts,
        home_currency: str,
        asked: Container[Place] = frozenset(),
        ahead: OrdersAhead = NO_ORDERS_AHEAD,
    ) -> None:
        self._coming = {order.key: order for order in coming}
        self._asked = asked
        self._ahead = ahead
        self._booked = booked
        self._home = home_currency

    def called(self, number: str, order: SoughtOrder) -> Iterator[SoughtOrder]:
        """The other orders of the shop of `order` that have this number."""
        others = (*self._others(order), *self._not_here(self._ahead.called(number), order))
        same_shop = (each for each in others if each.named.shop in (None, order.named.shop))
        yield from (each for each in same_shop if number in each.numbers)
        for posted in self._booked.naming(number):
            is_known = posted.key in self._coming or posted.key in self._ahead
            if posted.key != order.key and number in numbers_in(posted.doc_number) and not is_known:
                yield self._as_order(posted)

    def are_alike(self, order: SoughtOrder, days: int) -> bool:
        """True when another order of the same buyer has the same total within these days."""
        totals = order.totals
        ahead = (each for total in totals for each in self._ahead.of_total(total, order.day, days))
        others = (*self._others(order), *self._not_here(ahead, order))
        coming = (each for each in others if each.totals & totals and each.is_near(order.day, days))
        booked = (each for total in totals for each in self._booked.of_total(total, order.day, days))
        mine = order.buyer.customer_id
        return any(each.buyer.is_same(order.buyer) for each in coming) or any(
            mine is not None and each.customer_id == mine and each.key != order.key for each in booked
        )

    def is_asked(self, document: Posted) -> bool:
        """True for a document that another order, in doubt, may be as well."""
        return (document.entity, document.id) in self._asked

    def _others(self, order: SoughtOrder) -> Iterator[SoughtOrder]:
        return (each for key, each in self._coming.items() if key != order.key)

    def _not_here(self, ahead: Iterable[SoughtOrder], order: SoughtOrder) -> Iterator[SoughtOrder]:
        """Those of them that the micro-batch does not tell itself."""
        return (each for each in ahead if each.key != order.key and each.key not in self._coming)

    def _as_order(self, posted: Posted) -> SoughtOrder:
        return SoughtOrder(
            key=posted.key,
            named=OrderName(name=posted.doc_number or posted.key.id),
            totals=frozenset({posted.total, posted.written}),
            currency=posted.currency or self._home,
            day=posted.txn_date or date.min,
            buyer=Party(customer_id=posted.customer_id),
        )
