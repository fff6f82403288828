"""The work of a company as spans: record, micro-batch and request, by ids and never by what an event says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.trace import StatusCode, get_current_span

from bridge.kafka.traces import producer_trace
from contracts.errors import Unavailable
from contracts.records import InboundRecord, OutboundRecord, Place
from tests.support.assembly import RESULTS
from tests.support.orders import charge, line, order, stripe_event, transaction
from tests.support.spans import traced_world

TRACE, SPAN = 0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331
PRODUCER = {"traceparent": f"00-{TRACE:032x}-{SPAN:016x}-01".encode()}
HEADERS = st.lists(st.tuples(st.sampled_from(["traceparent", "ce_traceparent", "x"]), st.none() | st.binary()))


def said(span: ReadableSpan, name: str) -> Any:
    """An attribute of ours."""
    return (span.attributes or {}).get(f"qbo_bridge.{name}")


def parent_of(span: ReadableSpan) -> int | None:
    return span.parent.span_id if span.parent else None


def own_id(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.span_id)


async def test_an_order_is_told_from_its_record_to_its_requests() -> None:
    """The record in its producer's trace, the micro-batch linked to both, each request within it with id and tid."""
    async with traced_world() as traced:
        (record,) = traced.world.records(order([line("10.00")]), headers=PRODUCER)
        (result,) = await traced.process(record)
        (batch,) = traced.spans.named("micro-batch")
        (told,) = traced.spans.named("record")
        requests = [span for span in traced.spans.all() if parent_of(span) == own_id(batch)]
    assert [link.context.span_id for link in batch.links] == [SPAN]
    assert told.context is not None
    assert (told.context.trace_id, parent_of(told)) == (TRACE, SPAN)
    assert [link.context.span_id for link in told.links] == [own_id(batch)]
    assert (said(told, "status"), said(told, "document")) == ("posted", str(result.source.document))
    written = {each.request_id.split("/")[0] for each in result.entities if each.request_id}
    assert written == {said(span, "request_id") for span in requests} - {None}
    assert {each.intuit_tid for each in result.entities} <= {said(span, "intuit_tid") for span in requests}
    assert {said(span, "company") for span in (batch, told, *requests)} == {"acme"}
    assert set(said(told, "request_ids")) == {each.request_id for each in result.entities if each.request_id}


async def test_a_record_without_a_trace_is_told_within_its_micro_batch() -> None:
    """One with a broken header too."""
    async with traced_world() as traced:
        records = traced.world.records(b"not json", headers={"traceparent": b"00-broken"})
        await traced.process(*records)
        (batch,), (told,) = traced.spans.named("micro-batch"), traced.spans.named("record")
    assert parent_of(told) == own_id(batch)
    assert (said(told, "status"), said(told, "reason_code")) == ("dead_lettered", "undecodable")


async def test_a_quiet_moment_is_not_told_and_one_that_books_is() -> None:
    """Once a second nothing happens. Guard: `is_relevant`."""
    async with traced_world() as traced:
        await traced.idle()
        quiet = len(traced.spans.named("idle"))
        (waiting,) = await traced.process(*traced.world.records(transaction(order_id=999)))
        await traced.world.clock.advance(100 * 3600)
        (ended,) = await traced.idle()
        before, after = traced.spans.named("record")
        (idle,) = traced.spans.named("idle")
    assert (quiet, waiting.status.value, ended.status.value) == (0, said(before, "status"), said(after, "status"))
    assert parent_of(after) == own_id(idle)


async def test_nothing_of_an_event_or_a_token_is_in_a_span(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are asked for in queries, tokens are in headers, and QBO's refusals quote. Guard: `SayableOnly`."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_REQUEST", ".*")
    monkeypatch.setenv("OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_CLIENT_RESPONSE", ".*")
    buyer = {"id": 7, "first_name": "Wilhelmina", "last_name": "Quux", "email": "quux@example.com"}
    async with traced_world() as traced:
        traced.world.breaks("batch_item", count=1, entity="Customer", code="6240", detail="Wilhelmina Quux is there")
        body = order([line("10.00", title="Zirconia")], customer=buyer, email=buyer["email"], id="Wilhelmina Quux")
        asked = traced.world.records(order([line("10.00", title="Zirconia")], customer=buyer, email=buyer["email"]))
        paid = stripe_event("charge.succeeded", charge(id="quux@example.com"))
        await traced.process(*asked, *traced.world.records(body, paid))
        shown = "".join(span.to_json() for span in traced.spans.all())
    assert traced.spans.named("micro-batch")
    assert "Bearer" not in shown
    for secret in ("Wilhelmina", "Quux", "quux", "Zirconia", "select", "sandbox-"):
        assert secret not in shown


async def test_work_that_is_cut_short_is_told_by_its_kind_alone() -> None:
    """And goes on as without traces: the error reaches who waits it out."""
    async with traced_world() as traced:
        traced.world.breaks("outage", seconds=1800)
        with pytest.raises(Unavailable):
            await traced.owner.process(traced.world.records(order([line("10.00")])))
        (batch,) = traced.spans.named("micro-batch")
    assert (batch.status.status_code, batch.status.description) == (StatusCode.ERROR, None)
    assert dict(batch.attributes or {})["error.type"]


async def test_what_was_never_settled_says_so() -> None:
    """Kafka refused it, or another process owns the company by now."""
    async with traced_world() as traced:
        await traced.owner.process(traced.world.records(order([line("10.00")])))
        await traced.owner.released()
        (batch,), records = traced.spans.named("micro-batch"), traced.spans.named("record")
    assert batch.status.status_code is StatusCode.ERROR
    assert records == []


async def test_a_result_that_cannot_be_told_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard: `_harmlessly`."""

    async def broken(_: object) -> tuple[OutboundRecord, ...]:
        return (OutboundRecord(topic=RESULTS, key=None, value=b"not JSON"),)

    async with traced_world() as traced:
        monkeypatch.setattr(type(traced.world.company), "process", lambda _, records: broken(records))
        await traced.owner.process(traced.world.records(order([line("10.00")])))
        traced.owner.committed()
        assert traced.spans.named("record") == []


async def test_a_micro_batch_belongs_to_the_poll_that_brought_it() -> None:
    """And to no other: the poll is known by its first record."""
    async with traced_world() as traced:
        first, second = traced.world.records(b"1", b"2")
        poll = traced.spans.traces.tracer.start_span("poll")
        traced.about.poll.note(second.place, poll.get_span_context())
        await traced.process(first)
        await traced.process(second)
        parents = [parent_of(span) for span in traced.spans.named("micro-batch")]
    assert parents == [None, poll.get_span_context().span_id]


@given(HEADERS)
def test_whatever_headers_a_record_has_it_is_in_a_whole_trace_or_in_none(
    headers: list[tuple[str, bytes | None]],
) -> None:
    """What a producer writes raises nothing."""
    record = InboundRecord.known_by_place(Place("t", 0, 0))
    object.__setattr__(record, "headers", tuple(headers))
    found = producer_trace(record)
    assert found is None or get_current_span(found).get_span_context().is_valid
