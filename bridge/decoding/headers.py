"""Headers as producers really write them: any case, `-` or `_`, with `HTTP_` or without, two families, some broken.

A header whose value is null or not UTF-8 counts as absent; of two that are left the first one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contracts.records import Headers, InboundRecord

HeaderMap = Mapping[str, str]


def header_name(name: str) -> str:
    """The one spelling that all others are told by: lower case, `-`, without the CGI prefix."""
    plain = name.strip().lower().replace("_", "-")
    return plain.removeprefix("http-")


def from_record(headers: Headers) -> HeaderMap:
    """The readable headers of a Kafka record."""
    return _first_of_each((name, _decoded(value)) for name, value in headers)


def from_mapping(headers: object) -> HeaderMap:
    """Headers that a producer put inside the value; a list of values counts by its first."""
    if not isinstance(headers, Mapping):
        return {}
    return _first_of_each((str(name), _plain(value)) for name, value in headers.items())


def shopify_header(headers: HeaderMap, name: str) -> str | None:
    """`name` in either family: `shopify-…` is read before `x-shopify-…`, as Shopify's Ruby library does."""
    return headers.get(f"shopify-{name}") or headers.get(f"x-shopify-{name}")


def claimed_shop(record: InboundRecord) -> str | None:
    """The shop that the headers of a record name, whatever its value is."""
    return shopify_header(from_record(record.headers), "shop-domain")


def _first_of_each(pairs: Iterable[tuple[str, str | None]]) -> HeaderMap:
    found: dict[str, str] = {}
    for name, value in pairs:
        if value:
            found.setdefault(header_name(name), value)
    return found


def _decoded(value: bytes | None) -> str | None:
    try:
        return None if value is None else _plain(value.decode())
    except UnicodeDecodeError:
        return None


def _plain(value: object) -> str | None:
    """The text of a header; Connect's JSON converter leaves quotes around it."""
    if isinstance(value, list):
        value = value[0] if value else None
    return value.strip().strip('"') if isinstance(value, str) else None
