"""Edges of Stripe's refunds, disputes, invoices, credit notes and payouts; the usual cases are golden pairs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from contracts.errors import UnbalancedDocument, UndecodableRecord, UnmappableEvent
from contracts.posting import Ignored, Intent, PostingPlan
from contracts.quickbooks import CreditMemoDraft, DepositDraft, JournalEntryDraft, PaymentDraft, RefundReceiptDraft
from mappings.rules import load_rules
from tests.support.orders import Json, charge, invoice_of, mapped, payment_of, plan_of, step_of, stripe_event
from tests.support.stripe_objects import (
    CHARGE_ID,
    added_tax,
    billed,
    credit_note,
    dispute,
    invoice,
    listed,
    paid_invoice,
    payout,
    refund,
    row,
)

D = Decimal


def of(event_type: str, body: Json) -> Json:
    """A Stripe event of this type."""
    return stripe_event(event_type, body)


@pytest.mark.parametrize("status", ["pending", "requires_action"])
def test_a_refund_on_its_way_books_nothing(status: str) -> None:
    """Guard: it may fail yet."""
    decision = mapped(of("refund.created", refund(status=status)))
    assert isinstance(decision, Ignored)
    assert decision.code == "skipped_by_rule"


@pytest.mark.parametrize(
    ("event_type", "status"),
    [("refund.failed", "failed"), ("refund.failed", "succeeded"), ("refund.updated", "canceled")],
)
def test_a_refund_that_failed_is_undone(event_type: str, status: str) -> None:
    """By its status, or by the event that says so."""
    (step,) = plan_of(of(event_type, refund(status=status))).steps
    assert (step.entity, step.intent) == ("RefundReceipt", Intent.UNDONE)


def test_a_refund_of_a_cash_balance_is_no_sale_s() -> None:
    """Money that a customer sent in advance goes back: neither charge nor intent, and nothing to book."""
    decision = mapped(of("refund.created", refund(charge=None, payment_intent=None)))
    assert isinstance(decision, Ignored)
    assert (decision.code, "cash balance" in decision.message) == ("skipped_by_rule", True)


def test_every_teller_of_a_refund_says_the_same() -> None:
    """The refund's own event, its old name, and the charge that has it inside."""
    inside = charge(amount_refunded=1000, refunds=listed([refund(charge=None), refund(ident="re_2", status="failed")]))
    drafts = [
        step_of(plan_of(event), "RefundReceipt").draft
        for event in (
            of("refund.created", refund()),
            of("charge.refund.updated", refund()),
            of("charge.refunded", inside),
        )
    ]
    assert all(isinstance(draft, RefundReceiptDraft) for draft in drafts)
    assert drafts[0] == drafts[1] == drafts[2]


def test_a_dispute_s_row_must_add_up() -> None:
    """Guard: amount less fee is net."""
    with pytest.raises(UnbalancedDocument, match=r"25\.00 USD"):
        mapped(of("charge.dispute.closed", dispute([row("adjustment", -2500, "du_1", 1500, net=-2500)])))


@pytest.mark.parametrize("parts", [[], [{"amount": 100, "type": "stripe_fee"}]])
def test_a_fee_without_fitting_parts_is_one_expense(parts: list[Json]) -> None:
    """What the parts leave out is a fee all the same."""
    taken = row("charge", 2500, CHARGE_ID, 103, fee_details=parts)
    draft = step_of(plan_of(of("charge.succeeded", charge(balance_transaction=taken))), "JournalEntry").draft
    assert isinstance(draft, JournalEntryDraft)
    assert [(each.side, each.amount) for each in draft.lines] == [("Debit", D("1.03")), ("Credit", D("1.03"))]


def test_two_taxes_one_inside_and_one_added() -> None:
    """Lines - discounts + tax = total, the inner tax taken out of its line."""
    lines = [billed(2400, taxes=[added_tax(400, behaviour="inclusive")]), billed(1000, taxes=[added_tax(80)])]
    taxes = [added_tax(400, behaviour="inclusive"), added_tax(80)]
    draft = invoice_of(plan_of(of("invoice.finalized", invoice(lines, 3480, total_taxes=taxes))))
    assert [each.amount for each in draft.lines] == [D(20), D(10)]
    assert (draft.tax, draft.total) == (D("4.80"), D("34.80"))


def test_a_list_of_lines_that_is_not_whole_is_unbalanced() -> None:
    """Guard: Stripe sends ten lines; the rest must be fetched by who can."""
    with pytest.raises(UnbalancedDocument, match=r"add up to 25\.00 USD, its total is 99\.00 USD"):
        mapped(of("invoice.paid", paid_invoice(total=9900)))


def test_old_and_new_shapes_say_the_same() -> None:
    """Fields that moved with 2025-03-31 are looked up in both places."""
    new = invoice([billed(2500, taxes=[added_tax(200)])], 2700, total_taxes=[added_tax(200)])
    tax: Json = {"amount": 200, "inclusive": False, "tax_rate": "txr_1StateTax"}
    line: Json = {
        **billed(2500, taxes=None, pricing=None),
        "tax_amounts": [tax],
        "price": {"unit_amount_decimal": "2500"},
    }
    old = invoice([line], 2700, total_taxes=None, total_tax_amounts=[tax])
    assert invoice_of(plan_of(of("invoice.finalized", old))) == invoice_of(plan_of(of("invoice.finalized", new)))


def test_an_invoice_that_was_paid_in_part_tells_that_part() -> None:
    """amount_paid, whatever is still due."""
    plan = plan_of(of("invoice.finalized", invoice(amount_paid=900, amount_remaining=1600)))
    assert payment_of(plan).amount == D(9)


def test_money_paid_outside_of_stripe_is_not_in_stripe_s_account() -> None:
    """It goes where payments go, not where Stripe's money lies."""
    rules = load_rules('[gateways.stripe]\ndeposit = "Stripe balance"')
    outside = payment_of(plan_of(of("invoice.paid", paid_invoice(amount_paid=0, paid_out_of_band=True)), rules))
    inside = payment_of(plan_of(of("invoice.paid", paid_invoice()), rules))
    assert isinstance(outside, PaymentDraft)
    assert (outside.amount, outside.deposit_to.rule) == (D(25), "accounts.deposit")
    assert inside.deposit_to.name == "Stripe balance"


@pytest.mark.parametrize(
    ("changes", "credited"),
    [
        ({}, "10.99"),
        ({"refunds": [{"amount_refunded": 599, "refund": "re_1"}]}, "5"),
        ({"refund": "re_1", "out_of_band_amount": 99}, "0.99"),
    ],
)
def test_a_credit_note_credits_what_was_not_refunded(changes: Json, credited: str) -> None:
    """Guard: never both for the same amount; the refund's own events book it."""
    draft = step_of(plan_of(of("credit_note.created", credit_note(1099, **changes))), "CreditMemo").draft
    assert isinstance(draft, CreditMemoDraft)
    assert draft.total == sum(each.amount for each in draft.lines) + draft.tax == D(credited)


def test_a_credit_note_that_does_not_say_how_much_was_refunded_is_unmappable() -> None:
    """Guard: nothing is guessed."""
    with pytest.raises(UnmappableEvent, match="does not say how much"):
        mapped(of("credit_note.created", credit_note(refund="re_1", customer_balance_transaction="cbtxn_1")))


def deposit(*rows: Json, amount: int, toml: str = "") -> DepositDraft:
    """The deposit of a payout of these rows."""
    draft = step_of(plan_of(of("payout.paid", payout(amount, list(rows))), load_rules(toml)), "Deposit").draft
    assert isinstance(draft, DepositDraft)
    assert sum(each.amount for each in draft.payments) + sum(each.amount for each in draft.lines) == draft.total
    return draft


def test_a_payout_s_other_rows_go_where_the_rules_say() -> None:
    """Reserves, transfers and top-ups have no honest default."""
    taken, held = row("charge", 2500, CHARGE_ID), row("reserve_transaction", -500, None)
    with pytest.raises(UnmappableEvent, match=r"payouts\.rows\.reserve_transaction"):
        deposit(taken, held, amount=2000)
    draft = deposit(taken, held, amount=2000, toml='accounts.payout_other = "Stripe reserve"')
    assert [(each.account.name, each.amount) for each in draft.lines] == [("Stripe reserve", D(-5))]


def test_a_payout_of_another_currency_s_rows_is_unmappable() -> None:
    """Guard: amounts of two currencies are never added."""
    with pytest.raises(UnmappableEvent, match="is in EUR, the payout in USD"):
        mapped(of("payout.paid", payout(2500, [row("charge", 2500, CHARGE_ID, currency="eur")])))


def test_the_day_of_a_payout_is_the_day_on_which_it_reaches_the_bank() -> None:
    """Its arrival_date in the rules' time zone."""
    draft = deposit(row("charge", 2500, CHARGE_ID), amount=2500, toml='time_zone = "America/Los_Angeles"')
    assert draft.txn_date.isoformat() == "2026-03-05"


@pytest.mark.parametrize("rows", [None, []])
def test_a_payout_without_rows_is_ignored(rows: list[Json] | None) -> None:
    """Nothing is invented."""
    body = payout(2500) if rows is None else payout(2500, balance_transactions=listed([]))
    decision = mapped(of("payout.paid", body))
    assert isinstance(decision, Ignored)
    assert "no balance_transactions" in decision.message


def test_a_payout_whose_rows_lack_their_money_is_refused() -> None:
    """A trimmed row is not read as nothing."""
    with pytest.raises(UndecodableRecord, match="net"):
        mapped(of("payout.paid", payout(2500, [row("charge", 2500, CHARGE_ID, net=None)])))


def test_charges_that_stripe_books_by_rule_are_stripe_s_in_a_payout() -> None:
    """The booking authority decides which of them are payments of ours."""
    taken = row("charge", 2500, charge(metadata={"order_id": "7"}))
    assert deposit(taken, amount=2500).payments == ()
    for rule in ('stripe.booking_authority = "stripe"', 'gateways.stripe.booked_by = "stripe"'):
        told = deposit(taken, amount=2500, toml=rule)
        assert [str(each.payment) for each in told.payments] == [f"stripe:charge:{CHARGE_ID}"]


def test_a_capture_is_the_sale_of_its_charge() -> None:
    """charge.captured and charge.succeeded are one fact."""
    captured, succeeded = plan_of(of("charge.captured", charge())), plan_of(of("charge.succeeded", charge()))
    assert isinstance(captured, PostingPlan)
    assert captured == succeeded
