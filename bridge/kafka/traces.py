"""FastStream's spans of what is polled, and the producers' own. Imported only where traces are wanted.

FastStream's middleware sees a poll handed over, which takes no time: the work begins later, in another task. So the
span that it makes is kept until then, and the work becomes its child.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from faststream import BaseMiddleware
from faststream.kafka.opentelemetry import KafkaTelemetryMiddleware
from opentelemetry.context import Context
from opentelemetry.metrics import NoOpMeterProvider
from opentelemetry.trace import SpanContext, TracerProvider, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from contracts.records import InboundRecord, Place

TRACEPARENT = "traceparent"
_NAMES = {TRACEPARENT, f"ce_{TRACEPARENT}"}
_TRACE_CONTEXT = TraceContextTextMapPropagator()


class Poll:
    """The span of the newest poll of one company, known by the place of its first record."""

    def __init__(self) -> None:
        self._newest: tuple[Place, SpanContext] | None = None

    def note(self, first: Place, span: SpanContext) -> None:
        """The newest poll begins with this record, in this span."""
        self._newest = (first, span)

    def of(self, records: Sequence[InboundRecord]) -> SpanContext | None:
        """The span in which these records were polled, where that is known."""
        known = self._newest
        return known[1] if known is not None and records and records[0].place == known[0] else None


def middlewares(provider: TracerProvider, poll: Poll) -> tuple[Any, ...]:
    """FastStream's own middleware, and within it one that notes its span."""

    def noting(message: Any, /, *, context: Any) -> BaseMiddleware:
        return _Noting(message, poll, context=context)

    return KafkaTelemetryMiddleware(tracer_provider=provider, meter_provider=NoOpMeterProvider()), noting


class _Noting(BaseMiddleware):
    def __init__(self, message: Any, poll: Poll, *, context: Any) -> None:
        super().__init__(message, context=context)
        self._poll = poll

    async def consume_scope(self, call_next: Any, msg: Any) -> Any:
        first = msg.raw_message[0]
        self._poll.note(Place(first.topic, first.partition, first.offset), get_current_span().get_span_context())
        return await call_next(msg)


def producer_trace(record: InboundRecord) -> Context | None:
    """The trace that the producer of a record put it into; None where its `traceparent` is missing or broken."""
    for name, value in record.headers:
        if name.lower() in _NAMES and value is not None:
            found = _TRACE_CONTEXT.extract({TRACEPARENT: value.decode("ascii", "replace")}, Context())
            return found if get_current_span(found).get_span_context().is_valid else None
    return None
