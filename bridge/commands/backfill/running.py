"""What a backfill and a plan have in common: what is asked, what is shown, and the parts of one run."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from bridge.commands.backfill.counts import BackfillCounts
from bridge.commands.backfill.pace import pace
from bridge.commands.backfill.report import print_report
from bridge.commands.backfill.risk import Risk
from bridge.commands.progress import ProgressBar
from bridge.config.settings import Settings
from bridge.decoding.decision import EventMapper
from bridge.kafka.range import Bounds, RangeReader, TimeSpan, open_range
from bridge.quickbooks.limiter import Priority
from bridge.service.app import CompanyContext, CompanyRuntime, open_runtime
from bridge.service.settings import company_router, kafka_connection
from contracts.errors import BridgeError, Unauthorised, Unavailable
from contracts.results import Result

SILENT_S = 30.0
"""Kafka has not answered for so long: a rebalance that waits for a micro-batch takes less."""
WAIT_MAX_S = 60.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRequest:
    """What is to be done: whose range, which span, and a file for the results (of a plan: its lines) beside it.

    `bounds` are the offsets of a range that was read before, `plan_to` is where a plan is kept.
    """

    company: str
    span: TimeSpan
    out: Path | None = None
    bounds: Bounds | None = None
    plan_to: Path | None = None
    as_json: bool = False


class TerminalProgress:
    """Says on the terminal what happens, and writes results into the file that was asked for."""

    def __init__(self, bar: ProgressBar, out: IO[bytes] | None = None) -> None:
        self._bar = bar
        self._out = out
        self._kafka_is_silent = False
        self.is_away = False
        self.is_paused = False

    def results(self, results: Sequence[Result]) -> None:
        """One JSON document a line, as the bus has it."""
        if self._out is not None and results:
            self._out.writelines(result.model_dump_json(by_alias=True).encode() + b"\n" for result in results)
            self._out.flush()

    def away(self, error: Unavailable) -> None:
        """Once an outage, however often it is tried again."""
        if not self.is_away:
            self._bar.say(f"Waiting for QuickBooks, which is asked again by itself: {error}.")
        self.is_away = True

    def paused(self, reason: str) -> None:
        """Once a pause, with how it goes on."""
        if not self.is_paused:
            self._bar.say(f"The company is {reason}.")
        self.is_paused = True

    def back(self) -> None:
        """The outage is over, and so is the pause."""
        if self.is_paused:
            self._bar.say("The company goes on.")
        self.is_paused = False
        if self.is_away:
            self._bar.say("QuickBooks answers again.")
        self.is_away = False

    def kafka_answered(self, age_s: float | None) -> None:
        """How long ago Kafka has answered, None when nobody asks it."""
        silent = age_s is None or age_s > SILENT_S
        if silent != self._kafka_is_silent:
            self._bar.say("Waiting for Kafka, which does not answer." if silent else "Kafka answers again.")
        self._kafka_is_silent = silent


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRun:
    """What a backfill and a plan have in common."""

    settings: Settings
    request: BackfillRequest
    reader: RangeReader
    runtime: CompanyRuntime
    counts: BackfillCounts
    bar: ProgressBar
    listener: TerminalProgress
    began_at: float

    def pace(self, done: int) -> str:
        """How fast it gets on, with `done` offsets of the range behind."""
        seconds, reads = time.monotonic() - self.began_at, self.runtime.client.counts.reads
        return pace(self.counts.read, seconds=seconds, done=done, total=self.reader.offsets, reads=reads)

    def print_report(self) -> None:
        """What came of it so far."""
        seconds = time.monotonic() - self.began_at
        print_report(self.counts, self.reader, self.runtime.client.counts, seconds, as_json=self.request.as_json)


@contextlib.asynccontextmanager
async def opened_run(
    settings: Settings, request: BackfillRequest, context: CompanyContext, *, rehearse: bool, counts_reads: bool = True
) -> AsyncIterator[BackfillRun]:
    """The reader and the machine of one run, until the block ends; one that rehearses books nothing."""
    began_at = time.monotonic()
    connection = kafka_connection(settings.kafka)
    bar = ProgressBar(request.company)
    async with contextlib.AsyncExitStack() as stack:
        out = stack.enter_context(request.out.open("wb")) if request.out and not rehearse else None
        range_ = open_range(connection, settings.topics.events, request.span, request.bounds)
        reader = await stack.enter_async_context(range_)
        mapper = EventMapper(request.company, company_router(settings), context.rules)
        runtime = await stack.enter_async_context(
            open_runtime(settings, context, priority=Priority.BACKFILL, rehearse=rehearse, counts_reads=counts_reads)
        )
        yield BackfillRun(
            settings=settings,
            request=request,
            reader=reader,
            runtime=runtime,
            counts=BackfillCounts(request.company, risk=Risk(mapper)),
            bar=bar,
            listener=TerminalProgress(bar, out),
            began_at=began_at,
        )


async def read_ahead(run: BackfillRun) -> bool:
    """Read the whole range once, before any of it is planned: whether an order is there already depends on all orders.

    KafkaError when Kafka is away.
    """
    settings, request = run.settings, run.request
    range_ = open_range(kafka_connection(settings.kafka), settings.topics.events, request.span, request.bounds)
    read = 0
    async with range_ as reader:
        async for batch in reader.batches(settings.kafka.max_records):
            if not await run.runtime.owner.read_ahead(batch.records):
                break
            read += len(batch.records)
            run.bar.show(batch.passed, reader.offsets, f"{read} records read")
    return True


async def patiently(run: BackfillRun, call: Callable[[], Awaitable[T]]) -> T:
    """What `call` gives, when QBO answers at last."""
    wait_s = 1.0
    while True:
        try:
            answer = await call()
        except Unauthorised as error:
            raise BridgeError(f"QuickBooks must be connected again by a person: {error}") from None
        except Unavailable as error:
            run.listener.away(error)
            await asyncio.sleep(wait_s if error.retry_after_s is None else error.retry_after_s)
            wait_s = min(2 * wait_s, WAIT_MAX_S)
        else:
            run.listener.back()
            return answer


async def until_stopped(work: Awaitable[T], stopping: asyncio.Event) -> T | None:
    """What `work` gave; None where the process was told to stop before."""
    working, stopped = asyncio.ensure_future(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopped):
            task.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)
