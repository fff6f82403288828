"""Lives of orders as a shop tells them, and what each must leave in the books, reckoned from the life itself.

An order is placed, paid in part or whole through one or several gateways, goods go back with or without money, or it
is cancelled unpaid. The figures come from the numbers that were drawn, never from the mapping: receivable, cash, tax
and what is owed on gift cards, tips and duties. Revenue is what is left, since every entry balances.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.ledger.orders import PLACED, Currency, placed_orders
from tests.support.orders import Json, shopify_event, transaction

GATEWAYS = ("shopify_payments", "manual", "gift_card")
NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What an order leaves in the books, debits positive."""

    receivable: Decimal = NOTHING
    cash: Decimal = NOTHING
    tax: Decimal = NOTHING
    gift_cards: Decimal = NOTHING
    tips: Decimal = NOTHING

    def __add__(self, other: Figures) -> Figures:
        mine, theirs = self.as_dict(), other.as_dict()
        return Figures(**{name: mine[name] + theirs[name] for name in mine})

    def as_dict(self) -> dict[str, Decimal]:
        """By name."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`needed` must be delivered, of `redundant` any part may be missing; `kind` says in words what happened."""

    kind: str
    needed: tuple[Json, ...]
    redundant: tuple[Json, ...]
    figures: Figures


@st.composite
def stories(draw: st.DrawFn, number: int, currency: Currency) -> Story:
    """The life of order `number`."""
    included = draw(st.booleans())
    body = draw(placed_orders(number, currency, included=included))
    life = _Life(number, currency, body, included=included)
    if Decimal(str(body["total_price"])) == 0:
        life.tell(financial_status="paid")
    elif draw(st.integers(0, 5)) == 0:
        draw(_cancelled(life))
    else:
        draw(_paid(life))
        for _ in range(draw(st.integers(0, 2))):
            draw(_refunded(life))
    return life.story(draw)


class _Life:
    """What has happened to one order so far."""

    def __init__(self, number: int, currency: Currency, body: Json, *, included: bool) -> None:
        self.number, self.currency, self.body, self.included = number, currency, body, included
        self.total = Decimal(str(body["total_price"]))
        self.now = PLACED + timedelta(minutes=number)
        self.received: dict[str, Decimal] = {}
        self.handed_back: dict[str, Decimal] = {}
        self.credited = NOTHING
        self.kept = NOTHING
        self.gone = NOTHING
        self.cards_back = NOTHING
        self.refunds: list[Json] = []
        self.left = {row["id"]: row["quantity"] for row in _rows(body["line_items"])}
        self.shipping_left = bool(body["shipping_lines"])
        self.tax = _tax_of(body)
        self.bodies: list[Json] = []
        self.facts: list[Json] = []
        self.retold: list[Json] = []

    def tell(self, topic: str = "orders/updated", **changes: Any) -> None:
        """A body as the order is now."""
        self.now += timedelta(seconds=1)
        paid, back = sum(self.received.values(), NOTHING), sum(self.handed_back.values(), NOTHING)
        current = self.total - self.gone + self.kept
        lines = [{**row, "current_quantity": self.left[row["id"]]} for row in _rows(self.body["line_items"])]
        now = {
            **self.body,
            "line_items": lines,
            "updated_at": self.now.isoformat(),
            "financial_status": self._status(paid, back),
            "total_outstanding": str(current - paid + back),
            "current_total_price": str(current),
            "payment_gateway_names": sorted(self.received),
            "refunds": list(self.refunds),
        }
        del now["current_subtotal_price"], now["current_total_tax"]
        self.bodies.append(shopify_event(topic, {**now, **changes}))

    def _status(self, paid: Decimal, back: Decimal) -> str:
        if not paid:
            return "pending"
        if back:
            return "refunded" if back >= paid else "partially_refunded"
        return "paid" if paid >= self.total - self.gone else "partially_paid"

    def story(self, draw: st.DrawFn) -> Story:
        """The newest body is needed, and money that it does not tell by itself; everything else may be missing."""
        told_by_body = len(self.received) == 1 and len(self.facts) == 1 and draw(st.booleans())
        needed = [self.bodies[-1], *([] if told_by_body else self.facts)]
        spare = [*self.bodies[:-1], *(self.facts if told_by_body else []), *self.retold]
        return Story(kind=self._kind(), needed=tuple(needed), redundant=tuple(spare), figures=self._figures())

    def _kind(self) -> str:
        if self.body.get("cancelled_at"):
            return "cancelled"
        found = {"tax inside": self.included, "tip or card sold": any(_sold(self.body).values())}
        words = [
            *(word for word, there in found.items() if there),
            *(f"paid by {each}" for each in sorted(self.received)),
        ]
        return ", ".join([f"order of {self.currency.code}", *words, *["refunded"] * bool(self.refunds)])

    def _figures(self) -> Figures:
        if self.body.get("cancelled_at"):
            return Figures()
        sold = _sold(self.body)
        received = {name: self.received.get(name, NOTHING) - self.handed_back.get(name, NOTHING) for name in GATEWAYS}
        paid = sum(self.received.values(), NOTHING)
        return Figures(
            receivable=self.total - paid - self.credited,
            cash=received["shopify_payments"] + received["manual"],
            tax=-self.tax,
            gift_cards=received["gift_card"] - sold["gift_card"] + self.cards_back,
            tips=-sold["tip"],
        )


@st.composite
def _cancelled(draw: st.DrawFn, life: _Life) -> None:
    """Before anything was paid; the goods may be taken back by a refund without money."""
    life.tell("orders/create")
    if draw(st.booleans()):
        _take_back(
            life, dict(life.left), money=(), kept=NOTHING, pending=draw(st.booleans()), shipping=life.shipping_left
        )
    life.body = {**life.body, "cancelled_at": life.now.isoformat()}
    life.tell("orders/cancelled", financial_status="voided")


@st.composite
def _paid(draw: st.DrawFn, life: _Life) -> None:
    """Nothing, a part or all of it, through up to three transactions."""
    if draw(st.booleans()):
        life.tell("orders/create")
    whole = life.currency.units(life.total)
    paid = draw(st.sampled_from([0, whole, whole, whole // 2]))
    cuts = sorted(draw(st.lists(st.integers(0, paid), max_size=2)))
    for at, (start, end) in enumerate(zip([0, *cuts], [*cuts, paid], strict=True)):
        if end > start:
            gateway = draw(st.sampled_from(GATEWAYS))
            amount = life.currency.money(end - start)
            life.received[gateway] = life.received.get(gateway, NOTHING) + amount
            life.facts.append(_moved(life, at, "sale", gateway, amount))
    life.tell("orders/paid" if paid == whole else "orders/updated")


def _moved(life: _Life, at: int, kind: str, gateway: str, amount: Decimal) -> Json:
    body = transaction(
        id=9_000_000 + 100 * life.number + at,
        admin_graphql_api_id=None,
        order_id=life.body["id"],
        kind=kind,
        gateway=gateway,
        amount=str(amount),
        currency=life.currency.code,
    )
    return shopify_event("order_transactions/create", body)


@st.composite
def _refunded(draw: st.DrawFn, life: _Life) -> None:
    """Some goods go back: with their money, with less than their money, or off what is still owed."""
    quantities = {ident: draw(st.integers(0, left)) for ident, left in life.left.items()}
    with_shipping = life.shipping_left and draw(st.booleans())
    value = _value(life, quantities, shipping=with_shipping)
    if not value:
        return
    available = {name: life.received[name] - life.handed_back.get(name, NOTHING) for name in sorted(life.received)}
    funds = sum(available.values(), NOTHING)
    owed = life.total - sum(life.received.values(), NOTHING) - life.credited
    kept = min(draw(st.sampled_from([NOTHING, NOTHING, life.currency.money(5)])), value - life.currency.unit)
    if value - kept <= funds and not owed:
        _take_back(life, quantities, money=_drawn_from(available, value - kept), kept=kept, shipping=with_shipping)
    elif value <= owed:
        pending = draw(st.booleans())
        _take_back(life, quantities, money=(), kept=NOTHING, pending=pending, shipping=with_shipping)


def _drawn_from(available: Mapping[str, Decimal], amount: Decimal) -> tuple[tuple[str, Decimal], ...]:
    taken = []
    for name, there in available.items():
        part = min(there, amount)
        if part:
            taken.append((name, part))
            amount -= part
    return tuple(taken)


def _take_back(
    life: _Life,
    quantities: Mapping[int, int],
    *,
    money: tuple[tuple[str, Decimal], ...],
    kept: Decimal,
    shipping: bool,
    pending: bool = False,
) -> None:
    """A refund event, and the body that follows it."""
    value = _value(life, quantities, shipping=shipping)
    lines, tax = _refund_lines(life, quantities)
    rows: list[Json] = []
    if shipping:
        row, ship_tax = _refunded_delivery(life)
        rows.append(row)
        tax += ship_tax
        life.shipping_left = False
    if kept:
        rows.append(_adjustment(life, "refund_discrepancy", "Refund discrepancy", kept, NOTHING))
    if pending:
        rows.append(_adjustment(life, "refund_discrepancy", "Pending refund discrepancy", value, NOTHING))
    number = len(life.refunds)
    moved = [_moved(life, 10 * (number + 1) + at, "refund", *each) for at, each in enumerate(money)]
    ident = 600_000 + 10 * life.number + number
    body: Json = {
        "id": ident,
        "order_id": life.body["id"],
        "created_at": life.now.isoformat(),
        "processed_at": life.now.isoformat(),
        "refund_line_items": lines,
        "order_adjustments": rows,
        "transactions": [_data(event) for event in moved],
    }
    life.refunds.append(body)
    life.retold += [shopify_event("refunds/create", body), *moved]
    for gateway, amount in money:
        life.handed_back[gateway] = life.handed_back.get(gateway, NOTHING) + amount
    for row in _rows(life.body["line_items"]):
        life.left[row["id"]] -= quantities[row["id"]]
        if row["gift_card"]:
            life.cards_back += _share(life, row, quantities[row["id"]])[0]
    life.gone += value
    life.kept += kept
    life.tax -= tax
    life.credited += NOTHING if money else value
    life.tell()


def _refund_lines(life: _Life, quantities: Mapping[int, int]) -> tuple[list[Json], Decimal]:
    found, taxes = [], NOTHING
    for row in _rows(life.body["line_items"]):
        count = quantities[row["id"]]
        if count:
            subtotal, tax = _share(life, row, count)
            taxes += tax
            found.append(
                {
                    "line_item_id": row["id"],
                    "quantity": count,
                    "subtotal": str(subtotal),
                    "total_tax": str(tax),
                    "subtotal_set": _in_sets(life, subtotal),
                    "total_tax_set": _in_sets(life, tax),
                    "line_item": row,
                }
            )
    return found, taxes


def _share(life: _Life, row: Json, count: int) -> tuple[Decimal, Decimal]:
    """What `count` pieces of a line are worth: as placed, rounded down to the smallest unit."""
    discounts = sum((Decimal(each["amount"]) for each in _rows(row["discount_allocations"])), NOTHING)
    net = Decimal(str(row["price"])) * int(str(row["quantity"])) - discounts
    tax = sum((Decimal(each["price"]) for each in _rows(row["tax_lines"])), NOTHING)
    quantity, unit = int(str(row["quantity"])), life.currency.unit
    return (net * count / quantity) // unit * unit, (tax * count / quantity) // unit * unit


def _in_sets(life: _Life, amount: Decimal) -> Json:
    money = {"amount": str(amount), "currency_code": life.currency.code}
    return {"shop_money": money, "presentment_money": money}


def _refunded_delivery(life: _Life) -> tuple[Json, Decimal]:
    net, tax = _delivered(life)
    # An adjustment's amount has the tax beside it, whatever the shop's prices hold.
    amount = net - tax if life.included else net
    return _adjustment(life, "shipping_refund", "Shipping refund", -amount, -tax), tax


def _delivered(life: _Life) -> tuple[Decimal, Decimal]:
    (row,) = _rows(life.body["shipping_lines"])
    off = sum((Decimal(each["amount"]) for each in _rows(row["discount_allocations"])), NOTHING)
    tax = sum((Decimal(each["price"]) for each in _rows(row["tax_lines"])), NOTHING)
    return Decimal(str(row["price"])) - off, tax


def _value(life: _Life, quantities: Mapping[int, int], *, shipping: bool) -> Decimal:
    """What goes back is worth, tax included."""
    worth = NOTHING
    for row in _rows(life.body["line_items"]):
        subtotal, tax = _share(life, row, quantities[row["id"]])
        worth += subtotal if life.included else subtotal + tax
    if shipping:
        net, tax = _delivered(life)
        worth += net if life.included else net + tax
    return worth


def _adjustment(life: _Life, kind: str, reason: str, amount: Decimal, tax: Decimal) -> Json:
    return {
        "kind": kind,
        "reason": reason,
        "amount": str(amount),
        "tax_amount": str(tax),
        "amount_set": _in_sets(life, amount),
        "tax_amount_set": _in_sets(life, tax),
    }


def _tax_of(body: Json) -> Decimal:
    return Decimal(str(body["total_tax"]))


def _sold(body: Json) -> dict[str, Decimal]:
    """What is no revenue in an order."""
    gift = sum(
        (Decimal(str(row["price"])) * row["quantity"] for row in _rows(body["line_items"]) if row["gift_card"]), NOTHING
    )
    return {"gift_card": gift, "tip": Decimal(str(body["total_tip_received"]))}


def _rows(value: object) -> list[Any]:
    assert isinstance(value, list)
    return value


def _data(event: Json) -> Json:
    body = event["body"]
    assert isinstance(body, dict)
    return body
