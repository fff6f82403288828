"""The composition root: the only place that knows every concrete class. Puts one company's machine together."""

from __future__ import annotations

import contextlib
import math
import os
import secrets
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from bridge.books.books import Books
from bridge.clock import SystemClock
from bridge.company.bodies import KeptBodies
from bridge.company.breaker import Breaker
from bridge.company.doubts import Doubts
from bridge.company.jobs import Jobs
from bridge.company.owner import BooksOwner
from bridge.company.parked import ParkedEvents
from bridge.company.pipeline import Pipeline
from bridge.company.waiting_room import WaitingRoom
from bridge.config.settings import CompanySettings, KafkaSettings, Settings
from bridge.decoding.decision import EventMapper
from bridge.journal.identities import RecordOfIds
from bridge.journal.jobs import Ends, Job
from bridge.journal.requests import WriteAhead
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.followed import FollowedTable
from bridge.kafka.intake import CompanyIntake
from bridge.kafka.journal import KafkaJournal
from bridge.kafka.owner import CompanyOwner, Signals
from bridge.kafka.publisher import CompanyPublisher
from bridge.kafka.range import TimeSpan, open_rest
from bridge.kafka.reader import read_at
from bridge.kafka.settings import IntakeSettings
from bridge.kafka.topics import TopicSpec, log_topic, table_topic
from bridge.posting.poster import Poster
from bridge.posting.quickbooks_sender import QuickBooksSender
from bridge.posting.rehearsal import RehearsedEntities, RehearsingSender
from bridge.posting.sending import Sender
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.connection import ConnectionSettings, open_client
from bridge.quickbooks.limiter import Priority, at_most
from bridge.quickbooks.tokens import TokenStore
from bridge.service.connections import connection_settings, marker_seal, token_store
from bridge.service.reads import counting_reads
from bridge.service.recover import look_up_results
from bridge.service.settings import company_router, company_rules, kafka_connection
from bridge.settlement.reporting import Reporter
from bridge.telemetry.status import CompanyBoard, StatusBoard
from contracts.lifecycle import Lifecycle
from contracts.marker_seal import MarkerSeal
from contracts.records import InboundRecord
from contracts.rehearsal import RehearsedWrite
from mappings.matching import looks_around
from mappings.rules import MappingRules

if TYPE_CHECKING:
    from bridge.service.traced_owner import CompanyTraces

MIB = 2**20


@dataclass(frozen=True, slots=True)
class CompanyContext:
    """What one company brings: its settings, rules, way to QBO, tokens, and its place on the board."""

    company: CompanySettings
    rules: MappingRules
    connection: ConnectionSettings
    store: TokenStore
    seal: MarkerSeal
    board: CompanyBoard
    traces: CompanyTraces | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyRuntime:
    """One company's machine, put together: who owns, who writes to Kafka, what waits, and the way to QBO.

    `rehearsed` grows by what one that rehearses would have sent.
    """

    owner: BooksOwner
    books: Books
    pipeline: Pipeline
    rehearsed: Sequence[RehearsedWrite]
    publisher: CompanyPublisher
    waiting: WaitingRoom
    journal: KafkaJournal
    ids: FollowedTable
    client: QuickBooksClient
    lifecycle: Lifecycle


@contextlib.asynccontextmanager
async def open_runtime(
    settings: Settings,
    context: CompanyContext,
    *,
    priority: Priority = Priority.LIVE,
    rehearse: bool = False,
    counts_reads: bool = True,
) -> AsyncIterator[CompanyRuntime]:
    """The machine of one company, until the block ends; `priority` is the highest that its calls to QBO get.

    One that rehearses writes nothing to QBO and goes on as if it had; nothing to Kafka either but, where it counts
    them, how many reads it made.
    """
    rehearsed = RehearsedEntities(context.seal) if rehearse else None
    clock = SystemClock()
    is_live = priority is Priority.LIVE and not rehearse
    stop_after = context.company.stop_after_dead_letters if is_live else 0
    company, rules, board, topics = context.company, context.rules, context.board, settings.topics
    connection = kafka_connection(settings.kafka)
    watch = context.traces.watch if context.traces is not None else None
    async with (
        open_client(context.connection, context.store, clock, priority=priority, watch=watch) as client,
        counting_reads(settings, connection, company.name, client) if counts_reads else contextlib.nullcontext(),
    ):
        publisher = CompanyPublisher(company=company.name, connection=connection, dead_letters=topics.dead_letters)
        journal = KafkaJournal(
            company=company.name, topic=topics.journal, connection=connection, publisher=publisher, view=rehearse
        )
        ids = FollowedTable(
            company=company.name, topic=topics.ids, connection=connection, publisher=publisher, view=rehearse
        )
        record_of_ids = RecordOfIds(ids)
        ids.taken = record_of_ids.take
        books = _books(settings, context, client, rehearsed, reads_at_once=not is_live)
        write_ahead = WriteAhead(journal)
        mapper = EventMapper(company.name, company_router(settings), rules)
        waiting = WaitingRoom(timedelta(hours=rules.waiting_hours))
        parked = ParkedEvents(
            waiting,
            KeptBodies(math.inf if rehearse else company.waiting_memory_mb * MIB),
            map_record=mapper.map_record,
            read_at=partial(read_at, connection),
            journal=journal,
        )
        doubts = Doubts()
        pipeline = Pipeline(mapper, books, _poster(context, client, books, write_ahead, rehearsed), doubts.there)
        jobs = Jobs(
            company=company.name,
            journal=journal,
            books=books,
            pipeline=pipeline,
            clock=clock,
            rules_version=rules.version,
            records=partial(_range_records, connection, settings.kafka.max_records) if is_live else None,
            quietly=partial(at_most, Priority.BACKFILL),
        )
        owner = BooksOwner(
            books=books,
            pipeline=pipeline,
            reporter=_reporter(settings, context),
            journal=journal,
            ids=record_of_ids,
            write_ahead=write_ahead,
            waiting=parked,
            breaker=Breaker(stop_after, _this_process()),
            doubts=doubts,
            jobs=jobs,
            board=board,
            clock=clock,
            rehearses=rehearse,
        )
        yield CompanyRuntime(
            owner=owner,
            books=books,
            pipeline=pipeline,
            rehearsed=rehearsed.writes if rehearsed is not None else (),
            publisher=publisher,
            waiting=waiting,
            journal=journal,
            ids=ids,
            client=client,
            lifecycle=board.lifecycle,
        )


async def _range_records(
    connection: KafkaConnection, records_max: int, job: Job, ends: Ends
) -> AsyncGenerator[tuple[InboundRecord, ...], None]:
    """The records of a job between these ends, by time over all partitions, so many at once."""
    async with (
        open_rest(connection, TimeSpan(job.since_ms, job.until_ms), ends) as reader,
        contextlib.aclosing(reader.batches(records_max)) as batches,
    ):
        async for batch in batches:
            yield batch.records


def _books(
    settings: Settings,
    context: CompanyContext,
    client: QuickBooksClient,
    rehearsed: RehearsedEntities | None,
    *,
    reads_at_once: bool,
) -> Books:
    company = context.company
    return Books(
        client,
        SystemClock(),
        seal=context.seal,
        window=timedelta(days=company.index_days),
        poll_every=timedelta(seconds=company.freshness_s),
        start=context.rules.books_start,
        lists=context.rules.lists,
        look_up_results=partial(
            look_up_results, kafka_connection(settings.kafka), settings.topics.results, company.name, context.seal
        ),
        overlay=rehearsed,
        reads_at_once=reads_at_once,
        looks_around=looks_around(context.rules),
    )


def _poster(
    context: CompanyContext,
    client: QuickBooksClient,
    books: Books,
    write_ahead: WriteAhead,
    rehearsed: RehearsedEntities | None,
) -> Poster:
    """What is posted goes to QBO, or is answered here when it is rehearsed."""
    sender: Sender
    if rehearsed is not None:
        sender = RehearsingSender(books, rehearsed)
    else:
        items_max = context.company.limits.batch_items
        sender = QuickBooksSender(client, write_ahead, books, items_max=items_max, on_wave=context.board.sent_wave)
    return Poster(sender, books, realm_id=context.company.realm_id)


def _reporter(settings: Settings, context: CompanyContext) -> Reporter:
    return Reporter(
        company=context.company.name,
        realm_id=context.company.realm_id,
        rules_version=context.rules.version,
        results_topic=settings.topics.results,
        dead_letters_topic=settings.topics.dead_letters,
    )


async def open_company_context(settings: Settings, company: CompanySettings) -> CompanyContext:
    """One company for a command that works for it alone. ConfigurationError when its tokens cannot be read."""
    clock = SystemClock()
    store = token_store(settings.tokens, kafka_connection(settings.kafka), clock)
    connection, rules = connection_settings(company), company_rules(company)
    await store.load(connection.credentials.store_key)
    board = StatusBoard(clock=clock).company(company.name, company.realm_id)
    return CompanyContext(company, rules, connection, store, marker_seal(settings, company), board)


def company_intake(
    settings: Settings,
    company: str,
    owner: CompanyOwner,
    runtime: CompanyRuntime,
    *,
    consumes: bool = True,
    signals: Signals | None = None,
    middlewares: Sequence[Any] = (),
) -> CompanyIntake:
    """A member of the company's consumer group, for `owner`; one that does not consume only owns the company.

    `owner` is the runtime's, or one that works through it. `middlewares` are FastStream's, around each poll.
    """
    intake_settings, connection = _intake_settings(settings.kafka), kafka_connection(settings.kafka)
    return CompanyIntake(
        company=company,
        topics=settings.topics.events,
        connection=connection if consumes else replace(connection, client_id=owning_only(connection)),
        owner=owner,
        publisher=runtime.publisher,
        process=_this_process(),
        lifecycle=runtime.lifecycle,
        settings=intake_settings if consumes else replace(intake_settings, consumes=False, idle_interval_s=0.0),
        signals=signals,
        middlewares=middlewares,
    )


def owning_only(connection: KafkaConnection) -> str:
    """The client id of a member that owns a company and consumes nothing: what a group's members are told apart by."""
    return f"{connection.client_id}.backfill"


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
    tables = [topics.journal, topics.ids, *([tokens.topic] if tokens.store == "kafka" else [])]
    logs = (*topics.events, topics.results, topics.dead_letters)
    return [*map(log_topic, logs), *map(table_topic, tables)]


def _this_process() -> str:
    """A name that no other process has, and no earlier one."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
