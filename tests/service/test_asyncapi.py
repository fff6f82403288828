"""The contract of the bus: valid by AsyncAPI's own schema, whole, and true of what is really read and written."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from pydantic import SecretStr
from referencing import Registry
from referencing.jsonschema import DRAFT7

from bridge.config.settings import HttpSettings, KafkaSettings, Settings, TokenSettings, TopicSettings, load_settings
from bridge.decoding.decision import EventMapper
from bridge.decoding.routing import Route, Router
from bridge.journal.entries import KINDS
from bridge.service.app import topics_to_create
from bridge.service.asyncapi import bus_contract
from bridge.service.http import serve
from bridge.service.serving import contract_page
from bridge.telemetry.status import StatusBoard
from contracts.dead_letters import OWN_HEADERS
from contracts.posting import PostingPlan
from contracts.records import InboundRecord
from contracts.results import ResultStatus, result_record
from mappings.registry import mapped_types
from tests.support.clocks import ManualClock
from tests.support.results import result_of
from tests.support.rules import rules

OFFICIAL = Path(__file__).parent / "asyncapi_3" / "schema.json"
GOLDEN = Path(__file__).parents[1] / "mappings" / "golden"
COMPANY = """
[[companies]]
name = "acme-us"
realm_id = "91"
environment = "sandbox"
client_id = "app"
"""
Json = dict[str, Any]


@cache
def official() -> jsonschema.Draft7Validator:
    """AsyncAPI's own schema."""
    return jsonschema.Draft7Validator(json.loads(OFFICIAL.read_text()))


@cache
def contract() -> Json:
    """The contract of the default topics, tokens on Kafka too, as a reader of JSON has it."""
    made = bus_contract("0.1.0", TopicSettings(), kafka=KafkaSettings(), tokens=TokenSettings(store="kafka"))
    read: Json = json.loads(json.dumps(made))
    return read


def fits(value: object, message: str, part: str) -> None:
    """`value` is what the contract says of the payload, or of the headers, of `message`."""
    registry: Registry[Any] = Registry().with_resource("urn:bus", DRAFT7.create_resource(contract()))
    schema = {"$ref": f"urn:bus#/components/messages/{message}/{part}"}
    jsonschema.Draft7Validator(schema, registry=registry).validate(value)


def examples() -> list[tuple[str, Json]]:
    return [
        (name, example)
        for name, message in contract()["components"]["messages"].items()
        for example in message.get("examples", [])
    ]


def events() -> list[tuple[str, Json]]:
    """The examples of what comes in."""
    incoming = contract()["channels"]["shopify.events"]["messages"]
    return [(name, example) for name, example in examples() if name in incoming]


def message_of(topic: str) -> str:
    """The message that names this topic of Shopify."""
    messages = contract()["components"]["messages"]
    topics = {
        name: each["headers"]["properties"].get("X-Shopify-Topic", {})
        for name, each in messages.items()
        if each["headers"].get("properties")
    }
    found: list[str] = [name for name, header in topics.items() if topic in header.get("examples", [])]
    assert len(found) == 1
    return found[0]


def as_record(example: Json) -> InboundRecord:
    headers = tuple((name, text.encode()) for name, text in example.get("headers", {}).items())
    return InboundRecord(
        topic="shopify.events",
        partition=0,
        offset=0,
        key=None,
        value=json.dumps(example["payload"]).encode(),
        headers=headers,
        timestamp_ms=1_795_000_000_000,
    )


@pytest.mark.parametrize(
    "kafka",
    [
        None,
        KafkaSettings(),
        KafkaSettings(
            security_protocol="SASL_SSL",
            sasl_mechanism="SCRAM-SHA-512",
            sasl_plain_username="bridge-user",
            sasl_plain_password=SecretStr("letmein"),
        ),
    ],
    ids=["no brokers", "plain", "signed in"],
)
def test_the_contract_is_valid_asyncapi(kafka: KafkaSettings | None) -> None:
    """By the schema that AsyncAPI publishes; who signs in is nobody's business."""
    made = bus_contract("0.1.0", TopicSettings(), kafka=kafka, tokens=TokenSettings(store="kafka"))
    official().validate(made)
    assert "letmein" not in json.dumps(made)
    assert "bridge-user" not in json.dumps(made)


def test_the_official_schema_refuses_what_is_no_contract() -> None:
    """Else the test above would prove nothing."""
    with pytest.raises(jsonschema.ValidationError):
        official().validate({**contract(), "channels": {"x": {"messages": {"y": {"payloads": 1}}}}})


def test_every_reference_leads_somewhere() -> None:
    """The official schema does not follow them."""

    def references(value: object) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [each for part in value.values() for each in references(part)]
        return [each for part in value for each in references(part)] if isinstance(value, list) else []

    for reference in references(contract()):
        found: Any = contract()
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]


@pytest.mark.parametrize("store", ["file", "kafka"])
def test_every_topic_that_is_used_is_a_channel(store: str, tmp_path: Path) -> None:
    """In and out, and those of the bridge's own, by the names of the configuration."""
    path = tmp_path / "bridge.toml"
    path.write_text(f'[topics]\nevents = ["a", "b"]\nresults = "out"\n[tokens]\nstore = "{store}"\n{COMPANY}')
    settings = load_settings(path, {})
    made = bus_contract("0.1.0", settings.topics, kafka=settings.kafka, tokens=settings.tokens)
    assert set(made["channels"]) == {spec.name for spec in topics_to_create(settings)}
    actions = {
        (each["action"], each["channel"]["$ref"].removeprefix("#/channels/")) for each in made["operations"].values()
    }
    assert {("receive", "a"), ("receive", "b"), ("send", "out"), ("send", "qbo.dead-letters")} <= actions
    assert not {("send", "a"), ("receive", "out")} & actions


@pytest.mark.parametrize(("name", "example"), examples(), ids=[f"{name}-{each['name']}" for name, each in examples()])
def test_every_example_fits_its_own_schema(name: str, example: Json) -> None:
    """Payload and headers."""
    fits(example["payload"], name, "payload")
    fits(example.get("headers", {}), name, "headers")


@pytest.mark.parametrize(("name", "example"), events(), ids=[f"{name}-{each['name']}" for name, each in events()])
def test_every_example_of_an_event_would_be_booked(name: str, example: Json) -> None:
    """Whoever copies one has an event that the bridge understands."""
    mapper = EventMapper(
        "acme-us",
        Router([Route("acme-us", frozenset({"acme.myshopify.com", "default"}), frozenset({"default"}))]),
        rules('[payouts]\nbank = "Checking"\n'),
    )
    mapped = mapper.map_record(as_record(example))
    assert mapped is not None
    assert isinstance(mapped.decision, PostingPlan), mapped.decision


def golden() -> list[Path]:
    """Those that are read; of a refused one the body need not be right."""
    found = sorted(GOLDEN.glob("*/*/event.json"))
    return [path for path in found if "refused" not in json.loads(path.with_name("plan.json").read_text())]


@pytest.mark.parametrize("path", golden(), ids=[path.parent.name for path in golden()])
def test_the_golden_events_fit(path: Path) -> None:
    """What sources really send is what the schemas describe, nulls, texts and numbers as they come."""
    event = json.loads(path.read_text())
    if path.parts[-3] == "stripe":
        fits(event.get("body", event), "stripeEvent", "payload")
        return
    message = message_of(event["headers"]["X-Shopify-Topic"])
    fits(event["body"], message, "payload")
    fits(event["headers"], message, "headers")


@pytest.mark.parametrize("status", list(ResultStatus))
def test_each_result_fits(status: ResultStatus) -> None:
    """As it lies on the topic, with its headers."""
    code = None if status in {ResultStatus.POSTED, ResultStatus.ALREADY_POSTED} else "test_event"
    record = result_record(result_of(1, status, code), "qbo.results")
    fits(json.loads(record.value or b""), "result", "payload")
    fits({name: (value or b"").decode() for name, value in record.headers}, "result", "headers")


def test_every_header_of_ours_on_a_dead_letter_is_told() -> None:
    """Those that are seldom there too."""
    assert set(contract()["components"]["schemas"]["DeadLetterHeaders"]["properties"]) >= OWN_HEADERS


def test_every_event_type_that_is_mapped_is_named() -> None:
    """A new mapping is in the contract by being registered."""
    contents = json.dumps([contract()["components"]["messages"], contract()["components"]["schemas"]["StripeEvent"]])
    assert [kind for _, kind in mapped_types() if kind not in contents] == []


def test_the_journal_has_a_message_for_each_kind_of_entry() -> None:
    """Whatever lies on that topic is described."""
    messages = contract()["channels"]["qbo.journal"]["messages"]
    patterns = [contract()["components"]["messages"][name]["bindings"]["kafka"]["key"]["pattern"] for name in messages]
    assert len(set(patterns)) == len(KINDS)


async def test_the_service_answers_with_the_same(tmp_path: Path) -> None:
    """`/asyncapi` is what the command prints."""
    path = tmp_path / "bridge.toml"
    path.write_text(COMPANY)
    settings: Settings = load_settings(path, {})
    async with (
        serve(StatusBoard(clock=ManualClock()), HttpSettings(port=0), [contract_page(settings)]) as address,
        httpx.AsyncClient() as client,
    ):
        answer = await client.get(f"{address}/asyncapi")
    assert answer.json()["channels"].keys() == contract()["channels"].keys() - {"qbo.tokens"}
    official().validate(answer.json())
