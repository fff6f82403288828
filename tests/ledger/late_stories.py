"""Orders that change over months: what each event tells, and what the books must say in the end, from the drawn story.

An order of the 10th of January has so many pieces of three things, at prices and with a discount that change, and a
buyer who changes; pieces come back with and without their money, it is paid in parts, and in the end perhaps cancelled.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.support.orders import (
    ORDER_ID,
    Json,
    discounted,
    handed_back,
    line,
    order,
    refund,
    refund_line,
    shopify_event,
    taxed,
    transaction,
)

PLACED = datetime(2026, 1, 10, 10, tzinfo=timezone(timedelta(hours=-8)))
TAX = Decimal(1)
"""The tax of a piece that is taxed."""
BUYERS = ("Dana Reyes", "Ines Moreau", "Olu Adeyemi")
NOTHING = Decimal(0)


@dataclass(frozen=True)
class Shape:
    """What an order says was sold: pieces of totes (taxed), of mugs and tins, the price of a tote, what is off mugs."""

    totes: int = 4
    mugs: int = 2
    tins: int = 0
    price: int = 12
    discount: int = 0
    buyer: int = 0
    cancelled: bool = False

    @property
    def tax(self) -> Decimal:
        """The taxes of the totes."""
        return TAX * self.totes

    @property
    def sold(self) -> Decimal:
        """What was sold, without tax."""
        return Decimal(self.totes * self.price + self.mugs * 10 + self.tins * 4 - self.discount)

    @property
    def total(self) -> Decimal:
        """What it comes to."""
        return self.sold + self.tax

    @property
    def things(self) -> frozenset[str]:
        """The things of which there is any."""
        counted = {"totes": self.totes, "mugs": self.mugs, "tins": self.tins}
        return frozenset(name for name, pieces in counted.items() if pieces)


@dataclass(frozen=True)
class Back:
    """Totes that came back at this price, with their money or without."""

    totes: int
    price: int
    with_money: bool

    @property
    def tax(self) -> Decimal:
        """Their taxes."""
        return TAX * self.totes

    @property
    def total(self) -> Decimal:
        """What they come to."""
        return Decimal(self.totes * self.price) + self.tax


@dataclass(frozen=True)
class Told:
    """One event by its name: a new state of the order, goods that came back, or an amount that was paid."""

    name: str
    moment: datetime
    what: Shape | Back | Decimal


@dataclass
class LateStory:
    """What happened, in its order."""

    events: list[Told] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The events as they came."""
        return [each.name for each in self.events]

    @property
    def newest(self) -> Shape:
        """What the order says in the end."""
        return [each.what for each in self.events if isinstance(each.what, Shape)][-1]

    @property
    def backs(self) -> list[Back]:
        """All goods that came back."""
        return [each.what for each in self.events if isinstance(each.what, Back)]

    def nets(self) -> dict[str, Decimal]:
        """The books in the end, by kind of account."""
        end, backs = self.newest, self.backs
        if end.cancelled:
            return {}
        tax = end.tax - sum((each.tax for each in backs), NOTHING)
        money = self._received(self.events) - _handed(backs)
        found = {
            "income": end.sold - sum((each.total - each.tax for each in backs), NOTHING),
            "tax": tax,
            "money": money,
            "receivable": sum(self.owed().values(), NOTHING),
        }
        return {kind: amount for kind, amount in found.items() if amount}

    def owed(self) -> dict[str, Decimal]:
        """What is owed in the end, and who owes it."""
        end = self.newest
        open_credits = sum((each.total for each in self.backs if not each.with_money), NOTHING)
        left = NOTHING if end.cancelled else end.total - open_credits - self._received(self.events)
        return {BUYERS[end.buyer]: left} if left else {}

    def january(self, told: list[list[str]]) -> Decimal:
        """What the invoice comes to where late reductions are credit memos and all is told in its order.

        It stays where the newest state of a batch of a later month asks for less of the same things.
        """
        stands: Shape | None = None
        by_name = {each.name: each for each in self.events}
        for batch in told:
            bodies = [each for name in batch if isinstance((each := by_name[name]).what, Shape)]
            if bodies:
                newest = max(bodies, key=lambda each: each.moment)
                assert isinstance(newest.what, Shape)
                stands = _invoice(stands, newest.what, newest.moment)
        return stands.total if stands else NOTHING

    def bodies(self) -> dict[str, Json]:
        """The events by their names, as Shopify sends them."""
        found: dict[str, Json] = {}
        for number, told in enumerate(self.events):
            before = self.events[:number]
            match told.what:
                case Shape() as shape:
                    found[told.name] = _order_event(told, shape, before, is_first=number == 0)
                case Back() as back:
                    found[told.name] = _event("refunds/create", _refund(told, back), told.moment)
                case amount:
                    found[told.name] = _event("order_transactions/create", _paid(told, amount), told.moment)
        return found

    @staticmethod
    def _received(events: list[Told]) -> Decimal:
        return sum((each.what for each in events if isinstance(each.what, Decimal)), NOTHING)


def _handed(backs: list[Back]) -> Decimal:
    return sum((each.total for each in backs if each.with_money), NOTHING)


def _invoice(stands: Shape | None, newest: Shape, moment: datetime) -> Shape:
    if stands is None or moment.month == PLACED.month:
        return newest
    if newest.cancelled:
        return stands
    is_same = replace(newest, buyer=stands.buyer) == stands
    less = newest.total < stands.total and newest.tax <= stands.tax and newest.things <= stands.things
    return stands if is_same or less else newest


def _order_event(told: Told, shape: Shape, before: list[Told], *, is_first: bool) -> Json:
    backs = [(each, each.what) for each in before if isinstance(each.what, Back)]
    returned = sum(back.totes for _, back in backs)
    received = LateStory._received(before)
    handed = _handed([back for _, back in backs])
    current = shape.total - sum((back.total for _, back in backs), NOTHING)
    owing = current + handed - received
    status = "pending" if not received else "paid" if owing <= 0 else "partially_paid"
    changes: dict[str, Any] = {}
    if shape.cancelled:
        status, owing, current = "voided", NOTHING, NOTHING
        changes["cancelled_at"] = told.moment.isoformat()
    body = order(
        _rows(shape, returned),
        created_at=PLACED.isoformat(),
        processed_at=PLACED.isoformat(),
        updated_at=told.moment.isoformat(),
        financial_status=status,
        total_outstanding=str(owing),
        current_total_price=str(current),
        current_total_tax=str(shape.tax - sum((back.tax for _, back in backs), NOTHING)),
        refunds=[_refund(each, back) for each, back in backs],
        **_buyer(shape.buyer),
        **changes,
    )
    topic = "orders/create" if is_first else "orders/cancelled" if shape.cancelled else "orders/updated"
    return _event(topic, body, told.moment)


def _buyer(number: int) -> dict[str, Any]:
    first, last = BUYERS[number].split()
    email = f"{first.lower()}@example.com"
    customer = {"id": 6655001122 + number, "first_name": first, "last_name": last, "email": email}
    return {"email": email, "customer": customer}


def _rows(shape: Shape, returned: int) -> list[Json]:
    rows = [_totes(shape.totes, shape.price, current_quantity=shape.totes - returned)] if shape.totes else []
    if shape.mugs:
        rows.append(
            line(
                "10",
                shape.mugs,
                **_named(77, "MUG"),
                discount_allocations=discounted(str(shape.discount)) if shape.discount else [],
            )
        )
    if shape.tins:
        rows.append(line("4", shape.tins, **_named(78, "TIN")))
    return rows


def _totes(pieces: int, price: int, **changes: Any) -> Json:
    return taxed(str(price), pieces, str(TAX * pieces), **_named(76, "TOTE"), **changes)


def _named(ident: int, sku: str) -> dict[str, Any]:
    return {"id": ident, "product_id": ident, "variant_id": ident * 10, "sku": sku, "name": sku, "title": sku}


def _refund(told: Told, back: Back) -> Json:
    ident = 897650010000 + int(told.name[1:])
    moment = told.moment.isoformat()
    rows = [refund_line(_totes(back.totes, back.price), back.totes, str(back.total - back.tax), str(back.tax))]
    times = {"created_at": moment, "processed_at": moment}
    named: dict[str, Any] = {"id": ident, "admin_graphql_api_id": None}
    money = [handed_back(str(back.total), id=ident + 5000, order_id=ORDER_ID, **times)] if back.with_money else []
    return refund(rows, *money, **named, **times)


def _paid(told: Told, amount: Decimal) -> Json:
    moment = told.moment.isoformat()
    named: dict[str, Any] = {"id": 9455001120000 + int(told.name[1:]), "admin_graphql_api_id": None}
    return transaction(**named, amount=str(amount), created_at=moment, processed_at=moment)


def _event(topic: str, body: Json, moment: datetime) -> Json:
    event = shopify_event(topic, body)
    headers: Any = event["headers"]
    at = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**event, "headers": {**headers, "X-Shopify-Triggered-At": at}}


@st.composite
def late_stories(draw: st.DrawFn) -> LateStory:
    """An order, and what becomes of it over months."""
    shape = Shape(draw(st.integers(2, 5)), draw(st.integers(0, 2)), 0, draw(st.sampled_from([9, 12])), 0, 0)
    story, moment = LateStory([Told("v0", PLACED, shape)]), PLACED
    seen = [shape]
    for number in range(1, draw(st.integers(2, 7))):
        moment += timedelta(days=draw(st.sampled_from([1, 5, 24, 33, 61])), hours=draw(st.integers(0, 3)))
        kind = draw(st.sampled_from("vvvvvvbmp"))
        returned = sum(each.totes for each in story.backs)
        received, handed = LateStory._received(story.events), _handed(story.backs)
        owing = shape.total - sum((each.total for each in story.backs), NOTHING) + handed - received
        if kind in "bm" and shape.totes > returned:
            back = Back(draw(st.integers(1, shape.totes - returned)), shape.price, with_money=kind == "m")
            if kind == "b" or back.total <= received - handed:
                story.events.append(Told(f"b{number}", moment, back))
                continue
        if kind == "p" and owing > 0:
            amount = owing if draw(st.booleans()) else Decimal(draw(st.integers(1, int(owing))))
            story.events.append(Told(f"p{number}", moment, amount))
            continue
        shape = draw(_next_shape(seen, shape, returned))
        seen.append(shape)
        story.events.append(Told(f"v{number}", moment, shape))
    if not LateStory._received(story.events) and draw(st.integers(0, 3)) == 0:
        moment += timedelta(days=draw(st.sampled_from([1, 33])))
        story.events.append(Told("v99", moment, replace(shape, cancelled=True)))
    return story


@st.composite
def _next_shape(draw: st.DrawFn, seen: list[Shape], shape: Shape, returned: int) -> Shape:
    """The order as it was once before, or with something changed; never less than has come back."""
    kind = draw(st.sampled_from(["again", "totes", "totes", "mugs", "tins", "price", "discount", "buyer", "nothing"]))
    least = max(returned, 1)
    match kind:
        case "again":
            before = draw(st.sampled_from(seen))
            return replace(before, buyer=shape.buyer) if before.totes >= least else shape
        case "totes":
            return replace(shape, totes=draw(st.integers(least, max(least, 6))))
        case "mugs":
            mugs = draw(st.integers(0, 3))
            return replace(shape, mugs=mugs, discount=min(shape.discount, mugs * 10))
        case "tins":
            return replace(shape, tins=draw(st.integers(0, 2)))
        case "price":
            return replace(shape, price=draw(st.sampled_from([7, 9, 12])))
        case "discount":
            return replace(shape, discount=min(draw(st.integers(0, 8)), shape.mugs * 10))
        case "buyer":
            return replace(shape, buyer=draw(st.integers(0, 2)), totes=draw(st.sampled_from([shape.totes, least])))
    return shape
