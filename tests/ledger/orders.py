"""Orders that add up, drawn: lines, discounts, taxes added or inside, delivery, tips and gift cards sold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from tests.support.orders import Json, order, shipping

PLACED = datetime.fromisoformat("2026-03-02T21:04:09-08:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Currency:
    """A currency and its smallest unit."""

    code: str
    unit: Decimal

    def money(self, units: int) -> Decimal:
        """So many of the smallest unit."""
        return units * self.unit

    def units(self, amount: Decimal) -> int:
        """The other way."""
        return int(amount / self.unit)


CENTS = {code: Currency(code=code, unit=Decimal("0.01")) for code in ("USD", "EUR")}
CURRENCIES = {**CENTS, "JPY": Currency(code="JPY", unit=Decimal(1))}


@st.composite
def placed_orders(draw: st.DrawFn, number: int, currency: Currency, *, included: bool) -> Json:
    """An order that adds up."""
    lines = [draw(_line(number, at, currency, included=included)) for at in range(draw(st.integers(1, 4)))]
    ships = [draw(_delivery(currency, included=included))] if draw(st.booleans()) else []
    tip = currency.money(draw(st.sampled_from([0, 0, 0, 250])))
    buyer = draw(st.integers(1, 3))
    return order(
        lines,
        id=7_000_000_000_000 + number,
        admin_graphql_api_id=f"gid://shopify/Order/{7_000_000_000_000 + number}",
        name=f"#{3000 + number}",
        order_number=3000 + number,
        currency=currency.code,
        presentment_currency=currency.code,
        taxes_included=included,
        shipping_lines=ships,
        total_tip_received=str(tip),
        created_at=(PLACED + timedelta(minutes=number)).isoformat(),
        processed_at=(PLACED + timedelta(minutes=number)).isoformat(),
        email=f"buyer{buyer}@example.com",
        customer={"id": 500 + buyer, "first_name": "Buyer", "last_name": f"No {buyer}", "email": None},
    )


@st.composite
def _line(draw: st.DrawFn, number: int, at: int, currency: Currency, *, included: bool) -> Json:
    quantity, price = draw(st.integers(1, 4)), draw(st.sampled_from([0, 1, 99, 333, 1050, 2599, 10_000]))
    gift = price > 0 and draw(st.integers(0, 7)) == 0
    gross = quantity * price
    discount = 0 if gift else draw(st.one_of(st.just(0), st.integers(0, gross)))
    taxes = [] if gift else draw(_taxes(gross - discount, currency, included=included))
    sku = draw(st.sampled_from(["MUG", "TEE-S", "POSTER", ""]))
    return {
        "id": 15_000_000 + 100 * number + at,
        "title": "Gift card" if gift else f"Product {sku or at}",
        "name": "Gift card" if gift else f"Product {sku or at}",
        "sku": "" if gift else sku,
        "product_id": None if gift else 8_800 + at,
        "quantity": quantity,
        "price": str(currency.money(price)),
        "gift_card": gift,
        "taxable": bool(taxes),
        "tax_lines": taxes,
        "discount_allocations": [{"amount": str(currency.money(discount))}] if discount else [],
        "duties": [],
    }


@st.composite
def _delivery(draw: st.DrawFn, currency: Currency, *, included: bool) -> Json:
    price = draw(st.sampled_from([0, 495, 1200]))
    discount = draw(st.sampled_from([0, 0, price]))
    taxes = draw(_taxes(price - discount, currency, included=included))
    off = [{"amount": str(currency.money(discount))}] if discount else []
    return shipping(str(currency.money(price)), tax_lines=taxes, discount_allocations=off)


@st.composite
def _taxes(draw: st.DrawFn, net: int, currency: Currency, *, included: bool) -> list[Json]:
    """Up to two taxes, rounded half up; beside the price now and then a unit more, as some tills round."""
    charged = [tax for tax in (("State", 7), ("County", 2)) if net > 0 and draw(st.booleans())]
    whole = 100 + sum(percent for _, percent in charged) if included else 100
    found: list[Json] = []
    for title, percent in charged:
        units = (2 * net * percent + whole) // (2 * whole)
        units += 0 if included else draw(st.integers(0, 1))
        found.append({"title": title, "rate": percent / 100, "price": str(currency.money(units))})
    return found
