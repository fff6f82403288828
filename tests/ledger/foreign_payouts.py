"""Payouts of Stripe whose charges and refunds were taken in several currencies, drawn with what the books must hold.

Each document is worth what QuickBooks' rate of its own day says; a row of the payout what Stripe exchanged it at, which
is another rate. Yen and krónur have no decimals, dinars three (of which Stripe lets the last be 0 only).
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import Any

from tests.support.orders import Json, charge, stripe_event
from tests.support.stripe_objects import listed, payout, refund, row

CENT, ZERO = Decimal("0.01"), Decimal(0)
ABOUT = {"EUR": "1.09", "GBP": "1.27", "JPY": "0.0067", "KWD": "3.25", "ISK": "0.0073"}
DECIMALS = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3, "ISK": 2}
"""Of Stripe's integers: a króna is a hundred of them."""
SMALLEST = {"ISK": 100, "KWD": 10}
"""Stripe's amounts of these are whole multiples of it."""
PAID_ON = 16

Rates = Mapping[str, Mapping[str, Decimal]]


@dataclass
class ForeignPayout:
    """One payout in dollars: its rows, the events of what it pays out, what was sold, and the rates of each day."""

    rates: Rates
    rows: list[dict[str, Any]] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    sold: Decimal = ZERO
    kinds: list[str] = field(default_factory=list)

    @property
    def net(self) -> int:
        """What reaches the bank, in cents; below zero what the bank pays."""
        return sum(each["net"] for each in self.rows)

    def told(self) -> list[Json]:
        """Everything, the payout last."""
        own = row("payout", -self.net, "po_fx", id="txn_po", created=at(PAID_ON - 1))
        about: dict[str, Any] = {"arrival_date": at(PAID_ON), "created": at(PAID_ON - 1)}
        rows = listed([own, *self.rows])
        return [
            *self.events,
            stripe_event("payout.paid", payout(self.net, id="po_fx", balance_transactions=rows, **about)),
        ]

    def worth(self, minor: int, code: str, day: int) -> Decimal:
        """Stripe's integer in dollars, at QuickBooks' rate of the day."""
        rate = Decimal(1) if code == "USD" else self.rates[code][date_of(day)]
        return (Decimal(minor).scaleb(-DECIMALS[code]) * rate).quantize(CENT, ROUND_HALF_UP)


def at(day: int) -> int:
    """Noon of a day in March, as Stripe says it."""
    return int(datetime(2026, 3, day, 12, tzinfo=UTC).timestamp())


def date_of(day: int) -> str:
    return f"2026-03-{day:02}"


def drawn_payout(draw: random.Random) -> ForeignPayout:
    """One to five charges, some handed back in part or whole; in a fifth of them the bank pays."""
    found = ForeignPayout(
        {
            code: {date_of(day): (_near(draw, about)).quantize(Decimal("0.000001")) for day in range(1, 29)}
            for code, about in ABOUT.items()
        }
    )
    codes = draw.sample(list(DECIMALS), draw.randint(1, 4))
    for number in range(draw.randint(1, 5)):
        _take(draw, found, number, draw.choice(codes))
    if draw.random() < 0.2:
        found.rows.append(row("adjustment", -found.net - draw.randint(1_00, 50_00), None, id="txn_adjusted"))
        found.kinds.append("below zero")
    return found


def _take(draw: random.Random, found: ForeignPayout, number: int, code: str) -> None:
    unit, day, ident = SMALLEST.get(code, 1), draw.randint(1, 10), f"ch_fx{number:020}"
    minor = unit * draw.randint(300, 90_000) * (10 if code == "JPY" else 1)
    moved = _row(draw, "charge", minor, code, source=ident, day=day)
    is_known = draw.random() < 0.5
    about: dict[str, Any] = {
        "id": ident,
        "amount": minor,
        "amount_captured": minor,
        "created": at(day),
        "currency": code.lower(),
    }
    buyer: Json = {"customer": f"cus_{code}", "billing_details": {"name": f"B {code}", "email": f"{code}@example.com"}}
    own: Json = {"payment_intent": f"pi_fx{number}", "balance_transaction": moved if is_known else moved["id"]}
    found.events.append(stripe_event("charge.succeeded", charge(**about, **buyer, **own)))
    found.rows.append(moved)
    found.sold += found.worth(minor, code, day)
    found.kinds.append(code + " exchanged" * is_known)
    if draw.random() < 0.4:
        back = minor if draw.random() < 0.5 else unit * draw.randint(1, minor // unit)
        _give_back(draw, found, number, back, code, draw.randint(day, 14))


def _give_back(draw: random.Random, found: ForeignPayout, number: int, minor: int, code: str, day: int) -> None:
    ident = f"re_fx{number:020}"
    moved = _row(draw, "refund", -minor, code, source=ident, day=day)
    about: dict[str, Any] = {
        "charge": f"ch_fx{number:020}",
        "payment_intent": f"pi_fx{number}",
        "currency": code.lower(),
    }
    own: Json = {"created": at(day), "balance_transaction": moved if draw.random() < 0.5 else moved["id"]}
    found.events.append(stripe_event("refund.created", refund(minor, ident, **about, **own)))
    found.rows.append(moved)
    found.sold -= found.worth(minor, code, day)
    found.kinds[-1] += " back"


def _row(draw: random.Random, kind: str, minor: int, code: str, *, source: str, day: int) -> Json:
    """A row in dollars; a foreign one at the rate that Stripe had then, between the smallest units of both."""
    about: dict[str, Any] = {"id": f"txn_{source}", "created": at(day)}
    fee = draw.choice([0, draw.randint(1, 3_00)]) if kind == "charge" else 0
    if code == "USD":
        return row(kind, minor, source, fee, **about)
    rate = _near(draw, ABOUT[code]).scaleb(2 - DECIMALS[code]).quantize(Decimal("0.00000001"))
    cents = int((minor * rate).quantize(Decimal(1), ROUND_HALF_EVEN))
    return row(kind, cents, source, fee, **about, exchange_rate=float(rate))


def _near(draw: random.Random, rate: str) -> Decimal:
    return Decimal(rate) * draw.randint(940, 1060) / 1000
