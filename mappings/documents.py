"""What an event is about, and whether it is real; both are told before any arithmetic."""

from __future__ import annotations

import re
from collections.abc import Mapping

from contracts.envelope import Envelope
from contracts.keys import SourceKey
from contracts.shopify import id_of
from contracts.stripe import id_or_object
from mappings.rules import MappingRules, gateway_key

_KIND = re.compile(r"[a-z_.]{1,60}")

_SHOPIFY_KINDS = {
    "orders": "order",
    "order_transactions": "transaction",
    "refunds": "refund",
    "disputes": "dispute",
    "customers": "customer",
    "products": "product",
    "fulfillments": "fulfillment",
    "shopify_payments": "payout",
}


def document_of(envelope: Envelope) -> SourceKey | None:
    """The key of the event's own document, None when the body does not say it plainly."""
    return _shopify_document(envelope) if envelope.system == "shopify" else _stripe_document(envelope)


def _shopify_document(envelope: Envelope) -> SourceKey | None:
    kind = _SHOPIFY_KINDS.get(envelope.event_type.split("/")[0])
    edit = envelope.body.get("order_edit")
    number = id_of({"id": edit.get("order_id")} if isinstance(edit, Mapping) else envelope.body)
    return SourceKey("shopify", kind, str(number)) if kind and number is not None else None


def _stripe_document(envelope: Envelope) -> SourceKey | None:
    kind, ident = envelope.body.get("object"), envelope.body.get("id")
    if not isinstance(kind, str) or not _KIND.fullmatch(kind) or not isinstance(ident, str):
        return None
    legal, _ = id_or_object(ident)
    return SourceKey("stripe", kind.replace(".", "_"), legal) if legal else None


def reason_of_test_event(envelope: Envelope, rules: MappingRules) -> str | None:
    """Why this event must not reach the books as a real one, None when it may.

    Stripe's test mode is what a sandbox company is for; whatever Shopify marks as a test is never booked.
    """
    if envelope.system == "stripe":
        live_only = rules.livemode_required and not envelope.livemode
        return "a test-mode event, and this company books live ones only" if live_only else None
    body = envelope.body
    if envelope.test or body.get("test") in (True, "true"):
        return "the source marks this as a test"
    if _gateways(body.get("gateway"), body.get("payment_gateway_names")) == {"bogus"}:
        return "paid through Shopify's bogus gateway, which is for tests"
    if envelope.event_type.startswith("refunds/") and _has_test_money(body.get("transactions")):
        return "the refund's own transactions are tests"
    return None


def _has_test_money(transactions: object) -> bool:
    """A refund says only in its transactions that it is a test."""
    rows = [row for row in transactions if isinstance(row, Mapping)] if isinstance(transactions, list) else []
    return any(row.get("test") in (True, "true") or _gateways(row.get("gateway"), None) == {"bogus"} for row in rows)


def _gateways(single: object, several: object) -> set[str]:
    names = several if isinstance(several, list) and several else [single]
    return {gateway_key(name) for name in names if isinstance(name, str)}
