"""`qbo-bridge backfill`: a bounded range of the event topics once more, by the company's owner or as it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from functools import partial

from bridge.clock import SystemClock
from bridge.commands.backfill.engine import BackfillOwner, Feed
from bridge.commands.backfill.job import ask_for_job, cancel_job, follow_job
from bridge.commands.backfill.running import BackfillRequest, BackfillRun, opened_run, read_ahead, until_stopped
from bridge.commands.resume import refuse_while_paused
from bridge.company.held_to_plan import HeldToPlan
from bridge.config.settings import Settings
from bridge.kafka.errors import IncompatibleBrokerVersion
from bridge.kafka.membership import hosts_in_group
from bridge.kafka.range import RangeBatch
from bridge.kafka.topics import create_missing, partitions_of
from bridge.service.app import (
    CompanyContext,
    CompanyRuntime,
    company_intake,
    open_company_context,
    owning_only,
    topics_to_create,
)
from bridge.service.serving import follow_commands, stop_signals
from bridge.service.settings import kafka_connection
from bridge.telemetry.logs import silence_logs
from contracts.errors import BridgeError
from contracts.records import InboundRecord, Place

TICK_S = 0.1
ELSEWHERE = (
    "The broker inside `qbo-bridge demo` has neither transactions nor groups of several members, as a very old one: "
    "`make kafka` or `docker compose -f deploy/compose.yaml up -d` starts one. --plan works here"
)


async def run_backfill(settings: Settings, request: BackfillRequest) -> None:
    """Post the range, as a job of the service that owns the company, else as its owner; print what came of it.

    BridgeError while another backfill owns the company, when another process takes it over, when a person must connect
    the company, and when it was interrupted; of a job as `follow_job`. KafkaError when Kafka is away at the start.
    """
    stopping = stop_signals()
    silence_logs()
    if await is_served(settings, request.company):
        await ask_for_job(settings, request, stopping)
        return
    context = await open_company_context(settings, settings.company(request.company))
    await post_range(settings, request, context, stopping)


async def run_follow(settings: Settings, request: BackfillRequest, ident: str) -> bool:
    """Follow a job that was asked for before; False when it has left something of its plan. Errors as `follow_job`."""
    stopping = stop_signals()
    silence_logs()
    return not await follow_job(settings, request, ident, stopping)


async def run_cancel(settings: Settings, request: BackfillRequest, ident: str) -> None:
    """End a job; errors as `cancel_job`."""
    stopping = stop_signals()
    silence_logs()
    await cancel_job(settings, request, ident, stopping, is_served=await is_served(settings, request.company))


async def is_served(settings: Settings, company: str) -> bool:
    """Whether a service owns the company or stands by for it; then only that may write.

    BridgeError while another backfill is its owner, and without transactions. The topics exist afterwards.
    """
    if not settings.kafka.transactions:
        raise BridgeError(
            f"A backfill needs kafka.transactions = true: without them nothing keeps a second writer out. {ELSEWHERE}"
        )
    connection = kafka_connection(settings.kafka)
    try:
        serving = await hosts_in_group(connection, company, apart_from=owning_only(connection))
    except IncompatibleBrokerVersion as error:
        raise BridgeError(f"This broker does not say who is in a group, so not who writes. {ELSEWHERE}") from error
    if not serving and (hosts := await hosts_in_group(connection, company)):
        raise BridgeError(
            f"Another backfill owns the company {company} (on {', '.join(dict.fromkeys(hosts))}): wait for its end, or "
            "use --plan. One that was killed counts until its session has timed out"
        )
    await _have_topics(settings)
    return bool(serving)


async def post_range(
    settings: Settings,
    request: BackfillRequest,
    context: CompanyContext,
    stopping: asyncio.Event,
    skipped: Collection[Place] = (),
    plan: HeldToPlan | None = None,
) -> None:
    """Post the range but for the records that are `skipped` and what `plan` leaves, and print what came of it.

    Errors as `run_backfill`, and BridgeError while a person has paused the company.
    """
    await refuse_while_paused(settings, request.company)
    async with opened_run(settings, request, context, rehearse=False) as run:
        try:
            with run.bar:
                was_read = await until_stopped(read_ahead(run), stopping)
                finished = was_read is not None and await _work(run, stopping, skipped, plan)
        finally:
            run.print_report()
    if not finished:
        raise BridgeError(
            "Interrupted before the end of the range. Started again it goes on safely: "
            "what is in the books is not posted again"
        )


async def _have_topics(settings: Settings) -> None:
    """Create what is missing, as a service does; BridgeError when that is somebody else's to do and not done."""
    connection, topics = kafka_connection(settings.kafka), settings.topics
    await create_missing(connection, topics_to_create(settings))
    for name in (topics.results, topics.dead_letters, topics.journal, topics.ids):
        if not await partitions_of(connection, name):
            raise BridgeError(f"The topic {name} does not exist; expected it, since topics.create is false")


async def _work(run: BackfillRun, stopping: asyncio.Event, skipped: Collection[Place], plan: HeldToPlan | None) -> bool:
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
        kept=partial(_as_planned, plan, runtime) if plan is not None else None,
    )
    intake = company_intake(settings, run.request.company, owner, runtime, consumes=False)
    serving = asyncio.create_task(intake.run())
    following = asyncio.create_task(follow_commands(settings, runtime, intake))
    try:
        while not (serving.done() or owner.finished or stopping.is_set()):
            _raise_what_waiting_does_not_cure(run, owner, feed, lost=intake.owned_elsewhere)
            if intake.joined:
                run.listener.kafka_answered(intake.poll_age_s())
            _show(run, owner, feed)
            await asyncio.wait({serving}, timeout=TICK_S)
    finally:
        following.cancel()
        await intake.stop()
        await asyncio.gather(serving, following, return_exceptions=True)
        await feed.close()
    serving.result()
    _show(run, owner, feed)
    return owner.finished


async def _as_planned(
    plan: HeldToPlan, runtime: CompanyRuntime, records: tuple[InboundRecord, ...]
) -> tuple[InboundRecord, ...]:
    """Those of these records whose documents are still as the plan says."""
    await plan.compare(records, runtime.books, runtime.pipeline)
    return plan.kept(records)


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
    waits = "paused" if run.listener.is_paused else "waiting for QuickBooks" if run.listener.is_away else None
    words = waits or f"{run.counts.read} records settled, {run.pace(done)}"
    run.bar.show(done, run.reader.offsets, words)
