"""What the bridge says about each record: one terminal result on the bus, whatever the event holds.

Both directions of the wire format stand side by side. The JSON Schema in `schemas/` is generated from these models.
Every text that a source or QBO brings is a `Shown`, so that no result can be larger than its topic takes.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from contracts.records import OutboundRecord, Place
from contracts.sizes import ENTITIES_SHOWN_MAX, RESULT_BYTES_MAX, SHOWN_TEXT_MAX, record_bytes, shown_text

CE_TYPE = "com.qbo-bridge.result.v1"
OperationName = Literal["create", "sparse_update", "void", "delete", "adopt", "none"]


Shown = Annotated[
    str,
    BeforeValidator(lambda value: shown_text(value) if isinstance(value, str) else value),
    Field(max_length=SHOWN_TEXT_MAX),
]
"""A text that a source or QBO brings: cut to 512 characters, without control characters."""


POSSIBLE_DUPLICATE = "possible_duplicate"
"""The reason code of an event whose order may be in the books already: a person must decide."""
THIN_EVENT = "thin_event"
"""The warning of an event that names its object and does not hold it: nothing of it can be booked."""


class ResultStatus(StrEnum):
    """What became of a record; all but `waiting` are terminal."""

    POSTED = "posted"
    ALREADY_POSTED = "already_posted"
    IGNORED = "ignored"
    SUPERSEDED = "superseded"
    WAITING = "waiting"
    DEAD_LETTERED = "dead_lettered"


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid")


class Source(_Wire):
    """Where the event came from; keys are always present, null when unknown."""

    system: Shown | None
    event_type: Shown | None
    event_id: Shown | None
    document: Shown | None
    topic: str
    partition: int
    offset: int

    @property
    def place(self) -> Place:
        """Where the record lies that the result is about."""
        return Place(self.topic, self.partition, self.offset)


class PostedEntity(_Wire):
    """One QBO entity of the document. `sync_token`, `total` and `balance` are those of its own last answer."""

    entity: Shown
    operation: OperationName
    id: Shown
    sync_token: Shown | None = None
    doc_number: Shown | None = None
    total: Shown | None = Field(default=None, description="in the currency's own number of decimals")
    balance: Shown | None = None
    currency: Shown | None = None
    request_id: Shown | None = Field(default=None, description="<requestid>, in a batch <requestid>/<bId>")
    intuit_tid: Shown | None = None


class Reason(_Wire):
    """Why a record was not simply posted: a stable code and one sentence; QBO's fault code and the step if any."""

    code: Shown
    message: Shown
    fault_code: Shown | None = None
    step: Shown | None = None


class Warned(_Wire):
    """What the events do not tell and a person should know: a stable code and one sentence."""

    code: str
    message: str


class Result(_Wire):
    """The record on the results topic."""

    schema_: Literal["qbo-bridge.result.v1"] = Field(default="qbo-bridge.result.v1", alias="schema")
    result_id: str
    status: ResultStatus
    company: str
    realm_id: str
    source: Source
    entities: tuple[PostedEntity, ...] = ()
    entities_omitted: int = Field(default=0, ge=0, description="how many more there are than `entities` names")
    reason: Reason | None = None
    warnings: tuple[Warned, ...] = ()
    rules_version: str
    attempts: int = 1
    occurred_at: datetime | None
    received_at: datetime
    posted_at: datetime | None = Field(description="when the books were changed; null unless the status is posted")

    model_config = ConfigDict(frozen=True, defer_build=True, extra="forbid", populate_by_name=True)


def result_id(company: str, topic: str, partition: int, offset: int) -> str:
    """The name of the result of one record: the same record always has the same."""
    said = "\0".join((company, topic, str(partition), str(offset)))
    return "res-" + hashlib.sha256(said.encode()).hexdigest()[:32]


def result_record(result: Result, topic: str, *, published_at: datetime | None = None) -> OutboundRecord:
    """`result` as a record keyed by its document, with CloudEvents attributes in the headers (Kafka binding, `ce_`).

    `ce_time` is `published_at`, else the time that the result itself names. The record always fits: it names at most
    200 entities, and fewer where their texts are long.
    """
    named = ENTITIES_SHOWN_MAX
    record = _record(_naming(result, named), topic, published_at)
    while named and record_bytes(record) >= RESULT_BYTES_MAX:
        named //= 2
        record = _record(_naming(result, named), topic, published_at)
    return record


def _naming(result: Result, entities: int) -> Result:
    """`result` with no more than the first `entities` of its entities, the others counted."""
    omitted = len(result.entities) - entities
    if omitted <= 0:
        return result
    counted = {"entities": result.entities[:entities], "entities_omitted": result.entities_omitted + omitted}
    return result.model_copy(update=counted)


def _record(result: Result, topic: str, published_at: datetime | None) -> OutboundRecord:
    document = result.source.document
    attributes = {
        "ce_specversion": "1.0",
        "ce_id": result.result_id,
        "ce_type": CE_TYPE,
        "ce_source": f"qbo-bridge/{result.company}",
        "ce_subject": document or f"{result.source.topic}/{result.source.partition}/{result.source.offset}",
        "ce_time": _instant(published_at or result.posted_at or result.received_at),
        "content-type": "application/json",
    }
    content = result.model_dump(
        mode="json", by_alias=True, exclude={"entities_omitted"} if not result.entities_omitted else None
    )
    value = orjson.dumps(content)
    headers = tuple((name, text.encode()) for name, text in attributes.items())
    return OutboundRecord(topic=topic, key=document.encode() if document else None, value=value, headers=headers)


def read_result(value: bytes) -> Result:
    """The result that `result_record` wrote. pydantic.ValidationError when it is none."""
    return Result.model_validate_json(value)


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
