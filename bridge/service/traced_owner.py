"""A company's owner, told as spans: what is at work, its requests within it, and how each record ended.

A micro-batch is one span, a child of the poll that brought it, linked to the traces of the producers; the requests to
QBO are its children. Once it is settled each record gets a span of the same time in the trace of its producer, which
links to the micro-batch; without a producer's trace it is the micro-batch's child.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    get_current_span,
    set_span_in_context,
    use_span,
)

from bridge.kafka.owner import CompanyOwner
from bridge.kafka.traces import Poll, middlewares, producer_trace
from bridge.telemetry.traces import OURS, Traces
from contracts.containment import in_short
from contracts.records import InboundRecord, OutboundRecord, Place

log = structlog.get_logger(__name__)


class CompanyTraces:
    """The traces of one company: of what is polled, of its requests to QBO, and of its owner's work."""

    def __init__(self, traces: Traces, company: str, *, results_topic: str) -> None:
        self.calls = 0
        """Requests to QBO so far."""
        self.company = company
        self.results_topic = results_topic
        self.poll = Poll()
        self.tracer = traces.tracer
        self.middlewares = middlewares(traces.provider, self.poll)
        self._traces = traces

    def watch(self, http: Any) -> None:
        """A span for each request of this httpx client."""
        self._traces.watch(http, self.company, self._count)

    def _count(self) -> None:
        self.calls += 1


@dataclass(frozen=True, slots=True)
class _Unsettled:
    """What `process` or `idle` gave last, and nobody has settled yet."""

    span: Span
    began_ns: int
    records: Sequence[InboundRecord]
    published: Sequence[OutboundRecord]


class TracedOwner:
    """A `CompanyOwner` whose work another one does; whatever goes wrong with its spans, the work goes on."""

    def __init__(self, owner: CompanyOwner, traces: CompanyTraces, now_ns: Callable[[], int]) -> None:
        self._owner = owner
        self._traces = traces
        self._now_ns = now_ns
        self._unsettled: _Unsettled | None = None

    async def take_over(self, epoch: int) -> None:
        """A span of its own, with the readings of the books in it."""
        span = self._begin("take-over", ())
        with self._at_work(span):
            await self._owner.take_over(epoch)
        span.end(self._now_ns())

    async def process(self, records: tuple[InboundRecord, ...]) -> tuple[OutboundRecord, ...]:
        """The span of a micro-batch, until it is settled."""
        return await self._work("micro-batch", records, lambda: self._owner.process(records))

    async def idle(self) -> tuple[OutboundRecord, ...]:
        """A span where something came of it; once a second nothing does, and what is not ended goes nowhere."""
        return await self._work("idle", (), self._owner.idle)

    @property
    def has_more(self) -> bool:
        """As the owner says."""
        return self._owner.has_more

    def committed(self) -> None:
        """What was given last is settled: now it may be told."""
        self._owner.committed()
        with self._harmlessly():
            self._tell_settled()

    def failed(self, reason: str, *, by_record: bool, lost: bool = False) -> int:
        """What was given last is not settled."""
        with self._harmlessly():
            self._tell_unsettled()
        return self._owner.failed(reason, by_record=by_record, lost=lost)

    async def released(self) -> None:
        """What was given last is not settled."""
        with self._harmlessly():
            self._tell_unsettled()
        await self._owner.released()

    async def _work(
        self, name: str, records: Sequence[InboundRecord], work: Callable[[], Awaitable[tuple[OutboundRecord, ...]]]
    ) -> tuple[OutboundRecord, ...]:
        began_ns, calls = self._now_ns(), self._traces.calls
        span = self._begin(name, records)

        def is_relevant(published: Sequence[OutboundRecord] = ()) -> bool:
            results = any(each.topic == self._traces.results_topic for each in published)
            return bool(records) or self._traces.calls > calls or results

        with self._at_work(span, is_relevant):
            published = await work()
        self._unsettled = _Unsettled(span, began_ns, records, published) if is_relevant(published) else None
        return published

    def _begin(self, name: str, records: Sequence[InboundRecord]) -> Span:
        polled_in = self._traces.poll.of(records)
        producers = [context for each in records if (context := producer_trace(each)) is not None]
        links = {_of(context).span_id: Link(_of(context)) for context in producers}
        about = {f"{OURS}company": self._traces.company} | ({f"{OURS}records": len(records)} if records else {})
        return self._traces.tracer.start_span(
            name,
            context=_within(polled_in) if polled_in is not None else Context(),
            kind=SpanKind.CONSUMER if records else SpanKind.INTERNAL,
            attributes=about,
            links=list(links.values()),
            start_time=self._now_ns(),
        )

    @contextlib.contextmanager
    def _at_work(self, span: Span, is_relevant: Callable[[], bool] = lambda: True) -> Iterator[None]:
        """Requests within belong to `span`; an error ends it, and is told by its class alone."""
        try:
            with use_span(span, record_exception=False, set_status_on_exception=False):
                yield
        except BaseException as error:
            if is_relevant():
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                span.end(self._now_ns())
            raise

    def _tell_settled(self) -> None:
        done, self._unsettled = self._unsettled, None
        if done is None:
            return
        ended_ns = self._now_ns()
        known = {each.place: each for each in done.records}
        for result in self._results(done.published):
            place = _place_of(result)
            self._tell_record(result, place, known.get(place), done, ended_ns)
        done.span.end(ended_ns)

    def _tell_record(
        self, result: Mapping[str, Any], place: Place, record: InboundRecord | None, done: _Unsettled, ended_ns: int
    ) -> None:
        producer = producer_trace(record) if record is not None else None
        batch = done.span.get_span_context()
        span = self._traces.tracer.start_span(
            "record",
            context=producer or _within(batch),
            kind=SpanKind.CONSUMER,
            links=[Link(batch)] if producer else [],
            attributes={f"{OURS}company": self._traces.company, **_place_attributes(place), **_ending(result)},
            start_time=done.began_ns,
        )
        span.end(ended_ns)

    def _tell_unsettled(self) -> None:
        lost, self._unsettled = self._unsettled, None
        if lost is not None:
            lost.span.set_status(StatusCode.ERROR)
            lost.span.end(self._now_ns())

    def _results(self, published: Sequence[OutboundRecord]) -> list[Mapping[str, Any]]:
        topic = self._traces.results_topic
        return [orjson.loads(each.value) for each in published if each.topic == topic and each.value is not None]

    @contextlib.contextmanager
    def _harmlessly(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - because what is told of the work must not end it
            log.warning("traces.failed", company=self._traces.company, reason=in_short(error))


def _of(context: Context) -> SpanContext:
    return get_current_span(context).get_span_context()


def _within(span: SpanContext) -> Context:
    return set_span_in_context(NonRecordingSpan(span), Context())


def _place_of(result: Mapping[str, Any]) -> Place:
    source = result["source"]
    return Place(source["topic"], source["partition"], source["offset"])


def _place_attributes(place: Place) -> dict[str, str | int]:
    return {
        "messaging.system": "kafka",
        "messaging.destination.name": place.topic,
        "messaging.kafka.destination.partition": place.partition,
        "messaging.kafka.message.offset": place.offset,
    }


def _ending(result: Mapping[str, Any]) -> dict[str, Any]:
    """How a record ended, and by which requests: ids of ours and of QBO, and no word of its event."""
    entities = result.get("entities", ())
    said = {
        "status": result["status"],
        "document": result["source"]["document"],
        "reason_code": (result.get("reason") or {}).get("code"),
        "request_ids": _each_once(entities, "request_id"),
        "intuit_tids": _each_once(entities, "intuit_tid"),
    }
    return {f"{OURS}{name}": value for name, value in said.items() if value}


def _each_once(entities: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    return list(dict.fromkeys(each[name] for each in entities if each.get(name)))
