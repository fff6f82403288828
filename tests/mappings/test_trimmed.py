"""Trimmed bodies: what they leave out about money, tax, day or account is refused or said, never read as a fact."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import RecordError
from contracts.posting import Ignored, PostingPlan
from mappings.rules import MappingRules, load_rules
from tests.support.orders import (
    Json,
    adjustment,
    charge,
    handed_back,
    invoice_of,
    line,
    mapped,
    order,
    payment_of,
    plan_of,
    refund,
    refund_line,
    sets,
    shipping,
    shopify_event,
    stripe_event,
    taxed,
    transaction,
)
from tests.support.shop_payouts import row, told
from tests.support.stripe_objects import invoice_payment

TAXED = taxed("20.00", 1, "1.45")
TRIGGERED = {"X-Shopify-Triggered-At": b"2026-03-08T00:10:00Z"}


def without(body: Json, *names: str) -> Json:
    """The body less these fields."""
    return {name: value for name, value in body.items() if name not in names}


def liable(value: object) -> Json:
    """A taxed line whose tax says this of who remits it; None as Shopify says that it does not know."""
    return line("20.00", tax_lines=[{"title": "State tax", "rate": 0.0725, "price": "1.45", "channel_liable": value}])


def codes(decision: PostingPlan | Ignored) -> set[str]:
    return {each.code for each in decision.warnings}


def refused(body: object, rules: MappingRules | None = None, **given: Any) -> str:
    """Why the event is a dead letter."""
    with pytest.raises(RecordError) as caught:
        mapped(body, *([rules] if rules else []), **given)
    return str(caught.value)


def test_a_whole_order_leaves_nothing_open() -> None:
    """What is told is not warned of."""
    assert codes(plan_of(order([TAXED], shipping_lines=[shipping("5.00")]))) == set()


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (order([without(line("20.00"), "gift_card")]), "gift_card_unknown"),
        (order([liable(None)]), "tax_liability_unknown"),
        (order([without(TAXED, "tax_lines")], total_tax="1.45", total_price="21.45"), "tax_liability_unknown"),
        (
            order([line("20.00")], shipping_lines=[shipping("5.00", tax_lines=[{"title": "VAT", "price": "0.40"}])]),
            "tax_liability_unknown",
        ),
        (without(order([line("20.00")]), "payment_gateway_names"), "gateway_unknown"),
        (order([line("20.00")], payment_gateway_names=["paypal", "shopify_payments"]), "gateway_unknown"),
        (without(order([line("20.00")]), "cancelled_at"), "cancellation_unknown"),
        (order([line("20.00", 2)], current_total_price="20.00"), "edits_unknown"),
        (
            without(order([line("20.00"), line("3.00", title="Tip", product_id=None)]), "total_tip_received"),
            "tip_unknown",
        ),
        (
            order(
                [line("20.00", current_quantity=0)],
                presentment_currency="EUR",
                financial_status="refunded",
                current_total_price="0.00",
                refunds=[refund([refund_line(line("20.00"), 1, "20.00")], handed_back("20.00", currency=None))],
            ),
            "received_unknown",
        ),
    ],
)
def test_what_an_order_leaves_open_is_said(body: Json, code: str) -> None:
    """Guard: the result of the order warns of it, of nothing else, whichever event carried it."""
    assert codes(plan_of(body)) == {code}


def test_a_tax_that_was_not_charged_is_nobody_s() -> None:
    """Lines may list what the total leaves out."""
    assert codes(plan_of(order([liable(None)], total_tax="0.00", total_price="20.00"))) == set()


def test_an_empty_list_of_gateways_is_a_fact() -> None:
    """Somebody marked the order as paid."""
    assert codes(plan_of(order([line("20.00")], payment_gateway_names=[]))) == set()


def test_a_cancellation_without_its_day_is_refused() -> None:
    """Guard: the sale would stay in the books as if nothing had happened."""
    assert "cancelled_at" in refused(shopify_event("orders/cancelled", order([line("20.00")], cancelled_at=None)))


@pytest.mark.parametrize(
    "body",
    [order([line("20.00")], processed_at=None, created_at=None), transaction(processed_at=None, created_at=None)],
)
def test_a_day_that_only_the_delivery_tells_is_said(body: Json) -> None:
    """Its event was triggered in UTC, whatever day the shop had."""
    assert "day_unknown" in codes(plan_of(body, headers=TRIGGERED))


@pytest.mark.parametrize("status", ["refunded", "partially_refunded", None])
def test_an_order_that_is_booked_once_paid_says_what_it_owes(status: str | None) -> None:
    """Guard: money that was handed back does not say that all of the rest was paid."""
    body = order([line("20.00")], financial_status=status, total_outstanding=None, current_total_price="5.00")
    assert "total_outstanding" in refused(body, load_rules('[orders]\npost_when = "paid"'))


@pytest.mark.parametrize(
    ("pattern", "field"),
    [
        ('tag = "wholesale"', "tags"),
        ('channel = "amazon"', "source_name"),
        ('gateway = "paypal"', "payment_gateway_names"),
        ('pos_location = "77"', "location_id"),
        ('country = "FR"', "shipping_address"),
        ('tag = "wholesale"\nchannel = "amazon"', "tags"),
    ],
)
def test_what_leaves_an_order_out_is_told(pattern: str, field: str) -> None:
    """Guard: an order that somebody else books would be booked twice. Null is a fact."""
    rules = load_rules(f"[[skip]]\n{pattern}\n")
    told: Json = {"tags": "", "source_name": "amazon", "location_id": None, "shipping_address": None}
    body = order([line("20.00")], **told)
    plan_of(shopify_event("orders/create", body), rules)
    assert "leave orders out" in refused(shopify_event("orders/create", without(body, field)), rules)


def test_what_leaves_an_order_out_need_not_be_told_of_another_order() -> None:
    """The part that is told does not fit."""
    rules = load_rules('[[skip]]\ntag = "wholesale"\nchannel = "amazon"\n')
    body = without(order([line("20.00")], source_name="web"), "tags")
    assert invoice_of(plan_of(shopify_event("orders/create", body), rules)).total == 20


def test_a_removed_delivery_that_a_refund_hands_back_says_its_amount() -> None:
    """Guard: else it was never sold."""
    removed = shipping("5.00", id=9, is_removed=True)
    given = refund([], handed_back("5.00"), order_adjustments=[{"id": 1, "kind": "shipping_refund", "tax_amount": "0"}])
    body = order([line("20.00")], shipping_lines=[removed], total_price="20.00", refunds=[given])
    assert "no amount" in refused(body)


def test_a_sold_line_without_its_taxes_does_not_say_that_there_were_none() -> None:
    """Guard: the tax that goes back would stay owed."""
    taken = without(refund_line(without(TAXED, "tax_lines"), 1, "20.00"), "total_tax", "total_tax_set")
    assert "no total_tax" in refused(refund([taken]))
    untaxed = without(refund_line(line("20.00", tax_lines=[]), 1, "20.00"), "total_tax", "total_tax_set")
    assert codes(plan_of(refund([untaxed]))) == set()


def test_a_transaction_names_its_gateway() -> None:
    """Guard: it decides whether it is money, who books it, and where it lies."""
    assert "gateway" in refused(transaction(gateway=None))


def test_money_of_a_refund_names_its_gateway() -> None:
    """Guard: likewise."""
    assert "gateway" in refused(refund([refund_line(line("20.00"), 1, "20.00")], handed_back("20.00", gateway=None)))


@pytest.mark.parametrize(
    "changes",
    [
        {"order_adjustments": [without(adjustment("-3.00"), "tax_amount", "tax_amount_set")]},
        {"refund_shipping_lines": [{"shipping_line_id": 1, "tax_amount_set": sets("0.00")}]},
        {"refund_shipping_lines": [{"shipping_line_id": 1, "subtotal_amount_set": sets("5.00")}]},
        {"duties": [{"duty_id": 1}]},
    ],
)
def test_a_credit_without_money_tells_every_part(changes: Json) -> None:
    """Guard: what is left out is not nothing; no money that moved says what it comes to."""
    body = refund([refund_line(line("20.00"), 1, "20.00")], **{"total_duties_set": None, **changes})
    assert "no tax" in refused(body) or "no amount" in refused(body)


def test_a_refunded_delivery_tells_its_amount_beside_money_too() -> None:
    """Guard: the delivery is not nothing."""
    delivery = [{"shipping_line_id": 1, "tax_amount_set": sets("0.00")}]
    body = refund([refund_line(line("20.00"), 1, "20.00")], handed_back("20.00"), refund_shipping_lines=delivery)
    assert "subtotal_amount_set" in refused(body)


def test_money_that_moved_proves_a_tax_that_a_row_leaves_out() -> None:
    """Amounts that come to what was handed back leave no room for a tax beside them."""
    kept = without(adjustment("3.00"), "tax_amount", "tax_amount_set")
    body = refund([refund_line(line("20.00"), 1, "20.00")], handed_back("17.00"), order_adjustments=[kept])
    assert codes(plan_of(body)) == set()


@pytest.mark.parametrize(
    ("sold", "code"),
    [(liable(None), "tax_liability_unknown"), (without(TAXED, "gift_card"), "gift_card_unknown")],
)
def test_what_a_refund_leaves_open_is_said(sold: Json, code: str) -> None:
    """Guard: whose the tax is that goes back, and whether a gift card came back."""
    body = refund([refund_line(sold, 1, "20.00", "1.45")], handed_back("21.45"))
    assert codes(plan_of(body)) == {code}


def test_a_refund_inside_an_order_has_a_day_of_its_own() -> None:
    """Guard: else the day of the sale would be taken; its own event books it, and the result says so."""
    undated = without(refund([refund_line(TAXED, 1, "20.00", "1.45")], handed_back("21.45")), "created_at")
    body = order([TAXED], refunds=[{**undated, "processed_at": None}], financial_status="refunded")
    assert "refund_left_out" in codes(plan_of(body))


def test_a_row_of_a_payout_says_its_day_where_books_begin() -> None:
    """Guard: earlier books may hold it. Without a start no row is of other books."""
    rules = '[payouts]\nbank = "Checking"\n[payouts.rows]\nadjustment = "Other"\n'
    body = told([row("adjustment", "10.00", processed_at=None)])
    plan_of(body, load_rules(rules))
    assert "earlier books" in refused(body, load_rules("books_start = 2026-01-01\n" + rules))


def test_a_captured_charge_says_how_much_of_it_was_captured() -> None:
    """Guard: a part of it may have been; one of which nothing was released took all of it."""
    bare = without(charge(), "amount_captured")
    assert "amount_captured" in refused(stripe_event("charge.captured", without(bare, "amount_refunded")))
    assert payment_of(plan_of(stripe_event("charge.captured", bare))).amount == 25


@pytest.mark.parametrize("paid_by", [{}, {"type": "payment_intent"}, {"type": None}])
def test_an_invoice_payment_says_what_paid(paid_by: Json) -> None:
    """Guard: without it the charge and the invoice would be booked both."""
    assert "does not name the charge" in refused(stripe_event("invoice_payment.paid", invoice_payment(payment=paid_by)))


def test_tax_of_a_checkout_is_said_without_its_currency() -> None:
    """It is no amount that anybody knows, and no reason to be silent."""
    session: Json = {"id": "cs_1", "object": "checkout.session", "total_details": {"amount_tax": 180}}
    (warning,) = mapped(stripe_event("checkout.session.completed", session)).warnings
    assert (warning.code, "1.80" in warning.message) == ("checkout_tax", False)


def test_money_that_did_not_move_does_not_tell_the_shop_s_currency() -> None:
    """Guard: it may be the customer's; of money that moved the figures come to what was handed back."""
    taken = without(refund_line(line("20.00"), 1, "20.00"), "subtotal_set", "total_tax_set")
    money = handed_back("18.00", currency="EUR")
    body = without(refund([taken], {**money, "status": "failure"}), "total_duties_set")
    assert "no currency" in refused(body)
    assert "EUR" in refused(without(refund([taken], money), "total_duties_set"))


def test_a_stripe_refund_says_its_status() -> None:
    """Guard: one that is on its way, or failed, has handed nothing back."""
    body = {
        "id": "re_1",
        "object": "refund",
        "amount": 100,
        "currency": "usd",
        "created": 1_760_000_000,
        "charge": "ch_1",
    }
    assert "status" in refused(stripe_event("refund.updated", body))


def test_a_payment_record_inside_an_invoice_says_whether_it_was_paid() -> None:
    """Guard: an open one is no money."""
    payment = {"id": "inpay_1", "amount_paid": 900, "created": 1_760_000_000, "payment": {"type": "payment_record"}}
    body = {
        "id": "in_1",
        "object": "invoice",
        "currency": "usd",
        "created": 1_760_000_000,
        "status": "open",
        "total": 900,
        "amount_due": 900,
        "amount_paid": 0,
        "lines": {"data": [{"amount": 900}]},
        "payments": {"data": [payment]},
    }
    assert "status" in refused(stripe_event("invoice.finalized", body))
