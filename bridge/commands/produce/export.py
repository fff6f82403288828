"""Exported files to the bodies that they hold, each byte for byte as it stands there.

A file is JSON lines, or where its name ends in `.json` one JSON document after the other. A page of an API is the
bodies on it: a list, `{"orders": […]}` of Shopify's Admin REST API, `{"object": "list", "data": […]}` of Stripe's. They
are cut out and not written anew: an amount or an id that passed through a float would be another one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import BridgeError, UndecodableRecord

NAMES = (".jsonl", ".ndjson", ".json")
"""The files of a folder that are read."""
ALONE = frozenset({"order", "refund", "transaction"})
"""What the Admin REST API answers for one document holds it under this name."""

_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class ExportedBody:
    """One body of a file: where it begins, and its bytes or why there are none; `passed` bytes of the file are done."""

    file: Path
    line: int
    value: bytes | UndecodableRecord
    passed: int

    @property
    def place(self) -> str:
        """As a person finds it."""
        return f"{self.file.name}, line {self.line}"


def exported_files(path: Path) -> list[Path]:
    """The file itself, or those of a folder in the order of their names. BridgeError where there are none."""
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.iterdir() if each.suffix.lower() in NAMES and each.is_file())
    if not found:
        raise BridgeError(f"{path} holds no file that ends in {', '.join(NAMES)}")
    return found


def exported_bodies(file: Path) -> Iterator[ExportedBody]:
    """Every body of one file; what cannot be read is one of them, and only a broken `.json` ends there."""
    passed = 0
    with file.open("rb") as lines:
        units = [lines.read()] if file.suffix.lower() == ".json" else lines
        for number, unit in enumerate(units, 1):
            passed += len(unit)
            for line, value in _bodies(unit, number):
                yield ExportedBody(file, line, value, passed)


def _bodies(unit: bytes, line: int) -> Iterator[tuple[int, bytes | UndecodableRecord]]:
    """The bodies of some JSON documents in a row, each with the line on which it begins."""
    try:
        text = unit.rstrip().decode("utf-8-sig")
    except UnicodeDecodeError:
        yield line, UndecodableRecord("it is not UTF-8 text")
        return
    position = 0
    try:
        for position, end in _spans(text, 0, ""):
            for start, stop in _inner(text, position, end):
                yield line + text.count("\n", 0, start), text[start:stop].encode()
            position = end  # noqa: PLW2901 - where the next document is not JSON, this says where
    except json.JSONDecodeError as error:
        yield line + text.count("\n", 0, error.pos), UndecodableRecord(f"it is not JSON: {error.msg}")
    except (RecursionError, ValueError):
        yield (
            line + text.count("\n", 0, position),
            UndecodableRecord("it is nested too deeply, or a number is too long"),
        )


def _inner(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the bodies of a page stand, or where the document itself does."""
    value, _ = _DECODER.raw_decode(text, start)
    if isinstance(value, list):
        yield from _spans(text, start + 1, "]")
        return
    name = _holder(value)
    if name is None:
        yield start, end
        return
    at, stop = _member(text, start, name)
    yield from _spans(text, at + 1, "]") if text[at] == "[" else [(at, stop)]


def _holder(value: object) -> str | None:
    """The field under which a page, or the answer for one document, holds what was asked for."""
    if not isinstance(value, Mapping):
        return None
    if value.get("object") == "list" and isinstance(value.get("data"), list):
        return "data"
    name, held = next(iter(value.items())) if len(value) == 1 else ("", None)
    return name if isinstance(held, list) or (name in ALONE and isinstance(held, Mapping)) else None


def _member(text: str, start: int, name: str) -> tuple[int, int]:
    """Where the value of field `name` of the object at `start` stands."""
    position = start + 1
    while True:
        key, position = _DECODER.raw_decode(text, _next(text, position))
        at = _next(text, _next(text, position) + 1)
        _, position = _DECODER.raw_decode(text, at)
        if key == name:
            return at, position


def _spans(text: str, position: int, closing: str) -> Iterator[tuple[int, int]]:
    """Where the values from `position` on stand, until `closing` or the end of the text."""
    while (position := _next(text, position)) < len(text) and text[position] != closing:
        _, end = _DECODER.raw_decode(text, position)
        yield position, end
        position = end


def _next(text: str, position: int) -> int:
    found = _BETWEEN.match(text, position)
    return found.end() if found else position
