"""WooCommerce as a third source, written with nothing but `contracts` and `mappings`: what an extension looks like.

`order.created` of its REST API (v3): prices are without tax, `total` and `total_tax` are the order's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from contracts.bodies import Amount, Body, Count, Ident, Text, read_body
from contracts.envelope import Envelope
from contracts.errors import UnbalancedDocument
from contracts.keys import SourceKey
from contracts.posting import ONCE, Ignored, Intent, PostingPlan, PostingStep
from contracts.quickbooks import InvoiceDraft, ItemDraft, PaymentDraft
from mappings.accounts import account, deposit_account
from mappings.customers import Person, customer_step
from mappings.lines import line
from mappings.registry import maps, reads
from mappings.rules import MappingRules


class WooLine(Body):
    """One sold line."""

    name: Text
    sku: Text
    quantity: Count
    total: Amount


class WooBilling(Body):
    """Who bought."""

    first_name: Text | None = None
    last_name: Text | None = None
    email: Text | None = None


class WooOrder(Body):
    """An order."""

    id: Ident
    number: Text
    currency: Text
    status: Text
    date_created_gmt: Text
    total: Amount
    total_tax: Amount
    payment_method: Text | None = None
    transaction_id: Text | None = None
    billing: WooBilling
    line_items: tuple[WooLine, ...]


def register() -> None:
    """What importing the package of a real source does."""
    reads(read_woocommerce)
    maps("woocommerce", "order.created")(map_order_created)


def read_woocommerce(headers: Mapping[str, str], body: Mapping[str, object]) -> Envelope | None:
    """A delivery of WooCommerce's own webhooks, told by its headers."""
    topic = headers.get("x-wc-webhook-topic")
    if topic is None:
        return None
    shop = headers.get("x-wc-webhook-source", "").split("://")[-1].strip("/")
    return Envelope(
        system="woocommerce",
        event_type=topic,
        event_id=headers.get("x-wc-webhook-delivery-id"),
        account=shop or None,
        occurred_at=None,
        body=body,
    )


def map_order_created(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """An invoice, and its payment when the order was paid at once."""
    order = read_body(WooOrder, envelope.body, "order")
    key = SourceKey("woocommerce", "order", str(order.id))
    if order.total == 0:
        return Ignored(code="skipped_by_rule", message="an order of nothing", document=key)
    created = datetime.fromisoformat(order.date_created_gmt).replace(tzinfo=UTC)
    billing = order.billing
    person = Person(given_name=billing.first_name, family_name=billing.last_name, email=billing.email)
    customer = customer_step("woocommerce", person, order.currency, rules)
    items = [_item(sold, rules) for sold in order.line_items]
    lines = tuple(
        line(step.key, sold.total, description=sold.name, quantity=Decimal(sold.quantity), taxable=order.total_tax > 0)
        for step, sold in zip(items, order.line_items, strict=True)
    )
    parts = sum((each.amount for each in lines), order.total_tax)
    if parts != order.total:
        raise UnbalancedDocument(f"the lines and tax add up to {parts}, the total is {order.total}")
    invoice = InvoiceDraft(
        customer=customer.key,
        doc_number=order.number,
        txn_date=created.date(),
        currency=order.currency,
        lines=lines,
        total=order.total,
        tax=order.total_tax,
    )
    steps = [*items, customer, PostingStep(key=key, entity="Invoice", intent=Intent.STATE, draft=invoice, version=ONCE)]
    if order.transaction_id:
        payment = PaymentDraft(
            invoice=key,
            amount=order.total,
            currency=order.currency,
            txn_date=created.date(),
            deposit_to=deposit_account(rules, order.payment_method),
        )
        steps.append(PostingStep(key=key, entity="Payment", intent=Intent.FACT, draft=payment))
    return PostingPlan(document=key, lane=key, steps=tuple(steps), document_created_at=created, version=ONCE)


def _item(sold: WooLine, rules: MappingRules) -> PostingStep:
    draft = ItemDraft(name=sold.name, sku=sold.sku, income=account(rules, "sales"), distinct=sold.sku)
    return PostingStep(
        key=SourceKey("woocommerce", "sku", sold.sku), entity="Item", intent=Intent.ENSURE, draft=draft, name="item"
    )
