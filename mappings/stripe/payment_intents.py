"""payment_intent.succeeded tells what charge.succeeded tells; it is for accounts that do not subscribe to charges.

It is keyed by its charge, so that both together post once. Until 2022-11-15 the charges were inside, since then
`latest_charge` names the one that succeeded, as an id or expanded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import from_stripe
from contracts.posting import Ignored, PostingPlan
from contracts.stripe import Charge, PaymentIntent, id_or_object
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.stripe.charges import lost_sale, sale_of
from mappings.stripe.payer import payer
from mappings.stripe.sales import ChargedSale, map_sale


@maps("stripe", "payment_intent.succeeded")
def map_payment_intent(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The sale of the charge that this intent ended in."""
    intent = read_body(PaymentIntent, envelope.body, "payment intent")
    ident, charge = _charge(intent)
    if intent.status != "succeeded":
        document = SourceKey("stripe", "payment_intent", intent.id)
        return Ignored(code="skipped_by_rule", message="the payment did not succeed", document=document)
    if ident is None:
        raise UnmappableEvent("the payment intent succeeded without naming its charge")
    return map_sale(_sale(intent, ident, charge), rules)


@maps("stripe", "payment_intent.payment_failed")
def map_failed_intent(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The same as charge.failed where the charge is inside; by its id alone one that was declined looks no other."""
    intent = read_body(PaymentIntent, envelope.body, "payment intent")
    _, charge = id_or_object(intent.latest_charge)
    if charge.get("failure_balance_transaction") is None:
        document = SourceKey("stripe", "payment_intent", intent.id)
        message = "the attempt failed; where it took a payment back, charge.failed says so"
        return Ignored(code="skipped_by_rule", message=message, document=document)
    return lost_sale(read_body(Charge, charge, "charge of the payment intent"), envelope.occurred_at, rules)


def _sale(intent: PaymentIntent, ident: str, charge: Mapping[str, object]) -> ChargedSale:
    """By the charge where it is inside, with what only the intent knows."""
    if charge:
        by_charge = sale_of(read_body(Charge, charge, "charge of the payment intent"))
        return replace(
            by_charge,
            since=min(by_charge.since, intent.created),
            description=by_charge.description or intent.description,
            metadata=(*by_charge.metadata, intent.metadata),
            intent=intent.id,
            invoice=by_charge.invoice or id_or_object(intent.invoice)[0],
        )
    if intent.amount_received is None:
        raise UnmappableEvent("the payment intent succeeded without saying how much it received")
    return ChargedSale(
        charge_id=ident,
        money=from_stripe(intent.amount_received, intent.currency),
        created=intent.created,
        since=intent.created,
        person=payer(intent.customer, None, intent.shipping, intent.receipt_email),
        description=intent.description,
        metadata=(intent.metadata,),
        balance={},
        intent=intent.id,
        invoice=id_or_object(intent.invoice)[0],
    )


def _charge(intent: PaymentIntent) -> tuple[str | None, Mapping[str, object]]:
    """The charge that took the money: named by id, expanded, or among the embedded attempts the one that paid."""
    ident, expanded = id_or_object(intent.latest_charge)
    if ident is not None:
        return ident, expanded
    rows = intent.charges.get("data")
    attempts = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    paid = [row for row in attempts if row.get("status") == "succeeded"] or attempts
    return id_or_object(paid[0] if paid else None)
