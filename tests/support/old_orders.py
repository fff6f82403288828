"""A first month, drawn: orders of before the start of the books, what moves for them later, and what that becomes."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.support.orders import Json, handed_back, order, refund, refund_line, shopify_event, taxed, transaction
from tests.support.reconciling import sold
from tests.support.shop_payouts import row, told

CENT, ZERO = Decimal("0.01"), Decimal(0)
START = datetime.fromisoformat("2026-03-05T00:00:00-08:00")
CARD, CARDS, STORE_CREDIT = "shopify_payments", "gift_card", "shopify_store_credit"
RULES = (
    "books_start = 2026-03-05\n"
    '[accounts]\nopening_receivables = "Old receivables"\nopening_clearing = "Old clearing"\n{cards}'
    '[gateways.manual]\ndeposit = "Till"\n'
)
OWN_CARDS = 'opening_gift_cards = "Old cards"\n'
ACCOUNTS = {
    "Old receivables": "Other Current Asset",
    "Old clearing": "Other Current Asset",
    "Till": "Other Current Asset",
    "Old cards": "Other Current Liability",
}
CLEARING, TILL, GIFT_CARDS = "Shopify Payments clearing", "Till", "Gift cards"


@dataclass
class FirstMonth:
    """What happened: the events, which documents the books must hold, and what that left on accounts, by the story.

    `entries` are the entries of late money by key and amount, `others` all other documents, `ignored` the old orders.
    """

    events: list[Any] = field(default_factory=list)
    entries: dict[str, Decimal] = field(default_factory=dict)
    others: set[str] = field(default_factory=set)
    ignored: set[str] = field(default_factory=set)
    moved: dict[str, Decimal] = field(default_factory=dict)
    rows: list[Json] = field(default_factory=list)

    def move(self, account: str, amount: Decimal) -> None:
        """So much more lies on an account; a liability that is less is above zero."""
        self.moved[account] = self.moved.get(account, ZERO) + amount


@dataclass(frozen=True, kw_only=True)
class OldOrder:
    """One order of before the start: half of its price is of each of two pieces."""

    ident: int
    price: Decimal
    tax: Decimal
    placed: datetime
    moved: datetime
    """When something moves for it."""

    @property
    def total(self) -> Decimal:
        return 2 * (self.price + self.tax)

    @property
    def line(self) -> Json:
        return taxed(str(self.price), 2, str(2 * self.tax), id=self.ident * 10, sku=f"S{self.ident}")

    def body(self, topic: str, received: Decimal, at: datetime, *, gateway: str, **changes: Any) -> Any:
        """The order as a body of `at` has it, of which so much was received."""
        status = "paid" if received == self.total else "partially_paid" if received else "pending"
        said: dict[str, Any] = {
            "id": self.ident,
            "name": f"#{self.ident}",
            "admin_graphql_api_id": None,
            "financial_status": status,
            "total_outstanding": str(self.total - received),
            "created_at": self.placed.isoformat(),
            "processed_at": self.placed.isoformat(),
            "updated_at": at.isoformat(),
            "payment_gateway_names": [gateway],
        }
        event: Any = shopify_event(topic, order([self.line], **{**said, **changes}))
        event["headers"]["X-Shopify-Triggered-At"] = at.isoformat()
        return event

    def paid(self, amount: Decimal, at: datetime, gateway: str) -> Json:
        """A transaction of it."""
        times = {"processed_at": at.isoformat(), "created_at": at.isoformat()}
        said = {"id": self.ident + 10_000, "order_id": self.ident, "admin_graphql_api_id": None}
        money = transaction(**said, amount=str(amount), gateway=gateway, **times)
        return shopify_event("order_transactions/create", money)

    def refund(self) -> Json:
        """One of the pieces goes back, with its money."""
        times = {"created_at": self.moved.isoformat(), "processed_at": self.moved.isoformat()}
        said = {"order_id": self.ident, "parent_id": self.ident + 10_000}
        money = handed_back(str(self.price + self.tax), id=self.ident + 40_000, **said, **times)
        lines = [refund_line(self.line, 1, str(self.price), str(self.tax))]
        named = {"id": self.ident + 30_000, "order_id": self.ident, "admin_graphql_api_id": None}
        return refund(lines, money, **named, **times)


Kind = Callable[[random.Random, FirstMonth, OldOrder], None]


def untouched(_: random.Random, month: FirstMonth, old: OldOrder) -> None:
    """Paid before the start, and something that is no money touches it after."""
    month.events += [
        old.body("orders/create", old.total, old.placed, gateway=CARD),
        old.paid(old.total, old.placed, CARD),
        old.body("orders/updated", old.total, old.moved, gateway=CARD),
    ]


def by_transaction(draw: random.Random, month: FirstMonth, old: OldOrder) -> None:
    """Its own transaction tells it, and perhaps a body too; what came by card is in a row of a payout."""
    gateway = draw.choice((CARD, CARD, "manual"))
    month.events += [
        old.body("orders/create", ZERO, old.placed, gateway=gateway),
        old.paid(old.total, old.moved, gateway),
    ]
    if draw.random() < 0.5:
        month.events.append(old.body("orders/paid", old.total, old.moved, gateway=gateway))
    _entry(month, f"shopify:transaction:{old.ident + 10_000}", old.total, TILL if gateway == "manual" else CLEARING)
    if gateway == CARD:
        _row(month, old, "charge", old.total, old.ident + 10_000, old.moved)


def by_body(draw: random.Random, month: FirstMonth, old: OldOrder) -> None:
    """The body of `orders/paid` alone; perhaps a part was received before the start."""
    before = (old.total / 3).quantize(CENT) if draw.random() < 0.5 else ZERO
    month.events += [
        old.body("orders/create", before, old.placed, gateway="manual"),
        old.body("orders/paid", old.total, old.moved, gateway="manual"),
    ]
    _entry(month, f"shopify:payment:{old.ident}", old.total - before, TILL)


def by_gift_card(draw: random.Random, month: FirstMonth, old: OldOrder) -> None:
    """A gift card or store credit pays it: told by its transaction, by the body, or by both."""
    gateway, teller = draw.choice((CARDS, STORE_CREDIT)), draw.choice(("transaction", "body", "both"))
    month.events.append(old.body("orders/create", ZERO, old.placed, gateway="", payment_gateway_names=[]))
    if teller != "body":
        month.events.append(old.paid(old.total, old.moved, gateway))
    if teller != "transaction":
        month.events.append(old.body("orders/paid", old.total, old.moved, gateway=gateway))
    by_itself = f"shopify:transaction:{old.ident + 10_000}"
    _entry(month, f"shopify:payment:{old.ident}" if teller == "body" else by_itself, old.total, GIFT_CARDS)


def handed(draw: random.Random, month: FirstMonth, old: OldOrder) -> None:
    """A refund, told by its own event, by the body, or by both."""
    given, teller = old.refund(), draw.choice(("refund", "body", "both"))
    month.events.append(old.body("orders/create", old.total, old.placed, gateway=CARD))
    if teller != "body":
        month.events.append(shopify_event("refunds/create", given))
    if teller != "refund":
        month.events.append(old.body("orders/updated", old.total, old.moved, gateway=CARD, refunds=[given]))
    month.others.add(f"RefundReceipt shopify:refund:{old.ident + 30_000}")
    month.move(CLEARING, -(old.price + old.tax))
    _row(month, old, "refund", -(old.price + old.tax), old.ident + 40_000, old.moved)


def returned_unpaid(_: random.Random, month: FirstMonth, old: OldOrder) -> None:
    """A piece comes back of what nobody has paid: no money moves."""
    month.events += [
        old.body("orders/create", ZERO, old.placed, gateway="manual"),
        shopify_event("refunds/create", {**old.refund(), "transactions": []}),
    ]


def disputed(_: random.Random, month: FirstMonth, old: OldOrder) -> None:
    """The card holder's bank takes the money back."""
    month.events += [
        old.body("orders/create", old.total, old.placed, gateway=CARD),
        shopify_event(
            "disputes/create",
            {
                "id": old.ident + 50_000,
                "order_id": old.ident,
                "type": "chargeback",
                "amount": str(old.total),
                "currency": "USD",
                "reason": "fraudulent",
                "status": "needs_response",
                "initiated_at": old.moved.isoformat(),
                "finalized_on": None,
            },
        ),
    ]
    month.others.add(f"JournalEntry shopify:dispute:{old.ident + 50_000}")
    month.move(CLEARING, -old.total)


KINDS: Mapping[str, Kind] = {
    each.__name__: each
    for each in (untouched, by_transaction, by_body, by_gift_card, handed, returned_unpaid, disputed)
}


def first_month(draw: random.Random) -> FirstMonth:
    """One old order of each kind and a few more, some orders of the new books, and a payout; in any order."""
    month = FirstMonth()
    kinds = [*KINDS, *draw.choices(list(KINDS), k=draw.randint(0, 3))]
    for number, kind in enumerate(draw.sample(kinds, len(kinds))):
        old = OldOrder(
            ident=3001 + number,
            price=CENT * draw.randint(500, 9_000),
            tax=CENT * draw.randint(0, 400),
            placed=START - timedelta(days=draw.randint(1, 20), hours=draw.randint(1, 20)),
            moved=START + timedelta(days=draw.randint(0, 20), hours=draw.randint(1, 20)),
        )
        month.ignored.add(f"Invoice shopify:order:{old.ident}")
        KINDS[kind](draw, month, old)
    for number in range(draw.randint(1, 2)):
        _sell(draw, month, 4001 + number)
    _pay_out(draw, month)
    draw.shuffle(month.events)
    return month


def _entry(month: FirstMonth, key: str, amount: Decimal, account: str) -> None:
    month.entries[key] = amount
    month.move(account, amount)


def _row(month: FirstMonth, old: OldOrder, kind: str, amount: Decimal, money: int, at: datetime) -> None:
    named: dict[str, Any] = {"order": old.ident, "transaction": money, "id": old.ident + 20_000}
    month.rows.append(row(kind, str(amount), processed_at=at.isoformat(), **named))


def _sell(draw: random.Random, month: FirstMonth, ident: int) -> None:
    price = CENT * draw.randint(20_000, 30_000)
    month.events += sold(ident, str(price), "0.00", f"2026-03-{draw.randint(6, 20):02d}")
    month.others |= {f"Invoice shopify:order:{ident}", f"Payment shopify:transaction:{ident + 10_000}"}
    month.move(CLEARING, price)


def _pay_out(draw: random.Random, month: FirstMonth) -> None:
    """What came and went by card, and the money of an order that was paid before the start."""
    before = CENT * draw.randint(200_000, 300_000)
    at = (START - timedelta(days=2)).isoformat()
    old = row("charge", str(before), "3.20", order=2001, transaction=12_001, id=22_001, processed_at=at)
    month.events.append(told([old, *month.rows], date="2026-03-30"))
    month.others.add("Deposit shopify:payout:9100000001")
    month.move(CLEARING, -sum((Decimal(str(each["amount"])) for each in month.rows), ZERO))
