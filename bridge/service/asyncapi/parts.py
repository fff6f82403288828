"""What an AsyncAPI document is put together from: messages, their examples, and schemas under one name each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]

SCHEMAS = "#/components/schemas/"
TEXT: Schema = {"type": "string"}
NULL: Schema = {"type": "null"}
JSON = "application/json"


def ref(name: str) -> Schema:
    """A reference to a schema among the components."""
    return {"$ref": SCHEMAS + name}


def objects(properties: Mapping[str, object], required: Iterable[str] = (), **more: object) -> Schema:
    """The schema of an object with these properties; others are allowed."""
    return {"type": "object", "properties": dict(properties), "required": sorted(required), **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One record as it goes over the bus; headers as text, the payload as JSON has it."""

    name: str
    payload: object
    headers: Mapping[str, str] = field(default_factory=dict)

    def described(self) -> Schema:
        """As AsyncAPI writes it."""
        headers = {"headers": dict(self.headers)} if self.headers else {}
        return {"name": self.name, **headers, "payload": self.payload}


@dataclass(frozen=True, slots=True, kw_only=True)
class BusMessage:
    """One kind of record; `payload`, `headers` and `key` are JSON Schemas."""

    name: str
    summary: str
    payload: Schema
    headers: Schema = field(default_factory=lambda: objects({}))
    key: Schema = field(default_factory=lambda: {"type": ["string", "null"]})
    description: str = ""
    content_type: str = JSON
    examples: Sequence[Example] = ()

    def described(self) -> Schema:
        """As AsyncAPI writes it."""
        made: Schema = {
            "name": self.name,
            "summary": self.summary,
            "contentType": self.content_type,
            "headers": self.headers,
            "payload": self.payload,
            "bindings": {"kafka": {"key": self.key, "bindingVersion": "0.5.0"}},
        }
        if self.description:
            made["description"] = self.description
        if self.examples:
            made["examples"] = [example.described() for example in self.examples]
        return made


def hoisted(name: str, schema: Mapping[str, Any]) -> dict[str, Schema]:
    """`schema` under `name`, and what it defines itself under `name.part`: AsyncAPI knows components only."""
    parts = {part: f"{name}.{part}" for part in schema.get("$defs", {})}
    plain = {key: value for key, value in schema.items() if key not in {"$schema", "$id", "$defs"}}
    made = {name: _renamed(plain, parts)}
    return made | {parts[part]: _renamed(value, parts) for part, value in schema.get("$defs", {}).items()}


def _renamed(value: Any, parts: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        target = value.get("$ref")
        if isinstance(target, str):
            return {**value, **ref(parts[target.removeprefix("#/$defs/")])}
        return {key: _renamed(each, parts) for key, each in value.items()}
    return [_renamed(each, parts) for each in value] if isinstance(value, list | tuple) else value
