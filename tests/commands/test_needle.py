"""Events that are not read for a question do not hold what it asks for, however a producer wrote them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.commands.contents import content_of
from bridge.commands.needle import is_opaque, may_hold
from contracts.records import InboundRecord
from tests.support.orders import charge, line, order, stripe_event, transaction

HEADERS = (("X-Shopify-Topic", b"orders/paid"), ("X-Shopify-Shop-Domain", b"acme.myshopify.com"))
IDENTS = st.integers(1, 10**12)
NAMES = st.text(st.sampled_from('#ABz019-_./é\\"& '), max_size=12)
EVENTS = st.one_of(
    st.builds(lambda ident, name: order([line("4.20")], id=ident, name=name), IDENTS, NAMES),
    st.builds(lambda ident, owner: transaction(id=ident, order_id=owner), IDENTS, IDENTS),
    st.builds(lambda owner: stripe_event("charge.succeeded", charge(metadata={"order_id": owner})), NAMES),
)


def escaped(text: str, chance: Random, often: float) -> str:
    """JSON in which characters inside its strings are written as escapes, here and there."""
    said, inside, after_backslash = [], False, False
    for character in text:
        if inside and character not in '"\\' and not after_backslash and chance.random() < often:
            said.append(f"\\u{ord(character):04X}" if chance.random() < 0.5 else f"\\u{ord(character):04x}")
            continue
        inside ^= character == '"' and not after_backslash
        after_backslash = character == "\\" and not after_backslash
        said.append(character)
    return "".join(said)


def as_text(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WRAPPERS: tuple[Callable[[str], object], ...] = (
    lambda body: body,
    as_text,
    lambda body: {"message": {"data": as_text(body), "attributes": {}}},
    lambda body: {"message": {"data": body}},
    lambda body: {"schema": None, "payload": as_text(body)},
    lambda body: {"schema": None, "payload": body},
    lambda body: {"topic": "orders/paid", "body": as_text(body)},
    lambda body: {"specversion": "1.0", "type": "com.shopify.orders.paid", "source": "a", "data_base64": as_text(body)},
    lambda body: {"detail-type": "t", "detail": {"payload": as_text(body), "metadata": {}}},
)


@given(st.data())
def test_what_an_event_names_is_never_ruled_out(data: st.DataObject) -> None:
    """Escapes, wrappers and base64, several deep. Guards: `_ESCAPED`, `_PACKED`, `_PLAIN` and the first character."""
    chance, often = data.draw(st.randoms(use_true_random=True)), data.draw(st.sampled_from([0.0, 0.01, 0.3]))
    body = data.draw(EVENTS)
    text = escaped(json.dumps(body, ensure_ascii=data.draw(st.booleans())), chance, often)
    for wrapped in data.draw(st.lists(st.sampled_from(WRAPPERS), max_size=2)):
        text = escaped(json.dumps(wrapped(text), indent=data.draw(st.sampled_from([None, 1]))), chance, often)
    value = text.encode()
    read = content_of(
        InboundRecord(topic="t", partition=0, offset=0, key=None, value=value, headers=HEADERS, timestamp_ms=0)
    )
    keys = [key.id for key in (read.document, read.sale) if key is not None]
    for name in {*read.names, *keys}:
        assert may_hold(value, name, opaque=is_opaque(value)), name


@pytest.mark.parametrize(
    ("value", "name", "held"),
    [
        (b'{"id": 1043}', "1043", True),
        (b'{"id": 1043}', "1044", False),
        (b'{"note": "a\\u0026b \\u003c"}', "1044", False),
        (b'{"data": {"object": {"id": "ch_1"}}}', "ch_2", False),
        (b'{"client_details": {"user_agent": "x"}}', "x2", False),
        (b'{"name": "a/b"}', "c/d", True),
    ],
)
def test_most_events_are_ruled_out_by_their_bytes(value: bytes, name: str, *, held: bool) -> None:
    """Those of Shopify and Stripe as they are, and not a name that JSON writes in several ways."""
    assert may_hold(value, name, opaque=is_opaque(value)) is held
