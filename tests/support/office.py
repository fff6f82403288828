"""One company's machine without Kafka: records go in, records come out, the sandbox answers in the same process."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx
from starlette.applications import Starlette

from bridge.books.recovery import EntityId, PublishedDocuments
from bridge.company.owner import Company
from bridge.company.parked import ReadAt
from bridge.quickbooks.auth import Credentials
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.connection import ConnectionSettings, open_client
from bridge.quickbooks.limiter import Limits as ClientLimits
from bridge.quickbooks.wire import dumps
from bridge.sandbox.app import create_app
from bridge.sandbox.faults import FaultRule, Kind
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.settings import DEFAULT_REALM, Limits, SandboxSettings, Switches
from bridge.telemetry.status import StatusBoard
from contracts.entities import Entity
from contracts.keys import SourceKey
from contracts.records import InboundRecord, OutboundRecord
from contracts.results import Result, read_result
from mappings.rules import MappingRules
from tests.support.assembly import COMPANY, DEAD_LETTERS, RESULTS, MemoryJournal, SharedClock, assemble
from tests.support.clocks import ManualClock, settle
from tests.support.quickbooks import MemoryStore
from tests.support.seals import SEAL

SHOPIFY = "shopify.events"
WINDOW = timedelta(days=3650)
"""The index reads everything that the sandbox holds, but where a test is about what it does not."""
BASE_URL = "http://127.0.0.1:8100"
SETTINGS = SandboxSettings(empty=True, limits=Limits(enforced=False))
CONNECTION = ConnectionSettings(
    credentials=Credentials(
        realm_id=DEFAULT_REALM,
        client_id=SETTINGS.client_id,
        client_secret=SETTINGS.client_secret,
        refresh_token=SETTINGS.refresh_token,
        token_url=f"{BASE_URL}/oauth2/v1/tokens/bearer",
    ),
    base_url=BASE_URL,
    limits=ClientLimits(requests_per_minute=100_000, requests_per_second=10_000, batches_per_minute=10_000),
)


@dataclass(slots=True)
class Office:
    """A company that is owned, its sandbox, and everything that was told so far."""

    company: Company
    client: QuickBooksClient
    app: Starlette
    clock: ManualClock
    journal: MemoryJournal
    status: StatusBoard
    results: list[Result] = field(default_factory=list)
    dead_letters: list[OutboundRecord] = field(default_factory=list)
    offset: int = 0

    @property
    def sandbox(self) -> Sandbox:
        """The QBO that answers."""
        sandbox: Sandbox = self.app.state.sandbox
        return sandbox

    @property
    def shown(self) -> dict[str, Any]:
        """The company's part of /status."""
        return self.status.company(COMPANY, DEFAULT_REALM).snapshot()

    def metric(self, name: str) -> float:
        """What Prometheus is told."""
        (line,) = [line for line in self.status.telemetry.exposition().decode().splitlines() if line.startswith(name)]
        return float(line.split()[-1])

    def records(self, *bodies: object, headers: Mapping[str, bytes | None] | None = None) -> tuple[InboundRecord, ...]:
        """Bodies as the next records of the topic; bytes and None go as they are."""
        made = []
        for body in bodies:
            value = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            made.append(
                InboundRecord(
                    topic=SHOPIFY,
                    partition=0,
                    offset=self.offset,
                    key=None,
                    value=value,
                    headers=tuple((headers or {}).items()),
                    timestamp_ms=int(self.clock.now().timestamp() * 1000),
                )
            )
            self.offset += 1
        return tuple(made)

    async def tell(self, *bodies: object, headers: Mapping[str, bytes | None] | None = None) -> list[Result]:
        """One micro-batch of these bodies; the results that it led to."""
        return await self.process(self.records(*bodies, headers=headers))

    async def process(self, records: tuple[InboundRecord, ...]) -> list[Result]:
        """One micro-batch, settled."""
        return self._settle(await self.company.process(records))

    async def idle(self) -> list[Result]:
        """What the owner has to say between micro-batches."""
        return self._settle(await self.company.idle())

    async def idle_until_read(self) -> list[Result]:
        """Quiet moments until the older books that something waits for are read and taken in."""
        told: list[Result] = []
        for _ in range(1_000):
            told += await self.idle()
            if told:
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

    async def by_a_person(self, action: str, entity: str, ident: str, **more: Any) -> dict[str, Any]:
        """What a person does at the keyboard: edit, rename, void, delete, deactivate."""
        wanted = {"action": action, "entity": entity, "id": ident, **more}
        headers = {"Accept": "application/json"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=BASE_URL) as http:
            answer = await http.post("/sandbox/human", content=dumps(wanted), headers=headers)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _settle(self, told: Sequence[OutboundRecord]) -> list[Result]:
        for record in told:
            self.journal.settle(record)
        fresh = [read_result(record.value or b"") for record in told if record.topic == RESULTS]
        self.results += fresh
        self.dead_letters += [record for record in told if record.topic == DEAD_LETTERS]
        return fresh

    def breaks(self, kind: Kind, **rule: Any) -> None:
        """From now on QBO misbehaves."""
        self.sandbox.faults.add(FaultRule(kind=kind, **rule))

    async def by_hand(self, entity: str, body: Mapping[str, object], **params: str) -> dict[str, Any]:
        """Write an entity past the bridge, as a person or another app does."""
        headers = {"Authorization": f"Bearer {self.sandbox.access_token()}", "Accept": "application/json"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=BASE_URL) as http:
            url = f"/v3/company/{DEFAULT_REALM}/{entity}"
            answer = await http.post(url, content=dumps(body), params=params, headers=headers)
        answer.raise_for_status()
        (found,) = (value for value in answer.json().values() if isinstance(value, dict))
        return found

    def held(self, entity: str) -> dict[SourceKey, dict[str, Any]]:
        """Our transactions of one type in the sandbox, by their marker; two with one marker are a failure."""
        found: dict[SourceKey, dict[str, Any]] = {}
        for body in self.sandbox.company().tables[entity].values():
            marker = SEAL.find(entity, body.get("PrivateNote"))
            if marker is not None:
                assert marker.key not in found
                found[marker.key] = body
        return found

    def rows(self, entity: str) -> list[dict[str, Any]]:
        """Everything of one type in the sandbox."""
        return list(self.sandbox.company().tables[entity].values())


@asynccontextmanager
async def office(
    *,
    after: Office | None = None,
    journal: MemoryJournal | None = None,
    rules: MappingRules | None = None,
    switches: Switches | None = None,
    waiting_bytes: int = 2**26,
    read_at: ReadAt | None = None,
    window: timedelta = WINDOW,
) -> AsyncIterator[Office]:
    """An owned company on a young sandbox company. `after` makes it a restart: the same sandbox, clock and journal.

    `waiting_bytes`, `read_at` and `window` are those of `assemble`.
    """
    clock = after.clock if after else ManualClock()
    settings = replace(SETTINGS, switches=switches or SETTINGS.switches)
    app = after.app if after else create_app(settings, SharedClock(clock))
    journal = journal or (after.journal if after else MemoryJournal())
    transport = httpx.ASGITransport(app)
    status = StatusBoard(clock=clock)
    told = list(after.results) if after else []

    async def look_up_results(wanted: Collection[EntityId]) -> Mapping[EntityId, Entity]:
        recollection = PublishedDocuments(wanted, SEAL)
        for result in told:
            recollection.add(result, COMPANY)
        return recollection.rows()

    async with open_client(CONNECTION, MemoryStore(), clock, transport=transport, jitter=lambda: 0.0) as client:
        company = assemble(
            client,
            journal,
            clock,
            rules or MappingRules(),
            window=window,
            status=status,
            look_up_results=look_up_results,
            waiting_bytes=waiting_bytes,
            read_at=read_at,
        )
        await company.take_over(1)
        yield Office(company, client, app, clock, journal, status, offset=after.offset if after else 0)
        await company.released()
