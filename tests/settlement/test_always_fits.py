"""From bytes to the bus: whatever a record holds, its result and its dead letter fit their topics."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.decoding.decision import EventMapper, MappedRecord
from bridge.decoding.routing import Route, Router
from bridge.settlement.outcome import Outcome, ignored, refused
from bridge.settlement.reporting import Reporter
from contracts.errors import RecordError
from contracts.posting import Ignored
from contracts.records import Headers, InboundRecord, OutboundRecord
from contracts.results import read_result
from contracts.sizes import RESULT_BYTES_MAX, SHOWN_TEXT_MAX, TOPIC_BYTES_DEFAULT, record_bytes
from mappings.rules import MappingRules
from tests.support.orders import charge, line, order, stripe_event

NOW, THEN = datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 22, 11, tzinfo=UTC)
REPORTER = Reporter(
    company="acme-us", realm_id="913", rules_version="r1", results_topic="qbo.results", dead_letters_topic="qbo.dlq"
)
ONLY = Route("acme-us", frozenset({"default"}), frozenset({"default"}))
MAPPER = EventMapper("acme-us", Router([ONLY]), MappingRules())
LONG = st.builds(
    lambda unit, count: unit * count,
    st.sampled_from(["x", "\x01", '"', "\N{GRINNING FACE}"]),
    st.sampled_from([1, 512, 513, 4_001, 100_000, 900_000]),
)


def settled(value: bytes, headers: Headers = ()) -> tuple[MappedRecord, tuple[OutboundRecord, ...]]:
    """The records on the bus for one that never reaches the books: planned ones are told as ignored here."""
    record = InboundRecord(
        topic="shopify.events", partition=0, offset=1, key=None, value=value, headers=headers, timestamp_ms=0
    )
    mapped = MAPPER.map_record(record)
    assert mapped is not None
    return mapped, REPORTER.records(mapped, _outcome(mapped), received_at=THEN, now=NOW)


def _outcome(mapped: MappedRecord) -> Outcome:
    decision = mapped.decision
    if isinstance(decision, RecordError):
        return refused(decision)
    return ignored(decision.code, decision.message) if isinstance(decision, Ignored) else ignored("planned", "a plan")


def fits(records: tuple[OutboundRecord, ...], value: bytes) -> None:
    result, *letters = records
    assert record_bytes(result) < RESULT_BYTES_MAX
    told = read_result(result.value or b"")
    texts = (told.source.event_type, told.source.event_id, told.source.document, told.reason and told.reason.message)
    assert all(len(text or "") <= SHOWN_TEXT_MAX for text in texts)
    for letter in letters:
        without_value = record_bytes(letter) - len(letter.value or b"")
        assert without_value < TOPIC_BYTES_DEFAULT / 2
        assert letter.value in (value, None)


HOSTILE: dict[str, tuple[Any, Headers]] = {
    "a webhook id of control characters": (
        order([line("5.00", 2)]),
        (("X-Shopify-Topic", b"orders/paid"), ("X-Shopify-Webhook-Id", b"\x01" * 200_000)),
    ),
    "a long currency": (order([line("5.00", 2)]) | {"currency": "USD" * 300_000}, ()),
    "a topic of 900 kB": (order([line("5.00", 2)]), (("X-Shopify-Topic", b"orders/" + b"x" * 900_000),)),
    "an event type of 900 kB": (stripe_event("charge." + "x" * 900_000, charge()), ()),
    "an event id of 900 kB": (stripe_event("charge.succeeded", charge(), id="evt_" + "x" * 900_000), ()),
    "a charge whose id is 900 kB": (stripe_event("charge.succeeded", charge(id="ch_" + "x" * 900_000)), ()),
    "5,000 SKUs": (order([line("1.00", 1, sku=f"SKU-{number}", id=number) for number in range(1, 5_001)]), ()),
    "a shop of 900 kB": (order([line("5.00", 2)]), (("X-Shopify-Shop-Domain", b"x" * 900_000),)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_record_has_a_result_that_fits(name: str) -> None:
    """Each of these once wedged a company, or was found to be able to."""
    body, headers = HOSTILE[name]
    value = json.dumps(body).encode()
    fits(settled(value, headers)[1], value)


@pytest.mark.parametrize("size", [5_000_001, 33_000_000, 68_000_000])
def test_a_record_beyond_every_bound_has_one_too(size: int) -> None:
    """68 MB fit behind a few kilobytes of gzip."""
    value = b"x" * size
    fits(settled(value)[1], value)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_an_event_with_any_long_text_in_any_place_has_one_too(data: st.DataObject) -> None:
    """Generated: one text of a sound event is replaced by one of any length."""
    event = data.draw(st.sampled_from([order([line("5.00", 2)]), stripe_event("charge.succeeded", charge())]))
    body = json.loads(json.dumps(event))
    _replace(body, data.draw(LONG), data)
    name = data.draw(st.sampled_from(["X-Shopify-Topic", "X-Shopify-Webhook-Id", "ce_id", "ce_type", "x"]))
    value = json.dumps(body).encode()
    fits(settled(value, ((name, data.draw(LONG).encode()),))[1], value)


def _replace(value: Any, text: str, data: st.DataObject) -> None:
    places = list(value) if isinstance(value, dict) else list(range(len(value)))
    place = data.draw(st.sampled_from(places))
    if isinstance(value[place], dict | list) and value[place] and data.draw(st.booleans()):
        _replace(value[place], text, data)
    else:
        value[place] = text


def test_texts_of_the_body_are_bounded_where_they_are_read() -> None:
    """Nothing after decoding ever sees more than 4,000 characters of one text."""
    mapped, _ = settled(json.dumps(order([line("5.00", 2)]) | {"note": ["x" * 5_000]}).encode())
    assert mapped.envelope is not None
    assert mapped.envelope.body["note"] == ["x" * 3_999 + "…"]
