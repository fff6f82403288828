"""`qbo-bridge run`: every company side by side, from waiting for Kafka until the drain after SIGTERM."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import structlog

from bridge.clock import SystemClock
from bridge.config.settings import KafkaSettings, Settings
from bridge.journal.jobs import is_job_entry
from bridge.journal.pause import PAUSED_KEY
from bridge.journal.stop import STOPPED_KEY
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.errors import BrokerError, said
from bridge.kafka.intake import CompanyIntake
from bridge.kafka.journal import KafkaJournal
from bridge.kafka.owner import Signals
from bridge.kafka.topics import create_missing
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.fault_codes import ACTIONS
from bridge.quickbooks.faults import NO_ANSWER, UNREADABLE
from bridge.service.app import (
    CompanyContext,
    CompanyRuntime,
    company_intake,
    open_runtime,
    topics_to_create,
)
from bridge.service.asyncapi import bus_contract
from bridge.service.connections import connection_settings, marker_seal, token_store
from bridge.service.http import Page, json_page
from bridge.service.http import serve as serve_http
from bridge.service.settings import company_rules, kafka_connection
from bridge.service.survey import RepeatedCommand, keep_examining, keep_surveying, watch_backlog
from bridge.service.tracing import traced, traces_of, tracing
from bridge.telemetry.status import CompanyBoard, StatusBoard
from contracts.errors import Unavailable, UnreadableJournal

if TYPE_CHECKING:
    from bridge.telemetry.traces import Traces

WATCH_INTERVAL_S = 0.5
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
KAFKA_WAIT_MIN_S = 1.0
KAFKA_WAIT_MAX_S = 15.0

log = structlog.get_logger(__name__)


def run(settings: Settings, survey: RepeatedCommand | None = None, examination: RepeatedCommand | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. ConfigurationError for what the operator must mend first.

    `survey` and `examination` are the commands whose words the metrics repeat (`bridge.service.survey`); without one
    they lack them.
    """
    with tracing(settings) as traces, asyncio.Runner(loop_factory=_loop_factory(settings.kafka)) as runner:
        return runner.run(_serve(settings, survey, examination, traces))


async def _serve(
    settings: Settings, survey: RepeatedCommand | None, examination: RepeatedCommand | None, traces: Traces | None
) -> int:
    clock = SystemClock()
    board = StatusBoard(clock=clock, version=version("qbo-bridge"))
    store = token_store(settings.tokens, kafka_connection(settings.kafka), clock)
    prepared = [(company, company_rules(company), connection_settings(company)) for company in settings.companies]
    if settings.tokens.store == "file":
        for _, _, connection in prepared:
            await store.load(connection.credentials.store_key)  # a wrong key is the operator's to mend, now
    log.info(
        "service.started",
        version=version("qbo-bridge"),
        rules={company.name: rules.version for company, rules, _ in prepared},
    )
    stopping = stop_signals()
    async with (
        serve_http(board, settings.http, [contract_page(settings)]),
        _surveying(settings, survey, examination, board),
    ):
        tasks = [
            asyncio.create_task(
                _run_company(
                    settings,
                    CompanyContext(
                        company,
                        rules,
                        connection,
                        store,
                        marker_seal(settings, company),
                        board.company(company.name, company.realm_id),
                        traces_of(company.name, settings, traces),
                    ),
                    stopping,
                ),
                name=company.name,
            )
            for company, rules, connection in prepared
        ]
        failed = await asyncio.gather(*tasks)
    # because the loop gives the signals back as it closes, and a second SIGTERM would then end us with 143
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    return 1 if any(failed) else 0


@contextlib.asynccontextmanager
async def _surveying(
    settings: Settings, survey: RepeatedCommand | None, examination: RepeatedCommand | None, board: StatusBoard
) -> AsyncIterator[None]:
    """What topics and books say of the companies is on the board and in the metrics, renewed while the block runs."""
    boards = {each.name: board.company(each.name, each.realm_id) for each in settings.companies}
    connection, topics = kafka_connection(settings.kafka), settings.topics.events
    watching = [watch_backlog(connection, topics, each) for each in boards.values()]
    surveys = [keep_surveying(survey, boards)] if survey else []
    examinations = [keep_examining(examination, boards)] if examination else []
    tasks = [asyncio.create_task(each) for each in (*watching, *surveys, *examinations)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def contract_page(settings: Settings) -> Page:
    """`/asyncapi`: what `qbo-bridge asyncapi` prints."""
    ours = partial(bus_contract, version("qbo-bridge"), settings.topics, kafka=settings.kafka, tokens=settings.tokens)
    return json_page("/asyncapi", ours)


async def _run_company(settings: Settings, context: CompanyContext, stopping: asyncio.Event) -> bool:
    """Serve one company until the process stops; True when it stopped by itself. Other companies do not notice."""
    connection = kafka_connection(settings.kafka)
    if not await _topics_exist(settings, connection, stopping):
        return False
    with contextlib.suppress(Unavailable):  # the store on Kafka can be looked at only now
        await context.store.load(context.connection.credentials.store_key)
    async with _company(settings, context) as (intake, client):
        client.on_answer = partial(_answered, context.board)
        context.board.measures.booked_by(context.rules.version)
        watching = asyncio.create_task(_watch(intake, client, context.board))
        waiting = asyncio.create_task(_stop_when(stopping, intake.stop))
        try:
            await intake.run()
        except UnreadableJournal as error:  # the operator's to mend: one sentence, and nothing for a developer to trace
            log.error("company.not_taken_over", company=context.company.name, reason=str(error))  # noqa: TRY400
            context.board.gave_up(str(error))
            await stopping.wait()
            return True
        except Exception as error:
            log.exception("company.stopped", company=context.company.name)
            context.board.gave_up(f"{type(error).__name__}: {error}")
            await stopping.wait()
            return True
        finally:
            watching.cancel()
            waiting.cancel()
    return False


@contextlib.asynccontextmanager
async def _company(
    settings: Settings, context: CompanyContext
) -> AsyncIterator[tuple[CompanyIntake, QuickBooksClient]]:
    async with open_runtime(settings, context) as runtime:
        client = runtime.client
        signals = Signals(paused=context.board.waits, interrupt=lambda on: client.interrupt(on=on))
        owner, middlewares = traced(runtime.owner, context.traces)
        intake = company_intake(
            settings, context.company.name, owner, runtime, signals=signals, middlewares=middlewares
        )
        followers = (
            _resume_on_request(runtime, intake),
            follow_commands(settings, runtime, intake),
            runtime.ids.follow(),
        )
        tasks = [asyncio.create_task(follower) for follower in followers]
        try:
            yield intake, client
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _topics_exist(settings: Settings, connection: KafkaConnection, stopping: asyncio.Event) -> bool:
    """Create what is missing of ours; Kafka being away is waited for. False when the process stops first."""
    wanted = topics_to_create(settings)
    wait_s = KAFKA_WAIT_MIN_S
    while not stopping.is_set():
        try:
            await create_missing(connection, wanted)
        except (OSError, BrokerError) as error:
            servers = connection.bootstrap_servers
            reason = said(error) if isinstance(error, BrokerError) else type(error).__name__
            log.warning("kafka.unreachable", servers=servers, reason=reason, wait_s=wait_s)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), wait_s)
            wait_s = min(2 * wait_s, KAFKA_WAIT_MAX_S)
        else:
            return True
    return False


def _answered(board: CompanyBoard, kind: str, seconds: float, code: str | None) -> None:
    """A call to QBO has ended."""
    board.measures.answered(kind, seconds, code, known=code in ACTIONS or code in {NO_ANSWER, UNREADABLE})


async def _watch(intake: CompanyIntake, client: QuickBooksClient, board: CompanyBoard) -> None:
    """Tell the board how Kafka and the limits are; where the company stands is reported as it changes."""
    while True:
        limits = client.limits()
        board.limited(waiting=limits.waiting, fraction=limits.fraction, pause_s=limits.pause_s, used=limits.used)
        board.kafka(intake.trouble)
        counts = client.counts
        board.called(
            reads=counts.reads,
            writes=counts.writes,
            batches=counts.batches,
            throttled=counts.throttled,
            unanswered=counts.unanswered,
        )
        board.asked(counts.reads + counts.writes + counts.batches, under_way=client.under_way)
        board.check_progress()
        age = intake.poll_age_s()
        if age is not None and age < 2 * WATCH_INTERVAL_S:
            board.polled()
        await asyncio.sleep(WATCH_INTERVAL_S)


async def _resume_on_request(runtime: CompanyRuntime, intake: CompanyIntake) -> None:
    """While the company is stopped, follow its journal until `qbo-bridge resume` has ended the entry that says so."""
    while True:
        note = await runtime.owner.stopped()
        try:
            await runtime.journal.until_changed(STOPPED_KEY, note)
        except (OSError, BrokerError) as error:
            log.warning("kafka.unreachable", company=intake.company, error=type(error).__name__)
            await asyncio.sleep(KAFKA_WAIT_MAX_S)
        else:
            runtime.owner.go_on()
            intake.resume()


async def follow_commands(settings: Settings, runtime: CompanyRuntime, intake: CompanyIntake) -> None:
    """Tell the owner of pauses and jobs as commands write them into the journal, as long as this process runs."""
    # because it follows while the owner reads on in the journal by itself, it has a place of its own in it
    journal = KafkaJournal(
        company=intake.company,
        topic=settings.topics.journal,
        connection=kafka_connection(settings.kafka),
        publisher=runtime.publisher,
        view=True,
    )
    paused: bytes | None = None
    while True:
        try:
            async with contextlib.aclosing(journal.changes_of(_is_of_commands)) as changes:
                async for entries in changes:
                    runtime.owner.jobs_are(entries)
                    if entries.get(PAUSED_KEY) != paused:
                        paused = entries.get(PAUSED_KEY)
                        runtime.owner.paused_as(paused)
                        intake.resume()
        except UnreadableJournal as error:  # who takes the company over says so, and does not
            log.warning("company.commands_unread", company=intake.company, reason=str(error))
        except (OSError, BrokerError) as error:
            log.warning("kafka.unreachable", company=intake.company, error=type(error).__name__)
        await asyncio.sleep(KAFKA_WAIT_MAX_S)


def _is_of_commands(key: str) -> bool:
    return key == PAUSED_KEY or is_job_entry(key)


async def _stop_when(stopping: asyncio.Event, stop: Callable[[], Any]) -> None:
    await stopping.wait()
    await stop()


def stop_signals() -> asyncio.Event:
    """Set when the process is told to stop, by SIGTERM or Ctrl-C."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in STOP_SIGNALS:
        loop.add_signal_handler(name, stopping.set)
    return stopping


def _loop_factory(kafka: KafkaSettings) -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop where it exists, but not with TLS to Kafka.

    It waits 30 s for the goodbye of a peer that is about to answer a fetch (uvloop, issue 471), at every close.
    """
    if sys.platform == "win32" or kafka.security_protocol in {"SSL", "SASL_SSL"}:
        return None
    try:
        import uvloop  # noqa: PLC0415 - optional
    except ImportError:
        return None
    return uvloop.new_event_loop
