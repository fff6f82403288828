"""What the bridge says about each record: one terminal result on the bus, and a dead letter where a person must act.

Both directions of the wire format stand side by side. The JSON Schema in `schemas/` is generated from these models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field

from contracts.records import Headers, InboundRecord, OutboundRecord, Place

CE_TYPE = "com.qbo-bridge.result.v1"
DEAD_LETTER_PREFIX = "qbb-"
OWN_HEADERS = frozenset(
    f"{DEAD_LETTER_PREFIX}{name}"
    for name in (
        "reason-code reason company topic partition offset attempts fault-code intuit-tid failed-at value-omitted"
    ).split()
)
"""What we put on a dead letter and take off again when it is redriven."""
REDRIVEN_FROM = f"{DEAD_LETTER_PREFIX}redriven-from"
"""On a redriven event and on its next dead letter: `topic:partition:offset` of a dead letter, once for each redrive."""

OperationName = Literal["create", "sparse_update", "void", "delete", "none"]


class ResultStatus(StrEnum):
    """What became of a record; all but `waiting` are terminal."""

    POSTED = "posted"
    ALREADY_POSTED = "already_posted"
    IGNORED = "ignored"
    SUPERSEDED = "superseded"
    WAITING = "waiting"
    DEAD_LETTERED = "dead_lettered"


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Wire):
    """Where the event came from; keys are always present, null when unknown."""

    system: str | None
    event_type: str | None
    event_id: str | None
    document: str | None
    topic: str
    partition: int
    offset: int

    @property
    def place(self) -> Place:
        """Where the record lies that the result is about."""
        return Place(self.topic, self.partition, self.offset)


class PostedEntity(_Wire):
    """One QBO entity of the document. `sync_token`, `total` and `balance` are those of its own last answer."""

    entity: str
    operation: OperationName
    id: str
    sync_token: str | None = None
    doc_number: str | None = None
    total: str | None = Field(default=None, description="in the currency's own number of decimals")
    balance: str | None = None
    currency: str | None = None
    request_id: str | None = Field(default=None, description="<requestid>, in a batch <requestid>/<bId>")
    intuit_tid: str | None = None


class Reason(_Wire):
    """Why a record was not simply posted: a stable code and one sentence; QBO's fault code and the step if any."""

    code: str
    message: str
    fault_code: str | None = None
    step: str | None = None


class Result(_Wire):
    """The record on the results topic."""

    schema_: Literal["qbo-bridge.result.v1"] = Field(default="qbo-bridge.result.v1", alias="schema")
    result_id: str
    status: ResultStatus
    company: str
    realm_id: str
    source: Source
    entities: tuple[PostedEntity, ...] = ()
    reason: Reason | None = None
    rules_version: str
    attempts: int = 1
    occurred_at: datetime | None
    received_at: datetime
    posted_at: datetime | None = Field(description="when the books were changed; null unless the status is posted")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def result_id(company: str, topic: str, partition: int, offset: int) -> str:
    """The name of the result of one record: the same record always has the same."""
    said = "\0".join((company, topic, str(partition), str(offset)))
    return "res-" + hashlib.sha256(said.encode()).hexdigest()[:32]


def result_record(result: Result, topic: str, *, told_at: datetime | None = None) -> OutboundRecord:
    """`result` as a record keyed by its document, with CloudEvents attributes in the headers (Kafka binding, `ce_`).

    `ce_time` is `told_at`, without it the time that the result itself names.
    """
    document = result.source.document
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": result.result_id,
        "ce_type": CE_TYPE,
        "ce_source": f"qbo-bridge/{result.company}",
        "ce_subject": document or f"{result.source.topic}/{result.source.partition}/{result.source.offset}",
        "ce_time": _instant(told_at or result.posted_at or result.received_at),
        "content-type": "application/json",
    }
    value = orjson.dumps(result.model_dump(mode="json", by_alias=True))
    headers = tuple((name, text.encode()) for name, text in attributes.items())
    return OutboundRecord(topic=topic, key=document.encode() if document else None, value=value, headers=headers)


def read_result(value: bytes) -> Result:
    """The result that `result_record` wrote. pydantic.ValidationError when it is none."""
    return Result.model_validate_json(value)


def dead_letter_record(record: InboundRecord, topic: str, headers: Mapping[str, str]) -> OutboundRecord:
    """The original bytes with why they could not be booked: `headers` become `qbb-` headers, original headers are kept.

    An original header named like one of ours gives way, also where ours is empty and therefore left out.
    """
    ours: Headers = tuple((DEAD_LETTER_PREFIX + name, text.encode()) for name, text in headers.items() if text)
    names = {DEAD_LETTER_PREFIX + name for name in headers}
    kept = tuple((name, value) for name, value in record.headers if name not in names)
    return OutboundRecord(topic=topic, key=record.key, value=record.value, headers=(*kept, *ours))


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
