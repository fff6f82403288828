"""What goes out, results and dead letters, and the tables that are the bridge's own."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson

from bridge.index.identities import Identity, Recorded
from bridge.journal.entries import FORMAT, KINDS, STOP, EntryKind
from bridge.journal.identities import IDENTITY, identity_value
from bridge.journal.stop import Stop
from bridge.service.asyncapi import examples
from bridge.service.asyncapi.parts import NULL, TEXT, BusMessage, Example, Schema, hoisted, objects, ref
from contracts.dead_letters import dead_letter_record
from contracts.records import Headers, InboundRecord, OutboundRecord
from contracts.results import (
    CE_TYPE,
    PostedEntity,
    Result,
    ResultStatus,
    Source,
    result_id,
    result_record,
)
from contracts.schemas import generated

DOCUMENT = "shopify:order:450789469"
RECEIVED = datetime(2026, 11, 16, 14, 0, 8, tzinfo=UTC)
RESULT_HEADERS = {
    "ce_specversion": {"const": "1.0"},
    "ce_id": {**TEXT, "description": "result_id"},
    "ce_type": {"const": CE_TYPE},
    "ce_source": {**TEXT, "description": "qbo-bridge/<company>"},
    "ce_subject": {**TEXT, "description": "the document, else the record"},
    "ce_time": {**TEXT, "format": "date-time"},
    "content-type": {"const": "application/json"},
}


def outgoing_schemas() -> dict[str, Schema]:
    """The published schemas, by their names among the components."""
    files = generated()
    return {
        **hoisted("Result", orjson.loads(files["result.v1.schema.json"])),
        **hoisted("DeadLetterHeaders", orjson.loads(files["dead-letter-headers.v1.schema.json"])),
    }


def result_message() -> BusMessage:
    """The record on the results topic."""
    return BusMessage(
        name="result",
        summary="What became of one record: exactly one terminal record for each",
        description="Read with isolation.level=read_committed. Of several with one result_id the last one counts; "
        "`waiting` is interim.",
        payload=ref("Result"),
        headers=objects(RESULT_HEADERS, RESULT_HEADERS),
        key={"type": ["string", "null"], "description": "the source document", "examples": [DOCUMENT]},
        examples=[_example("posted", result_record(_result(), "results"))],
    )


def dead_letter_message(results: str) -> BusMessage:
    """The record on the topic of dead letters; `results` names the topic of results."""
    return BusMessage(
        name="deadLetter",
        summary="A record that could not be booked, byte for byte, with why",
        description=f"Every original header stays under its own name. The result on {results} says the same.",
        payload={"description": "the original value, which need not be JSON; null where it was left out"},
        headers=ref("DeadLetterHeaders"),
        key={"description": "the original key"},
        content_type="application/octet-stream",
        examples=[_example("unbalanced", _dead_letter())],
    )


def journal_messages() -> list[BusMessage]:
    """One for each kind of entry; a null value ends the entry."""
    stop = Stop(code="unmappable", dead_letters=50, at=RECEIVED.isoformat(), process="bridge-1-7")
    made = {STOP: [Example(name="stopped", payload=orjson.loads(stop.to_bytes()))]}
    return [_entry(kind, _camel(f"journal-{kind.prefix.rstrip(':')}"), made.get(kind, [])) for kind in KINDS]


def ids_message() -> BusMessage:
    """An entry of the record of Ids."""
    recorded = Recorded({"Invoice": Identity("145", {})})
    value = identity_value(f"acme-us:{DOCUMENT}", recorded)
    return _entry(IDENTITY, "recordOfIds", [Example(name="order", payload=orjson.loads(value))])


def tokens_message() -> BusMessage:
    """An entry of the token store on Kafka."""
    return BusMessage(
        name="tokens",
        summary="The tokens of a company, encrypted; the bridge's own",
        payload={"description": "sealed"},
        content_type="application/octet-stream",
        key={"type": "string"},
    )


def _entry(kind: EntryKind, name: str, made: list[Example]) -> BusMessage:
    """Its fields are in FORMATS.md and for the bridge alone."""
    known = objects({FORMAT: {"enum": sorted(kind.reads)}}, [FORMAT])
    ending = "$" if kind.is_single else ".+$"
    return BusMessage(
        name=name,
        summary=f"{kind.what[0].upper()}{kind.what[1:]}; the bridge's own, null ends it",
        payload={"anyOf": [known, NULL]},
        key={"type": "string", "pattern": f"^[^:]+:{kind.prefix}{ending}"},
        examples=made,
    )


def _camel(text: str) -> str:
    first, *rest = text.replace(":", "-").split("-")
    return first + "".join(word.capitalize() for word in rest)


def _example(name: str, record: OutboundRecord) -> Example:
    headers = {header: (value or b"").decode() for header, value in record.headers}
    return Example(name=name, headers=headers, payload=orjson.loads(record.value or b"null"))


def _result() -> Result:
    return Result(
        result_id=result_id("acme-us", "shopify.events", 0, 12),
        status=ResultStatus.POSTED,
        company="acme-us",
        realm_id="9130000000000001",
        source=Source(
            system="shopify",
            event_type="orders/paid",
            event_id="b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
            document=DOCUMENT,
            topic="shopify.events",
            partition=0,
            offset=12,
        ),
        entities=(
            PostedEntity(
                entity="Invoice",
                operation="create",
                id="145",
                sync_token="0",  # noqa: S106 - QBO's version of an entity
                doc_number="1043",
                total="108.25",
                balance="0.00",
                currency="USD",
            ),
        ),
        rules_version="5f0c8a61",
        occurred_at=RECEIVED,
        received_at=RECEIVED,
        posted_at=RECEIVED,
    )


def _dead_letter() -> OutboundRecord:
    headers: Headers = tuple((name, text.encode()) for name, text in examples.webhook("orders/paid", "43").items())
    record = InboundRecord(
        topic="shopify.events",
        partition=0,
        offset=12,
        key=None,
        value=orjson.dumps({**examples.ORDER, "total_price": "109.25"}),
        headers=headers,
        timestamp_ms=0,
    )
    facts = {
        "reason-code": "unbalanced",
        "reason": "the lines add up to 108.25 USD, the total is 109.25 USD",
        "company": "acme-us",
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "attempts": "1",
        "failed-at": RECEIVED.isoformat(),
    }
    return dead_letter_record(record, "dead-letters", facts)
