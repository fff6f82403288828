"""Hostile records from a seed: bytes without meaning, JSON that is none, and valid events with one thing wrong.

Half of them are about a few documents, so that they meet each other in the books.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

from contracts.records import Headers
from mappings.registry import mapped_types
from tests.support.hostile_values import HEADER_NAMES, HEADER_VALUES, RAW, VALUES
from tests.support.orders import ORDER_ID, Json, line, order
from tests.support.samples import sample

Poison = tuple[bytes | None, bytes | None, Headers]
"""Key, value, headers."""

MEGABYTE = 1_000_000
TOGETHER = range(10**6, 10**6 + 12)
"""The numbers of the documents that half of all records are about."""


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
        *[_repeated] * 4,
        _misnamed,
        _overlong,
        _wrapped,
        _headed,
        _headed,
    )
    for number in range(count):
        key = chance.choice((None, b"", b"key", chance.randbytes(20), b"k" * 2_000))
        if number % 500 == 7:
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
    found = _sample(chance)
    for _ in range(chance.randrange(1, 4)):
        places = list(_places(found))
        if places:
            holder, name = chance.choice(places)
            del holder[name]
    return json.dumps(found).encode(), ()


def _moved(chance: random.Random) -> tuple[bytes | None, Headers]:
    """A valid sample in which values of one kind stand at each other's places."""
    found = _sample(chance)
    for _ in range(chance.randrange(1, 4)):
        holder, name = chance.choice(list(_places(found)))
        alike = [(h, n) for h, n in _places(found) if type(h[n]) is type(holder[name])]
        other, its_name = chance.choice(alike)
        if not isinstance(holder[name], dict | list):
            holder[name], other[its_name] = other[its_name], holder[name]
    return json.dumps(found).encode(), ()


def _repeated(chance: random.Random) -> tuple[bytes | None, Headers]:
    """A valid sample as it is, or with rows that stand in it twice: what meets the damaged ones of its document."""
    found = _sample(chance)
    rows = [(holder, name) for holder, name in _places(found) if isinstance(holder[name], list) and holder[name]]
    if rows and chance.random() < 0.5:
        holder, name = chance.choice(rows)
        holder[name] = holder[name] * chance.choice((2, 3, 40))
    return json.dumps(found).encode(), ()


def _misnamed(chance: random.Random) -> tuple[bytes | None, Headers]:
    """A body under the name of another type of event."""
    system, event_type = chance.choice(mapped_types())
    found = _sample(chance)
    if chance.random() < 0.5:
        return json.dumps({**found, "type": event_type}).encode(), (("X-Shopify-Topic", event_type.encode()),)
    body: Any = found.get("body") or found.get("data") or found
    told = {"specversion": "1.0", "id": "1", "source": "acme.myshopify.com", "type": f"com.{system}.{event_type}"}
    return json.dumps({**told, "data": body}).encode(), ()


def _overlong(chance: random.Random) -> tuple[bytes | None, Headers]:
    """One text of it, or one header, is very long and all control characters or all of one letter."""
    text = chance.choice(("\u0001", "\u0085", "x", "\u20ac", "\U0001f600")) * chance.choice((300, 5_000, 90_000))
    if chance.random() < 0.3:
        return json.dumps(_sample(chance)).encode(), ((chance.choice(HEADER_NAMES), text.encode()),)
    found = _sample(chance)
    texts = [(holder, name) for holder, name in _places(found) if isinstance(holder[name], str)]
    holder, name = chance.choice(texts)
    holder[name] = text
    return json.dumps(found).encode(), ()


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
        lambda: json.dumps(order([line("1.00", 1, sku=f"S-{n}") for n in range(600)], id=ORDER_ID * 9)).encode(),
    )
    return chance.choice(huge)(), ()


def _sample(chance: random.Random) -> Json:
    """A valid event, of a document of its own or of one of a few."""
    number = chance.choice(TOGETHER) if chance.random() < 0.5 else chance.randrange(10**7, 10**9)
    return dict(sample(chance.randrange(10**6), number))


def _mutation(chance: random.Random, value: object) -> Json:
    """A sample with `value` at one of its places, however deep."""
    found = _sample(chance)
    holder, name = chance.choice(list(_places(found)))
    holder[name] = value
    return found


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
