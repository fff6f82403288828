"""What comes in: every form of event that is read, on every event topic, whatever its key is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from bridge.service.asyncapi import examples
from bridge.service.asyncapi.parts import TEXT, BusMessage, Example, Schema, hoisted, objects, ref
from contracts.dead_letters import REDRIVEN_FROM
from contracts.schemas.read_models import SHOPIFY, STRIPE, read_schemas
from contracts.schemas.settlement import SETTLEMENT
from contracts.schemas.shopify_payout import SHOPIFY_PAYOUT
from mappings.registry import mapped_types

KEY = {"type": ["string", "null"], "description": "the producer's choice; nothing depends on it"}
FAMILIES = ("X-Shopify-", "Shopify-")
PAYOUTS = "shopify_payments/payouts"
OTHERWISE = ("orders/delete", "orders/edited")
"""Topics of orders whose body is no order."""


def event_schemas() -> dict[str, Schema]:
    """The schemas of bodies, by their names among the components."""
    made = {
        **{f"Shopify{name}": schema for name, schema in read_schemas(SHOPIFY, ref("Shopify{model}")["$ref"]).items()},
        **{
            f"Stripe{name}": schema
            for name, schema in read_schemas([*STRIPE.values()], ref("Stripe{model}")["$ref"]).items()
        },
        **hoisted("ShopifyPayout", SHOPIFY_PAYOUT),
        **hoisted("Settlement", SETTLEMENT),
        "StripeEvent": _stripe_event(),
    }
    return dict(sorted(made.items()))


def event_messages() -> list[BusMessage]:
    """Every form of event."""
    return [
        _webhook("ShopifyOrder", "orders/", "A Shopify order, whole", examples.ORDER, "orders/paid", "43"),
        _webhook("ShopifyRefund", "refunds/", "A Shopify refund", examples.REFUND, "refunds/create", "44"),
        _webhook(
            "ShopifyTransaction",
            "order_transactions/",
            "Money of a Shopify order",
            examples.TRANSACTION,
            "order_transactions/create",
            "45",
        ),
        _webhook(
            "ShopifyPayout",
            PAYOUTS,
            "A payout of Shopify Payments, which Shopify tells by no webhook",
            SHOPIFY_PAYOUT["examples"][0],  # type: ignore[index]
            PAYOUTS,
            "46",
        ),
        _other_webhooks(),
        _bare(),
        _stripe(),
        _binary_cloud_event(),
        _structured_cloud_event(),
        _settlement(),
        _wrapped(),
    ]


def _types(system: str, *beginnings: str) -> list[str]:
    return [kind for name, kind in mapped_types() if name == system and kind.startswith(beginnings or ("",))]


def _webhook_headers(topics: Iterable[str]) -> Schema:
    known = sorted(topics)
    of_family = {
        "Topic": {**TEXT, "description": "what happened to what", "examples": known},
        "Shop-Domain": {
            **TEXT,
            "description": "whose books; without it the company that lists default, or the only one",
        },
        "Webhook-Id": {**TEXT, "description": "id of the delivery"},
        "Event-Id": TEXT,
        "Triggered-At": {**TEXT, "description": "ISO 8601"},
        "API-Version": TEXT,
        "Test": {**TEXT, "description": '"true" for a test, which is ignored'},
    }
    properties = {family + name: schema for family in FAMILIES for name, schema in of_family.items()}
    either = [{"required": [f"{family}Topic"]} for family in FAMILIES]
    return objects(
        {**properties, REDRIVEN_FROM: {**TEXT, "description": "put there by a redrive; producers leave it out"}},
        anyOf=either,
        description="Names in any case, - and _ alike; a header that is not UTF-8 counts as absent.",
    )


def _webhook(schema: str, beginning: str, summary: str, body: dict[str, Any], topic: str, number: str) -> BusMessage:
    return BusMessage(
        name=schema[0].lower() + schema[1:],
        summary=f"{summary}, exactly as Shopify sent it",
        payload=ref(schema),
        headers=_webhook_headers(kind for kind in _types("shopify", beginning) if kind not in OTHERWISE),
        key=KEY,
        examples=[Example(name=topic.replace("/", "-"), headers=examples.webhook(topic, number), payload=body)],
    )


def _other_webhooks() -> BusMessage:
    described = ("orders/", "refunds/", "order_transactions/", PAYOUTS)
    others = [kind for kind in _types("shopify") if kind in OTHERWISE or not kind.startswith(described)]
    return BusMessage(
        name="shopifyOther",
        summary="Any other webhook of Shopify, exactly as it was sent",
        description=f"Booked or remembered: {', '.join(others)}. Every other topic is ignored.",
        payload={"type": "object"},
        headers=_webhook_headers(others),
        key=KEY,
        examples=[
            Example(name="products-create", headers=examples.webhook("products/create", "47"), payload=examples.PRODUCT)
        ],
    )


def _bare() -> BusMessage:
    return BusMessage(
        name="shopifyBare",
        summary="A body of Shopify without headers",
        description="Told by its shape, its topic by the document's state; for the company that lists default in "
        "shop_domains, or the only one. Weaker than headers: deliveries and tests cannot be recognised.",
        payload={"type": "object"},
        key=KEY,
        examples=[Example(name="order", payload=examples.ORDER)],
    )


def _stripe_event() -> Schema:
    kinds = [
        {"if": objects({"object": {"const": name}}, ["object"]), "then": ref(f"Stripe{model.__name__}")}
        for name, model in STRIPE.items()
    ]
    return objects(
        {
            "id": TEXT,
            "object": {"const": "event"},
            "type": {**TEXT, "examples": _types("stripe")},
            "account": {"type": ["string", "null"], "description": "connected account; none: default"},
            "created": {"type": ["integer", "string"], "description": "seconds since the epoch"},
            "livemode": {"type": "boolean", "description": "false is booked only where the environment is sandbox"},
            "data": objects(
                {"object": {"type": "object", "allOf": kinds}, "previous_attributes": {"type": ["object", "null"]}},
                ["object"],
            ),
        },
        ["object", "type", "livemode", "data"],
    )


def _stripe() -> BusMessage:
    return BusMessage(
        name="stripeEvent",
        summary="A snapshot event of Stripe, exactly as it was sent",
        description=f"Booked or remembered: {', '.join(_types('stripe'))}. Every other type is ignored, and so is a "
        "thin event: it does not hold its object.",
        payload=ref("StripeEvent"),
        key=KEY,
        examples=[Example(name="charge-succeeded", payload=examples.STRIPE_EVENT)],
    )


def _attributes(prefix: str = "") -> dict[str, Schema]:
    return {
        f"{prefix}specversion": {"const": "1.0"},
        f"{prefix}id": TEXT,
        f"{prefix}type": {**TEXT, "description": "com.shopify.<topic with dots> or com.stripe.<type>"},
        f"{prefix}source": {**TEXT, "description": "shop domain or account; default: none"},
        f"{prefix}time": {**TEXT, "description": "ISO 8601"},
    }


def _binary_headers(kind: Schema) -> Schema:
    properties = {**_attributes("ce_"), "ce_type": kind}
    return objects(properties, ["ce_type"])


def _binary_cloud_event() -> BusMessage:
    attributes = examples.cloud_event("com.shopify.orders.paid")
    return BusMessage(
        name="cloudEventBinary",
        summary="CloudEvents 1.0 in binary mode: attributes as headers, the source's body as the value",
        payload={"type": "object"},
        headers=_binary_headers({**TEXT, "pattern": r"^com\.(shopify|stripe)\."}),
        key=KEY,
        examples=[
            Example(
                name="order",
                headers={f"ce_{name}": value for name, value in attributes.items()},
                payload=examples.ORDER,
            )
        ],
    )


def _structured_cloud_event() -> BusMessage:
    return BusMessage(
        name="cloudEventStructured",
        summary="CloudEvents 1.0 in structured mode",
        content_type="application/cloudevents+json",
        payload=objects(
            {**_attributes(), "data": {"type": ["object", "string"]}, "data_base64": TEXT},
            ["specversion", "type", "source"],
        ),
        headers=objects({"content-type": TEXT}),
        key=KEY,
        examples=[
            Example(
                name="order",
                headers={"content-type": "application/cloudevents+json"},
                payload={**examples.cloud_event("com.shopify.orders.paid"), "data": examples.ORDER},
            )
        ],
    )


def _settlement() -> BusMessage:
    kind = "com.qbo-bridge.settlement"
    return BusMessage(
        name="settlement",
        summary="What a gateway without events of its own has paid out, as a CloudEvent of your producer",
        payload=ref("Settlement"),
        headers=_binary_headers({"const": kind}),
        key=KEY,
        examples=[
            Example(
                name="paypal",
                headers={f"ce_{name}": value for name, value in examples.cloud_event(kind).items()},
                payload=SETTLEMENT["examples"][0],  # type: ignore[index]
            )
        ],
    )


def _wrapped() -> BusMessage:
    """The layers that `bridge.decoding.wrappers` takes off."""
    headers = examples.webhook("orders/paid", "48")
    body = orjson.dumps(examples.ORDER).decode()
    bridge = objects({"detail-type": TEXT, "detail": {"type": "object"}}, ["detail-type", "detail"])
    pub_sub = objects({"message": objects({"data": {}, "attributes": {"type": "object"}}, ["data"])}, ["message"])
    connect = objects({"schema": {}, "payload": {}}, ["schema", "payload"])
    in_house = objects({"headers": {"type": "object"}, "body": {}, "payload": {}, "data": {}})
    return BusMessage(
        name="wrapped",
        summary="Any of these inside what producers leave around it, up to eight layers",
        description="Amazon EventBridge, Google Pub/Sub, Kafka Connect, {headers, body}, or a JSON string of JSON.",
        payload={"anyOf": [bridge, pub_sub, connect, in_house, TEXT]},
        key=KEY,
        examples=[
            Example(
                name="event-bridge",
                payload={
                    "detail-type": "shopifyWebhook",
                    "detail": {"payload": examples.ORDER, "metadata": headers},
                },
            ),
            Example(name="pub-sub", payload={"message": {"data": body, "attributes": headers}}),
            Example(name="headers-and-body", payload={"headers": headers, "body": examples.ORDER}),
            Example(name="connect", payload={"schema": None, "payload": body}),
        ],
    )
