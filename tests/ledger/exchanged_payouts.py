"""Charges in euros that a processor pays out in dollars, drawn with what the bank must have of them in the end.

Each share is worth what QuickBooks rounds it to at its own rate, and the processor rounds a row at another rate: so
nothing that the story says is worth the same twice, and all the same nothing may be left between buyer and bank.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from tests.support.orders import Json, charge, stripe_event
from tests.support.stripe_objects import (
    CREATED,
    billed,
    dispute,
    invoice_payment,
    listed,
    paid_invoice,
    payout,
    refund,
    row,
)
from tests.support.world import World

DAY = 86_400
DAYS = 12
FIRST_MARCH = 3
"""The day of March 2026 of `CREATED`."""
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Moved:
    """A row of the balance: what became of `own` cents of euros at `rate`, less a fee in cents of dollars."""

    kind: str
    source: str
    own: int
    rate: Decimal
    number: int
    fee: int = 0

    @property
    def amount(self) -> int:
        """In cents of dollars, rounded once, as the processor does."""
        return int((self.own * self.rate).quantize(Decimal(1), ROUND_HALF_UP))

    def told(self) -> Json:
        """As every event tells it."""
        own = {"id": f"txn_{self.number:08}", "exchange_rate": float(self.rate)}
        return row(self.kind, self.amount, self.source, self.fee, **own)


@dataclass
class ForeignStory:
    """What was drawn: the events, the rows of each payout, and what reaches the bank in cents of dollars."""

    draw: random.Random
    events: list[Json] = field(default_factory=list)
    rows: list[list[Json]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    number: int = 0
    owed: int = 0

    @property
    def banked(self) -> Decimal:
        """What the payouts come to."""
        return CENT * sum(_net(rows) for rows in self.rows)

    def moved(self, kind: str, source: str, own: int) -> Moved:
        """One more row of the balance, at a rate of its own."""
        self.number += 1
        return Moved(kind, source, own, drawn_rate(self.draw), self.number, self.draw.choice((0, 0, 30)))

    def payout(self, number: int) -> Json:
        """The event of one of the payouts."""
        ident, amount = f"po_foreign{number:07}", _net(self.rows[number])
        told = listed([row("payout", -amount, ident), *self.rows[number]])
        return stripe_event("payout.paid", payout(amount, id=ident, balance_transactions=told))

    def pay_out(self) -> None:
        """Tell each payout that has rows; of nothing there is none, so one that comes to nothing bears a fee."""
        for number, rows in enumerate(self.rows):
            if rows and not _net(rows):
                rows.append(row("stripe_fee", -25, f"fee_{number:08}"))
        self.events += [self.payout(number) for number, rows in enumerate(self.rows) if rows]

    def paid_out(self, *moved: Moved) -> None:
        """Each row comes with one of the payouts; those of one charge with the same or a later one."""
        first = 0
        for each in moved:
            first = self.draw.randrange(first, len(self.rows))
            self.rows[first].append(each.told())


def _net(rows: list[Json]) -> int:
    return sum(int(str(each["net"])) for each in rows)


def drawn_rate(draw: random.Random) -> Decimal:
    """With four to six decimals."""
    places = draw.choice((4, 5, 6))
    return Decimal(draw.randint(9 * 10 ** (places - 1), 12 * 10 ** (places - 1))).scaleb(-places)


def drawn_story(draw: random.Random) -> ForeignStory:
    """One to three charges over one to three invoices each, handed back in parts, in one or two payouts."""
    story = ForeignStory(draw, rows=[[] for _ in range(draw.choice((1, 1, 2)))])
    for number in range(draw.randint(1, 3)):
        charged_and_refunded(story, number)
    story.pay_out()
    return story


def drawn_reversals(draw: random.Random) -> ForeignStory:
    """One to three charges that did not last: debits that failed, refunds that did, disputes; captures one by one."""
    story = ForeignStory(draw, rows=[[] for _ in range(draw.choice((1, 2, 3)))])
    kinds = (failed_debit, failed_refund, disputed, captured_in_parts, charged_and_refunded)
    for number in range(draw.randint(1, 3)):
        draw.choice(kinds)(story, number)
    story.pay_out()
    return story


def failed_debit(story: ForeignStory, number: int) -> None:
    """A debit that succeeded and came back days later: its invoice is owed again, or its own sale is taken back."""
    shares, came = _charged(story, number, invoices_max=1)
    back = story.moved("payment_failure_refund", came.source, -came.own)
    day = CREATED + DAY * story.draw.randrange(1, DAYS)
    failure = {"status": "failed", "paid": False, "failure_balance_transaction": f"txn_{back.number:08}"}
    told = charge(**_charge(number), amount=came.own, amount_captured=came.own, currency="eur", **failure)
    story.events.append(stripe_event("charge.failed", told, created=day))
    story.owed += came.own if shares else 0
    story.kinds.append("failed debit" if shares else "failed debit of its own")
    story.paid_out(came, back)


def failed_refund(story: ForeignStory, number: int) -> None:
    """A refund that the buyer's bank sent back."""
    _, came = _charged(story, number)
    own = story.draw.randint(1, came.own)
    gone = story.moved("refund", f"re_failed{number:08}", -own)
    back = story.moved("refund_failure", gone.source, own)
    failure = {"status": "failed", "failure_balance_transaction": f"txn_{back.number:08}"}
    story.events += [handed_back(story, number, gone), handed_back(story, number, gone, "refund.failed", **failure)]
    story.kinds.append("failed refund")
    story.paid_out(came, gone, back)


def disputed(story: ForeignStory, number: int) -> None:
    """A dispute, whose row is in dollars; half of them are won."""
    _, came = _charged(story, number)
    ident = f"du_foreign{number:07}"
    rows = [story.moved("adjustment", ident, -came.own)]
    if story.draw.random() < 0.5:
        rows.append(story.moved("adjustment", ident, came.own))
    named = {"id": ident, "charge": came.source, "payment_intent": f"pi_foreign{number:08}", "currency": "eur"}
    told = dispute([each.told() for each in rows], **named, amount=came.own)
    story.events.append(stripe_event("charge.dispute.closed", told))
    story.kinds.append("dispute")
    story.paid_out(came, *rows)


def captured_in_parts(story: ForeignStory, number: int) -> None:
    """A charge of its own that was captured in two parts, each with a rate of its own."""
    parts = [story.moved("charge", f"ch_foreign{number:08}", 1_00 + drawn_amount(story.draw)) for _ in range(2)]
    story.events.append(charged(story, number, sum(each.own for each in parts), None))
    story.kinds.append("captured in parts")
    story.paid_out(*parts)


def _charged(story: ForeignStory, number: int, invoices_max: int = 3) -> tuple[list[int], Moved]:
    """A charge over no invoice, one or several."""
    draw = story.draw
    shares = [drawn_amount(draw) for _ in range(draw.randint(0, invoices_max))]
    came = story.moved("charge", f"ch_foreign{number:08}", sum(shares) or drawn_amount(draw))
    story.events += [charged(story, number, came.own, came), *invoiced(number, shares)]
    return shares, came


def charged_and_refunded(story: ForeignStory, number: int) -> None:
    """A charge with what it pays and what of it was handed back."""
    draw = story.draw
    shares = [drawn_amount(draw) for _ in range(draw.randint(1, 3))]
    worth, ident = sum(shares), f"ch_foreign{number:08}"
    came = story.moved("charge", ident, worth)
    story.kinds.append(f"charge over {len(shares)}")
    story.events += [charged(story, number, worth, came), *invoiced(number, shares)]
    back: list[Moved] = []
    for place in range(draw.choice((0, 0, 1, 2, 3))):
        left = worth + sum(each.own for each in back)
        if left:
            back.append(story.moved("refund", f"re_foreign{number:06}{place}", -draw.randint(1, left)))
            story.events.append(handed_back(story, number, back[-1]))
            story.kinds.append("refund")
    story.paid_out(came, *back)


def drawn_amount(draw: random.Random) -> int:
    """In cents, from one on."""
    return draw.choice((1, 101, draw.randint(1, 30), draw.randint(31, 90_000)))


def charged(story: ForeignStory, number: int, worth: int, came: Moved | None) -> Json:
    """The charge's own event, with its row or without it."""
    at = {"currency": "eur", "created": CREATED + DAY * story.draw.randrange(DAYS // 2)}
    if came is not None and story.draw.random() < 0.4:
        at["balance_transaction"] = came.told()
    return stripe_event("charge.succeeded", charge(**_charge(number), **at, amount=worth, amount_captured=worth))


def _charge(number: int) -> Json:
    """What it is called, and who pays it."""
    own = {"id": f"ch_foreign{number:08}", "payment_intent": f"pi_foreign{number:08}"}
    person = {"name": f"Buyer {number}", "email": f"b{number}@example.com"}
    return {**own, "customer": f"cus_foreign{number:05}", "billing_details": person}


def invoiced(number: int, shares: list[int]) -> Iterator[Json]:
    """The invoices that a charge pays, and how much of each."""
    for place, share in enumerate(shares):
        own = {"id": f"in_foreign{number:06}{place}", "number": f"FX-{number}-{place}", "currency": "eur"}
        whose = {"customer": f"cus_foreign{number:05}", "customer_email": f"b{number}@example.com"}
        body = paid_invoice([billed(share, currency="eur")], share, **own, **whose)
        by = {"type": "payment_intent", "payment_intent": f"pi_foreign{number:08}"}
        part = {"id": f"inpay_{number}_{place}", "invoice": own["id"], "payment": by, "currency": "eur"}
        yield stripe_event("invoice.paid", body)
        yield stripe_event("invoice_payment.paid", invoice_payment(**part, amount_paid=share))


def handed_back(
    story: ForeignStory, number: int, back: Moved, event_type: str = "refund.created", **changes: object
) -> Json:
    """A refund of one of the next days."""
    named = {"charge": f"ch_foreign{number:08}", "payment_intent": f"pi_foreign{number:08}", "currency": "eur"}
    day = CREATED + DAY * story.draw.randrange(1, DAYS)
    return stripe_event(event_type, refund(-back.own, back.source, **named, created=day, **changes))


def with_rates(world: World, draw: random.Random) -> None:
    """The company holds euros, at another rate of QuickBooks' on each day."""
    by_day = {f"2026-03-{FIRST_MARCH - 2 + day:02}": str(drawn_rate(draw)) for day in range(DAYS + 4)}
    wanted = {"preferences": {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}, "daily_rates": {"EUR": by_day}}
    set_switches(world.sandbox.realms[DEFAULT_REALM], wanted)
