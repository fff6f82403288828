"""Orders of several currencies at rates that move every day, drawn with what the books must hold of them."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from tests.support.orders import Json, handed_back, line, order, refund, refund_line, sets, shopify_event, transaction

CENT, ZERO = Decimal("0.01"), Decimal(0)
FIRST = date(2026, 3, 2)
DAYS = 20
ABOUT = {"EUR": "1.09", "GBP": "1.27", "JPY": "0.0067", "KWD": "3.25", "USD": "1"}
SALES, CLEARING, EXCHANGE = "Sales of Product Income", "Shopify Payments clearing", "Exchange Gain or Loss"


@dataclass
class Trade:
    """What was drawn: rates by currency and day, events, and what the books must hold in dollars.

    `in_clearing` is by currency and in it; `codes` are those that orders are drawn in.
    """

    rates: dict[str, dict[str, Decimal]]
    events: list[Json] = field(default_factory=list)
    nets: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    owed: Decimal = ZERO
    kinds: list[str] = field(default_factory=list)
    in_clearing: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    codes: tuple[str, ...] = tuple(sorted(ABOUT))

    def worth(self, amount: Decimal, code: str, day: date) -> Decimal:
        """An amount in dollars, at the rate of the day."""
        rate = Decimal(1) if code == "USD" else self.rates[code][day.isoformat()]
        return (amount * rate).quantize(CENT, ROUND_HALF_UP)


def drawn_rates(draw: random.Random) -> dict[str, dict[str, Decimal]]:
    days = [(FIRST + timedelta(days=number)).isoformat() for number in range(DAYS)]
    return {
        code: {day: (Decimal(rate) * draw.randint(950, 1050) / 1000).quantize(Decimal("0.000001")) for day in days}
        for code, rate in ABOUT.items()
        if code != "USD"
    }


def sell(draw: random.Random, trade: Trade, number: int) -> None:
    """One order, paid on a later day or not, handed back on a later one or not."""
    code, ident = draw.choice(trade.codes), 7_500_000_000 + 10 * number
    price = Decimal(draw.randint(500, 90_000)) if code == "JPY" else CENT * draw.randint(500, 30_000)
    placed = FIRST + timedelta(days=draw.randint(0, 6))
    paid = placed + timedelta(days=draw.randint(0, 6)) if draw.random() < 0.8 else None
    back = paid + timedelta(days=draw.randint(0, 6)) if paid and draw.random() < 0.4 else None
    money: Json = {"currency": code, "admin_graphql_api_id": None}
    sold = line(str(price), id=ident + 1, sku=f"C{number}")
    body = order(
        [sold],
        **about(placed),
        **money,
        id=ident,
        name=f"#C{number}",
        presentment_currency=code,
        updated_at=at(placed),
        financial_status="pending",
        total_outstanding=str(price),
        email=f"buyer{code}@example.com",
        customer={"id": 900 + sorted(ABOUT).index(code), "first_name": "Buyer", "last_name": code},
    )
    trade.events.append(shopify_event("orders/create", body))
    trade.nets[SALES] -= trade.worth(price, code, placed)
    trade.kinds.append(code + " paid" * bool(paid) + " back" * bool(back))
    if paid is None:
        trade.owed += trade.worth(price, code, placed)
        return
    given = transaction(id=ident + 2, order_id=ident, amount=str(price), **money, **about(paid))
    trade.events.append(shopify_event("order_transactions/create", given))
    trade.in_clearing[code] += price
    trade.nets[CLEARING] += trade.worth(price, code, paid)
    trade.nets[EXCHANGE] += trade.worth(price, code, placed) - trade.worth(price, code, paid)
    if back is not None:
        own = {"subtotal_set": sets(str(price), code), "total_tax_set": sets("0", code)}
        rows = [{**refund_line(sold, 1, str(price)), **own}]
        returned = handed_back(str(price), **{**money, **about(back), "id": ident + 3, "order_id": ident})
        ids: Json = {"id": ident + 4, "order_id": ident, "admin_graphql_api_id": None}
        said = refund(rows, returned, **about(back), **ids, total_duties_set=sets("0", code))
        trade.events.append(shopify_event("refunds/create", said))
        trade.nets[SALES] += trade.worth(price, code, back)
        trade.in_clearing[code] -= price
        trade.nets[CLEARING] -= trade.worth(price, code, back)


def at(day: date) -> str:
    return f"{day}T10:00:00-05:00"


def about(day: date) -> Json:
    return {"created_at": at(day), "processed_at": at(day)}
