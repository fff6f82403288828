"""JSON into plain values whose numbers are int or Decimal; whatever cannot be one is UndecodableRecord.

Integers are of any size and decimals exact: ids past 2**53 and amounts must never pass through a float. Ambiguous input
(a field twice, NaN) is refused rather than guessed. What the fast reader does not take, the standard library's parser
reads or names (`parse_text`).
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from decimal import Decimal

import orjson

from contracts.errors import UndecodableRecord
from contracts.exact_json import read_exactly

_SURROGATE_ESCAPE = "\\ud"


def parse_bytes(value: bytes) -> object:
    """The JSON in `value`; a byte order mark is tolerated."""
    try:
        return read_exactly(value, names_once=True)
    except ValueError:
        return _read_leniently(value)


def _read_leniently(value: bytes) -> object:
    try:
        text = value.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UndecodableRecord("the value is not UTF-8 text") from None
    return parse_text(text)


def parse_to_show(value: bytes) -> object:
    """As `parse_bytes`, many times faster, for showing and finding only.

    A number that is no integer of 64 bits is a float, which nothing of ours takes for an amount or an id. Of a field
    that stands twice the last one counts.
    """
    try:
        parsed: object = orjson.loads(value)
    except orjson.JSONDecodeError:
        return parse_bytes(value)  # which says why, or reads what orjson does not: a mark, half an emoji
    return parsed


def parse_text(text: str) -> object:
    """The JSON in `text`."""
    try:
        parsed: object = json.loads(
            text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_object_of_pairs
        )
        return _without_lone_surrogates(parsed) if _SURROGATE_ESCAPE in text.lower() else parsed
    except UndecodableRecord:
        raise
    except json.JSONDecodeError as error:
        raise UndecodableRecord(f"the value is not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise UndecodableRecord("the value is nested too deeply") from None
    except (ValueError, ArithmeticError):  # an integer past the digit limit, a decimal exponent past all sense
        raise UndecodableRecord("the value holds a number that is too large to read") from None


def parse_nested(text: str) -> object:
    """JSON that a producer put into a string, plain or as base64."""
    stripped = text.strip()
    if stripped[:1] in {"{", "[", '"'}:
        return parse_text(stripped)
    return parse_base64(stripped)


def parse_base64(text: str) -> object:
    """JSON behind base64, standard or url-safe."""
    try:
        padded = text.strip() + "=" * (-len(text.strip()) % 4)
        decoded = base64.b64decode(padded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise UndecodableRecord("the value is a string that holds neither JSON nor base64") from None
    return parse_bytes(decoded)


def _refuse_constant(name: str) -> object:
    raise UndecodableRecord(f"the value holds {name}, which is not JSON")


def _object_of_pairs(pairs: list[tuple[str, object]]) -> Mapping[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise UndecodableRecord("the value names a field twice in one object")
    return found


def _without_lone_surrogates(value: object) -> object:
    """Half of a cut emoji cannot be written as UTF-8 again; it becomes the replacement character."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_lone_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_text(name): _without_lone_surrogates(item) for name, item in value.items()}
    return value


def _text(name: str) -> str:
    return name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
