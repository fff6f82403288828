"""A plan as a file: its first line says of which range, books and rules it is, then one JSON object a line.

A file says in `digest` what it held when it was written, so that one that somebody has edited is not applied.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge.commands.backfill.planned_documents import PlannedDocument
from bridge.kafka.range import Bounds, TimeSpan
from contracts.errors import BridgeError

EDITED = "was changed since it was written: make the plan anew with --plan-to"


class PlanSpan(BaseModel):
    """Record timestamps, ISO 8601 in UTC; null leaves that side open."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    since: datetime | None = Field(alias="from")
    until: datetime | None = Field(alias="to")


class PlanHeader(BaseModel):
    """The first line. `end_offsets` and `begin_offsets` are by topic and partition; `digest` covers all else."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_: Literal["qbo-bridge.plan.v1"] = Field(default="qbo-bridge.plan.v1", alias="schema")
    company: str
    realm_id: str
    range: PlanSpan
    begin_offsets: Mapping[str, Mapping[int, int]]
    end_offsets: Mapping[str, Mapping[int, int]]
    rules_version: str
    documents: int
    digest: str = ""

    @property
    def span(self) -> TimeSpan:
        """The range by the records' own times."""
        return TimeSpan(_milliseconds(self.range.since), _milliseconds(self.range.until))

    @property
    def bounds(self) -> Bounds:
        """The range by offsets."""
        return {
            topic: {each: (self.begin_offsets[topic][each], end) for each, end in ends.items()}
            for topic, ends in self.end_offsets.items()
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that was kept, whole and as it was written."""

    header: PlanHeader
    lines: Mapping[str, PlannedDocument]


def plan_header(
    *, company: str, realm_id: str, span: TimeSpan, bounds: Bounds, rules_version: str, documents: int
) -> PlanHeader:
    """The first line of a plan, still without its digest."""
    return PlanHeader(
        company=company,
        realm_id=realm_id,
        range=PlanSpan(since=_moment(span.since_ms), until=_moment(span.until_ms)),
        begin_offsets={topic: {each: start for each, (start, _) in of.items()} for topic, of in bounds.items()},
        end_offsets={topic: {each: end for each, (_, end) in of.items()} for topic, of in bounds.items()},
        rules_version=rules_version,
        documents=documents,
    )


def write_plan(path: Path, header: PlanHeader, lines: Iterable[PlannedDocument]) -> None:
    """Write the file; one that is there is replaced once the new one is whole."""
    body = b"".join(orjson.dumps(line.as_json()) + b"\n" for line in lines)
    sealed = header.model_copy(update={"digest": _digest(header, body)})
    unfinished = path.with_name(f"{path.name}.part")
    unfinished.write_bytes(sealed.model_dump_json(by_alias=True).encode() + b"\n" + body)
    unfinished.replace(path)


def read_plan(path: Path) -> Plan:
    """The plan in this file. BridgeError where it is none, or is not what was written."""
    first, _, body = path.read_bytes().partition(b"\n")
    try:
        header = PlanHeader.model_validate_json(first)
    except ValidationError:
        raise BridgeError(f"{path} is no plan: its first line is not what --plan-to writes there") from None
    if header.digest != _digest(header, body):
        raise BridgeError(f"{path} {EDITED}")
    try:
        lines = [_line(orjson.loads(line)) for line in body.splitlines()]
    except (orjson.JSONDecodeError, TypeError, AttributeError):
        raise BridgeError(f"{path} {EDITED}") from None
    return Plan(header, {line.document: line for line in lines})


def _line(said: Mapping[str, object]) -> PlannedDocument:
    return PlannedDocument(**{**said, "entities": tuple(said["entities"])})  # type: ignore[arg-type]


def _digest(header: PlanHeader, body: bytes) -> str:
    said = header.model_copy(update={"digest": ""}).model_dump_json(by_alias=True).encode()
    return hashlib.sha256(said + b"\n" + body).hexdigest()


def _moment(timestamp_ms: int | None) -> datetime | None:
    return None if timestamp_ms is None else datetime.fromtimestamp(timestamp_ms / 1000, tz=UTC)


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
