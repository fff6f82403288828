"""A served company whose work is told to a collector: what comes over the network names the result's own requests."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from contracts.records import OutboundRecord
from tests.support.orders import line, order, shopify_event
from tests.support.stage import Stage

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"  # pragma: allowlist secret


@dataclass
class Collector:
    """A collector of OTLP over HTTP on loopback, and the spans that it got."""

    spans: list[Span] = field(default_factory=list)
    url: str = ""

    def named(self, name: str) -> list[Span]:
        """The spans of this name."""
        return [span for span in self.spans if span.name == name]


@pytest.fixture
def collector() -> Iterator[Collector]:
    """One that answers as long as the test runs."""
    found = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = ExportTraceServiceRequest.FromString(self.rfile.read(int(self.headers["content-length"])))
            found.spans += [span for each in told.resource_spans for scope in each.scope_spans for span in scope.spans]
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield found
    server.shutdown()
    serving.join()
    server.server_close()


def said(span: Span, name: str) -> list[str]:
    """An attribute of ours, as a list of texts."""
    values = [each.value for each in span.attributes if each.key == f"qbo_bridge.{name}"]
    texts = [each.string_value for value in values for each in value.array_value.values]
    return texts or [value.string_value for value in values]


async def test_a_producer_s_trace_leads_to_the_requests_of_its_order(stage: Stage, collector: Collector) -> None:
    """Over the poll of FastStream and the micro-batch within it; all has left when the process has ended."""
    stage.environ |= {"QBO_BRIDGE_TELEMETRY__TRACES": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    event = orjson.dumps(shopify_event("orders/create", order([line("10.00")])))
    headers = (("traceparent", f"00-{TRACE}-{SPAN}-01".encode()),)
    async with stage.bridge():
        await stage.produce([OutboundRecord(topic="shopify.events", key=None, value=event, headers=headers)])
        (result,) = await stage.outcomes(1, timeout_s=120)
    (record,), (batch,) = collector.named("record"), collector.named("micro-batch")
    assert (record.trace_id.hex(), record.parent_span_id.hex()) == (TRACE, SPAN)
    assert [link.span_id for link in record.links] == [batch.span_id]
    assert [link.span_id.hex() for link in batch.links] == [SPAN]
    (poll,) = [span for span in collector.spans if span.span_id == batch.parent_span_id]
    assert poll.name == f"{stage.topic('shopify.events')} process"
    asked = [span for span in collector.spans if span.parent_span_id == batch.span_id]
    named = {each.request_id.split("/")[0] for each in result.entities if each.request_id}
    assert named == {each for span in asked for each in said(span, "request_id")}
    assert {each.intuit_tid for each in result.entities} <= {
        each for span in asked for each in said(span, "intuit_tid")
    }
    assert collector.named("take-over")
