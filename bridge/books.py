"""One company's books as the bridge sees them: the index and the facts, and how they are read from QBO.

Reads are metered by Intuit and writes are not, so what is read here is read once: lists at warm-up, transactions in a
window by creation time that only ever grows, single entities only when a SyncToken is known to have moved.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import structlog

from bridge.clock import Clock
from bridge.facts import CompanyFacts, company_facts
from bridge.index import Index, Posted
from bridge.quickbooks.client import CallCounts, QuickBooksClient
from bridge.quickbooks.queries import Select, where, where_in
from bridge.quickbooks.warmup import Basics, load_basics, load_company, transactions
from bridge.quickbooks.wire import Entity

INDEXED = ("Invoice", "Payment", "JournalEntry")
"""The transaction types that carry our markers."""
SKEW = timedelta(days=1)
"""How far the clocks of a source and of QBO may differ: the index reaches back this much further than a document."""
FACTS_AGE_MAX_S = 60.0
"""Preferences are read again at most this often when a document does not fit them."""
IDS_PER_QUERY = 100

log = structlog.get_logger(__name__)


class Books:
    """Index and facts of one company; `warm` before use."""

    def __init__(self, client: QuickBooksClient, clock: Clock, *, window: timedelta) -> None:
        self._client = client
        self._clock = clock
        self._window = window
        self._index: Index | None = None
        self._facts: CompanyFacts | None = None
        self._facts_reread_at = -math.inf

    @property
    def index(self) -> Index:
        """The index; RuntimeError before `warm`."""
        if self._index is None:
            raise RuntimeError("the books are not warm yet")
        return self._index

    @property
    def facts(self) -> CompanyFacts:
        """The company's facts; RuntimeError before `warm`."""
        if self._facts is None:
            raise RuntimeError("the books are not warm yet")
        return self._facts

    @property
    def calls(self) -> CallCounts:
        """The calls that went to QBO so far, writes included."""
        return self._client.counts

    async def warm(self) -> None:
        """Read the company's lists and its transactions of the last days. Unavailable when QBO is away."""
        self._client.taken_over()
        index = Index(complete_since=self._clock.now() - self._window)
        company = await load_company(self._client)
        index.load("Customer", company.customers)
        for row in company.inactive_customers:
            index.customers.take(str(row.get("DisplayName", "")))
        index.load("Item", company.items)
        await self._read_transactions(index, index.complete_since)
        self._facts = _facts_of(company)
        self._index = index
        log.info(
            "books.warm", realm_id=self._client.realm_id, transactions=len(index), since=index.complete_since.date()
        )

    async def reach_back(self, documents_since: datetime) -> None:
        """Make the index complete for documents that existed at `documents_since`; nothing is read when it is."""
        since = documents_since - SKEW
        if since >= self.index.complete_since:
            return
        await self._read_transactions(self.index, since, until=self.index.complete_since)
        self.index.complete_since = since
        log.info("books.widened", realm_id=self._client.realm_id, since=since.date().isoformat())

    async def reread_facts(self) -> None:
        """Read preferences and accounts again, at most once a minute; customers and items are not read for it."""
        if self._clock.monotonic() - self._facts_reread_at < FACTS_AGE_MAX_S:
            return
        self._facts = _facts_of(await load_basics(self._client))
        self._facts_reread_at = self._clock.monotonic()

    async def refresh(self, stale: Sequence[Posted]) -> None:
        """Read these entities again: their SyncToken has moved unseen. What is gone is remembered as such."""
        for entity in {posted.entity for posted in stale}:
            wanted = {posted.id: posted for posted in stale if posted.entity == entity}
            found = await self._by_ids(entity, sorted(wanted, key=int))
            for row in found:
                self.index.remember(entity, row)
            for ident in wanted.keys() - {str(row["Id"]) for row in found}:
                self.index.gone(entity, ident)

    async def look_up(self, entity: str, entity_id: str) -> Entity | None:
        """One entity by Id, taken into the index; None when it does not exist."""
        row = await self._client.read(entity, entity_id)
        if row is not None:
            self.index.remember(entity, row)
        return row

    async def look_up_name(self, entity: str, name: str) -> None:
        """Find out who holds a name that QBO calls a duplicate: ours is taken in, a stranger's name counts as taken."""
        column = "DisplayName" if entity == "Customer" else "Name"
        conditions = (where(column, "=", name), where_in("Active", (True, False)))
        rows = await self._client.query(Select(entity, conditions=conditions))
        names = self.index.customers if entity == "Customer" else self.index.items
        for row in rows:
            self.index.remember(entity, row)
        if not any(row.get("Active") is not False for row in rows):
            names.take(name)

    async def recheck(self, entity: str, idents: Iterable[str]) -> None:
        """Read these name-list entities again; what is missing or inactive is dropped."""
        wanted = sorted(set(idents), key=int)
        names = self.index.customers if entity == "Customer" else self.index.items
        found = {str(row["Id"]): row for row in await self._by_ids(entity, wanted)}
        for ident in wanted:
            if ident in found:
                self.index.remember(entity, found[ident])
            else:
                names.forget(ident)

    def remember(self, entity: str, body: Entity) -> Posted | None:
        """Take in the answer to one of our writes."""
        if entity == "Account":
            self._facts = self.facts.with_account(body)
            return None
        return self.index.remember(entity, body)

    async def _by_ids(self, entity: str, idents: Sequence[str]) -> list[Entity]:
        rows: list[Entity] = []
        for chunk in _chunks(idents, IDS_PER_QUERY):
            rows += await self._client.query(Select(entity, conditions=(where_in("Id", tuple(chunk)),)))
        return rows

    async def _read_transactions(self, index: Index, since: datetime, *, until: datetime | None = None) -> None:
        for entity in INDEXED:
            async for page in transactions(self._client, entity, since, created_until=until):
                index.load(entity, page)


def _facts_of(basics: Basics) -> CompanyFacts:
    return company_facts(basics.preferences, basics.info, basics.accounts, basics.payment_methods)


def _chunks(items: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
