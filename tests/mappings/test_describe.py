"""A plan in words."""

from __future__ import annotations

from mappings.describe import describe
from mappings.rules import load_rules
from tests.support.orders import (
    charge,
    discounted,
    line,
    mapped,
    order,
    plan_of,
    shipping,
    stripe_event,
    taxed,
    transaction,
)
from tests.support.rules import rules
from tests.support.shop_payouts import charged, told

REST = ", as far as the order's own transactions do not account for it"


def test_order_is_told_as_an_accountant_reads_it() -> None:
    """Who, what, which accounts, tax and total."""
    body = order(
        [taxed("19.00", 2, "2.39", discount_allocations=discounted("5.00")), line("25.00", id=2, gift_card=True)],
        shipping_lines=[shipping("7.00")],
    )
    rules = load_rules('[accounts]\nshipping = { id = "81" }\ndiscount = "Promotions"')
    assert describe(plan_of(body, rules)) == [
        ("Document", "shopify:order:7203456112884"),
        ("Account", "Gift cards (Other Current Liability), created once if missing"),
        ("Item", "Canvas tote - Sand, SKU TOTE-SAND, to the company's first SalesOfProductIncome account"),
        ("Item", "Gift card, SKU qbo-bridge-gift-card, to Gift cards"),
        ("Item", "Shipping, SKU qbo-bridge-shipping, to account 81"),
        ("Customer", "Dana Reyes, dana.reyes@example.com, in USD"),
        ("Invoice", "2041 of 2026-03-02"),
        ("  Line", "2 x 19.00 Canvas tote - Sand (taxed): 38.00 USD"),
        ("  Line", "1 x 25.00 Canvas tote - Sand: 25.00 USD"),
        ("  Line", "Standard: 7.00 USD"),
        ("  Discount", "-5.00 USD, to Promotions"),
        ("  Tax", "2.39 USD, as charged"),
        ("  Total", "67.39 USD"),
        (
            "Payment",
            "67.39 USD of 2026-03-02 to Shopify Payments clearing" + REST,
        ),
    ]


def test_void_says_when_it_happens() -> None:
    """And that nothing was received."""
    rows = describe(plan_of(order([line("5.00")], financial_status="voided", cancelled_at="2026-03-03T08:00:00Z")))
    assert [label for label, _ in rows] == ["Document", "Void", "Received", "Note"]


def test_fee_is_told_side_by_side() -> None:
    """Debit and credit with their accounts."""
    balance = {"id": "txn_1", "fee": 98, "currency": "usd", "created": 1772514000}
    rows = describe(plan_of(stripe_event("charge.succeeded", charge(balance_transaction=balance))))
    assert rows[-3:] == [
        ("Journal entry", "of 2026-03-03"),
        ("  Debit", "0.98 USD, the company's first BankCharges account, Stripe fee ch_3RqPm2Lk81XcQw0A1bZtYv77"),
        ("  Credit", "0.98 USD, Stripe clearing, Stripe fee ch_3RqPm2Lk81XcQw0A1bZtYv77"),
    ]


def test_payment_and_reason() -> None:
    """A transaction is a payment with its reference, or the reason why it is none."""
    assert describe(mapped(transaction()))[-1][1].endswith("clearing, reference 9455001122334")
    assert describe(mapped(transaction(kind="void")))[-1] == (
        "Skipped, nothing to book",
        "only a sale or a capture brings money in",
    )
    unknown = mapped(stripe_event("x.y", {}))
    assert describe(unknown) == [("Skipped, unknown type", "no mapping knows stripe events of this type")]


def test_fees_are_shown_with_their_class_and_location() -> None:
    """As `qbo-bridge map` prints them, beside the shop's own account."""
    text = '[[tracking]]\nshop = "acme.myshopify.com"\nclass = "Europe"\nlocation = "Berlin"\n'
    own = '[shops."acme.myshopify.com"]\naccounts.fees = "Fees EU"'
    rows = dict(describe(plan_of(told([charged(7100000003, "91.40", "3.00")]), rules(text + own))))
    assert rows["  Line"] == "Fees, Fees EU (class Europe, location Berlin): -3.00 USD"
