"""Whose event it is must be readable where it is said: what cannot be read is never taken for "no shop"."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bridge.decoding.decision import EventMapper
from bridge.decoding.record import decode_record
from bridge.decoding.routing import Route, Router
from contracts.errors import UndecodableRecord
from contracts.records import Headers
from mappings.rules import MappingRules
from tests.support.orders import charge, line, order, record, stripe_event

ORDER = order([line("5.00", 2)])
CLOUD = {"specversion": "1.0", "id": "1", "type": "com.shopify.orders.paid", "data": ORDER}
DEFAULTS = Route("default", frozenset({"default"}), frozenset({"default"}))
FIRST = Route("first", frozenset({"first.myshopify.com"}), frozenset())


def decoded(body: object, headers: Headers = ()) -> Any:
    return decode_record(record(json.dumps(body).encode(), headers))


UNREADABLE: dict[str, tuple[object, Headers]] = {
    "a shop header that is not UTF-8": (ORDER, (("X-Shopify-Shop-Domain", b"\xff\xfe"),)),
    "the newer family": (ORDER, (("shopify_shop_domain", b"\xff"),)),
    "beside one that can be read": (
        ORDER,
        (("Shopify-Shop-Domain", b"a.myshopify.com"), ("X-Shopify-Shop-Domain", b"\xff")),
    ),
    "a CloudEvent's source that is not UTF-8": (
        ORDER,
        (("ce_type", b"com.shopify.orders.paid"), ("ce_source", b"\xff")),
    ),
    "a structured source that is an object": ({**CLOUD, "source": {"shop": "a"}}, ()),
    "a shop that is a number in a wrapper": ({"shop": 7, "topic": "orders/paid", "body": ORDER}, ()),
    "a shop that is an object in a wrapper": ({"headers": {"X-Shopify-Shop-Domain": {"a": 1}}, "body": ORDER}, ()),
    "a list that begins with no text": ({"headers": {"X-Shopify-Shop-Domain": [1]}, "body": ORDER}, ()),
    "an account that is an object": (stripe_event("charge.succeeded", charge(), account={"id": "acct_1"}), ()),
    "an account that is a number": (stripe_event("charge.succeeded", charge(), account=7), ()),
    "an account that is false": (stripe_event("charge.succeeded", charge(), account=False), ()),
    "the context of a notification": ({"object": "v2.core.event", "type": "x", "context": ["acct_1"]}, ()),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_shop_or_account_that_is_no_text_is_undecodable(name: str) -> None:
    """It once counted as absent, and the event went into the books of whoever takes those without a shop."""
    body, headers = UNREADABLE[name]
    with pytest.raises(UndecodableRecord, match="of the event is not a text"):
        decoded(body, headers)


ABSENT: dict[str, tuple[object, Headers]] = {
    "a null header": (ORDER, (("X-Shopify-Shop-Domain", None),)),
    "an empty header": (ORDER, (("X-Shopify-Shop-Domain", b""),)),
    "a null shop in a wrapper": ({"shop": None, "topic": "orders/paid", "body": ORDER}, ()),
    "an empty list": ({"headers": {"X-Shopify-Shop-Domain": []}, "body": ORDER}, ()),
    "a null account": (stripe_event("charge.succeeded", charge(), account=None), ()),
    "an empty account": (stripe_event("charge.succeeded", charge(), account=""), ()),
}


@pytest.mark.parametrize("name", ABSENT)
def test_empty_and_null_count_as_absent(name: str) -> None:
    """Producers write them where there is nothing to say."""
    assert decoded(*ABSENT[name]).account is None


def test_any_other_header_that_cannot_be_read_is_absent() -> None:
    """A broken id is no reason to lose an order."""
    found = decoded(ORDER, (("X-Shopify-Webhook-Id", b"\xff"), ("X-Shopify-Shop-Domain", b"a.myshopify.com")))
    assert (found.account, found.event_id) == ("a.myshopify.com", None)


@pytest.mark.parametrize("name", UNREADABLE)
def test_the_first_company_reports_it_and_nobody_else(name: str) -> None:
    """As a dead letter, though another company takes events without a shop."""
    body, headers = UNREADABLE[name]
    router = Router([FIRST, DEFAULTS])
    mappers = [EventMapper(route.company, router, MappingRules()) for route in (FIRST, DEFAULTS)]
    found = [mapper.map_record(record(json.dumps(body).encode(), headers)) for mapper in mappers]
    assert [each and getattr(each.decision, "code", None) for each in found] == ["undecodable", None]
