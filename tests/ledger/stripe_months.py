"""A month of a drawn company on Stripe alone: charges, refunds, disputes and debits that fail, and what is paid out."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from tests.ledger.months import BANK, DISPUTES, FEES, SALES, STRIPE, Month
from tests.support.orders import Json, charge, stripe_event
from tests.support.stripe_objects import dispute, listed, payout, refund, row

CREATED = 1_772_514_000
DAY = 86_400


class _Stripe:
    """Its balance: rows that were not paid out yet, in cents."""

    def __init__(self, draw: random.Random, month: Month) -> None:
        self.draw, self.month = draw, month
        self.rows: list[Json] = []
        self.number = 0
        self.now = CREATED

    def name(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}_3RqMONTH{self.number:08d}"

    def move(self, account: str, cents: int) -> None:
        self.month.move(account, Decimal(cents) / 100)

    def tell(self, kind: str, body: Json) -> None:
        self.month.events.append(stripe_event(kind, body, id=self.name("evt"), created=self.now))

    def sell(self) -> None:
        """A charge, its fee told by its own event or by its row alone; what becomes of it later."""
        self.now += self.draw.randint(1, DAY)
        ident, amount, fee = self.name("ch"), self.draw.randint(500, 30_000), self.draw.randint(20, 900)
        line = row("charge", amount, ident, fee, id=self.name("txn"), created=self.now)
        is_relevant = self.draw.random() < 0.5
        body = charge(
            id=ident,
            amount=amount,
            amount_captured=amount,
            payment_intent=None,
            created=self.now,
            balance_transaction=line if is_relevant else line["id"],
        )
        self.tell("charge.succeeded", body)
        self.month.note("charge" + " with its fee" * is_relevant)
        self.move(SALES, -amount)
        self.move(STRIPE, amount)
        self.add(line, fee_is_booked=is_relevant)
        if self.draw.random() < 0.4:
            self.hand_back(ident, amount)
        elif self.draw.random() < 0.2:
            self.dispute(ident, amount)

    def add(self, line: Json, *, fee_is_booked: bool) -> None:
        """One more row of the balance; a fee is booked when it is told, by an event or by the payout."""
        self.rows.append({**line, "_fee_is_booked": fee_is_booked})
        if fee_is_booked:
            self.move(FEES, int(str(line["fee"])))
            self.move(STRIPE, -int(str(line["fee"])))

    def hand_back(self, ident: str, amount: int) -> None:
        """A part or all of it, which no credit note explains: it comes off sales."""
        part = self.draw.choice([amount, max(1, amount // 3)])
        line = row("refund", -part, self.name("re"), 0, id=self.name("txn"), created=self.now + 60)
        self.tell("refund.created", refund(part, str(line["source"]), charge=ident, balance_transaction=line["id"]))
        self.move(SALES, part)
        self.move(STRIPE, -part)
        self.add(line, fee_is_booked=False)
        self.month.note("refund")

    def dispute(self, ident: str, amount: int) -> None:
        """The card holder's bank takes all of it, and Stripe a fee."""
        about = self.name("du")
        line = row("adjustment", -amount, about, 1500, id=self.name("txn"), created=self.now + 60)
        self.tell("charge.dispute.created", dispute([line], id=about, charge=ident, amount=amount, payment_intent=None))
        for account, cents in ((DISPUTES, amount), (STRIPE, -amount)):
            self.move(account, cents)
        self.add(line, fee_is_booked=True)
        self.month.note("dispute")

    def pay_out(self, brought_back: int) -> int:
        """A payout of everything there; what it leaves to the next one because it came back."""
        taken, self.rows = self.rows, []
        ident = self.name("po")
        if brought_back:
            taken.append(row("payout_failure", brought_back, self.name("po"), 0, id=self.name("txn"), created=self.now))
        rows = [{name: value for name, value in each.items() if not name.startswith("_")} for each in taken]
        amount = sum(int(str(each["net"])) for each in rows)
        for each in taken:
            if not each.get("_fee_is_booked"):
                self.move(FEES, int(str(each["fee"])))
                self.move(STRIPE, -int(str(each["fee"])))
        own = row("payout", -amount, ident, id=self.name("txn"), created=self.now)
        body = payout(amount, id=ident, created=self.now, arrival_date=self.now + 2 * DAY)
        body["balance_transactions"] = listed([own, *rows])
        return self.tell_payout(ident, body, amount)

    def tell_payout(self, ident: str, body: Json, amount: int) -> int:
        """At once or without its rows first; one that fails is told as paid before or never was."""
        if amount > 0 and self.draw.random() < 0.25:
            told: list[Any] = [("payout.paid", body), ("payout.failed", {**body, "status": "failed"})]
            for kind, each in told[self.draw.randint(0, 1) :]:
                self.tell(kind, each)
            self.month.note("payout that failed")
            return amount
        is_late = self.draw.random() < 0.3
        if is_late:
            self.tell("payout.paid", {name: value for name, value in body.items() if name != "balance_transactions"})
        self.tell("payout.paid", body)
        self.month.note("payout" + " rows late" * is_late + " below zero" * (amount < 0))
        self.month.payouts[f"stripe:payout:{ident}"] = Decimal(amount) / 100
        self.move(BANK, amount)
        self.move(STRIPE, -amount)
        return 0


def stripe_month(draw: random.Random, month: Month) -> None:
    """Charges, and payouts of what lies there; the last rows are not paid out yet."""
    balance, back = _Stripe(draw, month), 0
    for _ in range(draw.randint(1, 3)):
        for _ in range(draw.randint(1, 4)):
            balance.sell()
        back = balance.pay_out(back)
    for _ in range(draw.randint(0, 2)):
        balance.sell()
