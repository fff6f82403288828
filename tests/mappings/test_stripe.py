"""A charge without a shop order is a sale of its own, whichever of its events tells it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from contracts.errors import UndecodableRecord, UnmappableEvent
from contracts.keys import SourceKey
from contracts.posting import Ignored, Intent, PostingPlan
from contracts.quickbooks import CustomerDraft, JournalEntryDraft
from mappings.rules import load_rules
from tests.support.orders import (
    RULES,
    Json,
    charge,
    intent,
    invoice_of,
    mapped,
    payment_of,
    plan_of,
    step_of,
    stripe_event,
)

D = Decimal
CHARGE = SourceKey("stripe", "charge", "ch_3RqPm2Lk81XcQw0A1bZtYv77")
BALANCE: Json = {"object": "balance_transaction", "id": "txn_1", "amount": 2300, "fee": 98, "currency": "eur", "net": 1}


def charged(**changes: object) -> Json:
    """charge.succeeded around a charge with `changes`."""
    return stripe_event("charge.succeeded", charge(**changes))


def intended(**changes: object) -> Json:
    """payment_intent.succeeded around an intent with `changes`."""
    return stripe_event("payment_intent.succeeded", intent(**changes))


def money_of(plan: PostingPlan) -> tuple[Decimal, Decimal, str]:
    """Invoice total, payment and currency."""
    return invoice_of(plan).total, payment_of(plan).amount, invoice_of(plan).currency


def test_charge_is_an_invoice_of_one_line_and_its_payment() -> None:
    """Both under the key of the charge."""
    plan = plan_of(charged())
    assert plan.document == plan.lane == step_of(plan, "Invoice").key == step_of(plan, "Payment").key == CHARGE
    assert money_of(plan) == (D(25), D(25), "USD")
    assert payment_of(plan).reference == invoice_of(plan).doc_number == "Pm2Lk81XcQw0A1bZtYv77"
    assert step_of(plan, "Payment").intent is Intent.FACT


@pytest.mark.parametrize(
    "event",
    [
        intended(),
        intended(latest_charge=charge()),
        intended(latest_charge=None, charges={"data": [charge(id="ch_1", status="failed", paid=False), charge()]}),
    ],
)
def test_payment_intent_ends_in_the_keys_of_its_charge(event: Json) -> None:
    """Old and new shapes; the version is the charge's, so whichever event is second changes nothing."""
    by_charge, by_intent = plan_of(charged()), plan_of(event)
    assert [step.key for step in by_intent.steps if step.entity in {"Invoice", "Payment"}] == [CHARGE, CHARGE]
    assert money_of(by_intent) == money_of(by_charge)
    assert step_of(by_intent, "Invoice").version == step_of(by_charge, "Invoice").version
    assert step_of(by_intent, "Customer").key == step_of(by_charge, "Customer").key


def test_payment_intent_that_received_less() -> None:
    """amount_received is what came in; one that does not say it is refused, never taken for the whole amount."""
    assert money_of(plan_of(intended(amount_received=2000)))[0] == D(20)
    with pytest.raises(UnmappableEvent, match="how much it received"):
        mapped(intended(amount_received=None))


def test_payment_intent_without_a_charge_is_unmappable() -> None:
    """There would be no key under which the charge's own event is the same fact."""
    with pytest.raises(UnmappableEvent, match="without naming its charge"):
        mapped(intended(latest_charge=None))


def test_expanded_charge_keeps_what_only_the_intent_knows() -> None:
    """Description and metadata; the document is as old as the older of both."""
    plan = plan_of(intended(latest_charge=charge(description=None), description="Seat 4"))
    assert invoice_of(plan).lines[0].description == "Seat 4"
    assert int(plan.document_created_at.timestamp()) == 1772513990
    shops = plan_of(intended(latest_charge=charge(), metadata={"order_id": "7"}))
    assert (shops.steps, shops.links[-1]) == ((), (CHARGE, SourceKey("shopify", "order", "7")))


@pytest.mark.parametrize(
    ("currency", "units", "amount"),
    [
        ("usd", 2500, "25.00"),
        ("jpy", 5000, "5000"),
        ("kwd", 5120, "5.12"),
        ("isk", 50000, "500"),
        ("ugx", 370000, "3700"),
    ],
)
def test_smallest_units_have_stripe_s_own_exceptions(currency: str, units: int, amount: str) -> None:
    """docs.stripe.com/currencies, special cases."""
    plan = plan_of(charged(currency=currency, amount=units, amount_captured=units))
    assert money_of(plan) == (D(amount), D(amount), currency.upper())


def test_thousandths_are_never_rounded() -> None:
    """KWD 5.125 cannot be booked."""
    with pytest.raises(UnmappableEvent, match=r"5\.125 KWD"):
        mapped(charged(currency="kwd", amount=5125, amount_captured=5125))


def test_date_is_the_day_in_the_rules_time_zone() -> None:
    """05:00 UTC on the 3rd is the 2nd in Los Angeles."""
    assert invoice_of(plan_of(charged())).txn_date == date(2026, 3, 3)
    assert invoice_of(plan_of(charged(), load_rules('time_zone = "America/Los_Angeles"'))).txn_date == date(2026, 3, 2)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"captured": False, "amount_captured": 0}, "only authorized"),
        ({"paid": False}, "did not succeed"),
        ({"status": "pending"}, "did not succeed"),
        ({"amount": 0, "amount_captured": 0}, "nothing"),
    ],
)
def test_charge_that_took_no_money_is_no_sale(changes: Json, said: str) -> None:
    """Paid, captured and succeeded, all three."""
    decision = mapped(charged(**changes))
    assert isinstance(decision, Ignored)
    assert (decision.code, decision.document) == ("skipped_by_rule", CHARGE)
    assert said in decision.message


def test_intent_that_did_not_succeed_is_no_sale() -> None:
    """The type says succeeded; the status must say so too."""
    decision = mapped(intended(status="processing"))
    assert isinstance(decision, Ignored)
    assert decision.code == "skipped_by_rule"


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"shopify_order_id": "720"}},
        {"metadata": {"order_id": 7}},
        {"description": "ACME.myshopify.com - #1001"},
        {"payment_intent": {"id": "pi_1", "metadata": {"order_id": "7"}}},
    ],
)
def test_charge_of_a_shop_order_is_booked_by_the_shop(changes: Json) -> None:
    """The shop reports the sale; a second one would be counted twice. That it is the shop's is kept for its payout."""
    plan = plan_of(charged(**changes))
    assert (plan.steps, plan.document) == ((), CHARGE)
    assert [(part, whole.system) for part, whole in plan.links if whole.kind == "order"] == [(CHARGE, "shopify")]
    rules = load_rules('[stripe]\nbooking_authority = "stripe"').for_company(
        shop_domains=RULES.shop_domains, livemode_required=False
    )
    assert plan_of(charged(**changes), rules).steps


@pytest.mark.parametrize(
    "changes",
    [{"metadata": {"order_id": ""}}, {"description": "Order of acme.myshopify.com"}, {"metadata": {"task": "1"}}],
)
def test_charge_of_its_own_is_not_taken_for_a_shop_order(changes: Json) -> None:
    """An empty id is none, and a description must start with the shop."""
    assert isinstance(mapped(charged(**changes)), PostingPlan)


def test_order_id_keys_are_a_rule() -> None:
    """There is no standard metadata key."""
    rules = load_rules('[stripe]\norder_id_keys = ["task"]')
    assert plan_of(charged(metadata={"order_id": "7"}), rules).steps
    assert not plan_of(charged(metadata={"task": "7"}), rules).steps


def fee_of(**balance: object) -> JournalEntryDraft:
    """The fee's journal entry of a charge with an expanded balance transaction."""
    step = step_of(plan_of(charged(balance_transaction={**BALANCE, **balance})), "JournalEntry")
    assert step.key == SourceKey("stripe", "charge", f"{CHARGE.id}.{BALANCE['id']}")
    assert isinstance(step.draft, JournalEntryDraft)
    return step.draft


def test_fee_is_booked_in_the_currency_of_settlement() -> None:
    """Dr fees, Cr the account that the payment went to."""
    entry = fee_of()
    assert entry.currency == "EUR"
    assert [(row.side, row.account.rule, row.amount) for row in entry.lines] == [
        ("Debit", "accounts.fees", D("0.98")),
        ("Credit", "gateways.stripe.deposit", D("0.98")),
    ]


def test_fee_that_came_back_turns_the_sides() -> None:
    """Negative fees exist."""
    assert [(row.side, row.amount) for row in fee_of(fee=-69).lines] == [("Credit", D("0.69")), ("Debit", D("0.69"))]


@pytest.mark.parametrize("balance", ["txn_1", None, {**BALANCE, "fee": 0}])
def test_no_fee_is_invented(balance: object) -> None:
    """An id says nothing about the fee, and no fee is no entry."""
    plan = plan_of(charged(balance_transaction=balance))
    assert all(step.entity != "JournalEntry" for step in plan.steps)


def customer_of(event: Json) -> tuple[str, CustomerDraft]:
    """Key and draft of the customer."""
    step = step_of(plan_of(event), "Customer")
    assert isinstance(step.draft, CustomerDraft)
    return str(step.key), step.draft


def test_who_paid() -> None:
    """The account's customer, else whoever left an address, else nobody."""
    key, draft = customer_of(charged())
    assert (key, draft.display_name, draft.email) == (
        "stripe:customer:cus_Q1w2E3r4T5",
        "Ines Moreau",
        "ines@example.com",
    )
    expanded: Json = {"id": "cus_9", "name": "Ola", "email": "ola@example.com", "phone": "+47"}
    key, draft = customer_of(charged(customer=expanded, billing_details={"address": {"line1": "1 Example Street"}}))
    assert (key, draft.display_name, draft.email) == ("stripe:customer:cus_9", "Ola", "ola@example.com")
    assert draft.billing is not None
    key, draft = customer_of(charged(customer=None, billing_details=None))
    assert (key[:22], draft.email) == ("stripe:customer-email:", "ines@example.com")
    key, draft = customer_of(charged(customer=None, billing_details={"address": {}}, receipt_email=None))
    assert (key, draft.display_name) == ("qbb:customer:walk-in", "Walk-in customer")


def test_test_mode_reaches_only_companies_that_take_it() -> None:
    """A sandbox company books test mode, a production company does not."""
    event = stripe_event("charge.succeeded", {"id": "ch_1", "object": "charge", "amount": "garbage"}, livemode=False)
    production = RULES.for_company(shop_domains=("default",), livemode_required=True)
    decision = mapped(event, production)
    assert isinstance(decision, Ignored)
    assert (decision.code, str(decision.document)) == ("test_event", "stripe:charge:ch_1")
    assert isinstance(mapped({**charged(), "livemode": False}), PostingPlan)
    assert isinstance(mapped(charged(), production), PostingPlan)


@pytest.mark.parametrize("field", ["id", "amount", "currency", "created", "paid", "captured", "status"])
def test_charge_that_lacks_a_field_is_refused(field: str) -> None:
    """Nothing is guessed about money."""
    with pytest.raises(UndecodableRecord, match=f"the charge has no {field}"):
        mapped(charged(**{field: None}))


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "12.5"},
        {"created": 10**20},
        {"created": "soon"},
        {"paid": "maybe"},
        {"customer": 5},
        {"metadata": 5},
        {"id": "ch 1"},
    ],
)
def test_charge_with_a_field_of_another_kind_is_refused(changes: Json) -> None:
    """Smallest units are whole numbers, times are seconds."""
    with pytest.raises(UndecodableRecord, match=f"^the charge cannot be read: {next(iter(changes))} (is|has)"):
        mapped(charged(**changes))
