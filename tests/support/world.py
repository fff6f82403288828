"""A small world: one company of the bridge, its books in the sandbox, its journal in memory. No broker, no sockets.

Events go in as micro-batches of records; what comes out is read from the sandbox's own books.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import httpx

from bridge.books.recovery import EntityId, PublishedDocuments
from bridge.company.owner import BooksOwner
from bridge.company.parked import ReadAt
from bridge.company.waiting_room import WaitingRoom
from bridge.journal.jobs import Ends, Job
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.connection import open_client
from bridge.quickbooks.limiter import Limits
from bridge.sandbox.admin import set_switches
from bridge.sandbox.app import create_app
from bridge.sandbox.requests import RequestIds
from bridge.sandbox.settings import DEFAULT_REALM, SandboxLimits, Switches
from bridge.telemetry.status import StatusBoard
from contracts.entities import Entity
from contracts.errors import BatchTooLarge
from contracts.records import Headers, InboundRecord, OutboundRecord
from contracts.results import Result, read_result
from contracts.sizes import record_bytes
from mappings.rules import MappingRules
from tests.support.assembly import (
    COMPANY,
    DEAD_LETTERS,
    RESULTS,
    MemoryJournal,
    OwnerKilled,
    SharedClock,
    assemble,
)
from tests.support.clocks import START, ManualClock, settle
from tests.support.quickbooks import MemoryStore
from tests.support.sandbox_books import CONNECTION, SETTINGS, SandboxBooks
from tests.support.seals import SEAL

SHOPIFY = "shopify.events"
WINDOW = timedelta(days=3650)
"""The index reads everything that the sandbox holds, but where a test is about what it does not."""
WAITING_BYTES = 2**26
RULES = MappingRules(shop_domains=("acme.myshopify.com",))


@dataclass(slots=True, kw_only=True)
class World(SandboxBooks):
    """The company, its books, and everything that it published: `told` in its order, `results` by position.

    `told_before` is what another process did, `topic` holds what a job reads, `piece` records at a time.
    `largest_result` is in bytes.
    """

    client: QuickBooksClient
    clock: ManualClock
    status: StatusBoard
    rules: MappingRules = RULES
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    told_before: tuple[Result, ...] = ()
    told: list[Result] = field(default_factory=list)
    results: dict[int, list[Result]] = field(default_factory=dict)
    dead_letters: list[OutboundRecord] = field(default_factory=list)
    room: WaitingRoom | None = None
    waiting_bytes: int = WAITING_BYTES
    read_at: ReadAt | None = None
    window: timedelta = WINDOW
    offset: int = 0
    topic: list[InboundRecord] = field(default_factory=list)
    piece: int = 3
    largest_result: int = 0
    _company: BooksOwner | None = None
    _records: tuple[InboundRecord, ...] = ()

    @property
    def company(self) -> BooksOwner:
        """The machine that owns it now."""
        assert self._company is not None
        return self._company

    async def restart(self) -> None:
        """A new process takes the company over: nothing but QBO and Kafka's topics is left."""
        self.status = StatusBoard(clock=self.clock)
        self._company = assemble(
            self.client,
            self.journal,
            self.clock,
            self.rules,
            window=self.window,
            status=self.status,
            look_up_results=self._look_up,
            room=self.room,
            waiting_bytes=self.waiting_bytes,
            read_at=self.read_at,
            range_records=self._range_records,
        )
        await self._company.take_over(1)

    async def _range_records(self, job: Job, ends: Ends) -> AsyncGenerator[tuple[InboundRecord, ...], None]:
        """What lies in `topic` between these ends, `piece` records at a time."""
        ((start, end),) = ends[SHOPIFY].values()
        found = [record for record in self.topic if start <= record.offset < end and job.id]
        for first in range(0, len(found), self.piece):
            yield tuple(found[first : first + self.piece])

    # What is told to it ------------------------------------------------------------------------------------------

    def record(self, body: object, *, topic: str = SHOPIFY, headers: Headers = ()) -> InboundRecord:
        """A body as the next record of its topic; bytes and None go as they are."""
        value = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        made = InboundRecord(
            topic=topic,
            partition=0,
            offset=self.offset,
            key=None,
            value=value,
            headers=headers,
            timestamp_ms=int(self.clock.now().timestamp() * 1000),
        )
        self.offset += 1
        return made

    def records(self, *bodies: object, headers: Mapping[str, bytes | None] | None = None) -> tuple[InboundRecord, ...]:
        """Bodies as the next records of the topic."""
        given = tuple((headers or {}).items())
        return tuple(self.record(body, headers=given) for body in bodies)

    async def deliver(self, *bodies: object) -> list[Result]:
        """One micro-batch; the result of each of its records (a parked one says `waiting`)."""
        return await self.deliver_records(*self.records(*bodies))

    async def deliver_records(self, *records: InboundRecord) -> list[Result]:
        """One micro-batch of records as `record` makes them."""
        self._records = records
        return await self.again()

    async def again(self) -> list[Result]:
        """The same records once more, as Kafka delivers what was not settled."""
        await self.process(self._records)
        return [self.results[record.offset][-1] for record in self._records]

    async def take(self, records: Sequence[InboundRecord]) -> int:
        """One micro-batch as the consumer takes it: fewer records where the company finds them too many. How many."""
        batch = tuple(records)
        try:
            await self.process(batch)
        except BatchTooLarge as limit:
            batch = batch[: limit.records]
            await self.process(batch)
        self.company.committed()
        return len(batch)

    async def tell(self, *bodies: object, headers: Mapping[str, bytes | None] | None = None) -> list[Result]:
        """One micro-batch of these bodies; all results that it led to, those of events that had waited too."""
        return await self.process(self.records(*bodies, headers=headers))

    async def deliver_twice(self, *bodies: object, requests: int | None, then: Sequence[int] = ()) -> None:
        """One micro-batch whose owner is killed after so many requests, at the latest before it settles anything.

        None: it lives on, and the records are delivered once.
        The next owner has the same records delivered once more; `then` are the requests of the next owners that are
        killed as well.
        """
        await self.deliver_records_twice(*self.records(*bodies), kills=() if requests is None else (requests, *then))

    async def deliver_records_twice(self, *records: InboundRecord, kills: Sequence[int]) -> None:
        """As `deliver_twice`, of records as `record` makes them: the requests of each owner that is killed."""
        self._records = records
        for left in kills:
            await self.killed_at(*records, requests=left)
        await self.again()

    async def killed_at(self, *records: InboundRecord, requests: int) -> None:
        """One micro-batch whose owner is killed; the next one has taken over, and no record came again."""
        self._records, self.journal.requests_left = records, requests
        with contextlib.suppress(OwnerKilled):
            await self.company.process(self._records)
        self.journal.requests_left = None
        await self.restart()

    async def process(self, records: tuple[InboundRecord, ...]) -> list[Result]:
        """One micro-batch, settled; all results that it led to."""
        return self.settle(await self.company.process(records))

    # Time passes -------------------------------------------------------------------------------------------------

    async def idle(self) -> list[Result]:
        """A quiet moment between micro-batches: what the owner has to say then."""
        told = self.settle(await self.company.idle())
        self.company.committed()
        return told

    async def idle_until_read(self) -> list[Result]:
        """Quiet moments until the older books that something waits for are read and taken in."""
        for _ in range(1_000):
            if told := await self.idle():
                return told
            await settle()
        raise AssertionError("the older books were never read")

    async def look(self) -> list[Result]:
        """A minute passes and the owner learns what people changed in QBO meanwhile."""
        known, told = self.shown["changes_known_until"], []
        for turn in range(1_000):
            if turn % 100 == 0:
                await self.clock.advance(61)
            told += await self.idle()
            if self.shown["changes_known_until"] != known:
                return told
            await settle()
        raise AssertionError("the look never ended")

    def forget_requests(self) -> None:
        """QuickBooks knows no request id any more."""
        self.sandbox.realms[DEFAULT_REALM].requests = RequestIds(SETTINGS.switches, SharedClock(self.clock))

    # What it says ------------------------------------------------------------------------------------------------

    @property
    def shown(self) -> dict[str, Any]:
        """The company's part of /status."""
        return self.status.company(COMPANY, DEFAULT_REALM).snapshot()

    def metric(self, name: str) -> float:
        """What Prometheus is told."""
        (line,) = [line for line in self.status.telemetry.exposition().decode().splitlines() if line.startswith(name)]
        return float(line.split()[-1])

    def statuses(self) -> list[str]:
        """The last status of every record, in the order of delivery."""
        return [self.results[offset][-1].status.value for offset in sorted(self.results)]

    def settle(self, records: Sequence[OutboundRecord]) -> list[Result]:
        """Take in what the owner wants published, as Kafka does in one transaction; the results in it."""
        for record in records:
            self.journal.settle(record)
        published = [record for record in records if record.topic == RESULTS]
        self.largest_result = max([self.largest_result, *map(record_bytes, published)])
        is_current = [read_result(record.value or b"") for record in published]
        for result in is_current:
            self.results.setdefault(result.source.offset, []).append(result)
        self.told += is_current
        self.dead_letters += [record for record in records if record.topic == DEAD_LETTERS]
        return is_current

    async def _look_up(self, wanted: Collection[EntityId]) -> Mapping[EntityId, Entity]:
        published = PublishedDocuments(wanted, SEAL)
        for result in (*self.told_before, *self.told):
            published.add(result, COMPANY)
        return published.rows()


@contextlib.asynccontextmanager
async def opened(
    rules: MappingRules = RULES,
    *,
    after: World | None = None,
    journal: MemoryJournal | None = None,
    country: str = "US",
    currency: str = "USD",
    room: WaitingRoom | None = None,
    waiting_bytes: int = WAITING_BYTES,
    read_at: ReadAt | None = None,
    window: timedelta = WINDOW,
    piece: int = 3,
    start: datetime = START,
    is_limited: bool = False,
    watch: Callable[[httpx.AsyncClient], None] | None = None,
    through: Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport] = lambda transport: transport,
    **switches: Any,
) -> AsyncIterator[World]:
    """A young company whose owner has just taken it over; `switches` are the sandbox's.

    `after` makes it another process beside that one, which takes over: the same sandbox, clock, journal and results.
    `room` is where its events wait, `waiting_bytes` the memory for their bodies, which `read_at` reads again; the index
    reads `window` eagerly, and a job `piece` records at a time. What is sent to the sandbox goes `through` this; one
    that `is_limited` throttles as Intuit does, and the client keeps the same limits; `watch` sees the client.
    """
    clock = after.clock if after else ManualClock(start=start)
    settings = replace(SETTINGS, switches=Switches(**switches), country=country, home_currency=currency)
    connection = CONNECTION
    if is_limited:
        settings, connection = replace(settings, limits=SandboxLimits()), replace(connection, limits=Limits())
    app = after.app if after else create_app(settings, SharedClock(clock))
    transport = through(httpx.ASGITransport(app))
    async with open_client(
        connection, MemoryStore(), clock, transport=transport, jitter=lambda: 0.0, watch=watch
    ) as client:
        world = World(
            app=app,
            client=client,
            clock=clock,
            status=StatusBoard(clock=clock),
            rules=rules,
            journal=journal or (after.journal if after else MemoryJournal()),
            told_before=(*after.told_before, *after.told) if after else (),
            room=room,
            waiting_bytes=waiting_bytes,
            read_at=read_at,
            window=window,
            offset=after.offset if after else 0,
            topic=after.topic if after else [],
            piece=piece,
        )
        await world.restart()
        yield world
        await world.company.released()


async def without_own_credits(world: World) -> None:
    """A company where credits do not apply themselves."""
    wanted = {"SalesFormsPrefs": {"AutoApplyCredit": False}}
    set_switches(world.sandbox.realms[DEFAULT_REALM], {"preferences": wanted})
    await world.restart()
