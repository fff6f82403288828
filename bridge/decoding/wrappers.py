"""What producers leave around a body: CloudEvents, EventBridge, Pub/Sub, Connect, outbox strings, in-house wrappers.

`unwrap` peels one layer at a time until nothing it knows is left. Headers that a layer carries join those from outside
and win over them, because they are closer to the source.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bridge.decoding.headers import HeaderMap, from_mapping
from bridge.decoding.texts import parse_base64, parse_nested
from contracts.errors import UndecodableRecord

LAYERS_MAX = 8
"""Nobody nests deeper in good faith: Connect around an outbox string around an EventBridge event makes four."""

STRIPE_EVENTS = ("event", "v2.core.event")

Peeled = tuple[object, HeaderMap]
Object = Mapping[str, object]


def unwrap(value: object, headers: HeaderMap) -> tuple[Object, HeaderMap]:
    """The innermost object of `value` with all headers found on the way."""
    for _ in range(LAYERS_MAX):
        if isinstance(value, str):
            value = parse_nested(value)
            continue
        if not isinstance(value, Mapping):
            raise UndecodableRecord("the value is JSON, but no object")
        peeled = None if value.get("object") in STRIPE_EVENTS else _peel(value)
        if peeled is None:
            return value, headers
        value, inner = peeled
        headers = {**headers, **inner}
    raise UndecodableRecord("the value is wrapped too many times")


def _peel(value: Object) -> Peeled | None:
    for layer in _LAYERS:
        peeled = layer(value)
        if peeled is not None:
            return peeled
    return None


def _cloud_event(value: Object) -> Peeled | None:
    """CloudEvents 1.0 in structured mode; its attributes become the headers of binary mode."""
    if not {"specversion", "type", "source"} <= value.keys():
        return None
    attributes: dict[str, object] = {
        f"ce_{name}": text for name, text in value.items() if isinstance(text, str) and name != "data"
    }
    attributes["ce_source"] = value["source"]
    encoded = value.get("data_base64")
    data = parse_base64(encoded) if isinstance(encoded, str) else value.get("data")
    if data is None:
        raise UndecodableRecord("the CloudEvent carries no data")
    return data, from_mapping(attributes)


def _event_bridge(value: Object) -> Peeled | None:
    """Amazon EventBridge: Shopify's body under detail.payload, Stripe's event as the detail itself."""
    detail = value.get("detail")
    if "detail-type" not in value or not isinstance(detail, Mapping):
        return None
    if "payload" in detail:
        return detail["payload"], from_mapping(detail.get("metadata"))
    return detail, {}


def _pub_sub(value: Object) -> Peeled | None:
    """Google Pub/Sub: base64 of the body when pushed, the body itself from some connectors."""
    message = value.get("message")
    if not isinstance(message, Mapping) or "data" not in message:
        return None
    return message["data"], from_mapping(message.get("attributes"))


def _connect(value: Object) -> Peeled | None:
    """Kafka Connect's JsonConverter with schemas."""
    return (value["payload"], {}) if value.keys() == {"schema", "payload"} else None


def _with_headers(value: Object) -> Peeled | None:
    """`{headers, body}` and `{topic, shop, headers, body}` with `payload` or `data` as other names of the body."""
    body = next((value[name] for name in ("body", "payload", "data") if value.get(name) is not None), None)
    if body is None:
        return None
    shop = next((value[name] for name in ("shop", "shop_domain", "shopDomain") if name in value), None)
    named = from_mapping({"shopify-topic": value.get("topic"), "shopify-shop-domain": shop})
    if not (named or isinstance(value.get("headers"), Mapping)):
        return None
    return body, {**named, **from_mapping(value.get("headers"))}


_LAYERS: tuple[Callable[[Object], Peeled | None], ...] = (
    _cloud_event,
    _event_bridge,
    _pub_sub,
    _connect,
    _with_headers,
)
