"""Whole lives of one order: paid by card and gift card, refunded with and without money, shipped, or cancelled.

A life is lived first, action by action; what Shopify told of it is then delivered in any order, split and repeated,
without the older bodies and the refunds that a newer body tells again. The books are reckoned from the life itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.vendor.pretty import RepresentationPrinter as PrettyPrinter

from tests.support.histories import UPDATED, split
from tests.support.orders import ORDER_ID, Json, line, order, refund, refund_line, shopify_event, transaction

PRICE = Decimal("12.00")
RECEIVABLE, CASH, SALES, CARDS = (
    "Accounts Receivable (A/R)",
    "Shopify Payments clearing",
    "Sales of Product Income",
    "Gift cards",
)
CARD, GIFT = "shopify_payments", "gift_card"


@dataclass
class Life:
    """What happened to the order so far. Pieces cost 12.00 each."""

    pieces: int
    moment: datetime = UPDATED
    paid: dict[str, Decimal] = field(default_factory=lambda: {CARD: Decimal(0), GIFT: Decimal(0)})
    handed_back: Decimal = Decimal(0)
    credited: Decimal = Decimal(0)
    cancelled: bool = False
    transactions: list[Json] = field(default_factory=list)
    refunds: list[Json] = field(default_factory=list)
    parcels: list[Json] = field(default_factory=list)
    bodies: list[Json] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return PRICE * self.pieces

    @property
    def received(self) -> Decimal:
        return self.paid[CARD] + self.paid[GIFT]

    @property
    def owing(self) -> Decimal:
        return self.total - self.credited - self.handed_back - (self.received - self.handed_back)

    @property
    def can_give_back(self) -> bool:
        return len(self.refunds) < self.pieces - 1

    @property
    def kind(self) -> str:
        """What it was made of, in words."""
        found = {
            "cancelled": self.cancelled,
            "paid by card": self.paid[CARD],
            "by gift card": self.paid[GIFT],
            "money back": self.handed_back,
            "goods off what is owed": self.credited,
            "parcels": self.parcels,
        }
        return ", ".join(word for word, there in found.items() if there) or "owed"

    def balances(self) -> dict[str, Decimal]:
        """The trial balance that the life must end in, debits positive."""
        if self.cancelled:
            return {}
        amounts = {
            RECEIVABLE: self.total - self.received - self.credited,
            CASH: self.paid[CARD] - self.handed_back,
            SALES: self.handed_back + self.credited - self.total,
            CARDS: self.paid[GIFT],
        }
        return {name: amount for name, amount in amounts.items() if amount}

    def pay(self, amount: Decimal, gateway: str) -> None:
        self.paid[gateway] += amount
        body = transaction(
            id=700 + len(self.transactions), admin_graphql_api_id=None, amount=str(amount), gateway=gateway
        )
        self.transactions.append(shopify_event("order_transactions/create", body))

    def give_back(self, *, money: bool) -> None:
        """One piece comes back, with its money or off what is owed."""
        number = len(self.refunds)
        mark_stale = [
            transaction(id=900 + number, admin_graphql_api_id=None, kind="refund", amount="12.00", gateway=CARD)
        ]
        body = refund(
            [refund_line(self._line(), 1, "12.00")],
            *(mark_stale if money else []),
            id=800 + number,
            admin_graphql_api_id=None,
        )
        self.refunds.append(body)
        self.handed_back += PRICE if money else 0
        self.credited += 0 if money else PRICE

    def send(self, number: int) -> None:
        """A parcel, or another word about one that is known."""
        self.moment += timedelta(seconds=1)
        body: Json = {"id": 500 + number, "order_id": ORDER_ID, "status": "success", "tracking_company": "UPS"}
        moments: Json = {"created_at": _text(UPDATED), "updated_at": _text(self.moment)}
        tracking: Json = {"tracking_number": f"1Z{number}{len(self.parcels)}"}
        self.parcels.append(shopify_event("fulfillments/update", {**body, **moments, **tracking}))

    def tell(self, *, cancelled: bool = False) -> None:
        """Shopify tells the whole order as it is now."""
        self.moment += timedelta(seconds=1)
        self.cancelled = cancelled
        left = self.total - self.credited - self.handed_back
        body = order(
            [{**self._line(), "current_quantity": self.pieces - len(self.refunds)}],
            updated_at=_text(self.moment),
            cancelled_at=_text(self.moment) if cancelled else None,
            financial_status="voided" if cancelled else self._status(),
            payment_gateway_names=[name for name, amount in self.paid.items() if amount] or [CARD],
            total_outstanding=str(left - (self.received - self.handed_back)),
            current_total_price=str(left),
            current_subtotal_price=str(left),
            refunds=list(self.refunds),
        )
        self.bodies.append(shopify_event("orders/cancelled" if cancelled else "orders/updated", body))

    def _status(self) -> str:
        if self.handed_back:
            return "refunded" if self.handed_back == self.total else "partially_refunded"
        if not self.received:
            return "pending"
        return "paid" if self.received == self.total else "partially_paid"

    def _line(self) -> Json:
        return line(str(PRICE), self.pieces)


@dataclass(frozen=True, repr=False)
class Delivered:
    """A life and how it was told: micro-batches of events."""

    life: Life
    batches: tuple[tuple[Json, ...], ...]

    def _repr_pretty_(self, printer: PrettyPrinter, cycle: bool) -> None:  # noqa: ARG002, FBT001 - the printer's protocol
        printer.text(repr(self))

    def __repr__(self) -> str:
        said = " | ".join(", ".join(_words(event) for event in batch) for batch in self.batches)
        return f"{self.life.pieces} pieces: {said}"


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """One order from its beginning to its last body."""
    life = Life(pieces=draw(st.integers(2, 4)))
    life.tell()
    for action in draw(st.lists(st.sampled_from(["card", "gift", "back", "credit", "send", "tell"]), max_size=7)):
        _act(draw, life, action)
    if not life.received and draw(st.booleans()):
        life.tell(cancelled=True)
    else:
        life.tell()
    return life


def _act(draw: st.DrawFn, life: Life, action: str) -> None:
    if action in ("card", "gift") and life.owing > 0:
        part = draw(st.sampled_from([life.owing, round(life.owing / 2, 2) or life.owing, Decimal("5.00")]))
        life.pay(min(part, life.owing), CARD if action == "card" else GIFT)
    elif action == "back" and life.can_give_back and life.paid[CARD] - life.handed_back >= PRICE:
        life.give_back(money=True)
    elif action == "credit" and life.can_give_back and life.owing >= PRICE:
        life.give_back(money=False)
    elif action == "send":
        life.send(draw(st.integers(0, 1)))
    elif action == "tell":
        life.tell()


@st.composite
def deliveries(draw: st.DrawFn) -> Delivered:
    """What was told of a life: in any order, split and repeated; what newer bodies tell again may be missing."""
    life = draw(lives())
    refunds = [shopify_event("refunds/create", each) for each in life.refunds]
    redundant = [*life.bodies[:-1], *refunds]
    kept = [event for event in redundant if draw(st.booleans())]
    events = [life.bodies[-1], *life.transactions, *life.parcels, *kept]
    again = draw(st.lists(st.sampled_from(events), max_size=4))
    return Delivered(life, split(draw, draw(st.permutations([*events, *again]))))


def newest_parcel(life: Life) -> Mapping[str, object]:
    """The last word about any parcel."""
    body = life.parcels[-1]["body"]
    assert isinstance(body, dict)
    return body


def _words(event: Json) -> str:
    body = event["body"]
    assert isinstance(body, dict)
    if "line_items" in body:
        back = ", ".join(f"{row['id']}{'' if row['transactions'] else ' credit'}" for row in body["refunds"])
        return f"{str(body['updated_at'])[17:19]} {body['financial_status']} owing {body['total_outstanding']} [{back}]"
    if "refund_line_items" in body:
        return f"refund {body['id']}{'' if body['transactions'] else ' credit'}"
    if "tracking_number" in body:
        return f"parcel {body['id']} {str(body['updated_at'])[17:19]}"
    return f"{body['gateway']} {body['id']} of {body['amount']}"


def _text(moment: datetime) -> str:
    return moment.isoformat()
