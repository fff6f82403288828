"""Other samples of a case's kind, made from the case: other ids, amounts, years and ways of telling, and what is right.

A retelling says the same, so the books must hold the same. What changes ids, days or amounts changes what is expected
in the same way: the truth is computed from the case, never by the bridge.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from bridge.quickbooks.wire import dumps
from tests.cases.files import Case

Json = Any
TIMES = 3
YEAR_S = 365 * 24 * 3600
SCALED = "three times the money"
OTHER_IDS = 31_415_926
_LONG_ID = re.compile(r"(?<![\d.])\d{12,16}(?![\d.])")
_SECONDS = re.compile(r"(?<![\d.\"])1[67]\d{8}(?![\d.\"])")
_YEAR = re.compile(r"\b20(25|26)(?=-\d\d)")
_WRITTEN = re.compile(r"-?\d+\.\d+")
_IN_SMALLEST_UNITS = re.compile(
    r"amount.*|.*_amount|fee|net|subtotal|total|total_.*|unit_amount|unit_amount_decimal|.*_balance|pre_payment_.*|post_payment_.*"
)
_NO_AMOUNT = frozenset({"exchange_rate", "rate", "percentage", "total_weight", "total_count"})


def other_ids(case: Case) -> Case:
    """Every id of a shop is another one, in gids and markers too."""
    return _rewritten(case, lambda text: _LONG_ID.sub(lambda found: str(int(found[0]) + OTHER_IDS), text))


def a_year_earlier(case: Case) -> Case:
    """All of it happened 365 days before; no case has the end of a February in it."""
    earlier = _rewritten(case, lambda text: _YEAR.sub(lambda found: f"20{int(found[1]) - 1}", text))
    return _rewritten(earlier, lambda text: _SECONDS.sub(lambda found: str(int(found[0]) - YEAR_S), text))


def _rewritten(case: Case, rewrite: Callable[[str], str]) -> Case:
    return Case(case.ident, case.kind, json.loads(rewrite(dumps(case.body).decode()), parse_float=Decimal))


def scaled(case: Case) -> Case:
    """Three times the money, in what is told, in what was in the books before, and in what is expected."""
    body = dict(case.body)
    body["events"] = [{**event, "value": _times(event["value"])} for event in case.events]
    body["setup"] = [{**step, "body": _times_in_books(step["body"])} for step in body.get("setup", ())]
    body["expect"] = {**body["expect"], "documents": {name: _worth(each) for name, each in case.documents.items()}}
    return Case(case.ident, case.kind, body)


def _can_be_scaled(case: Case) -> bool:
    """Not where an exchange rate makes cents: three times what was rounded is not what is rounded of three times."""
    told = dumps({"events": list(case.events)}).decode()
    rated = {"exchange_rates", "daily_rates"} & case.realm.keys()
    return not rated and "exchange_rate" not in f"{case.body['rules']}{told}"


def _times(value: Json, name: str = "") -> Json:
    if isinstance(value, Mapping):
        return {each: _times(part, each) for each, part in value.items()}
    if isinstance(value, list):
        return [_times(part, name) for part in value]
    if name in _NO_AMOUNT or isinstance(value, bool):
        return value
    if isinstance(value, str) and _WRITTEN.fullmatch(value):
        return str(Decimal(value) * TIMES)
    return value * TIMES if isinstance(value, int | Decimal) and _IN_SMALLEST_UNITS.fullmatch(name) else value


def _times_in_books(value: Json, name: str = "") -> Json:
    if isinstance(value, Mapping):
        return {each: _times_in_books(part, each) for each, part in value.items()}
    if isinstance(value, list):
        return [_times_in_books(part, name) for part in value]
    return value * TIMES if name in {"Amount", "UnitPrice", "TotalAmt", "TotalTax"} and value else value


def _worth(wanted: Mapping[str, Json]) -> Json:
    found = dict(wanted)
    for name in ("allowed", "allowed_if_dead"):
        if name in found:
            found[name] = [_each_times(one) for one in found[name]]
    for name in ("accounts", "money_days"):
        if name in found:
            found[name] = _each_times(found[name])
    return found


def _each_times(amounts: Mapping[str, str]) -> Mapping[str, str]:
    return {name: str(Decimal(amount) * TIMES) for name, amount in amounts.items()}


def fields_reversed(case: Case) -> Case:
    """Every object names its fields in the other order."""
    return _retold(case, lambda event: {**event, "value": _reversed(event["value"])})


def _reversed(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {name: _reversed(value[name]) for name in reversed(list(value))}
    return [_reversed(part) for part in value] if isinstance(value, list) else value


def ids_as_texts(case: Case) -> Case:
    """A producer in a language without integers of 64 bits writes them as texts."""
    return _retold(case, lambda event: {**event, "value": _texts(event["value"])})


def _texts(value: Json, name: str = "") -> Json:
    if isinstance(value, Mapping):
        return {each: _texts(part, each) for each, part in value.items()}
    if isinstance(value, list):
        return [_texts(part, name) for part in value]
    is_id = isinstance(value, int) and not isinstance(value, bool) and (name == "id" or name.endswith("_id"))
    return str(value) if is_id else value


def with_unknown_fields(case: Case) -> Case:
    """The next version of the API has fields that nobody knows yet, in every object."""
    return _retold(case, lambda event: {**event, "value": _extended(event["value"])})


def _extended(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {**{name: _extended(part) for name, part in value.items()}, "field_of_2027": {"amount": "7.77"}}
    return [_extended(part) for part in value] if isinstance(value, list) else value


def in_cloud_events(case: Case) -> Case:
    """A router wraps what a shop delivers into structured CloudEvents; what Stripe sends is one already."""
    return _retold(case, _in_cloud_event)


def _in_cloud_event(event: Mapping[str, Json]) -> Mapping[str, Json]:
    headers = event["headers"]
    topic = headers.get("X-Shopify-Topic")
    if topic is None:
        return event
    wrapped = {
        "specversion": "1.0",
        "id": headers["X-Shopify-Webhook-Id"],
        "type": "com.shopify." + topic.replace("/", "."),
        "source": headers["X-Shopify-Shop-Domain"],
        "time": headers["X-Shopify-Triggered-At"],
        "data": event["value"],
    }
    return {**event, "headers": {"content-type": "application/cloudevents+json"}, "value": wrapped}


def through_event_bridge(case: Case) -> Case:
    """Amazon EventBridge puts the headers beside the body."""
    return _retold(case, _through_event_bridge)


def _through_event_bridge(event: Mapping[str, Json]) -> Mapping[str, Json]:
    if "X-Shopify-Topic" not in event["headers"]:
        return event
    detail = {"payload": event["value"], "metadata": event["headers"]}
    return {**event, "headers": {}, "value": {"detail-type": "shopifyWebhook", "detail": detail}}


def _retold(case: Case, retell: Callable[[Mapping[str, Json]], Mapping[str, Json]]) -> Case:
    return Case(case.ident, case.kind, {**case.body, "events": [retell(event) for event in case.events]})


WAYS: Mapping[str, Callable[[Case], Case]] = {
    "other ids": other_ids,
    "a year earlier": a_year_earlier,
    SCALED: scaled,
    "fields reversed": fields_reversed,
    "ids as texts": ids_as_texts,
    "unknown fields": with_unknown_fields,
    "in CloudEvents": in_cloud_events,
    "through EventBridge": through_event_bridge,
}


def ways_of(case: Case) -> Iterator[str]:
    """The names of the ways in which this case can be varied."""
    return (way for way in WAYS if way != SCALED or _can_be_scaled(case))
