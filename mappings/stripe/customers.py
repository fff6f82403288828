"""A customer of the account, made known before anything is sold to it, and followed until a person changes it."""

from __future__ import annotations

from dataclasses import replace

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.keys import SourceKey
from contracts.posting import Ignored, PostingPlan, Version
from contracts.quickbooks import content_hash
from contracts.stripe import StripeCustomer
from mappings.customers import Person, customer_step
from mappings.registry import maps
from mappings.rules import MappingRules
from mappings.stripe.payer import address


@maps("stripe", "customer.created", "customer.updated")
def map_customer(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The customer in its currency; QBO fixes that at creation, so one that has none yet comes with its first sale."""
    customer = read_body(StripeCustomer, envelope.body, "customer")
    key = SourceKey("stripe", "customer", customer.id)
    if customer.currency is None:
        message = "the customer has no currency yet; its first sale brings it into the books"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    person = Person(
        id=customer.id,
        full_name=customer.name,
        email=customer.email,
        phone=customer.phone,
        billing=address(customer.address),
        shipping=address(customer.shipping.address if customer.shipping else None),
    )
    step = customer_step("stripe", person, customer.currency.upper(), rules)
    sent_at = envelope.occurred_at or customer.created
    version = Version(int(sent_at.timestamp()), 0, content_hash(step.draft) if step.draft else "")
    step = replace(step, version=version)
    return PostingPlan(
        document=key, lane=key, steps=(step,), document_created_at=min(customer.created, sent_at), version=version
    )
