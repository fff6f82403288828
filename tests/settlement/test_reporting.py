"""Whose event it is, what is said about it on the bus, and what a person finds in the dead letters."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.decoding.decision import EventMapper, MappedRecord
from bridge.decoding.routing import Route, Router
from bridge.settlement.outcome import Outcome, ignored, refused
from bridge.settlement.reporting import Reporter
from contracts.envelope import Envelope, System
from contracts.errors import RejectedPosting, UndecodableRecord
from contracts.posting import Ignored, PostingPlan
from contracts.records import Headers, InboundRecord, OutboundRecord
from contracts.results import PostedEntity, ResultStatus, result_id
from mappings.rules import MappingRules
from tests.support.orders import ORDER_ID, charge, line, order, shopify_event, stripe_event

NOW, THEN = datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 22, 11, tzinfo=UTC)
REPORTER = Reporter(
    company="acme-us", realm_id="913", rules_version="r1", results_topic="qbo.results", dead_letters_topic="qbo.dlq"
)
ACME = Route("acme-us", frozenset({"Acme.myshopify.com", "default"}), frozenset({"acct_1Acme"}))
OTHER = Route("other", frozenset({"other.myshopify.com"}), frozenset({"default"}))
BOTH = Router([ACME, OTHER])
UNDATED = {"account": "acct_1Acme", "created": None}
ORDER_EVENT = shopify_event("orders/paid", order([line("21.45", 2)]))


def record(body: object = ORDER_EVENT, headers: Headers = ()) -> InboundRecord:
    value = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return InboundRecord(
        topic="shopify.events", partition=3, offset=12, key=b"k", value=value, headers=headers, timestamp_ms=1
    )


def judged(body: object = ORDER_EVENT, company: str = "acme-us", headers: Headers = ()) -> MappedRecord | None:
    return EventMapper(company, BOTH, MappingRules()).map_record(record(body, headers))


def of_acme(body: object = ORDER_EVENT, headers: Headers = ()) -> MappedRecord:
    found = judged(body, headers=headers)
    assert found is not None
    return found


def told(each: MappedRecord, outcome: Outcome) -> tuple[dict[str, Any], tuple[OutboundRecord, ...]]:
    records = REPORTER.records(each, outcome, received_at=THEN, now=NOW)
    return json.loads(records[0].value or b""), records


def envelope(system: System, account: str | None) -> Envelope:
    return Envelope(system=system, event_type="x", event_id=None, account=account, occurred_at=None, body={})


@pytest.mark.parametrize(
    ("system", "account", "company"),
    [
        ("shopify", "acme.MYSHOPIFY.com", "acme-us"),
        ("shopify", "other.myshopify.com", "other"),
        ("shopify", "third.myshopify.com", None),
        ("shopify", None, "acme-us"),
        ("stripe", "acct_1Acme", "acme-us"),
        ("stripe", "acct_1acme", None),
        ("stripe", None, "other"),
    ],
)
def test_events_go_to_the_company_that_lists_their_source(system: System, account: str | None, company: str) -> None:
    """Shops in any letter case, accounts exactly; what names none goes to whoever lists `default`."""
    assert BOTH.company_of(envelope(system, account)) == company


def test_a_bare_shopify_body_goes_to_the_only_company_there_is() -> None:
    """A Stripe event without an account does not."""
    alone = Router([Route("acme", frozenset(), frozenset())])
    assert alone.company_of(envelope("shopify", None)) == "acme"
    assert alone.company_of(envelope("stripe", None)) is None
    assert Router([Route("a", frozenset(), frozenset()), OTHER]).company_of(envelope("shopify", None)) is None


def test_a_record_of_another_company_is_none_of_our_business() -> None:
    """It has no result here."""
    assert isinstance(of_acme().decision, PostingPlan)
    assert judged(company="other") is None


@pytest.mark.parametrize("body", [b"{not json", None, shopify_event("orders/paid", {"id": 1}) | {"headers": {}}])
def test_what_nobody_owns_is_said_once_by_the_first_company(body: object) -> None:
    """Unreadable, empty, or of an unknown shop."""
    assert judged(body, "acme-us") is not None
    assert judged(body, "other") is None


def test_what_no_company_lists_is_ignored_with_a_reason() -> None:
    """A tombstone too."""
    stranger = stripe_event("charge.succeeded", charge(), account="acct_stranger")
    codes = [each.decision.code for each in (of_acme(stranger), of_acme(None)) if isinstance(each.decision, Ignored)]
    assert codes == ["unknown_source", "tombstone"]


def test_an_error_of_the_mapping_is_the_records_verdict() -> None:
    """Never an exception."""
    broken = of_acme(shopify_event("orders/paid", {"id": 5, "line_items": []}))
    assert isinstance(broken.decision, UndecodableRecord)


def test_a_result_has_every_key_of_the_contract() -> None:
    """Readers rely on each of them; the record is keyed by the document and named by its place."""
    entity = PostedEntity(entity="Invoice", operation="create", id="145", total="42.90", currency="USD")
    value, (published,) = told(of_acme(), Outcome(status=ResultStatus.POSTED, entities=(entity,)))
    assert published.topic == "qbo.results"
    assert published.key == f"shopify:order:{ORDER_ID}".encode()
    assert value == {
        "schema": "qbo-bridge.result.v1",
        "result_id": result_id("acme-us", "shopify.events", 3, 12),
        "status": "posted",
        "company": "acme-us",
        "realm_id": "913",
        "source": {
            "system": "shopify",
            "event_type": "orders/paid",
            "event_id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
            "document": f"shopify:order:{ORDER_ID}",
            "topic": "shopify.events",
            "partition": 3,
            "offset": 12,
        },
        "entities": [
            {
                "entity": "Invoice",
                "operation": "create",
                "id": "145",
                "sync_token": None,
                "doc_number": None,
                "total": "42.90",
                "balance": None,
                "currency": "USD",
                "request_id": None,
                "intuit_tid": None,
            }
        ],
        "reason": None,
        "warnings": [],
        "rules_version": "r1",
        "attempts": 1,
        "occurred_at": "2026-03-03T05:04:31.516907Z",
        "received_at": "2026-11-22T11:00:00Z",
        "posted_at": "2026-11-22T12:00:00Z",
    }


def test_a_result_carries_cloudevents_attributes() -> None:
    """In its Kafka headers."""
    _, (published,) = told(of_acme(), Outcome(status=ResultStatus.POSTED))
    headers = {name: (value or b"").decode() for name, value in published.headers}
    assert headers["ce_id"] == result_id("acme-us", "shopify.events", 3, 12)
    assert headers["ce_type"] == "com.qbo-bridge.result.v1"
    assert headers["ce_subject"] == f"shopify:order:{ORDER_ID}"
    assert headers["ce_time"] == "2026-11-22T12:00:00Z"


def test_an_unreadable_record_has_a_result_with_nulls() -> None:
    """All keys of `source` are there; there is no document, so there is no key."""
    lost = of_acme(b"{not json")
    assert isinstance(lost.decision, UndecodableRecord)
    value, (published, dead) = told(lost, refused(lost.decision))
    assert published.key is None
    assert value["source"] == {
        "system": None,
        "event_type": None,
        "event_id": None,
        "document": None,
        "topic": "shopify.events",
        "partition": 3,
        "offset": 12,
    }
    assert (dead.topic, dead.key, dead.value) == ("qbo.dlq", b"k", b"{not json")


def test_a_dead_letter_is_the_original_with_why() -> None:
    """Bytes, key and headers as they came; ours beside them, QBO's own words included."""
    original = of_acme(headers=(("x-trace", b"\xff"), ("x-null", None)))
    error = RejectedPosting(
        "QBO says no", reason_code="period_closed", fault_code="6210", intuit_tid="1-tid", step="invoice"
    )
    value, (_, dead) = told(original, replace(refused(error), attempts=2))
    assert value["reason"] == {
        "code": "period_closed",
        "message": "QBO says no",
        "fault_code": "6210",
        "step": "invoice",
    }
    assert dead.value == original.record.value
    assert dict(dead.headers) == {
        "x-trace": b"\xff",
        "x-null": None,
        "qbb-reason-code": b"period_closed",
        "qbb-reason": b"QBO says no",
        "qbb-company": b"acme-us",
        "qbb-topic": b"shopify.events",
        "qbb-partition": b"3",
        "qbb-offset": b"12",
        "qbb-attempts": b"2",
        "qbb-fault-code": b"6210",
        "qbb-intuit-tid": b"1-tid",
        "qbb-failed-at": b"2026-11-22T12:00:00+00:00",
    }


def test_an_ignored_event_names_the_document_that_it_is_about() -> None:
    """What the mapping said, else what the body plainly says."""
    later = of_acme(shopify_event("orders/of_tomorrow", {"id": 77}))
    assert isinstance(later.decision, Ignored)
    value, _ = told(later, ignored(later.decision.code, later.decision.message))
    assert (value["source"]["document"], value["reason"]["code"]) == ("shopify:order:77", "unknown_type")
    broken = of_acme(shopify_event("orders/paid", {"id": 78, "line_items": []}))
    assert isinstance(broken.decision, UndecodableRecord)
    assert told(broken, refused(broken.decision))[0]["source"]["document"] == "shopify:order:78"


def test_only_what_was_posted_says_when() -> None:
    """`ce_time` says when a result was told, whatever became of it. Guard: `posted_at` in `Reporter._result`."""
    for status in set(ResultStatus) - {ResultStatus.DEAD_LETTERED}:
        value, (published,) = told(of_acme(), Outcome(status=status))
        assert (value["posted_at"] is not None) is (status is ResultStatus.POSTED)
        assert dict(published.headers)["ce_time"] == b"2026-11-22T12:00:00Z"


@pytest.mark.parametrize(
    ("body", "moment"),
    [
        (order([line("21.45", 2)], updated_at="2026-03-02T21:06:00-08:00"), "2026-03-02T21:06:00-08:00"),
        (order([line("21.45", 2)], updated_at="soon", processed_at="2026-03-01T00:00:00Z"), "2026-03-01T00:00:00Z"),
        (stripe_event("charge.succeeded", charge(created=1_760_000_000), **UNDATED), "2025-10-09T08:53:20Z"),
        (stripe_event("charge.succeeded", charge(created="x"), **UNDATED), None),
    ],
)
def test_an_event_without_a_time_of_its_own_has_its_documents(body: object, moment: str | None) -> None:
    """Shopify's `updated_at`, else when it was made; Stripe's `created`. Guard: `happened_at`."""
    value, _ = told(of_acme(body), ignored("x", "y"))
    assert value["occurred_at"] == moment


def test_a_header_of_the_original_never_passes_for_one_of_ours() -> None:
    """Also where ours is empty, and so left out. Guard: the names in `dead_letter_record`."""
    lost = of_acme(b"{not json", headers=(("qbb-fault-code", b"6000"), ("qbb-redriven-from", b"dlq:0:7")))
    assert isinstance(lost.decision, UndecodableRecord)
    _, (_, dead) = told(lost, refused(lost.decision))
    assert "qbb-fault-code" not in dict(dead.headers)
    assert dict(dead.headers)["qbb-redriven-from"] == b"dlq:0:7"
