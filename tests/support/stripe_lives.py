"""Lives of Stripe's documents: what happened, as events, and every order in which they may arrive."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hypothesis import strategies as st

from tests.support.orders import Json, charge, intent, stripe_event
from tests.support.stripe_objects import (
    CHARGE_ID,
    INTENT_ID,
    INVOICE_ID,
    dispute,
    invoice,
    invoice_payment,
    listed,
    paid_invoice,
    payout,
    refund,
    row,
)

SURE = {"posted", "already_posted", "superseded", "ignored"}


CHARGE, INVOICE = f"stripe:charge:{CHARGE_ID}", f"stripe:invoice:{INVOICE_ID}"


CHARGED = stripe_event("charge.succeeded", charge())


INTENDED = stripe_event("payment_intent.succeeded", intent())


FINALIZED = stripe_event("invoice.finalized", invoice(), created=1772513940)


PAID = stripe_event("invoice.paid", paid_invoice(), created=1772514002)


TIED = stripe_event("invoice_payment.paid", invoice_payment())


OLD: Json = {"charge": CHARGE_ID, "payment_intent": INTENT_ID}


SHAPES = {
    "linked by invoice_payment.paid": [CHARGED, INTENDED, FINALIZED, PAID, TIED],
    "linked by payments expanded": [
        CHARGED,
        FINALIZED,
        stripe_event("invoice.paid", paid_invoice(payments=listed([invoice_payment()])), created=1772514002),
    ],
    "linked by the invoice": [
        CHARGED,
        INTENDED,
        FINALIZED,
        stripe_event("invoice.paid", {**paid_invoice(), **OLD}, created=1772514002),
        stripe_event("invoice.payment_succeeded", {**paid_invoice(), **OLD}, created=1772514003),
    ],
    "another customer": [
        stripe_event("charge.succeeded", charge(customer=None, billing_details=None, receipt_email="o@example.com")),
        FINALIZED,
        PAID,
        TIED,
    ],
    "linked by the charge": [stripe_event("charge.succeeded", charge(invoice=INVOICE_ID)), FINALIZED, PAID],
    "linked by the intent": [stripe_event("payment_intent.succeeded", intent(invoice=INVOICE_ID)), CHARGED, PAID],
}


@st.composite
def deliveries(draw: st.DrawFn, events: list[Json]) -> list[list[Json]]:
    """All of `events` and some again, in any order and any micro-batches."""
    again = draw(st.lists(st.sampled_from(events), max_size=3))
    arrived = draw(st.permutations([*events, *again]))
    ends = draw(st.lists(st.booleans(), min_size=len(arrived), max_size=len(arrived)))
    batches: list[list[Json]] = [[]]
    for event, end in zip(arrived, ends, strict=True):
        if batches[-1] and end:
            batches.append([])
        batches[-1].append(event)
    return batches


@dataclass(frozen=True)
class StripeLife:
    """What happened, as events, and what it must come to: bank, fees, and everything that was taken back."""

    events: list[Json]
    paid_out: Decimal
    fees: Decimal
    disputed: Decimal


def _charge_id(number: int) -> str:
    return f"ch_3RqPm2Lk81XcQw0A1NUMBER{number}"


@st.composite
def lives(draw: st.DrawFn) -> StripeLife:
    """Up to three charges, some handed back (or almost) or disputed, with or without fees in their own events."""
    events: list[Json] = []
    rows: list[Json] = []
    for number in range(draw(st.integers(1, 3))):
        ident, pi = _charge_id(number), f"pi_3RqPm2Lk81XcQw0A1NUMBER{number}"
        amount, fee = draw(st.sampled_from([2500, 10000, 33333])), draw(st.sampled_from([0, 103, 999]))
        taken = row("charge", amount, ident, fee)
        told = draw(st.sampled_from(["id", "expanded", "by its intent", "both"]))
        if told != "by its intent":
            carried = taken["id"] if told == "id" else taken
            body = charge(
                id=ident, payment_intent=pi, amount=amount, amount_captured=amount, balance_transaction=carried
            )
            events.append(stripe_event("charge.succeeded", body))
        if told in {"by its intent", "both"}:
            events.append(
                stripe_event(
                    "payment_intent.succeeded",
                    intent(id=pi, latest_charge=ident, amount=amount, amount_received=amount),
                )
            )
        rows.append(taken)
        if draw(st.booleans()):
            back = row("refund", -1000, f"re_{number}", draw(st.sampled_from([0, -69])))
            rows.append(back)
            carried = draw(st.sampled_from([back, back["id"]]))
            events.append(
                stripe_event(
                    "refund.created",
                    refund(1000, f"re_{number}", charge=ident, payment_intent=pi, balance_transaction=carried),
                )
            )
            if draw(st.booleans()):
                rows.append(row("refund_failure", 1000, f"re_{number}", draw(st.sampled_from([0, 69]))))
                events.append(
                    stripe_event("refund.failed", refund(1000, f"re_{number}", charge=ident, status="failed"))
                )
        if draw(st.integers(0, 3)) == 0:
            lost = row("adjustment", -amount, f"du_{number}", 1500, id=f"txn_du_{number}")
            rows.append(lost)
            if draw(st.booleans()):
                events.append(
                    stripe_event("charge.dispute.funds_withdrawn", dispute([lost], id=f"du_{number}", charge=ident))
                )
    if draw(st.booleans()):
        rows.append(row("stripe_fee", -200, None, id="txn_radar"))
    net = sum(int(str(each["net"])) for each in rows)
    if not net:
        rows.append(row("stripe_fee", -1, None, id="txn_more"))
        net = -1
    events.append(stripe_event("payout.paid", payout(net, rows)))
    fees = sum(int(str(each["fee"])) for each in rows) - sum(
        int(str(each["amount"])) for each in rows if each["type"] == "stripe_fee"
    )
    disputed = -sum(int(str(each["amount"])) for each in rows if each["type"] == "adjustment")
    return StripeLife(events, Decimal(net) / 100, Decimal(fees) / 100, Decimal(disputed) / 100)
