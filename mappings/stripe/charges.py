"""charge.succeeded is the authority for money received: all money movement passes a charge.

charge.captured tells the same of a payment that was only authorized at first, charge.updated the fee, and charge.failed
of a bank debit takes back what succeeded days before.
"""

from __future__ import annotations

from datetime import datetime

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import from_stripe
from contracts.posting import Ignored, PostingPlan
from contracts.stripe import Charge, id_or_object
from contracts.stripe_balance import BalanceTransaction
from mappings.documents import document_of
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.stripe.fees import fee_steps
from mappings.stripe.payer import payer
from mappings.stripe.sales import ChargedSale, belongs_to_shop, map_lost_sale, map_sale


@maps("stripe", "charge.succeeded", "charge.captured")
def map_charge(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """A sale, or why this charge is none (yet)."""
    charge = read_body(Charge, envelope.body, "charge")
    reason = _why_no_money(charge)
    if reason:
        document = SourceKey("stripe", "charge", charge.id)
        return Ignored(code="skipped_by_rule", message=reason, document=document)
    return map_sale(sale_of(charge), rules)


@maps("stripe", "charge.updated")
def map_updated_charge(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The fee, which Stripe knows only after the charge (2024-04-10); everything else is told by other events."""
    charge = read_body(Charge, envelope.body, "charge")
    key = SourceKey("stripe", "charge", charge.id)
    reason = _why_no_money(charge)
    if reason:
        return Ignored(code="skipped_by_rule", message=reason, document=key)
    sale = sale_of(charge)
    if belongs_to_shop(sale.metadata, sale.description, rules):
        return map_sale(sale, rules)
    steps = fee_steps(sale.balance, key, sale.created.astimezone(rules.zone).date(), rules)
    if not steps:
        message = "the event tells no fee, and the charge's own events book the rest"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    return PostingPlan(document=key, lane=key, steps=steps, document_created_at=charge.created)


@maps("stripe", "charge.pending")
def map_pending_charge(envelope: Envelope, rules: MappingRules) -> Ignored:  # noqa: ARG001 - every mapping has both
    """A debit on its way."""
    message = "the charge is on its way; it is booked when it succeeds"
    return Ignored(code="skipped_by_rule", message=message, document=document_of(envelope))


@maps("stripe", "charge.failed")
def map_failed_charge(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """What takes a bank debit back; a card that was declined took nothing."""
    if envelope.body.get("failure_balance_transaction") is None:
        message = "the charge failed, so no money moved"
        return Ignored(code="skipped_by_rule", message=message, document=document_of(envelope))
    return lost_sale(read_body(Charge, envelope.body, "charge"), envelope.occurred_at, rules)


def lost_sale(charge: Charge, published_at: datetime | None, rules: MappingRules) -> PostingPlan | Ignored:
    """The plan of a debit that failed, dated by the row that took it back, else by the event that told it."""
    balance = id_or_object(charge.failure_balance_transaction)[1]
    row = read_body(BalanceTransaction, balance, "failure's balance transaction") if balance else None
    moment = (row and row.created) or published_at or charge.created
    return map_lost_sale(sale_of(charge), balance, moment, rules)


def sale_of(charge: Charge) -> ChargedSale:
    """A charge that took money, as a sale."""
    intent, expanded = id_or_object(charge.payment_intent)
    metadata = expanded.get("metadata")
    return ChargedSale(
        charge_id=charge.id,
        money=from_stripe(_taken(charge), charge.currency),
        created=charge.created,
        since=charge.created,
        person=payer(charge.customer, charge.billing_details, charge.shipping, charge.receipt_email),
        description=charge.description,
        metadata=(charge.metadata, metadata if isinstance(metadata, dict) else {}),
        balance=id_or_object(charge.balance_transaction)[1],
        intent=intent,
        invoice=id_or_object(charge.invoice)[0],
    )


def _taken(charge: Charge) -> int:
    """What was captured. UnmappableEvent where an old body does not say it: a release counts as refunded there."""
    if charge.taken is None:
        raise UnmappableEvent("the charge has no amount_captured, nor does it say that nothing of it was released")
    return charge.taken


def _why_no_money(charge: Charge) -> str | None:
    if charge.status != "succeeded" or not charge.paid:
        return "the charge did not succeed, so no money moved"
    if not charge.captured:
        return "the charge is only authorized; money moves when it is captured"
    return "a charge of nothing moves no money" if charge.taken == 0 else None
