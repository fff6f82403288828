"""JSON as QBO speaks it: numbers stay exact in both directions, and no text holds what QBO's own XML cannot.

Amounts arrive as `100.00`, `0` or `25.0` and leave as the digits of a Decimal; no number is ever a float, because a
cent that a float loses is a cent that the books lose.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

import orjson

from contracts.exact_json import read_exactly

_INT_64 = 2**63
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What XML 1.0 forbids beside lone surrogates (section 2.2): QBO answers it with 500, every time."""


def loads(raw: bytes) -> dict[str, Any] | None:
    """The JSON object in `raw`, or None for whatever is not a whole one (cut off, HTML, XML, a list, NaN)."""
    try:
        value = read_exactly(raw, names_once=False)
    except ValueError:
        value = _read_leniently(raw)
    return value if isinstance(value, dict) else None


def _read_leniently(raw: bytes) -> object:
    """What the fast reader refuses, half an emoji among it; None for what is no JSON at all."""
    try:
        return json.loads(raw, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, ArithmeticError, RecursionError):
        return None


def dumps(value: Mapping[str, Any]) -> bytes:
    """`value` as UTF-8 JSON. TypeError for a float or anything else that has no exact place in JSON."""
    return orjson.dumps(_exact(value))


def legal(value: Any) -> Any:
    """`value` with all its texts as they may go out: what is sent, compared and kept is then the same."""
    match value:
        case str():
            return legal_text(value)
        case Mapping():
            return {legal_text(str(key)): legal(item) for key, item in value.items()}
        case list() | tuple():
            return [legal(item) for item in value]
    return value


def legal_text(text: str) -> str:
    """`text` with U+FFFD for each character that XML 1.0 forbids.

    Among them are lone surrogates: they come from broken escapes upstream and have no UTF-8.
    """
    if text.isprintable():  # because no character that XML forbids is, and nearly all texts are
        return text
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _exact(value: object) -> object:
    match value:
        case None | bool():
            return value
        case str():
            return legal_text(value)
        case int():
            return value if -_INT_64 <= value < _INT_64 else orjson.Fragment(str(value).encode())
        case Decimal():
            if not value.is_finite():
                raise TypeError(f"{value} is not a JSON number")
            return orjson.Fragment(f"{value:f}".encode())
        case Mapping():
            return {legal_text(str(key)): _exact(item) for key, item in value.items()}
        case list() | tuple():
            return [_exact(item) for item in value]
    raise TypeError(f"a {type(value).__name__} cannot be written as exact JSON")
