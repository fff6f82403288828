"""Each form in which an event may arrive, and what its envelope says."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from bridge.decoding.record import decode_record
from contracts.envelope import Envelope
from contracts.errors import UndecodableRecord
from tests.support.orders import Json, charge, envelope, line, order, record, stripe_event

ORDER = order([line("5.00")])
SHOPIFY = {
    "X-Shopify-Topic": b"orders/paid",
    "X-Shopify-Shop-Domain": b"Acme.myshopify.com",
    "X-Shopify-Webhook-Id": b"wh-1",
    "X-Shopify-Event-Id": b"ev-1",
    "X-Shopify-Triggered-At": b"2026-03-03T05:04:31.516907657Z",
    "X-Shopify-API-Version": b"2026-01",
}


def from_shop(found: Envelope) -> None:
    """What every way of saying `orders/paid of acme` must come to."""
    assert (found.system, found.event_type, found.account) == ("shopify", "orders/paid", "acme.myshopify.com")
    assert found.body["id"] == ORDER["id"]
    assert not found.inferred


def test_webhook_body_with_its_headers() -> None:
    """Form 1: the topic, the shop, the delivery and its time come from the headers."""
    found = envelope(ORDER, SHOPIFY)
    from_shop(found)
    assert (found.event_id, found.api_version, found.test) == ("wh-1", "2026-01", False)
    assert found.occurred_at == datetime(2026, 3, 3, 5, 4, 31, 516907, tzinfo=UTC)


@pytest.mark.parametrize(
    "spelled",
    ["x-shopify-{}", "X_SHOPIFY_{}", "HTTP_X_SHOPIFY_{}", "Shopify-{}", "shopify_{}", "http-shopify-{}"],
)
def test_headers_in_any_spelling(spelled: str) -> None:
    """Both families, any case, dashes or underscores, with or without the CGI prefix."""
    headers = {spelled.format("Topic"): b"orders/paid", spelled.format("Shop_Domain"): b"acme.myshopify.com"}
    from_shop(envelope(ORDER, headers))


def test_newer_header_family_wins() -> None:
    """`shopify-topic` is read before `x-shopify-topic`."""
    headers = {"X-Shopify-Topic": b"orders/create", "Shopify-Topic": b"orders/paid"}
    assert envelope(ORDER, headers).event_type == "orders/paid"


def test_broken_headers_count_as_absent() -> None:
    """A header that is null or not UTF-8 is as if it were not there; of two the first readable one counts."""
    headers = (
        ("X-Shopify-Topic", b"\xff\xfe"),
        ("X-Shopify-Topic", None),
        ("x-shopify-topic", b"orders/paid"),
        ("X-Shopify-Topic", b"orders/create"),
        ("X-Shopify-Shop-Domain", b'"acme.myshopify.com"'),
        ("X-Shopify-Webhook-Id", None),
    )
    found = envelope(ORDER, headers)
    from_shop(found)
    assert found.event_id is None


@pytest.mark.parametrize(
    ("written", "topic"),
    [
        (b"ORDERS_PAID", "orders/paid"),
        (b"ORDER_TRANSACTIONS_CREATE", "order_transactions/create"),
        (b"ORDERS_PARTIALLY_FULFILLED", "orders/partially_fulfilled"),
        (b"Orders/Paid", "orders/paid"),
        (b"uninstalled", "uninstalled"),
    ],
)
def test_topic_in_any_spelling(written: bytes, topic: str) -> None:
    """GraphQL's enumeration names mean the same topics."""
    assert envelope(ORDER, {"X-Shopify-Topic": written}).event_type == topic


def test_delivery_marked_as_test() -> None:
    """The header marks a triggered sample."""
    assert envelope(ORDER, {**SHOPIFY, "X-Shopify-Test": b"true"}).test


def test_stripe_event() -> None:
    """Form 2: the document is data.object, and previous_attributes travel along."""
    event = stripe_event("charge.succeeded", charge(), account="acct_1Acme")
    event["data"] = {"object": charge(), "previous_attributes": {"amount": 1}}
    found = envelope(event, {"ce_source": b"acct_other", "Stripe-Signature": b"t=1,v1=00"})
    assert (found.system, found.event_type, found.event_id) == ("stripe", "charge.succeeded", event["id"])
    assert (found.account, found.api_version) == ("acct_1Acme", "2025-09-30.clover")
    assert found.body["object"] == "charge"
    assert found.previous == {"amount": 1}
    assert found.occurred_at == datetime(2026, 3, 3, 5, 0, 1, tzinfo=UTC)
    assert (found.livemode, found.test) == (True, False)


def test_test_mode_is_told() -> None:
    """`livemode: false` is carried on, for the company to judge."""
    found = envelope(stripe_event("charge.succeeded", charge(), livemode=False))
    assert (found.livemode, found.test) == (False, True)


@pytest.mark.parametrize("source", [b"acct_1Acme", b"https://stripe.com/acct_1Acme", b"/accounts/acct_1Acme"])
def test_stripe_account_from_the_source(source: bytes) -> None:
    """Without `account` the CloudEvents source names it."""
    assert envelope(stripe_event("charge.succeeded", charge()), {"ce_source": source}).account == "acct_1Acme"


def test_source_default_names_nobody() -> None:
    """`default` stands for no account."""
    assert envelope(stripe_event("charge.succeeded", charge()), {"ce_source": b"default"}).account is None


def test_thin_event_is_readable() -> None:
    """A v2 notification is an event whose type no mapping knows, not garbage."""
    thin = {"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.x", "created": "2026-03-03T05:00:00Z"}
    found = envelope({**thin, "livemode": False, "context": "acct_1", "related_object": {"id": "mtr_1"}})
    assert (found.event_type, found.account, found.livemode, found.body) == (
        "v1.billing.meter.x",
        "acct_1",
        False,
        {"id": "mtr_1"},
    )


BINARY = {
    "ce_specversion": b"1.0",
    "ce_id": b"c-1",
    "ce_type": b"com.shopify.orders.paid",
    "ce_source": b"acme.myshopify.com",
    "ce_time": b"2026-03-03T05:04:31Z",
}


def test_cloud_event_binary() -> None:
    """Form 3: attributes in headers, the value untouched."""
    found = envelope(ORDER, BINARY)
    from_shop(found)
    assert found.event_id == "c-1"
    assert found.occurred_at == datetime(2026, 3, 3, 5, 4, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    "source", ["acme.myshopify.com", "https://acme.myshopify.com/admin", "/shops/acme.myshopify.com"]
)
@pytest.mark.parametrize("encoded", [False, True])
def test_cloud_event_structured(source: str, encoded: bool) -> None:  # noqa: FBT001 - a case
    """Form 3: attributes in the value, data plain or as base64; the value wins over headers."""
    event: Json = {"specversion": "1.0", "id": "c-1", "type": "com.shopify.orders.paid", "source": source}
    if encoded:
        event["data_base64"] = base64.b64encode(json.dumps(ORDER).encode()).decode()
    else:
        event["data"] = ORDER
    headers = {"content-type": b"application/cloudevents+json; charset=UTF-8", "ce_type": b"com.shopify.orders.create"}
    from_shop(envelope(event, headers))


@pytest.mark.parametrize("data", [charge(), {"object": charge(), "previous_attributes": {}}])
def test_cloud_event_around_a_stripe_object(data: Json) -> None:
    """The CloudEvent says what the bare object or data member alone does not."""
    headers = {"ce_type": b"com.stripe.charge.succeeded", "ce_id": b"evt_9", "ce_source": b"acct_1Acme"}
    found = envelope(data, headers)
    assert (found.event_type, found.event_id, found.account) == ("charge.succeeded", "evt_9", "acct_1Acme")
    assert found.body["id"] == charge()["id"]


def test_cloud_event_around_a_whole_stripe_event() -> None:
    """The Stripe event inside speaks for itself."""
    inner = stripe_event("charge.succeeded", charge())
    event = {"specversion": "1.0", "id": "x", "type": "com.stripe.charge.succeeded", "source": "default", "data": inner}
    assert envelope(event).event_id == inner["id"]


WRAPPED_HEADERS = {"x-shopify-topic": "orders/paid", "X-Shopify-Shop-Domain": ["acme.myshopify.com"]}
ENCODED = base64.b64encode(json.dumps(ORDER).encode()).decode()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(
            {
                "version": "0",
                "detail-type": "shopifyWebhook",
                "detail": {"payload": ORDER, "metadata": WRAPPED_HEADERS},
            },
            id="EventBridge",
        ),
        pytest.param(
            {"message": {"data": ENCODED, "attributes": WRAPPED_HEADERS}, "subscription": "s"}, id="Pub/Sub pushed"
        ),
        pytest.param({"message": {"data": json.dumps(ORDER), "attributes": WRAPPED_HEADERS}}, id="Pub/Sub text"),
        pytest.param({"headers": WRAPPED_HEADERS, "body": ORDER}, id="headers and body"),
        pytest.param({"headers": WRAPPED_HEADERS, "body": json.dumps(ORDER)}, id="headers and text"),
        pytest.param(
            {"headers": WRAPPED_HEADERS, "payload": ENCODED, "isBase64Encoded": True}, id="headers and base64"
        ),
        pytest.param({"topic": "orders/paid", "shop": "acme.myshopify.com", "body": ORDER}, id="topic, shop, body"),
        pytest.param(
            {"topic": "orders/paid", "shop_domain": "acme.myshopify.com", "headers": {}, "data": ORDER},
            id="topic, data",
        ),
        pytest.param(
            {"schema": {"type": "string"}, "payload": json.dumps({"headers": WRAPPED_HEADERS, "body": ORDER})},
            id="Connect around a wrapper",
        ),
        pytest.param(json.dumps({"headers": WRAPPED_HEADERS, "body": ORDER}), id="a string that holds JSON"),
    ],
)
def test_wrapper_is_peeled(value: object) -> None:
    """Form 4: what producers leave around the body, alone or nested."""
    from_shop(envelope(value))


def test_wrapper_that_names_the_shop_only() -> None:
    """The topic is told from the body then."""
    found = envelope({"shop": "acme.myshopify.com", "received_at": "2026-03-03T05:04:31Z", "payload": ORDER})
    assert (found.event_type, found.account, found.inferred) == ("orders/paid", "acme.myshopify.com", True)


def test_event_bridge_around_a_stripe_event() -> None:
    """Stripe's partner events carry the event as the detail."""
    inner = stripe_event("charge.succeeded", charge())
    value = {"detail-type": "charge.succeeded", "source": "aws.partner/stripe.com/ed_1", "detail": inner}
    assert envelope(value).event_type == "charge.succeeded"


def test_inner_headers_win() -> None:
    """Headers that the wrapper carries are closer to the source than those of the record."""
    value = {"headers": WRAPPED_HEADERS, "body": ORDER}
    assert envelope(value, {"X-Shopify-Topic": b"orders/create"}).event_type == "orders/paid"


def test_tombstone_is_none() -> None:
    """A null value is nothing at all."""
    assert decode_record(record(None)) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (b"", "not JSON"),
        (b'{"id": 1', "not JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[]", "no object"),
        (b"null", "no object"),
        (b"7", "no object"),
        (b'"plain words"', "neither JSON nor base64"),
        (b'{"id": NaN}', "NaN"),
        (b'{"id": -Infinity}', "-Infinity"),
        (b'{"id": 1, "id": 2}', "twice"),
        (b'{"id": 1' + b"0" * 5000 + b"}", "too large to read"),
        (b'{"id": 1e99999999999999999999}', "too large to read"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"a": "\\ud83d", "b": ' + b"[" * 900 + b"]" * 900 + b"}", "nested too deeply|neither"),
        (b'{"id": 5}', "neither a Stripe event nor a known Shopify body"),
        (b'{"object": "charge", "id": "ch_1", "amount": 5}', "neither a Stripe event"),
        (b'{"object": {"object": "charge"}}', "neither a Stripe event"),
        (b'{"object": "event", "type": "charge.succeeded", "livemode": true}', "lacks its type or its data.object"),
        (b'{"object": "event", "type": 5, "livemode": true, "data": {"object": {}}}', "lacks its type"),
        (b'{"object": "event", "type": "x", "data": {"object": {}}}', "whether it is live"),
        (b'{"object": "v2.core.event"}', "lacks its type"),
        (b'{"specversion": "1.0", "type": "com.shopify.orders.paid", "source": "s"}', "carries no data"),
        (b'{"topic": "orders", "action": "update", "handle": "h", "fields_changed": []}', "event notification"),
        (b'{"before": null, "after": {"id": 5}, "op": "c"}', "neither a Stripe event"),
    ],
)
def test_unreadable_value_is_refused(value: bytes, said: str) -> None:
    """Each ends as one sentence that says why."""
    with pytest.raises(UndecodableRecord, match=said):
        decode_record(record(value))


def test_bare_object_in_a_shopify_costume_is_refused() -> None:
    """A Stripe object is no Shopify body, whatever fields it shares with one."""
    with pytest.raises(UndecodableRecord, match="neither"):
        envelope({"object": "dispute", "evidence_due_by": 1, "order_id": 2, "amount": 3})


def test_cloud_event_of_stripe_without_an_object_is_refused() -> None:
    """A type alone does not make an object."""
    with pytest.raises(UndecodableRecord, match="neither a Stripe event nor a Stripe object"):
        envelope({"id": "x"}, {"ce_type": b"com.stripe.charge.succeeded"})


def test_event_notification_header_alone_does_not_condemn_a_resource() -> None:
    """The newer header family names an action as well; a body that is a resource is read."""
    assert envelope(ORDER, {**SHOPIFY, "shopify-action": b"update"}).event_type == "orders/paid"
    with pytest.raises(UndecodableRecord, match="event notification"):
        envelope({"order": {"id": 1}}, {**SHOPIFY, "shopify-action": b"update"})


def test_too_many_wrappers_are_refused() -> None:
    """Nesting is bounded."""
    value: object = ORDER
    for _ in range(9):
        value = {"schema": {}, "payload": value}
    with pytest.raises(UndecodableRecord, match="too many times"):
        envelope(value)


def test_size_is_bounded() -> None:
    """A value past the limit is refused before it is parsed; the limit is an argument."""
    big = b'{"id": "' + b"x" * 5_000_000 + b'"}'
    with pytest.raises(UndecodableRecord, match="5000010 bytes"):
        decode_record(record(big))
    with pytest.raises(UndecodableRecord, match="neither"):
        decode_record(record(big), value_bytes_max=6_000_000)


def test_byte_order_mark_is_tolerated() -> None:
    """Some producers write one."""
    assert decode_record(record(b"\xef\xbb\xbf" + json.dumps(ORDER).encode())) is not None


def test_ids_and_amounts_never_pass_through_a_float() -> None:
    """820982911946154508 stays what it is, and so does 0.1."""
    body = json.dumps(ORDER).replace(
        f'"id": {ORDER["id"]},', '"id": 820982911946154508, "odd": 0.10000000000000000001,'
    )
    found = decode_record(record(body.encode()))
    assert found is not None
    assert found.body["id"] == 820982911946154508
    assert str(found.body["odd"]) == "0.10000000000000000001"


def test_half_of_an_emoji_is_replaced() -> None:
    """A title that a producer cut in the middle of a character can be written again."""
    body = json.dumps({**ORDER, "note": "x"}).replace('"note": "x"', '"note": "cut \\ud83d", "\\ud83d": ["\\ude00"]')
    found = decode_record(record(body.encode()))
    assert found is not None
    assert found.body["note"] == "cut \ufffd"
    assert found.body["\ufffd"] == ["\ufffd"]


@pytest.mark.parametrize("created", [None, "soon", True, 10**30])
def test_unreadable_time_only_loses_the_hint(created: object) -> None:
    """The event's own time is a hint; without it the event is still an event."""
    assert envelope(stripe_event("charge.succeeded", charge(), created=created)).occurred_at is None


def test_unreadable_trigger_time_only_loses_the_hint() -> None:
    """The same for Shopify's header."""
    assert envelope(ORDER, {**SHOPIFY, "X-Shopify-Triggered-At": b"yesterday"}).occurred_at is None
