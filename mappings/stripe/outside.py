"""Money paid on an invoice of Stripe without going through Stripe: payment records tell it since 2025-03-31."""

from __future__ import annotations

from collections.abc import Iterable

from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import from_stripe
from contracts.posting import Intent, PostingStep
from contracts.quickbooks import PaymentDraft
from contracts.stripe_billing import InvoicePayment
from mappings.accounts import account
from mappings.lines import in_hundredths
from mappings.rules import MappingRules


def outside_payments(
    payments: Iterable[InvoicePayment], invoice: SourceKey, currency: str | None, rules: MappingRules
) -> tuple[PostingStep, ...]:
    """One payment for each record of `payments` that was paid, where other payments go and never on Stripe's account.

    `currency` is Stripe's code. UnmappableEvent where a record does not say whether, how much, when, or in what.
    """
    outside = [each for each in payments if each.outside]
    if any(each.status is None for each in outside):
        raise UnmappableEvent("a payment outside of Stripe does not say whether it was paid (status)")
    found = (each for each in outside if each.status == "paid")
    return tuple(_payment(each, invoice, each.currency or currency, rules) for each in found)


def _payment(paid: InvoicePayment, invoice: SourceKey, currency: str | None, rules: MappingRules) -> PostingStep:
    when = paid.status_transitions.paid_at if paid.status_transitions else None
    moment = when or paid.created
    if paid.id is None or paid.amount_paid is None or currency is None or moment is None:
        raise UnmappableEvent("the payment outside of Stripe does not say its id, amount, currency and time")
    code = currency.upper()
    draft = PaymentDraft(
        invoice=invoice,
        amount=in_hundredths(from_stripe(paid.amount_paid, code).number, code),
        currency=code,
        txn_date=moment.astimezone(rules.zone).date(),
        deposit_to=account(rules, "deposit"),
        exchange_rate=rules.exchange_rates.get(code),
    )
    key = SourceKey("stripe", "transaction", paid.id)
    return PostingStep(key=key, entity="Payment", intent=Intent.FACT, draft=draft, name="payment outside of Stripe")
