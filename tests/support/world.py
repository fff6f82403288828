"""A small world: one company of the bridge, its books in the sandbox, its journal in memory. No broker, no sockets.

Events go in as micro-batches of records; what comes out is read from the sandbox's own books.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette

from bridge.company.owner import Company
from bridge.company.waiting_room import WaitingRoom
from bridge.quickbooks.auth import Credentials
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.connection import ConnectionSettings, open_client
from bridge.quickbooks.wire import dumps
from bridge.sandbox.admin import set_switches
from bridge.sandbox.app import create_app
from bridge.sandbox.faults import FaultRule, Kind
from bridge.sandbox.sandbox import Sandbox
from bridge.sandbox.settings import DEFAULT_REALM, Limits, SandboxSettings, Switches
from contracts.records import Headers, InboundRecord, OutboundRecord
from contracts.results import Result, read_result
from mappings.rules import MappingRules
from tests.support.assembly import DEAD_LETTERS, RESULTS, MemoryJournal, SharedClock, assemble
from tests.support.clocks import ManualClock
from tests.support.quickbooks import MemoryStore
from tests.support.seals import SEAL

BASE_URL = "http://127.0.0.1:8100"
WINDOW = timedelta(days=3650)
"""The index reads everything that the sandbox holds."""


@dataclass
class World:
    """The company and its books; `results` are all that were published, by position."""

    client: QuickBooksClient
    app: Starlette
    clock: ManualClock
    rules: MappingRules
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    results: dict[int, list[Result]] = field(default_factory=dict)
    dead_letters: list[OutboundRecord] = field(default_factory=list)
    room: WaitingRoom | None = None
    waiting_bytes: int = 2**26
    _company: Company | None = None
    _offset: int = 0
    _records: tuple[InboundRecord, ...] = ()

    @property
    def sandbox(self) -> Sandbox:
        """The QBO that answers."""
        sandbox: Sandbox = self.app.state.sandbox
        return sandbox

    async def restart(self) -> None:
        """A new process takes the company over: nothing but QBO and the journal is left."""
        self._company = assemble(
            self.client,
            self.journal,
            self.clock,
            self.rules,
            window=WINDOW,
            room=self.room,
            waiting_bytes=self.waiting_bytes,
        )
        await self._company.take_over(1)

    async def deliver(self, *bodies: object) -> list[Result]:
        """One micro-batch; the result of each of its records (a parked one says `waiting`)."""
        return await self.deliver_records(*(self.record(body) for body in bodies))

    async def deliver_records(self, *records: InboundRecord) -> list[Result]:
        """One micro-batch of records as `record` makes them."""
        self._records = records
        return await self.again()

    async def again(self) -> list[Result]:
        """The same records once more, as Kafka delivers what was not settled."""
        assert self._company is not None
        self._take(await self._company.process(self._records))
        return [self.results[record.offset][-1] for record in self._records]

    def breaks(self, kind: Kind, *, skip: int) -> None:
        """From the write after `skip` others on, every call fails in this way."""
        self.sandbox.faults.add(FaultRule(kind=kind, count=None, skip=skip, operation="write"))

    def heals(self) -> None:
        self.sandbox.faults.clear()

    async def idle(self) -> None:
        """A quiet moment: parked events are looked at again."""
        assert self._company is not None
        self._take(await self._company.idle())

    def held(self, entity: str) -> list[dict[str, Any]]:
        """The rows of the sandbox's books."""
        return list(self.sandbox.company().tables[entity].values())

    def written(self) -> int:
        """How many writes the books have seen, as the sum of all versions."""
        return sum(int(row["SyncToken"]) + 1 for entity in ENTITIES for row in self.held(entity))

    def trial_balance(self) -> dict[str, Decimal]:
        """Every account that is not at zero, by name, debits positive."""
        company = self.sandbox.company()
        named = {row["Id"]: row["Name"] for row in company.tables["Account"].values()}
        return {named[ident]: amount for ident, amount in sorted(company.ledger.home.items()) if amount}

    def owed(self) -> dict[str, Decimal]:
        """What each customer owes, by name; below zero what they are owed."""
        names = {row["Id"]: row["DisplayName"] for row in self.held("Customer")}
        by_name = self.sandbox.company().ledger.by_name
        return {names[ident]: amount for (_, ident), amount in by_name.items() if amount}

    def payments(self) -> list[tuple[str, Decimal]]:
        """The live payments by marker and amount."""
        live = [row for row in self.held("Payment") if row["TotalAmt"]]
        return sorted((marker_of("Payment", row), row["TotalAmt"]) for row in live)

    def invoices(self) -> list[tuple[str, Decimal, Decimal, tuple[str, ...]]]:
        """The live invoices: marker, total, balance and what each line says."""
        live = [row for row in self.held("Invoice") if row["TotalAmt"]]
        return sorted((marker_of("Invoice", row), row["TotalAmt"], row["Balance"], _lines(row)) for row in live)

    def statuses(self) -> list[str]:
        """The last status of every record, in the order of delivery."""
        return [self.results[offset][-1].status.value for offset in sorted(self.results)]

    def record(self, body: object, *, topic: str = "shopify.events", headers: Headers = ()) -> InboundRecord:
        """A body as the next record of its topic; bytes go as they are."""
        self._offset += 1
        return InboundRecord(
            topic=topic,
            partition=0,
            offset=self._offset,
            key=None,
            value=body if isinstance(body, bytes) else orjson.dumps(body),
            headers=headers,
            timestamp_ms=1_790_000_000_000,
        )

    async def by_hand(self, entity: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Write an entity past the bridge, as a person or another app does."""
        headers = {"Authorization": f"Bearer {self.sandbox.access_token()}", "Accept": "application/json"}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=BASE_URL) as http:
            url = f"/v3/company/{DEFAULT_REALM}/{entity.lower()}"
            answer = await http.post(url, content=dumps(body), headers=headers)
        answer.raise_for_status()
        (found,) = (value for value in answer.json().values() if isinstance(value, dict))
        return found

    def _take(self, records: Sequence[OutboundRecord]) -> None:
        for record in records:
            self.journal.settle(record)
            if record.topic == DEAD_LETTERS:
                self.dead_letters.append(record)
            elif record.topic == RESULTS:
                result = read_result(record.value or b"")
                self.results.setdefault(result.source.offset, []).append(result)


ENTITIES = (
    "Customer",
    "Item",
    "Account",
    "Invoice",
    "Payment",
    "JournalEntry",
    "SalesReceipt",
    "CreditMemo",
    "RefundReceipt",
    "Deposit",
)


@contextlib.asynccontextmanager
async def opened(
    rules: MappingRules | None = None,
    *,
    country: str = "US",
    currency: str = "USD",
    room: WaitingRoom | None = None,
    waiting_bytes: int = 2**26,
    **switches: Any,
) -> AsyncIterator[World]:
    """A young company whose owner has just taken it over; `switches` are the sandbox's.

    `room` is where its events wait, `waiting_bytes` the memory for their bodies.
    """
    clock = ManualClock()
    settings = SandboxSettings(
        empty=True,
        limits=Limits(enforced=False),
        switches=Switches(**switches),
        country=country,
        home_currency=currency,
    )
    app = create_app(settings, SharedClock(clock))
    credentials = Credentials(
        realm_id=DEFAULT_REALM,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        refresh_token=settings.refresh_token,
        token_url=f"{BASE_URL}/oauth2/v1/tokens/bearer",
    )
    connection = ConnectionSettings(credentials=credentials, base_url=BASE_URL)
    transport = httpx.ASGITransport(app)
    given = rules or MappingRules(shop_domains=("acme.myshopify.com",))
    async with open_client(connection, MemoryStore(), clock, transport=transport, jitter=lambda: 0.0) as client:
        world = World(client, app, clock, given, room=room, waiting_bytes=waiting_bytes)
        await world.restart()
        yield world


def marker_of(entity: str, row: Mapping[str, Any]) -> str:
    """The key in a row's note, its whole note where there is none."""
    marker = SEAL.find(entity, row.get("PrivateNote"))
    return str(marker.key) if marker else str(row.get("PrivateNote"))


def _lines(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{line.get('Description')}: {line['Amount']}" for line in row["Line"] if "Id" in line)


def balance(world: World, sub_type: str) -> Decimal:
    """The sum of all accounts of this sub type; debits positive."""
    company = world.sandbox.company()
    found = [ident for ident, each in company.tables["Account"].items() if each["AccountSubType"] == sub_type]
    return sum((company.ledger.balance(ident) for ident in found), Decimal(0))


def in_transit(world: World) -> Decimal:
    """What lies between a buyer and the bank: undeposited funds and the clearing accounts of processors."""
    company = world.sandbox.company()
    found = [ident for ident, each in company.tables["Account"].items() if each["Name"].endswith(" clearing")]
    return balance(world, "UndepositedFunds") + sum((company.ledger.balance(ident) for ident in found), Decimal(0))


async def without_own_credits(world: World) -> None:
    """A company where credits do not apply themselves."""
    wanted = {"SalesFormsPrefs": {"AutoApplyCredit": False}}
    set_switches(world.sandbox.realms[DEFAULT_REALM], {"preferences": wanted})
    await world.restart()
