"""What Stripe does in the field and its documentation says in small print; amounts are added up here, by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from contracts.errors import UnbalancedDocument, UnmappableEvent
from contracts.keys import SourceKey
from contracts.posting import Ignored, Intent
from contracts.quickbooks import (
    CreditMemoDraft,
    DepositDraft,
    InvoiceDraft,
    PaymentDraft,
    RefundReceiptDraft,
    SettlementRate,
)
from mappings.rules import load_rules
from tests.support.orders import Json, charge, mapped, plan_of, step_of, stripe_event
from tests.support.stripe_objects import (
    CHARGE_ID,
    CREATED,
    INTENT_ID,
    INVOICE_ID,
    billed,
    credit_note,
    invoice,
    invoice_payment,
    listed,
    paid_invoice,
    payout,
    refund,
    row,
)

D = Decimal
CHARGE = SourceKey("stripe", "charge", CHARGE_ID)
DEBIT = "py_3RqPm2Lk81XcQw0A1DEBITAA"


def deposit_of(rows: list[Json], amount: int, toml: str = "") -> DepositDraft:
    """The deposit of a payout."""
    draft = step_of(plan_of(stripe_event("payout.paid", payout(amount, rows)), load_rules(toml)), "Deposit").draft
    assert isinstance(draft, DepositDraft)
    return draft


def failed_debit(**changes: object) -> Json:
    """A bank debit that came back."""
    body = charge(id=DEBIT, status="failed", paid=False, failure_balance_transaction="txn_1failure")
    return stripe_event("charge.failed", {**body, **changes})


def test_a_debit_that_failed_takes_its_payment_back() -> None:
    """Out of Stripe's account, on the day of the failure, under the charge's own key."""
    step = step_of(plan_of(failed_debit()), "RefundReceipt")
    assert (step.key.id, step.intent) == (DEBIT, Intent.REVERSED)
    assert isinstance(step.draft, RefundReceiptDraft)
    assert (step.draft.refund_of.id, step.draft.total, step.draft.deposit_to.rule) == (
        DEBIT,
        D(25),
        "gateways.stripe.deposit",
    )


def test_the_row_of_a_failure_says_its_day_and_its_fee() -> None:
    """Where the producer has expanded it; the payout tells the same fee under the same key."""
    failure = row("payment_failure_refund", -2500, DEBIT, 400, created=CREATED + 5 * 86400)
    plan = plan_of(failed_debit(failure_balance_transaction=failure))
    fee = step_of(plan, "JournalEntry")
    assert fee.key.id == f"{DEBIT}.{failure['id']}"
    draft = step_of(plan, "RefundReceipt").draft
    assert isinstance(draft, RefundReceiptDraft)
    assert draft.txn_date.isoformat() == "2026-03-08"
    told = plan_of(stripe_event("payout.paid", payout(-2900, [failure])))
    assert next(step for step in told.steps if step.key == fee.key) == fee


def test_a_card_that_was_declined_takes_nothing_back() -> None:
    """Guard: only a failure that moved the balance does."""
    declined = mapped(failed_debit(failure_balance_transaction=None))
    assert isinstance(declined, Ignored)
    assert "no money moved" in declined.message
    by_id = mapped(stripe_event("payment_intent.payment_failed", _failed_intent(CHARGE_ID)))
    assert isinstance(by_id, Ignored)


def test_a_failed_intent_tells_the_same_where_its_charge_is_inside() -> None:
    """Accounts that do not subscribe to charges."""
    inside = charge(id=DEBIT, status="failed", paid=False, failure_balance_transaction="txn_1failure")
    told = plan_of(stripe_event("payment_intent.payment_failed", _failed_intent(inside)))
    assert told.steps == plan_of(failed_debit()).steps


def _failed_intent(latest: object) -> Json:
    return {
        "id": "pi_3RqPm2Lk81XcQw0A1KKKKKKK",
        "object": "payment_intent",
        "amount_received": 0,
        "currency": "usd",
        "created": CREATED,
        "status": "requires_payment_method",
        "latest_charge": latest,
    }


def test_a_debit_that_failed_while_it_was_pending_cancels_out_in_its_payout() -> None:
    """No payment of it is waited for; its fee is booked, and the card charge beside it is deposited."""
    rows = [
        row("payment", 9000, DEBIT, 72),
        row("payment_failure_refund", -9000, DEBIT),
        row("charge", 4000, CHARGE_ID, 146),
    ]
    deposit = deposit_of(rows, 3782)
    assert [(each.payment, each.amount) for each in deposit.payments] == [(CHARGE, D(40))]
    assert sum(line.amount for line in deposit.lines) == D("-2.18")


def test_a_debit_of_an_earlier_payout_is_taken_back_by_a_line() -> None:
    """What the first payout brought, the second takes from Stripe's account."""
    rows = [row("payment_failure_refund", -9000, DEBIT), row("charge", 12000, CHARGE_ID)]
    deposit = deposit_of(rows, 3000)
    assert [(each.payment, each.amount) for each in deposit.payments] == [(CHARGE, D(120))]
    assert [(line.account.rule, line.amount) for line in deposit.lines] == [("gateways.stripe.deposit", D(-90))]


def test_a_failed_debit_of_a_shop_order_is_the_shop_s() -> None:
    """The shop's own events tell what became of its order's money."""
    plan = plan_of(failed_debit(metadata={"order_id": "7203456112884"}))
    assert (plan.steps, plan.links[-1][1]) == ((), SourceKey("shopify", "order", "7203456112884"))


def test_every_capture_has_its_row_and_its_fee() -> None:
    """Three captures of one charge in one payout: one amount, three fees."""
    rows = [row("charge", amount, CHARGE_ID, fee) for amount, fee in ((1500, 74), (800, 53), (200, 36))]
    plan = plan_of(stripe_event("payout.paid", payout(2337, rows)))
    assert len({step.key for step in plan.steps if step.entity == "JournalEntry"}) == 3
    deposit = deposit_of(rows, 2337)
    assert [(each.payment, each.amount) for each in deposit.payments] == [(CHARGE, D(25))]
    assert [line.amount for line in deposit.lines] == [D("-1.63")]


@pytest.mark.parametrize("kind", ["refund.created", "refund.updated"])
def test_what_was_never_captured_is_no_refund(kind: str) -> None:
    """A release has no row of the balance; old versions list it among the refunds."""
    released = refund(ident="re_release", balance_transaction=None)
    decision = mapped(stripe_event(kind, released))
    assert isinstance(decision, Ignored)
    assert "never captured" in decision.message
    body = charge(amount_refunded=1500, refunds=listed([refund(500, "re_real"), released]))
    told = plan_of(stripe_event("charge.refunded", body))
    assert [step.key.id for step in told.steps if step.entity == "RefundReceipt"] == ["re_real"]


def test_a_list_of_refunds_that_is_cut_warns() -> None:
    """Ten are listed at most; the others only their own events tell."""
    cut = {**listed([refund()]), "has_more": True}
    plan = plan_of(stripe_event("charge.refunded", charge(amount_refunded=2000, refunds=cut)))
    assert [each.code for each in plan.warnings] == ["cut_list"]


def test_an_old_charge_that_does_not_say_what_was_captured_is_refused() -> None:
    """Bodies older than 2020 count a release as refunded, so the whole amount would be a guess."""
    with pytest.raises(UnmappableEvent, match="amount_captured"):
        mapped(stripe_event("charge.captured", charge(amount_captured=None, amount_refunded=500)))


def test_charge_updated_tells_the_fee_and_nothing_else() -> None:
    """Under the key that a payout's row has, too."""
    balance = row("charge", 2500, CHARGE_ID, 103)
    plan = plan_of(stripe_event("charge.updated", charge(balance_transaction=balance)))
    assert [(step.entity, step.key.id) for step in plan.steps] == [("JournalEntry", f"{CHARGE_ID}.{balance['id']}")]
    without = mapped(stripe_event("charge.updated", charge(balance_transaction=balance["id"])))
    assert isinstance(without, Ignored)


def test_billing_credits_come_off_like_a_discount() -> None:
    """`total` is after them; a discount that is listed there again counts once."""
    body = paid_invoice(
        [billed(8000)],
        5500,
        total_discount_amounts=[{"amount": 500}],
        total_pretax_credit_amounts=[
            {"amount": 500, "type": "discount"},
            {"amount": 2000, "type": "credit_balance_transaction"},
        ],
    )
    draft = step_of(plan_of(stripe_event("invoice.paid", body)), "Invoice").draft
    assert isinstance(draft, InvoiceDraft)
    assert (draft.discount, draft.total) == (D(25), D(55))


def test_a_credit_note_takes_back_delivery_with_its_tax() -> None:
    """7.00 of delivery and 0.56 of tax on it."""
    tax = {"amount": 56, "tax_behavior": "exclusive", "tax_rate_details": {"tax_rate": "txr_1StateTax"}}
    cost = {"amount_subtotal": 700, "amount_tax": 56, "amount_total": 756, "taxes": [tax]}
    body = credit_note(756, lines=listed([]), shipping_cost=cost, total_taxes=[tax])
    rules = load_rules('[tax.codes]\n"txr_1StateTax" = "TAX"')
    draft = step_of(plan_of(stripe_event("credit_note.created", body), rules), "CreditMemo").draft
    assert isinstance(draft, CreditMemoDraft)
    assert (draft.lines[0].amount, draft.tax, draft.total) == (D(7), D("0.56"), D("7.56"))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (
            "invoice.paid",
            paid_invoice(total=9000, lines=None) | {"lines": {**listed([billed(2500)]), "has_more": True}},
        ),
        ("credit_note.created", credit_note(900, lines={**listed([{"amount": 800}]), "has_more": True})),
        (
            "payout.paid",
            payout(9000, balance_transactions={**listed([row("charge", 2500, CHARGE_ID)]), "has_more": True}),
        ),
    ],
)
def test_a_list_that_is_cut_is_said(kind: str, body: Json) -> None:
    """Both numbers, and what the producer must mend."""
    with pytest.raises(UnbalancedDocument, match=r"has_more"):
        mapped(stripe_event(kind, body))


def record(amount: int, **changes: object) -> Json:
    """A payment that never went through Stripe."""
    payment = {"type": "payment_record", "payment_record": "prec_1"}
    paid_at = {"paid_at": CREATED + 86400}
    return invoice_payment(payment=payment, amount_paid=amount, status_transitions=paid_at, **changes)


UNPAID_KINDS = {
    "a payment intent": {"type": "payment_intent", "payment_intent": INTENT_ID},
    "a charge": {"type": "charge", "charge": CHARGE_ID},
    "a payment record": {"type": "payment_record", "payment_record": "pr_1"},
    "nothing named": {"type": "payment_intent", "payment_intent": None},
    "no payment": None,
}


@pytest.mark.parametrize("kind", list(UNPAID_KINDS))
@pytest.mark.parametrize("amount", [None, 0, 2500])
@pytest.mark.parametrize("status", ["open", "canceled"])
def test_what_an_invoice_payment_has_not_paid_is_no_money(status: str, amount: int | None, kind: str) -> None:
    """By itself it is ignored with its state as the reason; inside a list it ties no charge to the invoice."""
    told = invoice_payment(status=status, amount_paid=amount, payment=UNPAID_KINDS[kind])
    for body in (told, {**told, "invoice": None}):
        found = mapped(stripe_event("invoice_payment.paid", body))
        assert isinstance(found, Ignored)
        assert found.code == "skipped_by_rule"
        assert status in found.message
    inside = plan_of(stripe_event("invoice.finalized", invoice(payments=listed([told]))))
    assert (inside.links, inside.shares) == ((), ())
    assert not [step for step in inside.steps if step.key.kind == "transaction"]


def test_money_outside_of_stripe_goes_where_other_payments_go() -> None:
    """Told by the invoice or by the payment's own event: one payment, on its own day, not on Stripe's account."""
    rules = load_rules('[gateways.stripe]\ndeposit = "Stripe balance"')
    inside = plan_of(stripe_event("invoice.paid", paid_invoice(payments=listed([record(2500)]))), rules)
    alone = plan_of(stripe_event("invoice_payment.paid", record(2500)), rules)
    assert [step for step in inside.steps if step.intent is Intent.FACT] == list(alone.steps)
    (step,) = alone.steps
    assert isinstance(step.draft, PaymentDraft)
    assert (step.draft.invoice.id, step.draft.amount, step.draft.deposit_to.rule) == (
        INVOICE_ID,
        D(25),
        "accounts.deposit",
    )
    assert step.draft.txn_date.isoformat() == "2026-03-04"


@pytest.mark.parametrize("lacks", ["amount_paid", "id"])
def test_a_payment_record_that_says_too_little_is_refused(lacks: str) -> None:
    """What decides about money has no default."""
    with pytest.raises(UnmappableEvent, match="outside of Stripe"):
        mapped(
            stripe_event("invoice_payment.paid", record(2500, **{lacks: None}) if lacks != "amount_paid" else _none())
        )


def _none() -> Json:
    return {**record(2500), "amount_paid": None}


def test_a_checkout_s_tax_warns() -> None:
    """Its charge does not tell it; with an invoice of its own it does."""
    session: Json = {
        "id": "cs_live_1",
        "object": "checkout.session",
        "payment_status": "paid",
        "currency": "usd",
        "total_details": {"amount_tax": 180},
    }
    warned = mapped(stripe_event("checkout.session.completed", session))
    assert isinstance(warned, Ignored)
    assert [(each.code, "1.80 USD" in each.message) for each in warned.warnings] == [("checkout_tax", True)]
    with_invoice = mapped(stripe_event("checkout.session.completed", {**session, "invoice": INVOICE_ID}))
    assert isinstance(with_invoice, Ignored)
    assert with_invoice.warnings == ()


def test_a_charge_in_another_currency_has_stripe_s_own_rate() -> None:
    """8.00 euros became 8.68 dollars; of yen, which have no cents, 500 became 3.31."""
    euros = row("charge", 868, CHARGE_ID, 55, exchange_rate=1.085217)
    assert _settled(
        charge(amount=800, amount_captured=800, currency="eur", balance_transaction=euros)
    ) == SettlementRate(currency="USD", rate=D("1.085"))
    yen = row("charge", 331, CHARGE_ID, 40, exchange_rate=0.6612)
    assert _settled(charge(amount=500, amount_captured=500, currency="jpy", balance_transaction=yen)) == SettlementRate(
        currency="USD", rate=D("0.00662")
    )


def test_a_charge_in_the_settlement_s_own_currency_has_no_rate() -> None:
    """Guard: nothing was exchanged."""
    assert _settled(charge(balance_transaction=row("charge", 2500, CHARGE_ID, 103))) is None


def _settled(body: Json) -> SettlementRate | None:
    draft = step_of(plan_of(stripe_event("charge.succeeded", body)), "Payment").draft
    assert isinstance(draft, PaymentDraft)
    return draft.settled


def test_a_payout_names_the_orders_of_the_shop_that_it_pays_out() -> None:
    """By the metadata of an expanded charge."""
    shops = charge(id="ch_of_the_shop", metadata={"order_id": "7203456112884"})
    deposit = deposit_of([row("charge", 2500, shops)], 2500)
    assert (deposit.payments, deposit.orders) == ((), (SourceKey("shopify", "order", "7203456112884"),))


@pytest.mark.parametrize(
    "kind", ["v1.billing.meter.no_meter_found", "v2.core.event_destination.ping", "v1.charge.succeeded"]
)
def test_a_thin_event_says_what_is_wrong(kind: str) -> None:
    """It holds no object: every sale of such a destination would be lost without a word."""
    decision = mapped(stripe_event(kind, {}))
    assert isinstance(decision, Ignored)
    assert (decision.code, [each.code for each in decision.warnings]) == ("unknown_type", ["thin_event"])
