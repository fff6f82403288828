"""Customers and products, made known before anything is sold; a variant is the item that its orders' lines use."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from contracts.bodies import read_body
from contracts.envelope import Envelope
from contracts.errors import UndecodableRecord
from contracts.keys import SourceKey
from contracts.posting import Ignored, PostingPlan, PostingStep, Version
from contracts.quickbooks import content_hash
from contracts.shopify_catalog import CustomerBody, Product, Variant
from mappings.customers import customer_step
from mappings.documents import document_of
from mappings.items import ProductKind, product_item
from mappings.registry import maps
from mappings.rules import MappingRules, gateway_key
from mappings.shopify.buyer import person_of

GIFT_CARD_TYPES = frozenset({"gift_card", "gift_cards", "giftcard", "giftcards"})
ONLY_VARIANT = "Default Title"


@maps("shopify", "customers/create", "customers/update")
def map_customer(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """The customer, found by who it is, else created, and followed until a person changes it in QuickBooks."""
    customer, key = read_body(CustomerBody, envelope.body, "customer"), document_of(envelope)
    if key is None:
        raise UndecodableRecord("the customer has no id")
    if customer.currency is None:
        message = "the customer has no currency; its first order brings it into the books"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    since = _since(customer.created_at, customer.updated_at, envelope)
    step = customer_step("shopify", person_of(customer), customer.currency, rules)
    updated = customer.updated_at or since
    version = Version(int(updated.timestamp()), 0, content_hash(step.draft) if step.draft else "")
    step = replace(step, version=version)
    return PostingPlan(document=key, lane=key, steps=(step,), document_created_at=since, version=version)


@maps("shopify", "products/create", "products/update")
def map_product(envelope: Envelope, rules: MappingRules) -> PostingPlan | Ignored:
    """One item for each variant by its SKU, one for the product where it has none."""
    product, key = read_body(Product, envelope.body, "product"), document_of(envelope)
    if key is None:
        raise UndecodableRecord("the product has no id")
    if gateway_key(product.product_type) in GIFT_CARD_TYPES:
        message = "gift cards are sold on an item of their own"
        return Ignored(code="skipped_by_rule", message=message, document=key)
    found: dict[SourceKey, PostingStep] = {}
    for variant in product.variants or (Variant(),):
        step = _item(product, int(key.id), variant, rules)
        found.setdefault(step.key, step)
    since = _since(product.created_at, product.updated_at, envelope)
    return PostingPlan(document=key, lane=key, steps=tuple(found.values()), document_created_at=since)


def _item(product: Product, ident: int, variant: Variant, rules: MappingRules) -> PostingStep:
    named = variant.title if variant.title != ONLY_VARIANT else None
    return product_item(
        rules,
        title=product.title,
        variant=" - ".join(part for part in (product.title, named) if part) or None,
        sku=variant.sku,
        product_id=ident,
        unit_price=variant.price,
        taxable=variant.taxable,
        kind=ProductKind(product.product_type, product.vendor),
    )


def _since(created: datetime | None, updated: datetime | None, envelope: Envelope) -> datetime:
    known = [time for time in (created, updated, envelope.occurred_at) if time is not None]
    if not known:
        raise UndecodableRecord("the body has neither created_at nor updated_at")
    return min(known)
