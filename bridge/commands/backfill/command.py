"""`qbo-bridge backfill`: a bounded range of the event topics once more, as the company's owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import replace

from bridge.clock import SystemClock
from bridge.commands.backfill.engine import BackfillOwner, Feed
from bridge.commands.backfill.running import BackfillRequest, BackfillRun, opened_run, read_ahead, until_stopped
from bridge.config.settings import Settings
from bridge.kafka.membership import hosts_in_group
from bridge.kafka.range import RangeBatch
from bridge.kafka.topics import create_missing, partitions_of
from bridge.service.app import (
    CompanyContext,
    company_intake,
    kafka_connection,
    open_company_context,
    topics_to_create,
)
from bridge.service.serving import stop_signals
from bridge.telemetry.logs import silence_logs
from contracts.errors import BridgeError
from contracts.records import Place

TICK_S = 0.1


async def run_backfill(settings: Settings, request: BackfillRequest) -> None:
    """Post the range as the company's owner, and print what came of it.

    BridgeError while a service owns the company or stands by for it, when another process takes it over, when a person
    must connect the company, and when it was interrupted. KafkaError when Kafka is away at the start.
    """
    stopping = stop_signals()
    silence_logs()
    context = await company_to_post_for(settings, request.company)
    await post_range(settings, request, context, stopping)


async def company_to_post_for(settings: Settings, company: str) -> CompanyContext:
    """The company, once it is sure that this process may become its owner. BridgeError as `run_backfill`."""
    if not settings.kafka.transactions:
        raise BridgeError("A backfill needs kafka.transactions = true: without them nothing keeps a second writer out")
    context = await open_company_context(settings, settings.company(company))
    await _refuse_while_a_service_runs(settings, company)
    await _have_topics(settings)
    return context


async def post_range(
    settings: Settings,
    request: BackfillRequest,
    context: CompanyContext,
    stopping: asyncio.Event,
    skipped: Collection[Place] = (),
) -> None:
    """Post the range but for the records that are `skipped`, and print what came of it; errors as `run_backfill`."""
    async with opened_run(settings, request, context, rehearse=False) as run:
        try:
            with run.bar:
                was_read = await until_stopped(read_ahead(run), stopping)
                finished = was_read is not None and await _work(run, stopping, skipped)
        finally:
            run.print_report()
    if not finished:
        raise BridgeError(
            "Interrupted before the end of the range. Started again it goes on safely: "
            "what is in the books is not posted again"
        )


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


async def _work(run: BackfillRun, stopping: asyncio.Event, skipped: Collection[Place]) -> bool:
    """Own the company until the range is done; False when the process was told to stop before."""
    settings, runtime = run.settings, run.runtime
    feed = Feed(_without(skipped, run.reader.batches(settings.kafka.max_records)))
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


async def _without(skipped: Collection[Place], batches: AsyncIterator[RangeBatch]) -> AsyncIterator[RangeBatch]:
    """The micro-batches without these records; of a record that is left out nothing is ever said."""
    async for batch in batches:
        kept = tuple(record for record in batch.records if record.place not in skipped)
        if kept:
            yield replace(batch, records=kept)


def _raise_what_waiting_does_not_cure(run: BackfillRun, owner: BackfillOwner, feed: Feed, *, lost: bool) -> None:
    if lost:
        raise BridgeError(
            f"Another process has taken over the company {run.request.company}: it goes on with the live events; start "
            "the backfill again when it is stopped, what is in the books is not posted again"
        )
    if feed.failure is not None:
        raise feed.failure
    if owner.refused is not None:
        raise BridgeError(f"QuickBooks must be connected again by a person: {owner.refused}")


def _show(run: BackfillRun, owner: BackfillOwner, feed: Feed) -> None:
    done = max(owner.passed, run.reader.passed) if feed.is_waiting and not owner.is_busy else owner.passed
    words = "waiting for QuickBooks" if run.listener.is_away else f"{run.counts.read} records settled, {run.pace(done)}"
    run.bar.show(done, run.reader.offsets, words)
