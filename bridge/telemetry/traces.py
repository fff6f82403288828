"""Traces of OpenTelemetry: which spans leave the process, and what they may say. Imported only where they are wanted.

Where they go, how many, and under which name of the service: the variables OTEL_* of OpenTelemetry, OTLP over HTTP.
Spans are handed over in a thread beside the work, from a queue that drops what it cannot hold: a collector that is away
costs spans, never work.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor, RequestInfo, ResponseInfo
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Event, ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, Span, Status, Tracer

OURS = "qbo_bridge."
SAYABLE = re.compile(
    r"qbo_bridge\.\w+"
    r"|messaging\.(system|operation|message\.id|batch\.message_count|destination(_publish)?\.name"
    r"|kafka\.(destination\.partition|message\.offset))"
    r"|http\.(method|status_code|request\.method|response\.status_code)"
    r"|(error|exception)\.type"
)
"""The attributes that a span may carry. URLs hold queries with people's names, headers hold tokens, messages quote."""
CLOSE_WAIT_S = 3.0
"""How long a process that ends waits for the last spans to leave."""
_RESOURCE = re.compile(r"/v3/company/[0-9]+/(?P<name>[a-z]+)")


class SayableOnly(SpanExporter):
    """Hands over what of each span may be said, whoever made it: name, times, parents, and `SAYABLE` attributes."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """What the exporter says of it."""
        return self._exporter.export([_sayable(span) for span in spans])

    def shutdown(self) -> None:
        """Hand over nothing more."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """What the exporter says of it."""
        return self._exporter.force_flush(timeout_millis)


def _sayable(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_attributes(span.attributes),
        events=[Event(each.name, _attributes(each.attributes), each.timestamp) for each in span.events],
        links=[Link(each.context) for each in span.links],
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _attributes(given: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (given or {}).items() if SAYABLE.fullmatch(name)}


class Traces:
    """The spans of one process. `exporter` is OTLP's, which reads its environment, already made."""

    def __init__(self, exporter: SpanExporter, *, version: str) -> None:
        named = OTELResourceDetector().detect().attributes.get("service.name", "qbo-bridge")
        resource = Resource.create({"service.name": named, "service.version": version})
        # because the SDK's own goodbye at exit waits half a minute for a collector that is away
        self.provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self.provider.add_span_processor(BatchSpanProcessor(SayableOnly(exporter)))
        self.tracer: Tracer = self.provider.get_tracer("qbo-bridge", version)

    def close(self, wait_s: float = CLOSE_WAIT_S) -> None:
        """Hand over what is left, for `wait_s` seconds at most."""
        closing = threading.Thread(target=self.provider.shutdown, name="traces", daemon=True)
        closing.start()
        closing.join(wait_s)

    def watch(self, http: Any, company: str, on_call: Callable[[], None]) -> None:
        """A span for each request of this httpx client, with its request id and tid; `on_call` hears of each."""

        async def asked(span: Span, request: RequestInfo) -> None:
            on_call()
            url = urlsplit(str(request.url))
            found = _RESOURCE.match(url.path)
            resource = found["name"] if found else "token"
            span.update_name(f"{_text(request.method)} {resource}")
            span.set_attributes({f"{OURS}company": company, f"{OURS}resource": resource})
            for request_id in parse_qs(url.query).get("requestid", ()):
                span.set_attribute(f"{OURS}request_id", request_id)

        async def answered(span: Span, _: RequestInfo, response: ResponseInfo) -> None:
            tid = dict(response.headers or {}).get("intuit_tid")
            if tid is not None:
                span.set_attribute(f"{OURS}intuit_tid", str(tid))

        HTTPXClientInstrumentor.instrument_client(
            http,
            tracer_provider=self.provider,
            meter_provider=NoOpMeterProvider(),
            request_hook=asked,
            response_hook=answered,
        )


def _text(method: Any) -> str:
    return method.decode() if isinstance(method, bytes) else str(method)
