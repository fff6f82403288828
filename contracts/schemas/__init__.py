"""The published JSON Schemas of what goes out, generated from the models that write it; a test compares the files.

They describe what is there, not what may never come: readers of version 1 must not refuse a field that is added later,
so the models' own strictness about unknown keys is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import orjson
from pydantic import BaseModel, Field

from contracts.results import Result
from contracts.schemas.settlement import SETTLEMENT
from contracts.schemas.shopify_payout import SHOPIFY_PAYOUT

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class DeadLetterHeaders(BaseModel):
    """Our headers on a dead letter, each UTF-8 text, beside every original header; value and key are the original's."""

    code: str = Field(alias="qbb-reason-code", description="stable reason code")
    reason: str = Field(alias="qbb-reason", description="one sentence")
    company: str = Field(alias="qbb-company")
    topic: str = Field(alias="qbb-topic", description="where the original record lies")
    partition: str = Field(alias="qbb-partition", pattern=r"^[0-9]+$")
    offset: str = Field(alias="qbb-offset", pattern=r"^[0-9]+$")
    attempts: str = Field(alias="qbb-attempts", pattern=r"^[0-9]+$")
    failed_at: str = Field(alias="qbb-failed-at", json_schema_extra={"format": "date-time"})
    fault_code: str = Field(default="", alias="qbb-fault-code", description="QBO's fault code")
    intuit_tid: str = Field(default="", alias="qbb-intuit-tid", description="quote it to Intuit's support")
    value_omitted: Literal["too_large"] | None = Field(default=None, alias="qbb-value-omitted")
    key_omitted: Literal["too_large"] | None = Field(default=None, alias="qbb-key-omitted")
    headers_omitted: str | None = Field(
        default=None, alias="qbb-headers-omitted", description="names of original headers that did not fit"
    )
    ended_with: str | None = Field(
        default=None,
        alias="qbb-ended-with",
        description="record (topic:partition:offset) of the document that it waited for, which is a dead letter itself",
    )
    redriven_from: str | None = Field(
        default=None,
        alias="qbb-redriven-from",
        description="topic:partition:offset of an earlier dead letter of this event; once for each redrive",
    )


def generated() -> dict[str, bytes]:
    """The content of each schema file, by its name."""
    models: dict[str, tuple[type[BaseModel], Literal["serialization", "validation"]]] = {
        "result.v1": (Result, "serialization"),
        "dead-letter-headers.v1": (DeadLetterHeaders, "validation"),
    }
    schemas = {name: model.model_json_schema(mode=mode) for name, (model, mode) in models.items()}
    schemas["settlement.v1"] = SETTLEMENT
    schemas["shopify-payout.v1"] = SHOPIFY_PAYOUT
    return {f"{name}.schema.json": _file(name, schema) for name, schema in schemas.items()}


def _file(name: str, schema: Mapping[str, object]) -> bytes:
    head = {"$schema": DIALECT, "$id": f"urn:qbo-bridge:{name}"}
    return orjson.dumps({**head, **_open(schema)}, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _open(schema: Mapping[str, object]) -> dict[str, object]:
    """`schema` without any `additionalProperties: false`; the tables that it is made of lie in tables only."""
    kept = ((name, value) for name, value in schema.items() if name != "additionalProperties")
    return {name: _open(value) if isinstance(value, Mapping) else value for name, value in kept}
