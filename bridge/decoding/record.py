"""Bytes and headers become one typed Envelope, whatever the producer put around the body.

The forms are Shopify bodies with headers, Stripe events, CloudEvents, what producers wrap around them, and bare
Shopify bodies. What cannot be read is UndecodableRecord with one sentence that says why and holds nothing of the
content; a null value (tombstone) is None. Pure: no clock, no I/O.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bridge.decoding.bounds import bounded
from bridge.decoding.headers import HeaderMap, from_record, routing_text, shopify_header
from bridge.decoding.shapes import bare_payout, infer_topic
from bridge.decoding.texts import parse_bytes, parse_to_show
from bridge.decoding.wrappers import unwrap
from contracts.bodies import read_time, read_unix_time
from contracts.envelope import Envelope
from contracts.errors import UndecodableRecord
from contracts.records import InboundRecord
from contracts.sizes import EVENT_BYTES_MAX
from mappings.registry import read_by_source, systems

Object = Mapping[str, object]


def decode_record(record: InboundRecord, *, value_bytes_max: int = EVENT_BYTES_MAX) -> Envelope | None:
    """The event in `record`, None for a tombstone; UndecodableRecord when it holds none."""
    if record.value is None:
        return None
    if len(record.value) > value_bytes_max:
        raise UndecodableRecord(f"the value has {len(record.value)} bytes, more than {value_bytes_max} are not read")
    body, headers = unwrap(parse_bytes(record.value), from_record(record.headers))
    return bounded(_envelope(body, headers))


def decode_to_show(record: InboundRecord) -> Envelope | None:
    """The event for showing and finding it only, quickly: its texts are as long as the source has them."""
    if record.value is None:
        return None
    return _envelope(*unwrap(parse_to_show(record.value), from_record(record.headers)))


def _envelope(body: Object, headers: HeaderMap) -> Envelope:
    """The event of an innermost body and all headers that were found around it."""
    if body.get("object") == "event":
        return _stripe_event(body, headers)
    if body.get("object") == "v2.core.event":
        return _thin_event(body)
    cloud_type = headers.get("ce-type", "")
    if cloud_type.startswith("com.stripe."):
        return _stripe_object(body, headers, cloud_type.removeprefix("com.stripe."))
    other = read_by_source(headers, body) or _registered_source(body, headers, cloud_type)
    return other or _shopify_body(body, headers, cloud_type)


def _registered_source(body: Object, headers: HeaderMap, cloud_type: str) -> Envelope | None:
    """A CloudEvent of any other source that has mappings: `com.woocommerce.order.created`."""
    prefix, _, rest = cloud_type.partition(".")
    system, _, event_type = rest.partition(".")
    if prefix != "com" or not event_type or system not in systems() - {"shopify", "stripe"}:
        return None
    shop = _source_shop(headers)
    return Envelope(
        system=system,
        event_type=event_type,
        event_id=headers.get("ce-id"),
        account=shop.lower() if shop else None,
        occurred_at=_iso_time(headers.get("ce-time")),
        body=body,
    )


def _stripe_event(event: Object, headers: HeaderMap) -> Envelope:
    """A snapshot event: `data.object` is the document, `account` the connected account that it belongs to."""
    data, event_type, livemode = event.get("data"), event.get("type"), event.get("livemode")
    document = data.get("object") if isinstance(data, Mapping) else None
    if not isinstance(data, Mapping) or not isinstance(document, Mapping) or not isinstance(event_type, str):
        raise UndecodableRecord("the Stripe event lacks its type or its data.object")
    if not isinstance(livemode, bool):
        raise UndecodableRecord("the Stripe event does not say whether it is live")
    previous = data.get("previous_attributes")
    return Envelope(
        system="stripe",
        event_type=event_type,
        event_id=_text(event.get("id")),
        account=routing_text(event.get("account"), "account") or _source_account(headers),
        occurred_at=_unix_time(event.get("created")),
        body=document,
        previous=previous if isinstance(previous, Mapping) else None,
        api_version=_text(event.get("api_version")),
        livemode=livemode,
        test=not livemode,
    )


def _thin_event(event: Object) -> Envelope:
    """A v2 notification names its object only; it is readable, and its type is one that no mapping knows."""
    event_type, livemode = event.get("type"), event.get("livemode")
    if not isinstance(event_type, str):
        raise UndecodableRecord("the Stripe event notification lacks its type")
    related = event.get("related_object")
    return Envelope(
        system="stripe",
        event_type=event_type,
        event_id=_text(event.get("id")),
        account=routing_text(event.get("context"), "account"),
        occurred_at=_iso_time(_text(event.get("created"))),
        body=related if isinstance(related, Mapping) else {},
        livemode=livemode is not False,
        test=livemode is False,
    )


def _stripe_object(body: Object, headers: HeaderMap, event_type: str) -> Envelope:
    """A CloudEvent whose data is Stripe's object, or the event's data member, instead of the whole event."""
    inner = body.get("object")
    document, previous = (inner, body.get("previous_attributes")) if isinstance(inner, Mapping) else (body, None)
    livemode = document.get("livemode")
    if not isinstance(document.get("object"), str) or not isinstance(livemode, bool):
        raise UndecodableRecord("the CloudEvent's data is neither a Stripe event nor a Stripe object")
    return Envelope(
        system="stripe",
        event_type=event_type,
        event_id=headers.get("ce-id"),
        account=_source_account(headers),
        occurred_at=_iso_time(headers.get("ce-time")),
        body=document,
        previous=previous if isinstance(previous, Mapping) else None,
        livemode=livemode,
        test=not livemode,
    )


def _shopify_body(body: Object, headers: HeaderMap, cloud_type: str) -> Envelope:
    """A REST resource; without a topic in the headers it is told by its shape."""
    body = bare_payout(body)
    shape = infer_topic(body)
    if {"action", "handle"} <= body.keys() or (shape is None and shopify_header(headers, "action")):
        raise UndecodableRecord("this is a Shopify event notification, which does not carry the resource")
    topic = _topic(shopify_header(headers, "topic"), cloud_type)
    if topic is None and (shape is None or isinstance(body.get("object"), str)):
        raise UndecodableRecord("the value is neither a Stripe event nor a known Shopify body")
    triggered_at = shopify_header(headers, "triggered-at") or headers.get("ce-time")
    shop = shopify_header(headers, "shop-domain") or _source_shop(headers)
    return Envelope(
        system="shopify",
        event_type=topic or str(shape),
        event_id=shopify_header(headers, "webhook-id") or shopify_header(headers, "event-id") or headers.get("ce-id"),
        account=shop.lower() if shop else None,
        occurred_at=_iso_time(triggered_at),
        body=body,
        api_version=shopify_header(headers, "api-version"),
        test=(shopify_header(headers, "test") or "").lower() == "true",
        inferred=topic is None,
    )


def _topic(header: str | None, cloud_type: str) -> str | None:
    """`orders/paid` from the webhook's spelling, GraphQL's `ORDERS_PAID` or CloudEvents' `com.shopify.orders.paid`."""
    if header:
        return header.lower() if "/" in header else _split_topic(header.lower())
    if cloud_type.startswith("com.shopify."):
        return cloud_type.removeprefix("com.shopify.").lower().replace(".", "/")
    return None


def _split_topic(name: str) -> str:
    """GraphQL writes one underscore for the slash as well; the verb is the last word, or the last two for some."""
    for verb in ("partially_fulfilled", "link_requested", "risk_assessment_changed"):
        if name.endswith(f"_{verb}"):
            return f"{name.removesuffix(f'_{verb}')}/{verb}"
    kind, _, verb = name.replace(".", "_").rpartition("_")
    return f"{kind}/{verb}" if kind else name


def _source_shop(headers: HeaderMap) -> str | None:
    """The shop domain in a CloudEvent's `source`, which may be a domain, a URL or a path."""
    parts = _source_parts(headers)
    return next((part for part in parts if "." in part), parts[0] if parts else None)


def _source_account(headers: HeaderMap) -> str | None:
    parts = _source_parts(headers)
    return next((part for part in parts if part.startswith("acct_")), parts[0] if parts else None)


def _source_parts(headers: HeaderMap) -> list[str]:
    """`default` stands for "no account"."""
    source = headers.get("ce-source", "").split("://")[-1]
    return [part for part in source.split("/") if part and part != "default"]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _unix_time(value: object) -> datetime | None:
    try:
        return read_unix_time(value)
    except ValueError:
        return None


def _iso_time(value: str | None) -> datetime | None:
    """The source's own time; one that cannot be read only loses the hint."""
    try:
        return None if value is None else read_time(value)
    except ValueError:
        return None
