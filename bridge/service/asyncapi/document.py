"""Puts the contract together for the topics of one configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.config.settings import KafkaSettings, TokenSettings, TopicSettings
from bridge.kafka.topics import TopicSpec, log_topic, table_topic
from bridge.service.asyncapi.events import event_messages, event_schemas
from bridge.service.asyncapi.outgoing import (
    dead_letter_message,
    ids_message,
    journal_messages,
    outgoing_schemas,
    result_message,
    tokens_message,
)
from bridge.service.asyncapi.parts import JSON, BusMessage

Json = dict[str, Any]
VERSION = "3.0.0"
SECURITY = {"PLAIN": "plain", "SCRAM-SHA-256": "scramSha256", "SCRAM-SHA-512": "scramSha512"}


def bus_contract(
    version: str, topics: TopicSettings, *, kafka: KafkaSettings | None = None, tokens: TokenSettings | None = None
) -> Json:
    """The AsyncAPI document of these topics; with `kafka` it names the brokers, and never a user or a password."""
    channels: dict[str, Json] = {}
    operations: dict[str, Json] = {}
    components: dict[str, Json] = {}

    def add(spec: TopicSpec, what: str, messages: Sequence[BusMessage], *actions: str) -> None:
        components.update((message.name, message.described()) for message in messages)
        channels[spec.name] = _channel(spec, what, messages)
        operations.update((f"{action}-{spec.name}", _operation(action, spec.name, messages)) for action in actions)

    for topic in topics.events:
        add(
            log_topic(topic),
            "Events of shops and processors; any topic may hold any of them",
            event_messages(),
            "receive",
        )
    add(log_topic(topics.results), "What became of each record", [result_message()], "send")
    letters = [dead_letter_message(topics.results)]
    add(log_topic(topics.dead_letters), "What a person must act on", letters, "send")
    own = "the bridge's own, compacted: no program else writes it"
    add(table_topic(topics.journal), f"The journal, {own}", journal_messages(), "send", "receive")
    add(table_topic(topics.ids), f"The record of Ids, {own}", [ids_message()], "send", "receive")
    if tokens is not None and tokens.store == "kafka":
        add(table_topic(tokens.topic), f"The token store, {own}", [tokens_message()], "send", "receive")
    schemas = {**event_schemas(), **outgoing_schemas()}
    return {
        "asyncapi": VERSION,
        "info": _info(version),
        "defaultContentType": JSON,
        **({"servers": _servers(kafka)} if kafka else {}),
        "channels": channels,
        "operations": operations,
        "components": {"messages": components, "schemas": schemas, **_schemes(kafka)},
    }


def _info(version: str) -> Json:
    return {
        "title": "qbo-bridge",
        "version": version,
        "description": "Shopify and Stripe events from Kafka into QuickBooks Online, once, and the results back.",
        "license": {"name": "MIT"},
    }


def _servers(kafka: KafkaSettings) -> Json:
    secure = kafka.security_protocol in {"SSL", "SASL_SSL"}
    scheme = _scheme(kafka)
    server: Json = {"protocol": "kafka-secure" if secure else "kafka"}
    if scheme:
        server["security"] = [{"$ref": f"#/components/securitySchemes/{scheme}"}]
    hosts = [host.strip() for host in kafka.bootstrap_servers.split(",")]
    return {f"kafka-{number}": {"host": host, **server} for number, host in enumerate(hosts, start=1)}


def _scheme(kafka: KafkaSettings) -> str | None:
    if kafka.security_protocol in {"SASL_PLAINTEXT", "SASL_SSL"}:
        return SECURITY[kafka.sasl_mechanism or "PLAIN"]
    return "X509" if kafka.security_protocol == "SSL" and kafka.ssl_certfile else None


def _schemes(kafka: KafkaSettings | None) -> Json:
    scheme = _scheme(kafka) if kafka else None
    return {"securitySchemes": {scheme: {"type": scheme}}} if scheme else {}


def _channel(spec: TopicSpec, what: str, messages: Sequence[BusMessage]) -> Json:
    policy = spec.config.get("cleanup.policy")
    compacted = {"topicConfiguration": {"cleanup.policy": [policy]}} if policy else {}
    return {
        "address": spec.name,
        "description": what,
        "messages": {message.name: {"$ref": f"#/components/messages/{message.name}"} for message in messages},
        "bindings": {"kafka": {"topic": spec.name, **compacted, "bindingVersion": "0.5.0"}},
    }


def _operation(action: str, topic: str, messages: Sequence[BusMessage]) -> Json:
    """`action` is ours: we receive events and send results."""
    channel = f"#/channels/{topic}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{message.name}"} for message in messages],
    }
