"""Spans that are kept in memory, and a company whose owner is traced into them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bridge.service.traced_owner import CompanyTraces, TracedOwner
from bridge.telemetry.traces import Traces
from contracts.records import InboundRecord
from contracts.results import Result
from tests.support.assembly import COMPANY, RESULTS
from tests.support.world import World, opened


@dataclass
class KeptSpans:
    """The traces of one process, and what left it."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    traces: Traces = field(init=False)

    def __post_init__(self) -> None:
        self.traces = Traces(self.exporter, version="0")

    def all(self) -> list[ReadableSpan]:
        """What has left the process by now."""
        self.traces.provider.force_flush()
        return list(self.exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        """The spans of this name."""
        return [span for span in self.all() if span.name == name]


@dataclass
class TracedWorld:
    """A company of its own books whose work is told as spans."""

    world: World
    spans: KeptSpans
    owner: TracedOwner
    about: CompanyTraces

    async def process(self, *records: InboundRecord) -> list[Result]:
        """One micro-batch, settled as the Kafka side does."""
        results = self.world.settle(await self.owner.process(records))
        self.owner.committed()
        return results

    async def idle(self) -> list[Result]:
        """A quiet moment, settled."""
        results = self.world.settle(await self.owner.idle())
        self.owner.committed()
        return results


@contextlib.asynccontextmanager
async def traced_world() -> AsyncIterator[TracedWorld]:
    """A young company whose traced owner has just taken it over."""
    spans = KeptSpans()
    about = CompanyTraces(spans.traces, COMPANY, results_topic=RESULTS)
    async with opened(watch=about.watch) as world:
        owner = TracedOwner(world.company, about, time.time_ns)
        yield TracedWorld(world, spans, owner, about)
    spans.traces.close()
