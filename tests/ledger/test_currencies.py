"""Orders of several currencies at rates that move every day: each document is worth what it was on its own day."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from tests.support.drawn import note_drawn
from tests.support.orders import Json, handed_back, line, order, refund, refund_line, sets, shopify_event, transaction
from tests.support.sizes import seeds
from tests.support.stripe_lives import SURE
from tests.support.world import opened

CENT, ZERO = Decimal("0.01"), Decimal(0)
FIRST = date(2026, 3, 2)
DAYS = 20
ABOUT = {"EUR": "1.09", "GBP": "1.27", "JPY": "0.0067", "USD": "1"}
SALES, CLEARING, EXCHANGE = "Sales of Product Income", "Shopify Payments clearing", "Exchange Gain or Loss"


@dataclass
class Trade:
    """What was drawn: rates by currency and day, events, and what the books must hold in dollars."""

    rates: dict[str, dict[str, Decimal]]
    events: list[Json] = field(default_factory=list)
    nets: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    owed: Decimal = ZERO
    kinds: list[str] = field(default_factory=list)

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
    code, ident = draw.choice(sorted(ABOUT)), 7_500_000_000 + 10 * number
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
        trade.nets[CLEARING] -= trade.worth(price, code, back)


def at(day: date) -> str:
    return f"{day}T10:00:00-05:00"


def about(day: date) -> Json:
    return {"created_at": at(day), "processed_at": at(day)}


@pytest.mark.parametrize("seed", seeds(4))
async def test_every_document_is_worth_what_it_was_on_its_own_day(seed: int) -> None:
    """Income, what lies in clearing and what the exchange has cost, in dollars; in any order, and twice."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    trade = Trade(drawn_rates(draw))
    for number in range(draw.randint(3, 7)):
        sell(draw, trade, number)
    note_drawn(*(f"currencies: {kind}" for kind in trade.kinds))
    print(f"seed {seed}: {trade.kinds}")  # noqa: T201 - a failure must be drawn again
    events = draw.sample([*trade.events, *trade.events], 2 * len(trade.events))
    by_day = {code: {day: str(rate) for day, rate in days.items()} for code, days in trade.rates.items()}
    async with opened() as world:
        wanted = {"preferences": {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}, "daily_rates": by_day}
        set_switches(world.sandbox.realms[DEFAULT_REALM], wanted)
        await world.restart()
        while events:
            size = draw.randint(1, 4)
            await world.deliver(*events[:size])
            events = events[size:]
        assert set(world.statuses()) <= SURE, [result.reason for result in world.told if result.reason]
        books = world.trial_balance()
        assert {name: books.get(name, ZERO) for name in (SALES, CLEARING, EXCHANGE)} == {
            name: trade.nets[name] for name in (SALES, CLEARING, EXCHANGE)
        }
        receivable = [amount for name, amount in books.items() if name.startswith("Accounts Receivable")]
        assert sum(receivable, ZERO) == trade.owed
