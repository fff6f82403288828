"""One company's machine put together for tests: everything real but Kafka, whose journal is a dictionary here."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from bridge.books.books import Books
from bridge.books.recovery import ResultLookup
from bridge.company.bodies import KeptBodies
from bridge.company.breaker import Breaker
from bridge.company.doubts import Doubts
from bridge.company.jobs import Jobs
from bridge.company.owner import BooksOwner
from bridge.company.parked import ParkedEvents, ReadAt
from bridge.company.pipeline import Pipeline
from bridge.company.range_feed import RangeRecords
from bridge.company.waiting_room import WaitingRoom
from bridge.decoding.decision import EventMapper
from bridge.decoding.routing import Route, Router
from bridge.journal.entries import REQUEST, VERSION
from bridge.journal.identities import RecordOfIds
from bridge.journal.requests import WriteAhead
from bridge.posting.poster import Poster
from bridge.posting.quickbooks_sender import QuickBooksSender
from bridge.posting.rehearsal import RehearsedEntities, RehearsingSender
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.limiter import Priority, at_most
from bridge.sandbox.settings import DEFAULT_REALM
from bridge.settlement.reporting import Reporter
from bridge.telemetry.status import StatusBoard
from contracts.records import InboundRecord, OutboundRecord, Place
from mappings.matching import looks_around
from mappings.rules import MappingRules
from tests.support.clocks import ManualClock
from tests.support.seals import SEAL

COMPANY = "acme"
RESULTS, DEAD_LETTERS, JOURNAL, IDS = "qbo.results", "qbo.dead-letters", "qbo.journal", "qbo.ids"


class SharedClock:
    """The sandbox's view of the test's clock, so that both count the same minutes."""

    def __init__(self, clock: ManualClock) -> None:
        self.now, self.monotonic, self.sleep = clock.now, clock.monotonic, clock.sleep

    def advance(self, seconds: float) -> None:
        raise AssertionError(f"the test moves the clock, by {seconds} s or not")


class OwnerKilled(Exception):
    """The process of the owner ends here, whatever it was about to do."""


@dataclass(slots=True)
class MemoryTable:
    """A compacted topic in memory. `appends` are the keys of each append, in order.

    After `requests_left` more appends with a request its owner is killed (None: never). One that never `forgets` keeps
    what tombstones should end, so that a measurement can send it again.
    """

    forgets: bool = True
    entries: dict[str, bytes] = field(default_factory=dict)
    appends: list[list[str]] = field(default_factory=list)
    reads: int = 0
    is_current: dict[str, bytes] = field(default_factory=dict)
    topic: str = JOURNAL
    requests_left: int | None = None

    async def append(
        self, entries: Sequence[tuple[str, bytes | None]], *, together_with: Sequence[OutboundRecord] = ()
    ) -> None:
        self._count_requests(key for key, value in entries if value is not None)
        self.appends.append([key for key, value in entries if value is not None])
        for key, value in entries:
            self.put(key, value)
        for record in together_with:
            self.settle(record)

    def _count_requests(self, keys: Iterable[str]) -> None:
        if self.requests_left is not None and any(map(REQUEST.holds, keys)):
            if not self.requests_left:
                raise OwnerKilled
            self.requests_left -= 1

    async def read(self) -> Mapping[str, bytes]:
        self.reads += 1
        self.is_current.clear()
        return dict(self.entries)

    async def read_on(self) -> Mapping[str, bytes]:
        is_current, self.is_current = self.is_current, {}
        return is_current

    def journal_record(self, key: str, value: bytes | None) -> OutboundRecord:
        return OutboundRecord(topic=self.topic, key=key.encode(), value=value)

    def settle(self, record: OutboundRecord) -> None:
        """Take in a record of this topic; others are somebody else's."""
        if record.topic == self.topic:
            self.put((record.key or b"").decode(), record.value)

    def put(self, key: str, value: bytes | None) -> None:
        if self.forgets or value is not None:
            self.entries.pop(key, None)
        if value is not None:
            self.entries[key] = self.is_current[key] = value

    def lose_versions(self) -> None:
        """Forget which newer bodies needed no write."""
        self.entries = {key: value for key, value in self.entries.items() if not VERSION.holds(key)}


@dataclass(slots=True)
class MemoryJournal(MemoryTable):
    """The journal, and the record of Ids beside it."""

    ids: MemoryTable = field(default_factory=lambda: MemoryTable(topic=IDS))

    def settle(self, record: OutboundRecord) -> None:
        """Take in a record of either topic; others are somebody else's."""
        MemoryTable.settle(self, record)
        self.ids.settle(record)


async def _read_nothing(_: Sequence[Place]) -> Mapping[Place, InboundRecord]:
    """Event topics whose retention has removed everything."""
    return {}


def router_of(rules: MappingRules) -> Router:
    """The company's routes: every shop of the rules, and Stripe's own account."""
    shops = frozenset({"acme.myshopify.com", "default", *rules.shop_domains})
    return Router([Route(COMPANY, shops, frozenset({"default"}))])


def assemble(
    client: QuickBooksClient,
    journal: MemoryJournal,
    clock: ManualClock,
    rules: MappingRules,
    *,
    window: timedelta,
    status: StatusBoard | None = None,
    stop_after: int = 50,
    rehearse: bool = False,
    rehearsed: RehearsedEntities | None = None,
    items_max: int = 30,
    look_up_results: ResultLookup | None = None,
    room: WaitingRoom | None = None,
    waiting_bytes: int = 2**26,
    read_at: ReadAt | None = None,
    range_records: RangeRecords | None = None,
) -> BooksOwner:
    """A company that nobody owns yet, on `client`'s books and this journal; `status` hears of it.

    Bodies of waiting events beyond `waiting_bytes` are read again with `read_at`, else from the journal.
    `range_records` are what its jobs read; without them it does none.
    One that rehearses keeps what it would have sent in `rehearsed`, if that is given.
    """
    rehearsed = rehearsed or (RehearsedEntities(SEAL) if rehearse else None)
    board = (status or StatusBoard(clock=clock)).company(COMPANY, DEFAULT_REALM)
    books = Books(
        client,
        clock,
        seal=SEAL,
        window=window,
        start=rules.books_start,
        lists=rules.lists,
        look_up_results=look_up_results,
        overlay=rehearsed,
        reads_at_once=rehearsed is not None,
        looks_around=looks_around(rules),
    )
    write_ahead = WriteAhead(journal)
    sender = (
        QuickBooksSender(client, write_ahead, books, items_max=items_max, on_wave=board.sent_wave)
        if rehearsed is None
        else RehearsingSender(books, rehearsed)
    )
    mapper = EventMapper(COMPANY, router_of(rules), rules)
    parked = ParkedEvents(
        room or WaitingRoom(timedelta(hours=rules.waiting_hours)),
        KeptBodies(waiting_bytes),
        map_record=mapper.map_record,
        read_at=read_at or _read_nothing,
        journal=journal,
    )
    doubts = Doubts()
    pipeline = Pipeline(mapper, books, Poster(sender, books, realm_id=DEFAULT_REALM), doubts.there)
    return BooksOwner(
        books=books,
        pipeline=pipeline,
        reporter=Reporter(
            company=COMPANY,
            realm_id=DEFAULT_REALM,
            rules_version=rules.version,
            results_topic=RESULTS,
            dead_letters_topic=DEAD_LETTERS,
        ),
        journal=journal,
        ids=RecordOfIds(journal.ids),
        write_ahead=write_ahead,
        waiting=parked,
        breaker=Breaker(stop_after, process=uuid.uuid4().hex),
        doubts=doubts,
        jobs=Jobs(
            company=COMPANY,
            journal=journal,
            books=books,
            pipeline=pipeline,
            clock=clock,
            rules_version=rules.version,
            records=range_records,
            quietly=partial(at_most, Priority.BACKFILL),
        ),
        board=board,
        clock=clock,
    )
