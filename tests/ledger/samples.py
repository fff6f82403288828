"""Orders and charges as somebody else would make them up, reckoned by hand: other currencies, shapes and events."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.ledger.told_orders import NOTHING, FieldStory, Nets, ToldOrder
from tests.support.orders import Json, adjustment, charge, intent, refund_line, sets, shipping, stripe_event
from tests.support.stripe_objects import billed, invoice, invoice_payment, listed, paid_invoice, payout, row

CHARGE = "ch_3RqPm2Lk81XcQw0A1bZtYv77"
LATER = datetime.fromisoformat("2026-03-09T10:00:00-08:00")


def _nets(**amounts: str) -> Nets:
    return {kind: Decimal(amount) for kind, amount in amounts.items()}


def _worth(euros: str, dollars: str) -> Json:
    """Money of a shop in euros, as a customer saw it."""
    shop, shown = {"amount": euros, "currency_code": "EUR"}, {"amount": dollars, "currency_code": "USD"}
    return {"shop_money": shop, "presentment_money": shown}


def _two_taxes() -> FieldStory:
    """Half of an order comes back of whose taxes the channel remits one."""
    taxes = [
        {"title": "State", "rate": 0.05, "price": "10.00", "channel_liable": True},
        {"title": "City", "rate": 0.01, "price": "2.00", "channel_liable": False},
    ]
    told = ToldOrder(1, 1)
    sold = told.article(1, Decimal(100), 2, tax_lines=taxes)
    told.body([{**sold, "current_quantity": 2}], "paid", Decimal(212), NOTHING)
    told.moved(Decimal(212))
    told.refund([], Decimal(106), refund_line_items=[refund_line(sold, 1, "100.00", "6.00")])
    told.body([{**sold, "current_quantity": 1}], "partially_refunded", Decimal(106), NOTHING)
    return FieldStory("two taxes", tuple(told.events), _nets(income="100", tax="1", liability="5", money="106"))


def _inclusive_delivery() -> FieldStory:
    """A delivery is handed back by a row; its tax, inside the price, the channel remits."""
    tax = {"title": "VAT", "rate": 0.2, "channel_liable": True}
    ship = shipping("12.00", id=9, tax_lines=[{**tax, "price": "2.00"}])
    told = ToldOrder(1, 1)
    rows = [{**told.article(1, Decimal(60), tax_lines=[{**tax, "price": "10.00"}]), "current_quantity": 1}]
    about = {"shipping_lines": [ship], "taxes_included": True}
    told.body(rows, "paid", Decimal(72), NOTHING, **about)
    told.moved(Decimal(72))
    told.refund([], Decimal(12), order_adjustments=[adjustment("-10.00", "-2.00", kind="shipping_refund")])
    told.body(rows, "partially_refunded", Decimal(60), NOTHING, **about)
    return FieldStory("inclusive delivery", tuple(told.events), _nets(income="50", liability="10", money="60"))


def _two_gateways() -> FieldStory:
    """Goods come back first, then their money through two gateways in a refund each."""
    told = ToldOrder(1, 1)
    sold, both = told.article(1, Decimal(70)), {"payment_gateway_names": ["shopify_payments", "paypal"]}
    told.body([{**sold, "current_quantity": 1}], "paid", Decimal(70), NOTHING, **both)
    told.moved(Decimal(30))
    told.moved(Decimal(40), 1, gateway="paypal")
    told.refund([(sold, 1, Decimal(70))], NOTHING)
    told.refund([], Decimal(30))
    told.refund([], NOTHING, transactions=[told.row(Decimal(40), 60, kind="refund", gateway="paypal")])
    told.body([{**sold, "current_quantity": 0}], "refunded", NOTHING, NOTHING, **both)
    return FieldStory("two gateways", tuple(told.events), {})


def _failed_with_rows() -> FieldStory:
    """The money of goods that came back did not move, and Shopify's pair of rows says so."""
    told = ToldOrder(1, 1)
    sold = told.article(1, Decimal(60), 2)
    told.body([{**sold, "current_quantity": 2}], "paid", Decimal(120), NOTHING)
    told.moved(Decimal(120))
    pair = [adjustment("60.00"), adjustment("-60.00", reason="Pending refund discrepancy")]
    failed = [told.row(Decimal(60), 60, kind="refund", status="error")]
    told.refund([(sold, 1, Decimal(60))], NOTHING, transactions=failed, order_adjustments=pair)
    told.body([{**sold, "current_quantity": 1}], "paid", Decimal(60), Decimal(-60))
    return FieldStory("failed with rows", tuple(told.events), _nets(income="60", money="120", receivable="-60"))


def _duties_inside() -> FieldStory:
    """All of it comes back, the duties within its price too; Shopify never confirmed it."""
    duty = {"id": 1, "shop_money": {"amount": "10.00", "currency_code": "USD"}}
    about = {"duties_included": True, "original_total_duties_set": sets("10.00"), "confirmed": False}
    told = ToldOrder(1, 1)
    sold = told.article(1, Decimal(110), duties=[duty])
    told.body([{**sold, "current_quantity": 1}], "paid", Decimal(110), NOTHING, total_price="110.00", **about)
    told.moved(Decimal(110))
    given = {"total_duties_set": sets("10.00"), "duties": [{"duty_id": 1, "amount_set": sets("10.00")}]}
    told.refund([(sold, 1, Decimal(110))], Decimal(110), **given)
    told.body([{**sold, "current_quantity": 0}], "refunded", NOTHING, NOTHING, total_price="110.00", **about)
    return FieldStory("duties inside", tuple(told.events), {})


def three_currencies(*, with_sets: bool) -> FieldStory:
    """A shop in euros, shown in dollars, in books of pounds: sold at 0.85, handed back at 0.90."""
    told, whole = ToldOrder(1, 1), _worth("100.00", "110.00")
    about = {"currency": "EUR", "presentment_currency": "USD", "total_price_set": whole}
    money: dict[str, Any] = {"currency": "USD", **({"amount_set": whole} if with_sets else {})}
    sold = told.article(1, Decimal(100))
    told.body([{**sold, "current_quantity": 1}], "paid", Decimal(100), NOTHING, **about)
    told.moved(Decimal(110), **money)
    told.now = LATER
    back = told.row(Decimal(110), 60, kind="refund", processed_at="2026-03-09T10:15:00-08:00", **money)
    taken = {**refund_line(sold, 1, "100.00"), "subtotal_set": whole, "total_tax_set": _worth("0.00", "0.00")}
    told.refund([], NOTHING, refund_line_items=[taken], transactions=[back])
    told.body([{**sold, "current_quantity": 0}], "refunded", NOTHING, NOTHING, **about)
    return FieldStory("three currencies", tuple(told.events), _nets(income="-5", money="-5"))


def _paid_by_intent(ident: str, rows: list[Json], due: int, total: int, **changes: Any) -> tuple[Json, Json]:
    """A charge of what is due of an invoice, and the invoice that names its payment."""
    by = {"type": "payment_intent", "payment_intent": "pi_P1"}
    link = invoice_payment(id=f"inpay_{ident}", invoice=ident, amount_paid=due, payment=by)
    body = paid_invoice(rows, total, id=ident, amount_due=due, amount_paid=due, payments=listed([link]), **changes)
    paid = charge(id="ch_P1", amount=due, amount_captured=due, payment_intent="pi_P1")
    return stripe_event("charge.succeeded", paid), stripe_event("invoice.paid", body)


def _tax(amount: int) -> Json:
    return {"amount": amount, "tax_behavior": "exclusive", "tax_rate_details": {"tax_rate": "txr_1"}}


def _proration() -> FieldStory:
    """The unused time of the old plan is a negative line with its tax."""
    rows = [{**billed(-1500), "taxes": [_tax(-150)]}, {**billed(4000), "taxes": [_tax(400)]}]
    told = _paid_by_intent("in_P1", rows, 2750, 2750, total_taxes=[_tax(250)])
    return FieldStory("proration", told, _nets(income="25", tax="2.50", money="27.50"))


def _partly_from_balance() -> FieldStory:
    """A credit of the customer covers a part: it stays open until its credit is in the books."""
    told = _paid_by_intent("in_P2", [billed(5000)], 2000, 5000, starting_balance=-3000)
    return FieldStory("partly from the balance", told, _nets(income="50", receivable="30", money="20"))


def _all_from_balance() -> FieldStory:
    """Nothing is due."""
    body = invoice([billed(2000)], 2000, status="paid", amount_due=0, amount_paid=0, starting_balance=-3000)
    told = (stripe_event("invoice.finalized", body), stripe_event("invoice.paid", body))
    return FieldStory("all from the balance", told, _nets(income="20", receivable="20"))


def _two_records() -> FieldStory:
    """An invoice is paid outside of Stripe in two parts, told by both events and by the invoice."""
    by = {"type": "payment_record", "payment_record": "prec_1"}
    parts = [
        invoice_payment(id=f"inpay_{amount}", invoice="in_R", amount_paid=amount, payment=by) for amount in (1000, 1500)
    ]
    told = [stripe_event("invoice_payment.paid", part) for part in parts]
    whole = paid_invoice([billed(2500)], 2500, id="in_R", payments=listed(parts))
    return FieldStory("two records", (*told, stripe_event("invoice.paid", whole)), _nets(income="25", money="25"))


def _failed_by_intent() -> FieldStory:
    """A bank debit comes back and only its payment intent says so; the fee is lost."""
    debit = charge(balance_transaction=row("payment", 2500, CHARGE, 80, id="txn_S"))
    back = row("payment_failure_refund", -2500, CHARGE, id="txn_F")
    lost = {**debit, "status": "failed", "paid": False, "failure_balance_transaction": back}
    failed = intent(status="requires_payment_method", latest_charge=lost)
    told = (stripe_event("charge.succeeded", debit), stripe_event("payment_intent.payment_failed", failed))
    return FieldStory("failed by its intent", told, _nets(expense="0.80", money="-0.80"))


def _captured_in_part() -> FieldStory:
    """30 of 50 are captured; the payout has the whole and a reversing row."""
    taken = row("charge", 3000, CHARGE, 117, id="txn_C")
    captured = charge(amount=5000, amount_captured=3000, amount_refunded=2000, balance_transaction=taken)
    rows = [row("charge", 5000, CHARGE, 117, id="txn_C"), row("refund", -2000, CHARGE, id="txn_R")]
    told = (stripe_event("charge.captured", captured), stripe_event("payout.paid", payout(2883, rows)))
    return FieldStory("captured in part", told, _nets(income="30", expense="1.17", money="28.83"))


IN_DOLLARS = (
    _two_taxes,
    _inclusive_delivery,
    _two_gateways,
    _failed_with_rows,
    _duties_inside,
    _proration,
    _partly_from_balance,
    _all_from_balance,
    _two_records,
    _failed_by_intent,
    _captured_in_part,
)
