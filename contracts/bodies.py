"""How the bodies of sources are read: strict about money and identity, indifferent to what we do not use.

Amounts may be strings or numbers and become Decimal through their text; an amount that is not there is refused, never
read as zero. Null counts as absent. What goes wrong is said by the path of the field, never by its content, because
bodies hold personal data.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, PlainValidator, ValidationError, WithJsonSchema, model_validator

from contracts.errors import UndecodableRecord
from contracts.sizes import cut_text

AMOUNT_DIGITS_MAX = 13
"""Before the point: no sale is larger, and a number like 1e999999999 must not reach arithmetic or formatting."""
AMOUNT_DECIMALS_MAX = 12
"""Stripe's unit_amount_decimal has up to twelve decimals."""
ID_DIGITS_MAX = 40
ROWS_MAX = 5_000
"""Rows of one list in a body (lines of an order, entries of a payout): far above any real one, far below an attack."""
COUNT_MAX = 10**7
"""Pieces on one line; price times pieces must stay exact in 28 digits."""


def read_amount(value: object) -> Decimal:
    """An amount as the source wrote it: text, integer or Decimal; never a float, a bool or NaN."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("is not an amount")  # noqa: TRY004 - pydantic turns ValueError into a validation error
    try:
        number = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation:
        raise ValueError("is not an amount") from None
    if not number.is_finite() or number.adjusted() >= AMOUNT_DIGITS_MAX:  # abs() of such a number overflows
        raise ValueError("is not an amount of a believable size")
    if int(number.as_tuple().exponent) < -AMOUNT_DECIMALS_MAX:
        raise ValueError(f"has more than {AMOUNT_DECIMALS_MAX} decimals")
    return number


def read_id(value: object) -> int:
    """An id of any size that an id can have: an integer or its digits, never through a float."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**ID_DIGITS_MAX:
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= ID_DIGITS_MAX:
        return int(value)
    raise ValueError("is not a numeric id")


def read_count(value: object) -> int:
    """A number of pieces: a whole number that is not negative."""
    number = read_amount(value)
    if number != number.to_integral_value() or not 0 <= number <= COUNT_MAX:
        raise ValueError("is not a quantity")
    return int(number)


def read_smallest(value: object) -> int:
    """An amount in smallest units that a source never writes below zero."""
    number = read_whole(value)
    if number < 0:
        raise ValueError("is below zero")
    return number


def read_whole(value: object) -> int:
    """A whole number such as an amount in smallest units; it may be negative."""
    number = read_amount(value)
    if number != number.to_integral_value():
        raise ValueError("is not a whole number")
    return int(number)


def read_text(value: object) -> str:
    """Text of at most 4,000 characters, a longer one is cut; a bare number is taken as its digits."""
    if isinstance(value, str):
        return cut_text(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return cut_text(str(value))
    raise ValueError("is not text")


def read_flag(value: object) -> bool:
    """True or false, also when written as text."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ValueError("is neither true nor false")


def read_positive(value: object) -> Decimal:
    """An amount that a source never writes below zero: which way the money went, its kind says."""
    amount = read_amount(value)
    if amount < 0:
        raise ValueError("is below zero")
    return amount


FLOAT_DECIMALS = 6
"""What a binary float adds to an amount lies far beyond this."""


def read_float_amount(value: object) -> Decimal:
    """An amount that a source writes as a JSON number of its own making: 143.97000000000003 is 143.97."""
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < AMOUNT_DIGITS_MAX:
        return read_amount(round(value, FLOAT_DECIMALS).normalize())
    return read_amount(value)


YEARS = (1970, 2200)
"""No order is older or newer; Python's own ends (1 and 9999) overflow in another offset."""


def read_time(value: object) -> datetime:
    """An ISO 8601 time in its own offset; UTC when it names none."""
    if not isinstance(value, str):
        raise ValueError("is not a time")  # noqa: TRY004 - pydantic turns ValueError into a validation error
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ValueError("is not a time") from None
    return _plausible(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def read_unix_time(value: object) -> datetime:
    """Seconds since the epoch as a time in UTC."""
    try:
        moment = datetime.fromtimestamp(read_whole(value), tz=UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError("is not a time in seconds") from None
    return _plausible(moment)


def _plausible(moment: datetime) -> datetime:
    """`moment` when clocks and calendars can still reckon with it, in any offset."""
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise ValueError(f"is not a time between the years {YEARS[0]} and {YEARS[1]}")
    return moment


NUMBER = WithJsonSchema({"type": ["string", "number"], "description": "decimal; never through a float"})
WHOLE = WithJsonSchema({"type": ["integer", "string"], "description": "whole number"})

Amount = Annotated[Decimal, PlainValidator(read_amount), NUMBER]
FloatAmount = Annotated[Decimal, PlainValidator(read_float_amount), NUMBER]
Positive = Annotated[Decimal, PlainValidator(read_positive), NUMBER]
Ident = Annotated[
    int, PlainValidator(read_id), WithJsonSchema({"type": ["integer", "string"], "description": "digits, of any size"})
]
Count = Annotated[int, PlainValidator(read_count), WHOLE]
Whole = Annotated[int, PlainValidator(read_whole), WHOLE]
Smallest = Annotated[int, PlainValidator(read_smallest), WHOLE]
Text = Annotated[str, PlainValidator(read_text), WithJsonSchema({"type": ["string", "number"]})]
Flag = Annotated[bool, PlainValidator(read_flag), WithJsonSchema({"type": ["boolean", "string"]})]
Time = Annotated[datetime, PlainValidator(read_time), WithJsonSchema({"type": "string", "description": "ISO 8601"})]
UnixTime = Annotated[
    datetime,
    PlainValidator(read_unix_time),
    WithJsonSchema({"type": ["integer", "string"], "description": "seconds since the epoch"}),
]


@cache
def _names_of(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(model.model_fields)


class Body(BaseModel):
    """A part of a source's document: frozen, unknown fields ignored, null the same as absent."""

    # because a command reads bodies of a few shapes at most, each is built when the first of it comes
    model_config = ConfigDict(frozen=True, defer_build=True, extra="ignore")

    def lacks(self, name: str) -> bool:
        """True where the source left the field out, which an empty list does not."""
        return name not in self.model_fields_set

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        found = {name: part for name in _names_of(cls) if (part := value.get(name)) is not None}
        for name, part in found.items():
            if isinstance(part, list) and len(part) > ROWS_MAX:
                raise ValueError(f"{name} has more than {ROWS_MAX} rows")
        return found


B = TypeVar("B", bound=Body)


def read_body(model: type[B], body: Mapping[str, object], what: str) -> B:
    """`body` as `model`; UndecodableRecord with one sentence about the first thing that is wrong with it."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    path = ".".join(str(step) for step in first["loc"]) or "the body"
    if first["type"] == "missing":
        raise UndecodableRecord(f"the {what} has no {path}")
    cause = str(first.get("ctx", {}).get("error", "has the wrong type"))
    raise UndecodableRecord(f"the {what} cannot be read: {path} {cause}")
