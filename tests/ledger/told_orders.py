"""A shop's order while its story is told, event by event; what is drawn of it, and what it must leave in the books."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.support.orders import Json, line, order, refund_line, shopify_event, transaction

PLACED = datetime.fromisoformat("2026-03-02T21:05:00-08:00")
NOTHING = Decimal(0)
CENT = Decimal("0.01")
Nets = dict[str, Decimal]


@dataclass(frozen=True, slots=True)
class FieldStory:
    """Events in the order in which they happened, and the nets by kind of account that they must leave.

    With `in_order` they are told in that order: nobody remembers what an event says that came too early.
    """

    kind: str
    events: tuple[Json, ...] = field(repr=False)
    nets: Nets
    in_order: bool = False


@dataclass(slots=True)
class ToldOrder:
    """A shop's order while its story is told; its ids grow from its number, so that none is anybody else's."""

    number: int
    buyer: int
    now: datetime = PLACED
    events: list[Json] = field(default_factory=list)
    refunds: list[Json] = field(default_factory=list)

    @property
    def ident(self) -> int:
        return 7_000_000 + self.number

    def body(self, rows: list[Json], status: str, current: Decimal, owing: Decimal | None, **changes: Any) -> None:
        """The order as it is now."""
        self.now += timedelta(minutes=1)
        told = order(
            rows,
            id=self.ident,
            admin_graphql_api_id=None,
            name=f"#F{self.number}",
            financial_status=status,
            current_total_price=str(current),
            total_outstanding=None if owing is None else str(owing),
            updated_at=self.now.isoformat(),
            refunds=list(self.refunds),
            email=f"buyer{self.buyer}@example.com",
            customer={"id": 60_000 + self.buyer, "first_name": "Buyer", "last_name": str(self.buyer)},
            **changes,
        )
        for name in ("current_subtotal_price", "current_total_tax"):
            told.pop(name, None)
        self.events.append(shopify_event("orders/updated", told))

    def moved(self, amount: Decimal, at: int = 0, **changes: Any) -> Json:
        """A transaction, told by its own event."""
        body = self.row(amount, at, **changes)
        self.events.append(shopify_event("order_transactions/create", body))
        return body

    def row(self, amount: Decimal, at: int, **changes: Any) -> Json:
        given = {"admin_graphql_api_id": None, "order_id": self.ident, "amount": str(amount), **changes}
        return transaction(id=9_000_000 + 100 * self.number + at, **given)

    def refund(self, goods: list[tuple[Json, int, Decimal]], money: Decimal, **changes: Any) -> None:
        """Goods that came back, each with what they were worth, and what was handed back for them."""
        self.now += timedelta(minutes=1)
        at = 50 + len(self.refunds)
        rows = [self.row(money, at, kind="refund")] if money else []
        lines = [refund_line(sold, count, str(worth)) for sold, count, worth in goods]
        body: Json = {
            "id": 600_000 + 10 * self.number + len(self.refunds),
            "order_id": self.ident,
            "created_at": self.now.isoformat(),
            "processed_at": self.now.isoformat(),
            "refund_line_items": lines,
            "order_adjustments": [],
            "transactions": rows,
            **changes,
        }
        self.refunds.append(body)
        self.events.append(shopify_event("refunds/create", body))

    def article(self, at: int, price: Decimal, quantity: int = 1, **changes: Any) -> Json:
        """A line of its own article."""
        own: Json = {"id": 100 * self.number + at, "sku": f"F{self.number}-{at}", "product_id": 40_000 + at}
        return line(str(price), quantity, **{**own, **changes})


@st.composite
def prices(draw: st.DrawFn, least: int = 2_00, most: int = 300_00) -> Decimal:
    return draw(st.integers(least, most)) * CENT
