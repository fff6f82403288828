"""Whatever the bytes are, decoding ends in an envelope, in None or in UndecodableRecord, and in nothing else."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.decoding.record import decode_record
from contracts.envelope import Envelope
from contracts.errors import RecordError, UndecodableRecord
from contracts.posting import Ignored
from mappings.describe import describe
from mappings.registry import map_event
from tests.support.orders import RULES, charge, line, order, record, stripe_event, transaction
from tests.support.sizes import examples

NAMES = st.sampled_from(
    "object type data livemode id account created headers body payload message attributes detail detail-type metadata "
    "schema specversion source topic shop line_items total_price currency financial_status order_id kind gateway "
    "refund_line_items action handle order_edit".split()
)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["event", "1.0", "paid"])
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=15
)
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["X-Shopify-Topic", "ce_type", "ce_source", "shopify-action", "content-type"]),
        st.none()
        | st.binary(max_size=12)
        | st.sampled_from([b"orders/paid", b"com.stripe.x", b"com.shopify.orders.x"]),
    ),
    max_size=4,
).map(tuple)


@settings(deadline=None)
@given(value=st.binary(max_size=200), headers=HEADERS)
def test_any_bytes(value: bytes, headers: tuple[tuple[str, bytes | None], ...]) -> None:
    """Bytes without any meaning."""
    _decode(value, headers)


@settings(max_examples=examples(300), deadline=None)
@given(value=JSON, headers=HEADERS)
def test_any_json(value: object, headers: tuple[tuple[str, bytes | None], ...]) -> None:
    """JSON made of the words that decoding looks for."""
    _decode(json.dumps(value).encode(), headers)


@settings(max_examples=examples(300), deadline=None)
@given(data=st.data())
def test_any_damaged_event(data: st.DataObject) -> None:
    """A real shape with one value replaced by anything: mapping ends in a plan, a reason or a RecordError."""
    base = data.draw(
        st.sampled_from(
            [order([line("5.00", 2)]), transaction(), stripe_event("charge.succeeded", charge(balance_transaction={}))]
        )
    )
    damaged = _replace(json.loads(json.dumps(base)), data)
    found = _decode(json.dumps(damaged).encode(), ())
    if found is not None:
        assert _maps(found) in {"plan", "ignored", "undecodable", "unmappable", "unbalanced"}


def _decode(value: bytes, headers: tuple[tuple[str, bytes | None], ...]) -> Envelope | None:
    try:
        return decode_record(record(value, headers))
    except UndecodableRecord:
        return None


def _maps(found: Envelope) -> str:
    try:
        decision = map_event(found, RULES)
        assert describe(decision)
        return "ignored" if isinstance(decision, Ignored) else "plan"
    except RecordError as error:
        return error.code


def _replace(value: Any, data: st.DataObject) -> Any:
    """`value` with something else somewhere inside."""
    places = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    if not places or data.draw(st.integers(0, 3)) == 0:
        return data.draw(JSON)
    place = data.draw(st.sampled_from(places))
    value[place] = _replace(value[place], data)
    return value
