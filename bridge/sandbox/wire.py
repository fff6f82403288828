"""The wire: JSON with exact numbers, Intuit's time formats, envelopes and transaction ids.

Formats from recorded bodies: `time` has milliseconds and the company's offset, MetaData has whole seconds, gateway
faults count epoch milliseconds; an `intuit_tid` is `1-`, 8 hex digits, `-`, 24 hex digits.
"""

import json
import random
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import orjson

Doc = dict[str, Any]

CENT = Decimal("0.01")
ZERO = Decimal(0)


def money(amount: Decimal) -> Decimal:
    """Cents, rounded half up as the API does."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def loads(body: bytes) -> Any:
    """JSON whose fractions are Decimal; ValueError for anything that is not JSON."""
    try:
        return json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}" if value else "0")
    raise TypeError(f"{type(value).__name__} is not JSON")


def dumps(document: Any) -> bytes:
    """JSON bytes; a Decimal is a number with the digits that it has, zero is 0."""
    return orjson.dumps(document, default=_encode)


@lru_cache(maxsize=16)
def zone(name: str) -> ZoneInfo:
    """A company's time zone."""
    return ZoneInfo(name)


@lru_cache(maxsize=64)
def _offset(hour: int, name: str) -> timezone:
    local = datetime.fromtimestamp(hour * 3600, zone(name))
    return timezone(local.utcoffset() or timedelta(0))


def local(moment: datetime, zone_name: str) -> datetime:
    """The company's local time; offsets change on whole hours, so one look-up serves an hour."""
    return moment.astimezone(_offset(int(moment.timestamp()) // 3600, zone_name))


@lru_cache(maxsize=4)
def _stamp(second: int, zone_name: str) -> str:
    return datetime.fromtimestamp(second, _offset(second // 3600, zone_name)).isoformat()


def stamp(moment: datetime, zone_name: str) -> str:
    """A MetaData time: 2025-06-02T09:44:08-07:00."""
    return _stamp(int(moment.timestamp()), zone_name)


def stamp_ms(moment: datetime, zone_name: str) -> str:
    """A body's `time`: 2025-06-02T09:44:07.887-07:00."""
    seconds = stamp(moment, zone_name)
    return f"{seconds[:19]}.{moment.microsecond // 1000:03d}{seconds[19:]}"


@lru_cache(maxsize=65536)
def epoch(text: str, zone_name: str) -> float:
    """Seconds since 1970 of a time as written; without an offset it is the company's. ValueError if it is none."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(zone_name))
    return moment.timestamp()


class Tids:
    """Makes `intuit_tid` values, repeatable for a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - an id, not a secret

    def next(self, moment: datetime) -> str:
        """`1-6560f3a2-…`: the second in hex, then 96 random bits."""
        return f"1-{int(moment.timestamp()):08x}-{self._random.getrandbits(96):024x}"


def gateway_fault(kind: str, message: str, detail: str | None, code: str, moment: datetime) -> Doc:
    """The lowercase envelope in which Intuit's gateway answers before QuickBooks does (recorded 401)."""
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": [{"message": message, "detail": detail, "code": code, "element": None}], "type": kind},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": int(moment.timestamp() * 1000),
        "status": None,
        "cdcresponse": [],
    }
