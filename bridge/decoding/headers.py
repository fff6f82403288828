"""Headers as producers really write them: any case, `-` or `_`, with `HTTP_` or without, two families, some broken.

A header whose value is null, empty or not UTF-8 counts as absent; of two that are left the first one counts. The shop
is the exception: one that is there and cannot be read must not send the event to whoever takes those without a shop.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from contracts.errors import UndecodableRecord
from contracts.records import Headers, InboundRecord

HeaderMap = Mapping[str, str]

ROUTING = frozenset({"shopify-shop-domain", "x-shopify-shop-domain", "ce-source"})
"""Which company an event belongs to."""


def header_name(name: str) -> str:
    """The one spelling that all others are told by: lower case, `-`, without the CGI prefix."""
    plain = name.strip().lower().replace("_", "-")
    return plain.removeprefix("http-")


def from_record(headers: Headers) -> HeaderMap:
    """The readable headers of a Kafka record; UndecodableRecord when the shop is none of them though it is there."""
    return _first_of_each((header_name(name), _decoded(header_name(name), value)) for name, value in headers)


def from_mapping(headers: object) -> HeaderMap:
    """Headers that a producer put inside the value; a list of values counts by its first. As `from_record`."""
    if not isinstance(headers, Mapping):
        return {}
    named = ((header_name(str(name)), value) for name, value in headers.items())
    return _first_of_each((name, _plain(name, value)) for name, value in named)


def routing_text(value: object, what: str) -> str | None:
    """A shop or an account, None where there is none; UndecodableRecord for what is no text."""
    if value is None or isinstance(value, str):
        return value or None
    raise UndecodableRecord(f"the {what} of the event is not a text")


def shopify_header(headers: HeaderMap, name: str) -> str | None:
    """`name` in either family: `shopify-…` is read before `x-shopify-…`, as Shopify's Ruby library does."""
    return headers.get(f"shopify-{name}") or headers.get(f"x-shopify-{name}")


def claimed_shop(record: InboundRecord) -> str | None:
    """The shop that the headers of a record name, whatever its value is; None where that cannot be read."""
    try:
        return shopify_header(from_record(record.headers), "shop-domain")
    except UndecodableRecord:
        return None


def _first_of_each(pairs: Iterable[tuple[str, str | None]]) -> HeaderMap:
    found: dict[str, str] = {}
    for name, value in pairs:
        if value:
            found.setdefault(name, value)
    return found


def _decoded(name: str, value: bytes | None) -> str | None:
    try:
        return None if value is None else _plain(name, value.decode())
    except UnicodeDecodeError:
        return _plain(name, value) if name in ROUTING else None


def _plain(name: str, value: object) -> str | None:
    """The text of a header; Connect's JSON converter leaves quotes around it."""
    if isinstance(value, list):
        value = value[0] if value else None
    if name in ROUTING:
        value = routing_text(value, "shop")
    return value.strip().strip('"') if isinstance(value, str) else None
