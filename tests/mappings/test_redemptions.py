"""What is no money: gift cards and store credit redeemed; and money that is rounded or told as one document."""

from __future__ import annotations

from decimal import Decimal

import pytest

from contracts.keys import SourceKey
from contracts.posting import Intent, PostingPlan, PostingStep
from contracts.quickbooks import RedemptionDraft, SalesReceiptDraft
from mappings.rules import load_rules
from tests.support.orders import (
    ORDER_ID,
    Json,
    invoice_of,
    line,
    order,
    payment_of,
    plan_of,
    sets,
    step_of,
    transaction,
)

D = Decimal
RECEIPTS = load_rules('[orders]\ndocument = "sales_receipt"\n[gateways.cash]\ndeposit = "Till"\nmethod = "Cash"')


def redeemed(plan: PostingPlan) -> PostingStep:
    """The plan's redemption."""
    (found,) = [step for step in plan.steps if isinstance(step.draft, RedemptionDraft)]
    return found


@pytest.mark.parametrize("gateway", ["gift_card", "Gift Card", "shopify_store_credit", "store-credit"])
def test_gift_card_transaction_is_a_negative_line_on_its_order(gateway: str) -> None:
    """Guard: no payment into a liability (6430); the item and the account come along."""
    plan = plan_of(transaction(gateway=gateway))
    step = redeemed(plan)
    assert isinstance(step.draft, RedemptionDraft)
    assert (step.key.kind, step.intent, step.draft.amount) == ("transaction", Intent.FACT, D("42.90"))
    assert step.draft.invoice == plan.lane == SourceKey("shopify", "order", str(ORDER_ID))
    assert [each.entity for each in plan.steps] == ["Account", "Item", "Invoice"]


def test_account_of_the_rules_is_redeemed_from() -> None:
    """The same that gift cards are sold to."""
    plan = plan_of(transaction(gateway="gift_card"), load_rules('[accounts]\ngift_cards = "Vouchers"'))
    assert [each.entity for each in plan.steps] == ["Item", "Invoice"]


def test_order_paid_by_gift_card_alone_received_no_money() -> None:
    """Its body says so; the transactions that come later take it over, key and all."""
    plan = plan_of(order([line("5.00")], payment_gateway_names=["gift_card"]))
    step = redeemed(plan)
    assert isinstance(step.draft, RedemptionDraft)
    assert (str(step.key), step.intent) == (f"shopify:payment:{ORDER_ID}", Intent.RECEIVED)
    assert (step.draft.amount, step.version) == (D("5.00"), plan.version)
    assert "Payment" not in {each.entity for each in plan.steps}
    assert invoice_of(plan).total == D("5.00")


def test_unpaid_order_redeems_nothing() -> None:
    """A gateway that was tried is no redemption."""
    body = order([line("5.00")], payment_gateway_names=["gift_card"], financial_status="pending")
    assert payment_of(plan_of(body)).amount == 0


@pytest.mark.parametrize("rounding", ["0.01", "-0.02"])
def test_cash_rounding_is_a_line_and_the_cash_is_what_was_received(rounding: str) -> None:
    """Guard: never plugged silently: what was rounded is booked on an item of its own, beside the order's total."""
    plan = plan_of(order([line("21.99")], total_cash_rounding_payment_adjustment_set=sets(rounding)))
    invoice = invoice_of(plan)
    assert [(row.item.id, row.amount) for row in invoice.lines][1] == ("cash-rounding", D(rounding))
    assert invoice.total == payment_of(plan).amount == D("21.99") + D(rounding)
    assert "booked on a line of its own" in plan.notes[0]


@pytest.mark.parametrize("rounding", ["0.02", sets("0.02")])
def test_cash_transaction_is_what_was_taken(rounding: object) -> None:
    """As text or with its currencies."""
    assert payment_of(plan_of(transaction(gateway="cash", amount_rounding=rounding))).amount == D("42.92")


def test_order_paid_at_once_is_one_sales_receipt_where_the_rules_want_it() -> None:
    """The same figures as the invoice, and where the money went."""
    body = order([line("5.00")], payment_gateway_names=["cash"])
    plan = plan_of(body, RECEIPTS)
    step = step_of(plan, "SalesReceipt")
    assert isinstance(step.draft, SalesReceiptDraft)
    assert step.draft.sale == invoice_of(plan_of(body))
    assert (step.intent, step.draft.deposit_to.name, step.draft.method) == (Intent.STATE, "Till", "Cash")
    assert {each.entity for each in plan.steps} == {"Item", "Customer", "SalesReceipt"}
    assert plan.version == plan_of(body).version


@pytest.mark.parametrize(
    "changes",
    [
        {"financial_status": "pending"},
        {"financial_status": "partially_paid", "total_outstanding": "2.00"},
        {"payment_gateway_names": ["gift_card"]},
        {"payment_gateway_names": ["gift_card", "cash"]},
    ],
)
def test_order_not_paid_in_full_with_money_stays_an_invoice(changes: Json) -> None:
    """A receipt has its money inside, so all of it must be money."""
    plan = plan_of(order([line("5.00")], **changes), RECEIPTS)
    assert "SalesReceipt" not in {each.entity for each in plan.steps}
