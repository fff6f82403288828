"""What the field does with an order or a charge, drawn, and what it must leave in the books, reckoned from the drawing.

Exchanges, goods worth more than the money that goes back, money in a second refund, tax that a channel remits,
deposits, terms, trimmed bodies, cash change, gift cards of the customer's currency, customers who paid too much;
captures in parts, debits that fail late, Stripe invoices that one had paid, charges over several invoices. No figure
comes from a body's own total or from a mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.ledger.field_overpaid import OVERPAID
from tests.ledger.field_refunds import HANDED_BACK
from tests.ledger.field_shared_charges import SHARED
from tests.ledger.told_orders import CENT, NOTHING, FieldStory, ToldOrder, prices
from tests.support.orders import Json, adjustment, charge, stripe_event
from tests.support.stripe_objects import billed, invoice_payment, paid_invoice


@st.composite
def _exchange(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """Cheaper with money back, even, or pricier with the rest paid; a row may say what was not handed back."""
    told, first, second = ToldOrder(number, buyer), draw(prices()), draw(prices())
    if draw(st.integers(0, 3)) == 0:
        second = first
    old, new = told.article(1, first), told.article(2, second)
    told.body([{**old, "current_quantity": 1}], "paid", first, NOTHING)
    told.moved(first)
    spent = min(first, second)
    row = [adjustment(str(spent))] if draw(st.booleans()) else []
    told.refund([(old, 1, first)], first - spent, order_adjustments=row)
    owing = max(second - first, NOTHING)
    rows = [{**old, "current_quantity": 0}, {**new, "current_quantity": 1}]
    status = "partially_refunded" if first > second else "partially_paid" if owing else "paid"
    told.body(rows, status, second, owing)
    if owing and draw(st.booleans()):
        told.moved(owing, 1)
        told.body(rows, "paid", second, NOTHING)
        owing = NOTHING
    nets = {"income": second, "money": second - owing, "receivable": owing}
    return FieldStory("exchange", tuple(told.events), nets)


@st.composite
def _kept(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """Goods worth more than the money that went back: a fee is kept, and only the order's total says so."""
    told, price = ToldOrder(number, buyer), draw(prices(10_00))
    kept = draw(st.integers(1, 9_00)) * CENT
    sold = told.article(1, price)
    told.body([{**sold, "current_quantity": 1}], "paid", price, NOTHING)
    told.moved(price)
    row = {"kind": "refund_discrepancy", "reason": "Refund discrepancy", "amount": str(kept), "tax_amount": "0"}
    told.refund([(sold, 1, price)], price - kept, order_adjustments=[row])
    told.body([{**sold, "current_quantity": 0}], "partially_refunded", kept, NOTHING)
    return FieldStory("goods > money > 0", tuple(told.events), {"income": kept, "money": kept})


@st.composite
def _second_refund(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """Goods first, their money in refunds of its own: at once, in parts, or not all of it yet."""
    told, back, stays = ToldOrder(number, buyer), draw(prices()), draw(prices())
    gone, kept = told.article(1, back), told.article(2, stays)
    both = back + stays
    told.body([{**gone, "current_quantity": 1}, {**kept, "current_quantity": 1}], "paid", both, NOTHING)
    told.moved(both)
    told.refund([(gone, 1, back)], NOTHING)
    rows = [{**gone, "current_quantity": 0}, {**kept, "current_quantity": 1}]
    told.body(rows, "paid", stays, -back)
    owed = back
    for _ in range(draw(st.integers(1, 3))):
        part = owed if draw(st.booleans()) else draw(st.integers(1, int(owed / CENT))) * CENT
        if part:
            owed -= part
            rows_of_it = [adjustment(str(-part))] if draw(st.booleans()) else []
            told.refund([], part, order_adjustments=rows_of_it)
            told.body(rows, "partially_refunded", stays, -owed)
        if not owed:
            break
    kind = "second refund in part" if owed else "second refund"
    return FieldStory(kind, tuple(told.events), {"income": stays, "money": stays + owed, "receivable": -owed})


@st.composite
def _channel_tax(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """A marketplace remits one tax, the company another."""
    told, price = ToldOrder(number, buyer), draw(prices())
    theirs, ours = draw(st.integers(1, 9_00)) * CENT, draw(st.integers(0, 9_00)) * CENT
    taxes = [
        {"title": "Marketplace", "rate": 0.05, "price": str(theirs), "channel_liable": True},
        {"title": "County", "rate": 0.02, "price": str(ours), "channel_liable": False},
    ]
    sold = told.article(1, price, tax_lines=taxes)
    whole = price + theirs + ours
    told.body([sold], "paid", whole, NOTHING)
    if draw(st.booleans()):
        told.moved(whole)
    return FieldStory(
        "channel tax", tuple(told.events), {"income": price, "tax": ours, "liability": theirs, "money": whole}
    )


@st.composite
def _deposit(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """A part is paid at once and the rest on terms, in up to three instalments, told by transactions or by bodies."""
    told, price = ToldOrder(number, buyer), draw(prices(10_00))
    sold = told.article(1, price)
    parts = draw(st.lists(st.integers(1, 3_00), min_size=1, max_size=3))
    by_bodies, paid = draw(st.booleans()), NOTHING
    told.body([sold], "pending", price, price)
    schedules = [{"due_at": "2026-04-01T09:00:00-08:00", "completed_at": None}]
    terms = {"payment_terms_name": "Net 30", "payment_schedules": schedules}
    for at, part in enumerate(parts):
        paid += part * CENT
        if not by_bodies:
            told.moved(part * CENT, at)
        told.body([sold], "partially_paid", price, price - paid, payment_terms=terms)
    nets = {"income": price, "money": paid, "receivable": price - paid}
    return FieldStory("deposit and schedule", tuple(told.events), nets)


@st.composite
def _trimmed(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """Bodies that do not say what is outstanding; only transactions are money."""
    told, price = ToldOrder(number, buyer), draw(prices(10_00))
    paid = draw(st.integers(0, 9_00)) * CENT
    sold = told.article(1, price)
    told.body([sold], "partially_paid", price, None)
    if paid:
        told.moved(paid)
    told.body([sold], "partially_paid", price, None, tags="again")
    nets = {"income": price, "money": paid, "receivable": price - paid}
    return FieldStory("trimmed body", tuple(told.events), nets)


@st.composite
def _too_much(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """The customer paid more than the order: a credit of the customer."""
    told, price, more = ToldOrder(number, buyer), draw(prices()), draw(prices(1, 50_00))
    told.body([told.article(1, price)], "paid", price, -more)
    told.moved(price)
    told.moved(more, 1)
    nets = {"income": price, "money": price + more, "receivable": -more}
    return FieldStory("credit of the customer", tuple(told.events), nets)


@st.composite
def _cash(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """A note is given, change comes back."""
    told, price, change = ToldOrder(number, buyer), draw(prices()), draw(prices(1, 20_00))
    told.body([told.article(1, price)], "paid", price, NOTHING, payment_gateway_names=["cash"])
    paid = told.moved(price + change, gateway="cash")
    told.moved(change, 1, kind="change", gateway="cash", parent_id=paid["id"])
    return FieldStory("cash and change", tuple(told.events), {"income": price, "money": price})


@st.composite
def _foreign_cards(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """Gift cards told in the customer's currency pay a part of the order or all of it."""
    told, units = ToldOrder(number, buyer), draw(st.integers(3, 200))
    price, shown = units * Decimal(1), units * Decimal("0.80")
    cards = draw(st.lists(st.integers(1, units * 20), min_size=1, max_size=3))
    used = sum(cards) * CENT
    if used > shown:
        cards, used = [units * 80], shown
    whole = used == shown
    seen = {"total_price_set": {"presentment_money": {"amount": str(shown), "currency_code": "EUR"}}}
    names = ["gift_card"] if whole else ["gift_card", "shopify_payments"]
    sold = [told.article(1, price)]
    told.body(sold, "paid", price, NOTHING, payment_gateway_names=names, presentment_currency="EUR", **seen)
    for at, card in enumerate(cards):
        told.moved(card * CENT, at, gateway="gift_card", currency="EUR")
    # because a share is what it is of the shown total in the shop's currency, rounded on the sum of the cards
    redeemed = (used * price / shown).quantize(CENT, rounding="ROUND_HALF_UP")
    nets = {"income": price, "liability": -redeemed, "money": price - redeemed}
    return FieldStory("gift cards in the customer's currency", tuple(told.events), nets)


def _charge(number: int, buyer: int, **changes: Any) -> Json:
    ident = f"ch_field{number:08}"
    own = {"id": ident, "payment_intent": f"pi_field{number:08}", "customer": f"cus_field{buyer:06}"}
    return charge(**{**own, "billing_details": {"name": f"Field {buyer}", "email": f"f{buyer}@example.com"}, **changes})


@st.composite
def _partial_capture(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """Less is captured than was authorised."""
    return _captured("partial capture", number, buyer, [draw(st.integers(1, 8_999))])


@st.composite
def _multiple_capture(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """What was authorised is captured in several steps, in the end all of it or not."""
    return _captured("multiple capture", number, buyer, draw(st.sets(st.integers(1, 9_000), min_size=2, max_size=4)))


def _captured(kind: str, number: int, buyer: int, steps: Collection[int]) -> FieldStory:
    """Every capture tells what was captured so far."""
    events = [
        stripe_event("charge.captured", _charge(number, buyer, amount=9_000, amount_captured=each))
        for each in sorted(steps)
    ]
    got = max(steps) * CENT
    return FieldStory(kind, tuple(events), {"income": got, "money": got})


@st.composite
def _failed_debit(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """A bank debit succeeded and came back days later; nobody owes it but where it paid an invoice of Stripe."""
    amount = draw(st.integers(100, 90_000))
    worth = amount * CENT
    own = {"amount": amount, "amount_captured": amount}
    paid = stripe_event("charge.succeeded", _charge(number, buyer, **own))
    failure = {"status": "failed", "paid": False, "failure_balance_transaction": f"txn_fail{number}"}
    failed = stripe_event("charge.failed", _charge(number, buyer, **own, **failure))
    if draw(st.booleans()):
        return FieldStory("debit that failed late", (paid, failed), {})
    ident = f"in_field{number:08}"
    link = {"type": "charge", "charge": f"ch_field{number:08}"}
    body = paid_invoice(
        total=amount, id=ident, number=f"FI-{number}", lines=[billed(amount)], customer=f"cus_field{buyer:06}"
    )
    linked = invoice_payment(id=f"inpay_field{number}", invoice=ident, amount_paid=amount, payment=link)
    events = (paid, stripe_event("invoice_payment.paid", linked), stripe_event("invoice.paid", body), failed)
    return FieldStory("debit that failed on an invoice", events, {"income": worth, "receivable": worth})


DRAWN: tuple[Callable[[int, int], st.SearchStrategy[FieldStory]], ...] = (
    _exchange,
    _kept,
    _second_refund,
    _channel_tax,
    _deposit,
    _trimmed,
    _too_much,
    _cash,
    _foreign_cards,
    _partial_capture,
    _multiple_capture,
    _failed_debit,
    *HANDED_BACK,
    *OVERPAID,
    *SHARED,
)


@st.composite
def field_stories(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """One of them, under its own number."""
    return draw(draw(st.sampled_from(DRAWN))(number, buyer))
