"""`qbo-bridge backfill`: a bounded range of the event topics once more, as the company's owner, or only as a plan."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeVar

from bridge.clock import SystemClock
from bridge.commands.backfill.counts import BackfillCounts
from bridge.commands.backfill.effect import Effect
from bridge.commands.backfill.engine import BackfillOwner, Feed, parked_ids, results_in
from bridge.commands.backfill.forecast import Forecasts
from bridge.commands.backfill.rehearsed_effect import effect_of
from bridge.commands.backfill.report import print_plan, print_report, write_forecasts
from bridge.commands.progress import ProgressBar
from bridge.config.settings import Settings
from bridge.kafka.membership import hosts_in_group
from bridge.kafka.range import RangeReader, TimeSpan, open_range
from bridge.kafka.topics import create_missing, partitions_of
from bridge.quickbooks.limiter import Priority
from bridge.service.app import (
    CompanyContext,
    CompanyRuntime,
    company_intake,
    kafka_connection,
    open_company_context,
    open_runtime,
    topics_to_create,
)
from bridge.service.serving import stop_signals
from bridge.telemetry.logs import silence_logs
from contracts.errors import BridgeError, Unauthorised, Unavailable
from contracts.records import InboundRecord, OutboundRecord
from contracts.results import Result

TICK_S = 0.1
SILENT_S = 30.0
"""Kafka has not answered for so long: a rebalance that waits for a micro-batch takes less."""
WAIT_MAX_S = 60.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRequest:
    """What is to be done: whose range, which span, and a file for the results (of a plan: its lines) beside it."""

    company: str
    span: TimeSpan
    out: Path | None = None


class TerminalProgress:
    """Says on the terminal what happens, and writes results into the file that was asked for."""

    def __init__(self, bar: ProgressBar, out: IO[bytes] | None = None) -> None:
        self._bar = bar
        self._out = out
        self._kafka_is_silent = False
        self.is_away = False

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

    def back(self) -> None:
        """The outage is over."""
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
class _Run:
    """What a backfill and a plan have in common."""

    settings: Settings
    request: BackfillRequest
    reader: RangeReader
    runtime: CompanyRuntime
    counts: BackfillCounts
    bar: ProgressBar
    listener: TerminalProgress
    began_at: float

    def print_report(self) -> None:
        print_report(self.counts, self.reader, self.runtime.client.counts, time.monotonic() - self.began_at)


async def run_backfill(settings: Settings, request: BackfillRequest) -> None:
    """Post the range as the company's owner, and print what came of it.

    BridgeError while a service owns the company or stands by for it, when another process takes it over, when a person
    must connect the company, and when it was interrupted. KafkaError when Kafka is away at the start.
    """
    if not settings.kafka.transactions:
        raise BridgeError("A backfill needs kafka.transactions = true: without them nothing keeps a second writer out")
    stopping = stop_signals()
    silence_logs()
    context = await open_company_context(settings, settings.company(request.company))
    await _refuse_while_a_service_runs(settings, request.company)
    await _have_topics(settings)
    async with _opened(settings, request, context, rehearse=False) as run:
        try:
            with run.bar:
                finished = await _work(run, stopping)
        finally:
            run.print_report()
    if not finished:
        raise BridgeError(
            "Interrupted before the end of the range. Started again it goes on safely: "
            "what is in the books is not posted again"
        )


async def run_plan(settings: Settings, request: BackfillRequest) -> None:
    """Print what `run_backfill` would do, writing nothing to QBO or Kafka; a service may be at work meanwhile."""
    stopping = stop_signals()
    silence_logs()
    forecasts = Forecasts()
    context = await open_company_context(settings, settings.company(request.company))
    async with _opened(settings, request, context, rehearse=True) as run:
        with run.bar:
            effect = await _until(_rehearse(run, forecasts), stopping)
        if effect is None:
            raise BridgeError("Interrupted before the plan was ready; nothing was written")
        if request.out is not None:
            write_forecasts(forecasts, request.out)
        print_plan(forecasts, effect)
        run.print_report()


@contextlib.asynccontextmanager
async def _opened(
    settings: Settings, request: BackfillRequest, context: CompanyContext, *, rehearse: bool
) -> AsyncIterator[_Run]:
    began_at = time.monotonic()
    connection = kafka_connection(settings.kafka)
    bar = ProgressBar(request.company)
    async with contextlib.AsyncExitStack() as stack:
        out = stack.enter_context(request.out.open("wb")) if request.out and not rehearse else None
        reader = await stack.enter_async_context(open_range(connection, settings.topics.events, request.span))
        runtime = await stack.enter_async_context(
            open_runtime(settings, context, priority=Priority.BACKFILL, rehearse=rehearse)
        )
        yield _Run(
            settings=settings,
            request=request,
            reader=reader,
            runtime=runtime,
            counts=BackfillCounts(request.company),
            bar=bar,
            listener=TerminalProgress(bar, out),
            began_at=began_at,
        )


# As the owner --------------------------------------------------------------------------------------------------------


async def _refuse_while_a_service_runs(settings: Settings, company: str) -> None:
    """Only an owner writes. What joins the group after this look is met there: one of the two stands by."""
    hosts = await hosts_in_group(kafka_connection(settings.kafka), company)
    if hosts:
        raise BridgeError(
            f"A service owns or stands by for the company {company} (on {', '.join(dict.fromkeys(hosts))}): stop it "
            "first, or use --plan. One that was killed counts until its session has timed out"
        )


async def _have_topics(settings: Settings) -> None:
    """Create what is missing, as a service does; BridgeError when that is somebody else's to do and not done."""
    connection, topics = kafka_connection(settings.kafka), settings.topics
    await create_missing(connection, topics_to_create(settings))
    for name in (topics.results, topics.dead_letters, topics.journal, topics.ids):
        if not await partitions_of(connection, name):
            raise BridgeError(f"The topic {name} does not exist; expected it, since topics.create is false")


async def _work(run: _Run, stopping: asyncio.Event) -> bool:
    """Own the company until the range is done; False when the process was told to stop before."""
    settings, runtime = run.settings, run.runtime
    feed = Feed(run.reader.batches(settings.kafka.max_records))
    owner = BackfillOwner(
        runtime.owner,
        feed=feed,
        publisher=runtime.publisher,
        waiting=runtime.waiting,
        counts=run.counts,
        results_topic=settings.topics.results,
        listener=run.listener,
        clock=SystemClock(),
    )
    intake = company_intake(settings, run.request.company, owner, runtime, consumes=False)
    serving = asyncio.create_task(intake.run())
    try:
        while not (serving.done() or owner.finished or stopping.is_set()):
            _raise_what_waiting_does_not_cure(run, owner, feed, lost=intake.owned_elsewhere)
            if intake.joined:
                run.listener.kafka_answered(intake.poll_age_s())
            _show(run, owner, feed)
            await asyncio.wait({serving}, timeout=TICK_S)
    finally:
        await intake.stop()
        await asyncio.gather(serving, return_exceptions=True)
        await feed.close()
    serving.result()
    _show(run, owner, feed)
    return owner.finished


def _raise_what_waiting_does_not_cure(run: _Run, owner: BackfillOwner, feed: Feed, *, lost: bool) -> None:
    if lost:
        raise BridgeError(
            f"Another process has taken over the company {run.request.company}: it goes on with the live events; start "
            "the backfill again when it is stopped, what is in the books is not posted again"
        )
    if feed.failure is not None:
        raise feed.failure
    if owner.refused is not None:
        raise BridgeError(f"QuickBooks must be connected again by a person: {owner.refused}")


def _show(run: _Run, owner: BackfillOwner, feed: Feed) -> None:
    done = max(owner.passed, run.reader.passed) if feed.is_waiting and not owner.is_busy else owner.passed
    words = "waiting for QuickBooks" if run.listener.is_away else f"{run.counts.read} records settled"
    run.bar.show(done, run.reader.offsets, words)


# As a plan -----------------------------------------------------------------------------------------------------------


async def _rehearse(run: _Run, forecasts: Forecasts) -> Effect:
    """The owner's work without its group: what would be published is only counted. What it does to the books."""
    owner = run.runtime.owner
    await _patiently(run, lambda: owner.take_over(0))
    async for batch in run.reader.batches(run.settings.kafka.max_records):
        records = batch.records
        outbound = await _patiently(run, lambda records=records: owner.process(records))  # type: ignore[misc]
        _count(run, forecasts, records, outbound)
        run.bar.show(batch.passed, run.reader.offsets, f"{run.counts.read} records planned")
    _count(run, forecasts, (), await _patiently(run, owner.idle))
    while run.runtime.waiting.is_anybody_called:
        _count(run, forecasts, (), await _patiently(run, owner.idle))
    profile, writes = run.runtime.books.profile, run.runtime.rehearsed
    return await _patiently(run, lambda: effect_of(writes, profile, run.runtime.client))


def _count(
    run: _Run, forecasts: Forecasts, records: Sequence[InboundRecord], outbound: Sequence[OutboundRecord]
) -> None:
    results = results_in(outbound, run.settings.topics.results)
    run.counts.add(records, results, parked_ids(run.request.company, records, run.runtime.waiting))
    forecasts.add(results)


async def _patiently(run: _Run, call: Callable[[], Awaitable[T]]) -> T:
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


async def _until(work: Awaitable[T], stopping: asyncio.Event) -> T | None:
    """What `work` gave; None where the process was told to stop before."""
    working, stopped = asyncio.ensure_future(work), asyncio.create_task(stopping.wait())
    try:
        await asyncio.wait({working, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        for task in (working, stopped):
            task.cancel()
        await asyncio.gather(working, stopped, return_exceptions=True)
