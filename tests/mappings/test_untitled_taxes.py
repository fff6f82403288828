"""A tax to which its source gives no name: never under the code of what is exempt."""

from __future__ import annotations

import pytest

from contracts.quickbooks import LineDraft, RefundReceiptDraft
from mappings.rules import load_rules
from tests.support.orders import (
    Json,
    adjustment,
    handed_back,
    invoice_of,
    line,
    order,
    plan_of,
    refund,
    refund_line,
    sets,
    shipping,
    step_of,
    stripe_event,
)
from tests.support.stripe_objects import billed, invoice

RULES = load_rules('[tax]\nexempt = "0.0% Z"\n[tax.codes]\nVAT = "20.0% S"\n')
VAT = {"title": "VAT", "rate": 0.2, "price": "4.00"}
SOLD = line("20.00", tax_lines=[VAT])
STRIPE_TAX: Json = {"amount": 400, "tax_behavior": "exclusive", "taxable_amount": 2000}


def codes(lines: tuple[LineDraft, ...]) -> list[str | None]:
    """The rule and the code of each line that a tax lies on."""
    return [row.tax_code.name if row.tax_code else None for row in lines if row.tax]


@pytest.mark.parametrize(
    "body",
    [
        order([line("20.00", tax_lines=[])], total_tax="4.00", total_price="24.00", current_total_tax="4.00"),
        order([line("20.00", tax_lines=[{**VAT, "title": None}])]),
        stripe_event(
            "invoice.finalized", invoice([{**billed(2000), "taxes": [STRIPE_TAX]}], 2400, total_taxes=[STRIPE_TAX])
        ),
    ],
    ids=["on the order alone", "without a title", "without its rate"],
)
def test_a_tax_without_a_name_is_no_exempt_one(body: Json) -> None:
    """Guard: outside the US its code is refused by the name of its rule, which a person can set."""
    assert codes(invoice_of(plan_of(body, RULES)).lines) == [None]
    named = load_rules('[tax]\nexempt = "0.0% Z"\n[tax.codes]\nTax = "20.0% S"\n')
    assert codes(invoice_of(plan_of(body, named)).lines) == ["20.0% S"]


def delivery_back(**changes: object) -> RefundReceiptDraft:
    """The receipt of a refund of the goods and of a delivery of 6.00 with its VAT."""
    body = refund([refund_line(SOLD, 1, "20.00", "4.00")], handed_back("30.00"), **changes)
    draft = step_of(plan_of(body, RULES), "RefundReceipt").draft
    assert isinstance(draft, RefundReceiptDraft)
    return draft


def test_a_delivery_that_goes_back_has_the_taxes_that_it_was_sold_with() -> None:
    """A newer body describes it; of an older one nobody knows, and the code is refused."""
    ship = shipping("5.00", id=9, tax_lines=[{**VAT, "price": "1.00"}])
    told = {"shipping_line_id": 9, "subtotal_amount_set": sets("5.00"), "tax_amount_set": sets("1.00")}
    assert codes(delivery_back(refund_shipping_lines=[{**told, "shipping_line": ship}]).lines) == ["20.0% S"] * 2
    row = adjustment("-5.00", "-1.00", kind="shipping_refund")
    assert codes(delivery_back(order_adjustments=[row]).lines) == ["20.0% S", None]


def test_the_order_says_what_its_delivery_was_taxed_with() -> None:
    """Where the refund does not."""
    ship = shipping("5.00", id=9, tax_lines=[{**VAT, "price": "1.00"}])
    given = refund(
        [refund_line(SOLD, 1, "20.00", "4.00")],
        handed_back("30.00"),
        order_adjustments=[adjustment("-5.00", "-1.00", kind="shipping_refund")],
    )
    body = order(
        [SOLD], shipping_lines=[ship], financial_status="refunded", refunds=[given], current_total_price="0.00"
    )
    draft = step_of(plan_of(body, RULES), "RefundReceipt").draft
    assert isinstance(draft, RefundReceiptDraft)
    assert codes(draft.lines) == ["20.0% S"] * 2
