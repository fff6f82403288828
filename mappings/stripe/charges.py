"""charge.succeeded is the authority for money received: all money movement passes a charge.

charge.captured tells the same of a payment that was only authorized at first.
"""

from __future__ import annotations

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.keys import SourceKey
from contracts.money import from_stripe
from contracts.posting import Ignored, PostingPlan
from contracts.stripe import Charge, id_or_object
from mappings.documents import document_of
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.stripe.payer import payer
from mappings.stripe.sales import Sale, map_sale


@maps("stripe", "charge.succeeded", "charge.captured")
def map_charge(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """A sale, or why this charge is none (yet)."""
    charge = read_body(Charge, envelope.body, "charge")
    reason = _why_no_money(charge)
    if reason:
        document = SourceKey("stripe", "charge", charge.id)
        return Ignored(code="skipped_by_rule", message=reason, document=document)
    return map_sale(sale_of(charge), rules)


@maps("stripe", "charge.failed")
def map_failed_charge(envelope: Envelope, rules: MappingRules) -> Ignored:  # noqa: ARG001 - every mapping has both
    """Nothing was taken."""
    return Ignored(
        code="skipped_by_rule", message="the charge failed, so no money moved", document=document_of(envelope)
    )


@maps("stripe", "checkout.session.completed")
def map_session(envelope: Envelope, rules: MappingRules) -> Ignored:  # noqa: ARG001 - every mapping has both
    """A checkout is booked by the charge or the invoice that it ends in; never a second time."""
    if envelope.body.get("payment_status") == "unpaid":
        message = "nothing is paid yet; the charge books it when it is"
    else:
        message = "the charge or the invoice of this checkout books it"
    return Ignored(code="skipped_by_rule", message=message, document=document_of(envelope))


def sale_of(charge: Charge) -> Sale:
    """A charge that took money, as a sale."""
    intent, expanded = id_or_object(charge.payment_intent)
    metadata = expanded.get("metadata")
    return Sale(
        charge_id=charge.id,
        money=from_stripe(charge.amount_captured or charge.amount, charge.currency),
        created=charge.created,
        since=charge.created,
        person=payer(charge.customer, charge.billing_details, charge.shipping, charge.receipt_email),
        description=charge.description,
        metadata=(charge.metadata, metadata if isinstance(metadata, dict) else {}),
        balance=id_or_object(charge.balance_transaction)[1],
        intent=intent,
        invoice=id_or_object(charge.invoice)[0],
    )


def _why_no_money(charge: Charge) -> str | None:
    if charge.status != "succeeded" or not charge.paid:
        return "the charge did not succeed, so no money moved"
    if not charge.captured:
        return "the charge is only authorized; money moves when it is captured"
    return "a charge of nothing moves no money" if charge.amount == 0 else None
