"""Hostile records from a seed: bytes without meaning, JSON that is none, and valid events with one thing wrong."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from contracts.records import Headers
from tests.support.orders import (
    Json,
    charge,
    handed_back,
    line,
    order,
    refund,
    refund_line,
    stripe_event,
    taxed,
    transaction,
)

Poison = tuple[bytes | None, bytes | None, Headers]
"""Key, value, headers."""

MEGABYTE = 1_000_000
SOLD = line("5.00", 2)

VALUES: tuple[object, ...] = (
    None,
    True,
    "",
    " ",
    "x" * 5_000,
    "\u0000",
    "\ud800",
    "\u202e\u0007\U0001f600",
    "O'Brien\\",
    "<script>",
    "-1.00",
    "1e999999999",
    "NaN",
    "0x10",
    "12,50",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-12:00",
    "soon",
    0,
    -1,
    2**63,
    10**40,
    1.5,
    -0.0,
    [],
    [[]],
    [None],
    {},
    {"": None},
    [{"id": {"id": []}}],
)
"""What no field expects, and what every field might meet."""

RAW = (b"1e999999999", b"9" * 5_000, b"NaN", b"-Infinity", b"1" + b"0" * 400, b'"\\ud800"', b"1.0000000000000000000001")
"""Written into the text itself: `json.dumps` would not."""

HEADER_VALUES: tuple[bytes | None, ...] = (
    None,
    b"",
    b"\xff\xfe",
    b"orders/paid",
    b"orders/" + b"x" * 10_000,
    b"ORDERS_PAID",
    "\u00e9\u0000".encode(),
    b"com.stripe.charge.succeeded",
    b"com.shopify.orders.paid",
    b"acme.myshopify.com",
    b"nobody.myshopify.com",
    b"true",
    b"application/cloudevents+json",
)
HEADER_NAMES = (
    "X-Shopify-Topic",
    "X-Shopify-Shop-Domain",
    "shopify-topic",
    "X-Shopify-Test",
    "X-Shopify-Triggered-At",
    "ce_type",
    "ce_source",
    "ce_time",
    "content-type",
    "qbb-reason-code",
    "qbb-redriven-from",
    "",
    "\u00e9",
)


def poison(seed: int, count: int) -> Iterator[Poison]:
    """`count` hostile records, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - a test's, not a secret's
    kinds = (
        _noise,
        _torn,
        _deep,
        _nothing,
        _raw,
        _damaged_text,
        *[_mutated] * 6,
        *[_dropped] * 3,
        *[_moved] * 5,
        _wrapped,
        _headed,
        _headed,
    )
    for number in range(count):
        key = chance.choice((None, b"", b"key", chance.randbytes(20), b"k" * 2_000))
        if number % 200 == 7:
            value, headers = _large(chance)
        else:
            value, headers = chance.choice(kinds)(chance)
        yield key, value, headers


def _noise(chance: random.Random) -> tuple[bytes | None, Headers]:
    return chance.randbytes(chance.randrange(300)), ()


def _torn(chance: random.Random) -> tuple[bytes | None, Headers]:
    text = json.dumps(_sample(chance)).encode()
    return text[: chance.randrange(len(text))], ()


def _deep(chance: random.Random) -> tuple[bytes | None, Headers]:
    depth = chance.choice((100, 1_000, 100_000))
    opened = chance.choice((b"[", b'{"a":', b'{"body":', b'{"payload":', b'["x",'))
    return opened * depth + b"1" + chance.choice((b"", b"]" * depth, b"}" * depth)), ()


def _nothing(chance: random.Random) -> tuple[bytes | None, Headers]:
    empty = (None, b"", b" ", b"null", b"[]", b"{}", b'""', b"0", b"\xef\xbb\xbf", b"\x00", b'{"object":"event"}')
    return chance.choice(empty), (("X-Shopify-Topic", b"orders/paid"),)


def _raw(chance: random.Random) -> tuple[bytes | None, Headers]:
    """A value of a valid sample, exchanged in the text."""
    text = json.dumps(_mutation(chance, "@@")).encode()
    return text.replace(b'"@@"', chance.choice(RAW)), ()


def _damaged_text(chance: random.Random) -> tuple[bytes | None, Headers]:
    text = bytearray(json.dumps(_sample(chance), ensure_ascii=False).encode())
    for _ in range(chance.randrange(1, 4)):
        text[chance.randrange(len(text))] = chance.randrange(256)
    return bytes(text), ()


def _mutated(chance: random.Random) -> tuple[bytes | None, Headers]:
    return json.dumps(_mutation(chance, chance.choice(VALUES))).encode(), ()


def _dropped(chance: random.Random) -> tuple[bytes | None, Headers]:
    """A valid sample that lacks something."""
    sample = json.loads(json.dumps(_sample(chance)))
    for _ in range(chance.randrange(1, 4)):
        holder, name = chance.choice(list(_places(sample)))
        del holder[name]
    return json.dumps(sample).encode(), ()


def _moved(chance: random.Random) -> tuple[bytes | None, Headers]:
    """A valid sample in which values of one kind stand at each other's places."""
    sample = json.loads(json.dumps(_sample(chance)))
    for _ in range(chance.randrange(1, 4)):
        holder, name = chance.choice(list(_places(sample)))
        alike = [(h, n) for h, n in _places(sample) if type(h[n]) is type(holder[name])]
        other, its_name = chance.choice(alike)
        if not isinstance(holder[name], dict | list):
            holder[name], other[its_name] = other[its_name], holder[name]
    return json.dumps(sample).encode(), ()


def _wrapped(chance: random.Random) -> tuple[bytes | None, Headers]:
    inner: Any = _mutation(chance, chance.choice(VALUES))
    for _ in range(chance.choice((1, 2, 9))):
        inner = chance.choice(_WRAPPERS)(inner)
    return json.dumps(inner).encode(), ()


def _headed(chance: random.Random) -> tuple[bytes | None, Headers]:
    headers = tuple((chance.choice(HEADER_NAMES), chance.choice(HEADER_VALUES)) for _ in range(chance.randrange(1, 6)))
    return json.dumps(_sample(chance)).encode(), headers


def _large(chance: random.Random) -> tuple[bytes | None, Headers]:
    huge: tuple[Callable[[], bytes], ...] = (
        lambda: chance.randbytes(MEGABYTE),
        lambda: json.dumps({**_sample(chance), "note": "x" * MEGABYTE}).encode(),
        lambda: json.dumps({**_sample(chance), "tags": ["x"] * 200_000}).encode(),
        lambda: b"[" + b"1," * (MEGABYTE // 2) + b"1]",
        lambda: json.dumps({**order([line("1.00", 1)] * 2_000), "id": chance.randrange(10**9)}).encode(),
    )
    return chance.choice(huge)(), ()


def _sample(chance: random.Random) -> Json:
    """A valid event of a document of its own."""
    number = chance.randrange(10**9)
    bought = {"id": number, "admin_graphql_api_id": None, "name": f"#P{number}"}
    return chance.choice(
        (
            lambda: order([taxed("20.00", 2, "2.90")], **bought),
            lambda: order([line("5.00", 2), line("7.00", 1)], **bought),
            lambda: transaction(id=number, order_id=number + 1),
            lambda: refund([refund_line(SOLD, 1, "5.00")], handed_back("5.00"), id=number, order_id=number + 1),
            lambda: stripe_event("charge.succeeded", charge(id=f"ch_{number}"), livemode=False),
        )
    )()


def _mutation(chance: random.Random, value: object) -> Json:
    """A sample with `value` at one of its places, however deep."""
    sample = json.loads(json.dumps(_sample(chance)))
    places = list(_places(sample))
    holder, name = chance.choice(places)
    holder[name] = value
    return dict(sample)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        yield value, name
        yield from _places(each)


_WRAPPERS: tuple[Callable[[Any], Any], ...] = (
    lambda inner: {"specversion": "1.0", "type": "com.shopify.orders.paid", "source": "x", "data": inner},
    lambda inner: {"detail-type": "x", "detail": {"payload": inner, "metadata": {"X-Shopify-Topic": "orders/paid"}}},
    lambda inner: {"message": {"data": inner, "attributes": None}},
    lambda inner: {"schema": None, "payload": inner},
    lambda inner: {"headers": {"X-Shopify-Topic": ["orders/paid"]}, "body": inner},
    json.dumps,
)
