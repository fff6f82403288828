"""An exported body as the record that a webhook receiver would have put on the topic. Pure.

Its delivery id is made of shop, topic and bytes, so that the same body is the same delivery whenever it is produced. An
order is told as `orders/updated`: an export says what the order is, and never that it was created or paid just now.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.decoding.headers import from_record, shopify_header
from bridge.decoding.record import decode_record
from bridge.decoding.shapes import bare_payout, infer_topic
from bridge.decoding.texts import parse_bytes
from contracts.envelope import Envelope
from contracts.errors import RecordError, UndecodableRecord
from contracts.records import Headers, InboundRecord, OutboundRecord
from contracts.shopify import id_of

DELIVERIES = uuid.UUID("5d0a6a6e-7f0e-5f0c-9a57-3b1d1b6b2c11")
"""The namespace of derived delivery ids (RFC 9562, version 5); another one would produce everything once more."""

GRAPHQL = (
    "it is a line of a GraphQL bulk export, which does not hold all that an order books (the lines of its refunds are "
    "not in it); expected bodies of the Admin REST API, one a line"
)


@dataclass(frozen=True, slots=True)
class ProducedRecord:
    """A record to produce, the id by which it is known on the topic, and the event that the bridge will read in it."""

    record: OutboundRecord
    ident: str
    event: Envelope


def shopify_delivery(value: bytes, topic: str, shop: str) -> ProducedRecord:
    """The webhook of a body of the Admin REST API. UndecodableRecord says why there is none."""
    body = _object(value)
    if "__parentId" in body or str(body.get("id", "")).startswith("gid://"):
        raise UndecodableRecord(GRAPHQL)
    body = bare_payout(body)
    shape, number = infer_topic(body), id_of(body)
    if shape is None or number is None:
        raise UndecodableRecord("it is no body of Shopify's Admin REST API that is known by its shape and has an id")
    name = "orders/updated" if shape.startswith("orders/") else shape
    named_by = f"{shop}\n{name}\n{hashlib.sha256(value).hexdigest()}"
    ident = str(uuid.uuid5(DELIVERIES, named_by))
    headers = {
        "content-type": "application/json",
        "X-Shopify-Topic": name,
        "X-Shopify-Shop-Domain": shop,
        "X-Shopify-Webhook-Id": ident,
    }
    changed_at = next((body[each] for each in ("updated_at", "processed_at", "created_at") if body.get(each)), None)
    if isinstance(changed_at, str):
        headers["X-Shopify-Triggered-At"] = changed_at
    return _delivery(value, topic, str(number), ident, headers)


def stripe_delivery(value: bytes, topic: str) -> ProducedRecord:
    """The webhook of a Stripe event, which says everything itself. UndecodableRecord for anything else."""
    body = _object(value)
    ident, kind = body.get("id"), body.get("object")
    if kind != "event" or not isinstance(ident, str) or not ident:
        raise UndecodableRecord(f"it is no Stripe event but {kind if isinstance(kind, str) else 'something else'}")
    return _delivery(value, topic, ident, ident, {"content-type": "application/json"})


def delivery_id(record: InboundRecord, source: str) -> str | None:
    """By which delivery or event id a record of the topic is known; None for another source's, or an unreadable one."""
    try:
        headers = from_record(record.headers)
        if shopify_header(headers, "topic"):
            return shopify_header(headers, "webhook-id") if source == "shopify" else None
        event = decode_record(record)
    except RecordError:
        return None
    return event.event_id if event is not None and event.system == source else None


def _object(value: bytes) -> Mapping[str, object]:
    body = parse_bytes(value)
    if not isinstance(body, Mapping):
        raise UndecodableRecord("it is JSON, and no object")
    return body


def _delivery(value: bytes, topic: str, key: str, ident: str, headers: Mapping[str, str]) -> ProducedRecord:
    """Read as the bridge will read it, so that what it cannot read is found before it is on the topic."""
    raw: Headers = tuple((name, text.encode()) for name, text in headers.items())
    read_back = InboundRecord(
        topic=topic, partition=0, offset=0, key=key.encode(), value=value, headers=raw, timestamp_ms=-1
    )
    event = decode_record(read_back)
    if event is None:  # pragma: no cover - a value that is there is no tombstone
        raise UndecodableRecord("it is empty")
    return ProducedRecord(OutboundRecord(topic=topic, key=key.encode(), value=value, headers=raw), ident, event)
