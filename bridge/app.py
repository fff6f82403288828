"""The composition root: the only place that knows every concrete class. Builds the companies, serves, drains."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from typing import Any

import structlog

from bridge.books import Books
from bridge.breaker import STOPPED_KEY, Breaker
from bridge.clock import SystemClock
from bridge.company import Company
from bridge.connections import connection_settings, token_store
from bridge.http import serve as serve_http
from bridge.judging import Judge
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.errors import BrokerError, said
from bridge.kafka.intake import CompanyIntake
from bridge.kafka.journal import Journal, JournalView
from bridge.kafka.owner import CompanyOwner, Signals
from bridge.kafka.publisher import CompanyPublisher
from bridge.kafka.recollect import recollect
from bridge.kafka.settings import IntakeSettings
from bridge.kafka.topics import TopicSpec, create_missing, log_topic, table_topic
from bridge.pipeline import Pipeline
from bridge.poster import Poster
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.connection import ConnectionSettings, open_client
from bridge.quickbooks.limiter import Priority
from bridge.quickbooks.tokens import TokenStore
from bridge.rehearsal import Rehearsal, RehearsedBooks
from bridge.reporting import Reporter
from bridge.routing import Route, Router
from bridge.settings import CompanySettings, KafkaSettings, Settings
from bridge.status import CompanyBoard, Phase, StatusBoard
from bridge.waiting import WaitingRoom
from bridge.write_ahead import WriteAhead
from contracts.errors import Unavailable
from mappings.rules import MappingRules, load_rules

WATCH_INTERVAL_S = 0.5
KAFKA_WAIT_MIN_S = 1.0
KAFKA_WAIT_MAX_S = 15.0

log = structlog.get_logger(__name__)


def run(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. ConfigurationError for what the operator must mend first."""
    with asyncio.Runner(loop_factory=_loop_factory(settings.kafka)) as runner:
        return runner.run(_serve(settings))


def company_rules(company: CompanySettings) -> MappingRules:
    """The rules of one company: its file, or the defaults, with what its own configuration adds."""
    text = company.rules.read_text(encoding="utf-8") if company.rules else ""
    rules = load_rules(text, source=str(company.rules or "rules"))
    return rules.for_company(shop_domains=company.shop_domains, livemode_required=company.environment == "production")


def company_router(settings: Settings) -> Router:
    """Which events go to which company."""
    return Router(
        Route(company.name, frozenset(company.shop_domains), frozenset(company.stripe_accounts))
        for company in settings.companies
    )


def kafka_connection(settings: KafkaSettings) -> KafkaConnection:
    """How to reach the brokers, in the words of the Kafka side."""
    password, key_password = settings.sasl_plain_password, settings.ssl_password
    return KafkaConnection(
        bootstrap_servers=settings.bootstrap_servers,
        security_protocol=settings.security_protocol,
        transactions=settings.transactions,
        sasl_mechanism=settings.sasl_mechanism or "PLAIN",
        sasl_plain_username=settings.sasl_plain_username,
        sasl_plain_password=password.get_secret_value() if password else None,
        ssl_cafile=str(settings.ssl_cafile) if settings.ssl_cafile else None,
        ssl_certfile=str(settings.ssl_certfile) if settings.ssl_certfile else None,
        ssl_keyfile=str(settings.ssl_keyfile) if settings.ssl_keyfile else None,
        ssl_password=key_password.get_secret_value() if key_password else None,
        ssl_check_hostname=settings.ssl_check_hostname,
        client_id=settings.client_id,
    )


async def _serve(settings: Settings) -> int:
    clock = SystemClock()
    board = StatusBoard(clock=clock, version=version("qbo-bridge"))
    store = token_store(settings.tokens, kafka_connection(settings.kafka), clock)
    prepared = [(company, company_rules(company), connection_settings(company)) for company in settings.companies]
    if settings.tokens.store == "file":
        for _, _, connection in prepared:
            await store.load(connection.credentials.store_key)  # a wrong key is the operator's to mend, now
    stopping = stop_signals()
    async with serve_http(board, settings.http):
        tasks = [
            asyncio.create_task(
                _run_company(
                    settings,
                    Tenant(company, rules, connection, store, board.company(company.name, company.realm_id)),
                    stopping,
                ),
                name=company.name,
            )
            for company, rules, connection in prepared
        ]
        failed = await asyncio.gather(*tasks)
    return 1 if any(failed) else 0


@dataclass(frozen=True, slots=True)
class Tenant:
    """What one company brings: its settings, rules, way to QBO, tokens, and its place on the board."""

    company: CompanySettings
    rules: MappingRules
    connection: ConnectionSettings
    store: TokenStore
    board: CompanyBoard


async def _run_company(settings: Settings, tenant: Tenant, stopping: asyncio.Event) -> bool:
    """Serve one company until the process stops; True when it stopped by itself. Other companies do not notice."""
    connection = kafka_connection(settings.kafka)
    if not await _topics_exist(settings, connection, stopping):
        return False
    with contextlib.suppress(Unavailable):  # the store on Kafka can be looked at only now
        await tenant.store.load(tenant.connection.credentials.store_key)
    async with _company(settings, tenant) as (intake, client):
        watching = asyncio.create_task(_watch(intake, client, tenant.board))
        waiting = asyncio.create_task(_stop_when(stopping, intake.stop))
        try:
            await intake.run()
        except Exception as error:
            log.exception("company.stopped", company=tenant.company.name)
            tenant.board.enter(Phase.STOPPED, reason=f"{type(error).__name__}: {error}")
            await stopping.wait()
            return True
        finally:
            watching.cancel()
            waiting.cancel()
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One company's machine, put together: who owns, who writes to Kafka, what waits, and the way to QBO."""

    owner: Company
    publisher: CompanyPublisher
    waiting: WaitingRoom
    journal: Journal
    client: QuickBooksClient


@contextlib.asynccontextmanager
async def _company(settings: Settings, tenant: Tenant) -> AsyncIterator[tuple[CompanyIntake, QuickBooksClient]]:
    async with open_machine(settings, tenant) as machine:
        client = machine.client
        signals = Signals(paused=tenant.board.waits, hurry=lambda on: client.interrupt(on=on))
        intake = company_intake(settings, tenant.company.name, machine.owner, machine.publisher, signals=signals)
        resuming = asyncio.create_task(_resume_when_told(machine, intake))
        try:
            yield intake, client
        finally:
            resuming.cancel()


@contextlib.asynccontextmanager
async def open_machine(
    settings: Settings, tenant: Tenant, *, priority: Priority = Priority.LIVE, rehearse: bool = False
) -> AsyncIterator[Machine]:
    """The machine of one company, until the block ends; `priority` is the highest that its calls to QBO get.

    One that rehearses writes nothing, neither to QBO nor to Kafka, and goes on as if it had.
    """
    of_journal, of_books, of_poster = (JournalView, RehearsedBooks, Rehearsal) if rehearse else (Journal, Books, Poster)
    clock = SystemClock()
    stop_after = tenant.company.stop_after_dead_letters if priority is Priority.LIVE else 0
    company, rules, board, topics = tenant.company, tenant.rules, tenant.board, settings.topics
    connection = kafka_connection(settings.kafka)
    async with open_client(tenant.connection, tenant.store, clock, priority=priority) as client:
        publisher = CompanyPublisher(company=company.name, connection=connection, dead_letters=topics.dead_letters)
        journal = of_journal(company=company.name, topic=topics.journal, connection=connection, publisher=publisher)
        books = of_books(
            client,
            clock,
            window=timedelta(days=company.index_days),
            freshness=timedelta(seconds=company.freshness_s),
            lists=rules.lists,
            recollect=partial(recollect, connection, topics.results, company.name),
        )
        write_ahead = WriteAhead(journal)
        poster = of_poster(client, books, write_ahead, items_max=company.limits.batch_items, on_wave=board.sent_wave)
        waiting = WaitingRoom(timedelta(hours=rules.waiting_hours))
        owner = Company(
            books=books,
            pipeline=Pipeline(Judge(company.name, company_router(settings), rules), books, poster),
            reporter=Reporter(
                company=company.name,
                realm_id=company.realm_id,
                rules_version=rules.version,
                results_topic=topics.results,
                dead_letters_topic=topics.dead_letters,
            ),
            journal=journal,
            write_ahead=write_ahead,
            waiting=waiting,
            breaker=Breaker(stop_after, _this_process()),
            board=board,
            clock=clock,
        )
        yield Machine(owner=owner, publisher=publisher, waiting=waiting, journal=journal, client=client)


async def open_tenant(settings: Settings, company: CompanySettings) -> Tenant:
    """One company for a command that works for it alone. ConfigurationError when its tokens cannot be read."""
    clock = SystemClock()
    store = token_store(settings.tokens, kafka_connection(settings.kafka), clock)
    connection, rules = connection_settings(company), company_rules(company)
    await store.load(connection.credentials.store_key)
    board = StatusBoard(clock=clock).company(company.name, company.realm_id)
    return Tenant(company, rules, connection, store, board)


def company_intake(
    settings: Settings,
    company: str,
    owner: CompanyOwner,
    publisher: CompanyPublisher,
    *,
    consumes: bool = True,
    signals: Signals | None = None,
) -> CompanyIntake:
    """A member of the company's consumer group, for `owner`; one that does not consume only owns the company."""
    intake_settings = _intake_settings(settings.kafka)
    return CompanyIntake(
        company=company,
        topics=settings.topics.events,
        connection=kafka_connection(settings.kafka),
        owner=owner,
        publisher=publisher,
        process=_this_process(),
        settings=intake_settings if consumes else replace(intake_settings, consumes=False, idle_interval_s=0.0),
        signals=signals,
    )


def _intake_settings(kafka: KafkaSettings) -> IntakeSettings:
    return IntakeSettings(
        max_records=kafka.max_records,
        poll_timeout_ms=kafka.poll_timeout_ms,
        session_timeout_ms=kafka.session_timeout_ms,
        heartbeat_interval_ms=kafka.heartbeat_interval_ms,
        max_poll_interval_ms=kafka.max_poll_interval_ms,
        drain_timeout_s=kafka.drain_timeout_s,
        backoff_min_s=kafka.backoff_min_s,
        backoff_max_s=kafka.backoff_max_s,
    )


def topics_to_create(settings: Settings) -> list[TopicSpec]:
    """What is created where it is missing; nothing when the operator creates topics."""
    topics, tokens = settings.topics, settings.tokens
    if not topics.create:
        return []
    tables = [topics.journal, *([tokens.topic] if tokens.store == "kafka" else [])]
    logs = (*topics.events, topics.results, topics.dead_letters)
    return [*map(log_topic, logs), *map(table_topic, tables)]


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


async def _watch(intake: CompanyIntake, client: QuickBooksClient, board: CompanyBoard) -> None:
    """Tell the board what the consumer group and the limits say; what happens while owning the company says itself."""
    while True:
        limits = client.limits()
        board.limited(waiting=limits.waiting, fraction=limits.fraction, pause_s=limits.pause_s)
        board.kafka(intake.trouble)
        age = intake.poll_age_s()
        if age is not None and age < 2 * WATCH_INTERVAL_S:
            board.polled()
        if intake.phase == "standby" and board.phase is not Phase.STANDBY:
            board.enter(Phase.STANDBY)
        await asyncio.sleep(WATCH_INTERVAL_S)


async def _resume_when_told(machine: Machine, intake: CompanyIntake) -> None:
    """While the company is stopped, follow its journal until `qbo-bridge resume` has ended the entry that says so."""
    while True:
        note = await machine.owner.stopped()
        try:
            await machine.journal.until_changed(STOPPED_KEY, note)
        except (OSError, BrokerError) as error:
            log.warning("kafka.unreachable", company=intake.company, error=type(error).__name__)
            await asyncio.sleep(KAFKA_WAIT_MAX_S)
        else:
            machine.owner.go_on()
            intake.resume()


def _this_process() -> str:
    """A name that no other process has, and no earlier one."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


async def _stop_when(stopping: asyncio.Event, stop: Callable[[], Any]) -> None:
    await stopping.wait()
    await stop()


def stop_signals() -> asyncio.Event:
    """Set when the process is told to stop, by SIGTERM or Ctrl-C."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
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
