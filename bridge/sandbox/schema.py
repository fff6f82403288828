"""Reads a request body as QuickBooks' schema does: known properties are kept, unknown ones are the 2010 fault.

A shape is written as `Name:code` pairs. Codes: `s` or `s21` text (with its greatest length), `n` number, `b` boolean,
`d` date, `r` reference, `i` id, `*` anything, `e(A|B)` enumeration (`~` is a blank), `o(Shape)` an object,
`l(Shape)` a list of them. Null is "not given" everywhere; an empty string is "not given" except in text, where an
update clears with it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from bridge.sandbox import errors
from bridge.sandbox.wire import Doc

Reader = Callable[[Any, str], Any]
DIGITS_MAX = 15  # the API reference caps amounts at 99,999,999,999 and rates at 12 decimals


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal):
        return str(value)
    raise errors.invalid_property()


def read_text(value: Any, element: str) -> str | None:
    """Text of any length; other scalars are taken as their text."""
    if value is None:
        return None
    text = _scalar(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise errors.invalid_characters(element, "unpaired surrogate") from error
    return text


def text_up_to(longest: int) -> Reader:
    """Text with QuickBooks' limit for the property."""

    def read(value: Any, element: str) -> str | None:
        text = read_text(value, element)
        if text is not None and len(text) > longest:
            raise errors.too_long(element, longest, len(text))
        return text

    return read


def read_number(value: Any, element: str) -> Decimal | None:
    """A number, or its text."""
    if isinstance(value, Decimal):
        number = value
    elif value is None or value == "":
        return None
    elif isinstance(value, int) and not isinstance(value, bool):
        number = Decimal(value)
    elif isinstance(value, str):
        try:
            number = Decimal(value)
        except InvalidOperation as error:
            raise errors.invalid_number(element, value) from error
    else:
        raise errors.invalid_property()
    if not number.is_finite() or number.adjusted() >= DIGITS_MAX or (number.adjusted() < -DIGITS_MAX * 2 and number):
        raise errors.invalid_number(element, str(value)[:40])
    return number


def read_boolean(value: Any, _element: str) -> bool | None:
    """A boolean or its text."""
    if value is None or isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    if value == "":
        return None
    raise errors.invalid_property()


@lru_cache(maxsize=4096)
def _date(text: str, element: str) -> str:
    found = re.match(r"(\d{4}-\d{2}-\d{2})(T.*|[-+]\d\d:\d\d|Z)?$", text)
    if not found:
        raise errors.invalid_date(element)
    try:
        date.fromisoformat(found[1])
    except ValueError as error:
        raise errors.impossible_date(element, text) from error
    return found[1]


def read_date(value: Any, element: str) -> str | None:
    """A date; a time that follows it is cut off."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise errors.invalid_property()
    return _date(value, element)


def read_reference(value: Any, element: str) -> Doc | None:
    """A `{"value", "name", "type"}` object. An empty one is kept: some entities answer it with a fault of its own."""
    if value is None or value == "":
        return None
    if not isinstance(value, dict):
        raise errors.invalid_property()
    reference = {}
    for name, part in value.items():
        if name not in ("value", "name", "type"):
            raise errors.invalid_property()
        text = read_text(part, element)
        if text is not None:
            reference[name] = text
    return reference


def read_any(value: Any, element: str) -> Any:
    """Anything the schema does not look into; numbers become Decimal, impossible text is refused."""
    if isinstance(value, dict):
        return {name: read_any(part, element) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [read_any(part, element) for part in value]
    if isinstance(value, str):
        return read_text(value, element)
    if (isinstance(value, int) and not isinstance(value, bool)) or isinstance(value, Decimal):
        return read_number(value, element)
    return value


def one_of(words: tuple[str, ...]) -> Reader:
    """One of the enumeration's words."""

    def read(value: Any, _element: str) -> str | None:
        if value is None or value == "":
            return None
        text = _scalar(value)
        if text not in words:
            raise errors.invalid_enumeration(text)
        return text

    return read


class Shape:
    """The properties of one object."""

    def __init__(self, name: str, readers: Mapping[str, Reader], *, keeps_empty: bool = False) -> None:
        self.name = name
        self.readers = dict(readers)
        self.keeps_empty = keeps_empty

    def read(self, value: Any, *, keep_empty: bool = True) -> Doc:
        """The object without what is null; a property that the schema does not have is the 2010 fault."""
        if not isinstance(value, dict):
            raise errors.invalid_property()
        readers = self.readers
        document: Doc = {}
        for name, part in value.items():
            if part is None:
                if name not in readers:
                    raise errors.invalid_property()
                continue
            reader = readers.get(name)
            if reader is None:
                raise errors.invalid_property()
            found = reader(part, name)
            if found is not None and (keep_empty or found != ""):
                document[name] = found
        return document

    def nested(self) -> Reader:
        """A reader for an object of this shape inside another."""

        def read(value: Any, _element: str) -> Doc | None:
            return None if value is None or value == "" else self.read(value, keep_empty=self.keeps_empty)

        return read

    def listed(self) -> Reader:
        """A reader for a list of objects of this shape."""

        def read(value: Any, _element: str) -> list[Doc] | None:
            if value is None or value == "":
                return None
            if not isinstance(value, list):
                raise errors.invalid_property()
            return [self.read(part, keep_empty=self.keeps_empty) for part in value if part is not None]

        return read


SIMPLE: dict[str, Reader] = {
    "s": read_text,
    "n": read_number,
    "b": read_boolean,
    "d": read_date,
    "r": read_reference,
    "i": read_text,
    "*": read_any,
}


def shape(name: str, text: str, shapes: Mapping[str, Shape], *, keeps_empty: bool = False) -> Shape:
    """A shape from its `Name:code` pairs; `shapes` holds those that it mentions."""
    return Shape(name, dict(_property(pair, shapes) for pair in text.split()), keeps_empty=keeps_empty)


def _property(pair: str, shapes: Mapping[str, Shape]) -> tuple[str, Reader]:
    name, _, code = pair.partition(":")
    inner = code[2:-1]
    if code in SIMPLE:
        return name, SIMPLE[code]
    if code.startswith("e("):
        return name, one_of(tuple(inner.replace("~", " ").split("|")))
    if code.startswith("o("):
        return name, shapes[inner].nested()
    if code.startswith("l("):
        return name, shapes[inner].listed()
    return name, text_up_to(int(code[1:]))
