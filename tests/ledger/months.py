"""A month of a drawn shop on Shopify Payments: what was sold, handed back, disputed and paid out, with its truth.

Every figure is added up while the story is drawn, from what happened and never from a body or a mapping.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.support.orders import Json, handed_back, order, refund, refund_line, shopify_event, taxed, transaction
from tests.support.shop_payouts import payout, row

CENT, ZERO = Decimal("0.01"), Decimal(0)
FIRST_DAY = datetime.fromisoformat("2026-02-20T09:00:00-08:00")
RULES = """
[payouts]
fees_by_month = {by_month}
[payouts.rows]
advance = "Shopify Capital"
billing = "Shopify subscription"
"""
ACCOUNTS = {"Shopify Capital": "Long Term Liability", "Shopify subscription": "Expense"}
CLEARING, BANK, SALES, TAX = (
    "Shopify Payments clearing",
    "Checking",
    "Sales of Product Income",
    "Board of Equalization Payable",
)
PRINCIPAL = frozenset({"charge", "refund", "dispute", "payout_failure"})
FEES, CHANNEL_TAX = "Bank Charges", "Marketplace tax"
STRIPE = "Stripe clearing"
DISPUTES = "Discounts given"


@dataclass
class Month:
    """What happened, drawn: the events, and what the books must hold of it in the end.

    `nets` are by account, debits positive; `payouts` the amounts that stayed in the bank, by the payout's key. `kinds`
    counts what was drawn.
    """

    events: list[Any] = field(default_factory=list)
    nets: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    payouts: dict[str, Decimal] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)

    def move(self, account: str, amount: Decimal) -> None:
        """So much more lies on an account."""
        self.nets[account] += amount

    def note(self, kind: str) -> None:
        """One more of this kind was drawn."""
        self.kinds[kind] += 1


def cents(draw: random.Random, least: int, most: int) -> Decimal:
    return CENT * draw.randint(least, most)


class _Shop:
    """Its orders, day after day, and the balance that Shopify holds for it: rows that were not paid out yet."""

    def __init__(self, draw: random.Random, month: Month) -> None:
        self.draw, self.month = draw, month
        self.rows: list[tuple[Json, dict[str, Decimal]]] = []
        self.now = FIRST_DAY
        self.ident = 7_300_000_000

    def new_id(self) -> int:
        self.ident += 7
        return self.ident

    def chance(self, share: float) -> bool:
        return self.draw.random() < share

    def row(self, kind: str, amount: Decimal, fee: Decimal, paid_out: dict[str, Decimal], **changes: Any) -> None:
        """One more row of the balance; `paid_out` is what else its payout moves, by account."""
        moment = (self.now + timedelta(minutes=5)).isoformat()
        made = row(kind, str(amount), str(fee), id=self.new_id(), processed_at=moment, **changes)
        self.rows.append((made, paid_out))

    def sell(self) -> None:
        """One order by card, taxed or not, by a channel that remits the tax or not; what becomes of it later."""
        self.now += timedelta(hours=self.draw.randint(4, 40))
        ident, price, is_taxed, by_channel = self.new_id(), self.price(), self.chance(0.6), self.chance(0.3)
        tax = (price * Decimal("0.08")).quantize(CENT) if is_taxed else ZERO
        total, fee = price + tax, ((price + tax) * Decimal("0.029") + Decimal("0.30")).quantize(CENT)
        sold = taxed(str(price), 1, str(tax), id=ident + 1, sku=f"S{ident}")
        if is_taxed:
            rate = {"title": "State tax", "rate": 0.08, "price": str(tax), "channel_liable": by_channel}
            sold["tax_lines"] = [rate]
        times = {"created_at": self.now.isoformat(), "processed_at": self.now.isoformat()}
        self.tell(
            "orders/create", order([sold], id=ident, **self.named(ident), updated_at=self.now.isoformat(), **times)
        )
        said = {"order_id": ident, "amount": str(total), "admin_graphql_api_id": None}
        self.tell("order_transactions/create", transaction(id=ident + 2, **said, **times))
        self.row("charge", total, fee, {FEES: fee}, order=ident, transaction=ident + 2)
        for account, amount in ((SALES, -price), (CLEARING, total), (CHANNEL_TAX if by_channel else TAX, -tax)):
            self.month.move(account, amount)
        self.month.note("sale" + " taxed by the channel" * bool(by_channel and tax) + " taxed" * bool(tax))
        if by_channel and tax:
            self.row("adjustment", -tax, ZERO, {CHANNEL_TAX: tax}, adjustment_reason="tax_adjustment")
        elif self.chance(0.3):
            self.hand_back(ident, sold, price, tax)
        elif self.chance(0.2):
            self.dispute(ident, total)

    def price(self) -> Decimal:
        return cents(self.draw, 500, 30_000)

    def named(self, ident: int) -> Json:
        return {"admin_graphql_api_id": None, "name": f"#{ident % 100_000}"}

    def tell(self, topic: str, body: Json) -> None:
        self.month.events.append(shopify_event(topic, body))

    def hand_back(self, ident: int, sold: Json, price: Decimal, tax: Decimal) -> None:
        """All of an order goes back, money and goods."""
        moment = (self.now + timedelta(hours=3)).isoformat()
        times = {"created_at": moment, "processed_at": moment}
        money = handed_back(str(price + tax), id=ident + 3, order_id=ident, parent_id=ident + 2, **times)
        lines = [refund_line(sold, 1, str(price), str(tax))]
        body = refund(lines, money, id=ident + 4, order_id=ident, admin_graphql_api_id=None, **times)
        self.tell("refunds/create", body)
        self.row("refund", -(price + tax), ZERO, {}, order=ident, transaction=ident + 3)
        for account, amount in ((SALES, price), (CLEARING, -(price + tax)), (TAX, tax)):
            self.month.move(account, amount)
        self.month.note("refund")

    def dispute(self, ident: int, total: Decimal) -> None:
        """A chargeback, told by its own event or by its row alone."""
        body = {
            "id": ident + 5,
            "order_id": ident,
            "type": "chargeback",
            "amount": str(total),
            "currency": "USD",
            "reason": "fraudulent",
            "status": "needs_response",
            "initiated_at": (self.now + timedelta(hours=3)).isoformat(),
            "finalized_on": None,
        }
        fee = Decimal("15.00")
        # because the row alone tells it where nobody subscribed to disputes; then its payout brings the loss
        is_relevant = self.chance(0.6)
        brought = {} if is_relevant else {DISPUTES: total, CLEARING: -total}
        if is_relevant:
            self.tell("disputes/create", body)
            self.month.move(DISPUTES, total)
            self.month.move(CLEARING, -total)
        self.row("dispute", -total, fee, {FEES: fee, **brought}, order=ident, source_id=ident + 5)
        self.month.note("dispute" + " told by its row" * (not is_relevant))

    def other_row(self) -> None:
        """Money that is of no sale."""
        kind, account = self.draw.choice(
            [("advance", "Shopify Capital"), ("billing", "Shopify subscription"), ("reserve", "Payment reserves")]
        )
        amount = cents(self.draw, 500, 40_000)
        self.row(kind, -amount, ZERO, {account: amount})
        self.month.note(kind)


def shop_month(draw: random.Random, month: Month) -> None:
    """Orders, and payouts of what lies there every few of them; the last rows are not paid out yet."""
    shop = _Shop(draw, month)
    back = ZERO
    for _ in range(draw.randint(2, 4)):
        for _ in range(draw.randint(1, 4)):
            shop.sell()
        if shop.chance(0.5):
            shop.other_row()
        back = _pay_out(shop, back)
    for _ in range(draw.randint(0, 2)):
        shop.sell()


def _pay_out(shop: _Shop, brought_back: Decimal) -> Decimal:
    """One payout of everything there; what it leaves to the next one because it came back."""
    if brought_back:
        shop.row("payout_failure", brought_back, ZERO, {})
    month, ident, taken = shop.month, shop.new_id(), shop.rows
    shop.rows = []
    amount = sum((Decimal(str(each["net"])) for each, _ in taken), ZERO)
    for each, moved in taken:
        for account, more in moved.items():
            month.move(account, more)
        month.move(CLEARING, -_principal(each))
    fails = amount > 0 and shop.chance(0.25)
    day = (shop.now + timedelta(days=2)).date().isoformat()
    body = payout([each for each, _ in taken], id=ident, date=day)
    _tell_payout(shop, body, fails=fails)
    if fails:
        month.move(CLEARING, amount)
        return amount
    month.payouts[f"shopify:payout:{ident}"] = amount
    month.move(BANK, amount)
    return ZERO


def _principal(told: Json) -> Decimal:
    """What a row takes out of the clearing account: what its sale, refund or dispute had moved there."""
    return Decimal(str(told["amount"])) if told["type"] in PRINCIPAL else ZERO


def _tell_payout(shop: _Shop, body: Json, *, fails: bool) -> None:
    """At once, without its rows first, or in two parts; one that fails is told as paid before or never was."""
    rows, way = body["balance_transactions"], shop.draw.choice(["at once", "at once", "rows late", "in parts"])
    assert isinstance(rows, list)
    if fails:
        shop.month.note("payout that failed")
        told = [body, {**body, "status": "failed"}][shop.draw.randint(0, 1) :]
    elif way == "in parts" and len(rows) > 1:
        told = [
            {**body, "balance_transactions": rows[:1], "part": 1, "parts": 2},
            {**body, "balance_transactions": rows[1:], "part": 2, "parts": 2},
        ]
    elif way == "rows late":
        told = [{**body, "balance_transactions": []}, body]
    else:
        told = [body]
    if not fails:
        shop.month.note(f"payout {way}" + " below zero" * (Decimal(str(body["amount"])) < 0))
    for each in told:
        shop.tell("shopify_payments/payouts", each)
