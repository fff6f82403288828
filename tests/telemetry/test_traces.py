"""What leaves the process as spans, and that nothing waits for who collects them."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Link, StatusCode

from bridge.telemetry.traces import SayableOnly, Traces

SECRET = "Jane Doe"
UNSAYABLE = ("http.url", "url.full", "http.request.header.authorization", "messaging.kafka.message.key", "exception")
NAMES = st.sampled_from(UNSAYABLE) | st.text(st.characters(codec="ascii"), min_size=1, max_size=30)
QUEUED_MAX = 2048
GIVES_UP_S = 15.0


class SilentCollector(SpanExporter):
    """One that takes spans and does not answer until it is let go."""

    def __init__(self) -> None:
        self.asked, self.answers = threading.Event(), threading.Event()
        self.gave_up = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:  # noqa: ARG002 - OpenTelemetry's signature
        self.asked.set()
        self.gave_up = not self.answers.wait(GIVES_UP_S)
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self.answers.wait(GIVES_UP_S)


@given(st.sets(NAMES, max_size=5))
def test_what_is_not_on_the_list_does_not_leave_whoever_says_it(names: set[str]) -> None:
    """As an attribute of the span, of an event or of a link, and as the words of an error."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(SayableOnly(kept)))
    tracer = provider.get_tracer("a library")
    attributes = dict.fromkeys(names, SECRET) | {"qbo_bridge.company": "acme"}
    with tracer.start_as_current_span("other") as other:
        link = Link(other.get_span_context(), attributes)
        span = tracer.start_span("POST", attributes=attributes, links=[link])
    span.add_event("exception", attributes)
    span.record_exception(ValueError(SECRET))
    span.set_status(StatusCode.ERROR, SECRET)
    span.end()
    shown = next(each for each in kept.get_finished_spans() if each.name == "POST")
    assert SECRET not in shown.to_json()
    assert dict(shown.attributes or {}) == {"qbo_bridge.company": "acme"}
    assert [event.name for event in shown.events] == ["exception", "exception"]
    assert len(shown.links) == 1


def test_a_collector_that_does_not_answer_holds_up_neither_the_work_nor_the_end() -> None:
    """What the queue cannot hold is dropped. Guard: the thread of `close`, and a batch processor."""
    collector = SilentCollector()
    traces = Traces(collector, version="0")
    for _ in range(2 * QUEUED_MAX):
        traces.tracer.start_span("work").end()
    assert collector.asked.wait(60)
    traces.close(wait_s=0.05)
    assert not collector.gave_up
    collector.answers.set()


def test_the_service_has_the_name_that_the_operator_gives_it() -> None:
    """Else ours. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES are OpenTelemetry's."""
    traces = Traces(InMemorySpanExporter(), version="0")
    assert traces.provider.resource.attributes["service.name"] == "qbo-bridge"
    traces.close()
