"""One company's books as the bridge sees them: the index and the facts, and how they are read from QBO.

Reads are metered by Intuit and writes are not, so what is read here is read once: lists at warm-up, transactions in a
window by creation time that only ever grows, single entities only when a SyncToken is known to have moved.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol, get_args

import structlog

from bridge.books.balances import AccountBalances
from bridge.books.changes import ChangePoller, Changes, start_of
from bridge.books.day_rates import DayRates
from bridge.books.recovery import ResultLookup
from bridge.books.slices import SliceReader
from bridge.books.taking_in import load, read_together
from bridge.clock import Clock
from bridge.index.company_profile import CompanyProfile, DayRate, read_company_profile
from bridge.index.identities import Identities
from bridge.index.index import Index, Posted, order_of
from bridge.index.name_list import NameList
from bridge.journal.entries import LOST_MARKER
from bridge.journal.known_until import KNOWN_UNTIL_KEY, known_until_value, read_known_until
from bridge.journal.lost_markers import has_lost_marker, journal_key, journal_value, restore
from bridge.journal.requests import unsettled_requests
from bridge.quickbooks.batching import bodies
from bridge.quickbooks.changes import OVERLAP, ChangeData, next_since
from bridge.quickbooks.client import CallCounts, QuickBooksClient, ReadRefused
from bridge.quickbooks.queries import Select, where, where_in
from bridge.quickbooks.warmup import INDEXED, NAME_LISTS, Basics, for_index, load_basics, load_company
from contracts.entities import Entity, EntityName
from contracts.keys import SourceKey
from contracts.marker_seal import MarkerSeal

"""The transaction types that carry our markers; warming up costs one read for each that is empty."""
SKEW = timedelta(days=1)
"""How far the clocks of a source and of QBO may differ: the index reaches back this much further than a document."""
PROFILE_AGE_MAX_S = 60.0
"""Preferences are read again at most this often when a document does not fit them."""
IDS_PER_QUERY = 100
POLL_EVERY = timedelta(seconds=60)
"""How often QBO is asked what has changed."""
CHANGES_NOTED_EVERY = timedelta(minutes=10)
PAGES_AT_ONCE = 4
"""Pages of one type that are read beside each other; the limits allow ten calls of all types together."""

log = structlog.get_logger(__name__)


Answered = tuple[str, Entity]
"""A type of entity, and the answer to a write of it."""


class Overlay(Protocol):
    """Entities that the index knows better than QBO, because a rehearsal has changed them."""

    def row(self, posted: Posted) -> Entity | None:
        """The entity as QBO would show it; None when QBO must be asked."""

    def clear(self) -> None:
        """The index is read anew: nothing is known better any more."""


class Books:
    """Index and facts of one company; `warm` before use. `lists` are those that its rules name.

    `start` is the day on which the books start: what is dated before it was never booked, so nothing older is read.

    What `overlay` knows is never read from QBO again. `reads_at_once` is for a command that has nobody else to serve:
    what an event needs of the older books is read before it is planned, and nothing waits for it. `looks_around` is how
    much older than an order a document may be that is compared with it.
    """

    def __init__(  # noqa: PLR0913 - what a company's books are made of
        self,
        client: QuickBooksClient,
        clock: Clock,
        *,
        seal: MarkerSeal,
        window: timedelta,
        poll_every: timedelta = POLL_EVERY,
        start: date | None = None,
        lists: Iterable[str] = (),
        look_up_results: ResultLookup | None = None,
        overlay: Overlay | None = None,
        reads_at_once: bool = False,
        looks_around: timedelta = timedelta(0),
    ) -> None:
        self._client = client
        self._clock = clock
        self._seal = seal
        self._window = window
        self._floor = datetime.combine(start, time(), UTC) if start else datetime.min.replace(tzinfo=UTC) + SKEW
        self._lists = tuple(lists)
        self._look_up_results = look_up_results
        self._overlay = overlay
        self._index: Index | None = None
        self._profile: CompanyProfile | None = None
        self._profile_reread_at = -math.inf
        self._reads_at_once = reads_at_once
        self._before = SKEW + looks_around
        self._slices = SliceReader(client, clock, INDEXED)
        self._day_rates = DayRates(client, clock)
        self._balances = AccountBalances(client, clock)
        self._poller = ChangePoller(client, clock, (*INDEXED, *NAME_LISTS), every=poll_every)
        self._known_until: datetime | None = None
        self._kept_until: datetime | None = None
        self._pending: dict[str, bytes] = {}
        self._journalled: set[str] = set()

    @property
    def is_warm(self) -> bool:
        """False before `warm`: nothing is known then."""
        return self._index is not None

    @property
    def index(self) -> Index:
        """The index; RuntimeError before `warm`."""
        if self._index is None:
            raise RuntimeError("the books are not warm yet")
        return self._index

    @property
    def profile(self) -> CompanyProfile:
        """The company's facts; RuntimeError before `warm`."""
        if self._profile is None:
            raise RuntimeError("the books are not warm yet")
        return self._profile

    @property
    def calls(self) -> CallCounts:
        """The calls that went to QBO so far, writes included."""
        return self._client.counts

    def has_room(self, batches: int) -> bool:
        """Whether work that can wait, and needs so many batches, finds them now and leaves some to the live work."""
        return self._client.has_room(batches)

    @property
    def known_until(self) -> datetime | None:
        """Up to when changes by people are known for certain (aware); None before `warm`."""
        return self._known_until

    async def warm(
        self,
        kept: Mapping[str, bytes] | None = None,
        identities: Identities | None = None,
        *,
        own_deletions: Iterable[tuple[str, SourceKey]] = (),
        own_voids: Iterable[tuple[str, SourceKey]] = (),
        answers: Iterable[Answered] = (),
    ) -> None:
        """Read the company's lists and its transactions of the last days. Unavailable when QBO is away.

        `kept` is the journal: what the owners before have learnt of people's deletions, and up to when. `identities` is
        the record of Ids, for these books alone; `own_deletions` and `own_voids` are what an owner before us deleted
        and voided itself without recording it, `answers` what it wrote, as QBO has answered it by now.
        """
        self._client.taken_over()
        reads_before = self._client.counts.reads
        now = self._clock.now()
        index = Index(self._seal, complete_since=now - self._window)
        kept = kept or {}
        index.identities = identities or Identities()
        for entity, key in own_deletions:
            index.disown(entity, key)
        take_unsettled(index, kept, answers)
        for entity, key in own_voids:
            index.own_void(entity, key)
        restore(index, kept)
        self._kept_until = None
        self._journalled = {key for key in kept if LOST_MARKER.holds(key)}
        since = read_known_until(kept) or index.complete_since
        changes = await start_of(self._client, INDEXED, since, now)
        company = await load_company(self._client, self._lists)
        await load(index, "Customer", company.customers)
        for row in company.inactive_customers:
            index.customers.reserve_name(str(row.get("DisplayName", "")))
            index.customers.forget(str(row["Id"]))
        await load(index, "Item", company.items)
        await self._read_transactions(index, index.complete_since)
        self._profile = replace(profile_of(company), day_rates=self._day_rates.known())
        self._index = index
        self._known_until = next_since(changes, since) if changes else now - OVERLAP
        if changes is not None:
            await self.load_missed_deletions(changes)
        index.record_believed()
        if self._overlay is not None:
            self._overlay.clear()
        self._poller.begin(self._known_until)
        self._slices.begin(index.complete_since)
        log.info(
            "books.warm",
            realm_id=self._client.realm_id,
            transactions=len(index),
            since=index.complete_since.date(),
            reads=self._client.counts.reads - reads_before,
        )

    def catch_up(self) -> set[SourceKey] | None:
        """Take in what people changed meanwhile; the documents of ours that this is about. None without a new answer.

        Never waits for QBO: a look goes on beside the work, and what it finds is taken in by a later call.
        """
        changes = self._poller.changes()
        return None if changes is None else self._taken_in(changes)

    async def look_now(self) -> set[SourceKey]:
        """As `catch_up`, with a look that waits for QBO; one that is refused shows nothing. Unavailable without QBO."""
        try:
            changes = await self._poller.read_now()
        except ReadRefused:  # because SyncTokens are read all the same, this only leaves what is new unseen
            return set()
        return set() if changes is None else self._taken_in(changes)

    async def sync_tokens(self, wanted: Iterable[str]) -> dict[str, str]:
        """What QBO has now of these, which are named as `invoice/145`; what it has no more is left out."""
        by_entity: dict[str, list[str]] = {}
        for name in wanted:
            entity, _, ident = name.partition("/")
            by_entity.setdefault(entity, []).append(ident)
        names = {each.lower(): each for each in get_args(EntityName)}
        found: dict[str, str] = {}
        for entity, idents in by_entity.items():
            for row in await self._by_ids(names[entity], sorted(set(idents))):
                found[f"{entity}/{row['Id']}"] = str(row["SyncToken"])
        return found

    def _taken_in(self, changes: Changes) -> set[SourceKey]:
        changed: set[SourceKey] = set()
        for entity, rows in changes.changed.items():
            for row in rows:
                changed |= _documents(self._take(entity, row, changes))
        for entity, idents in changes.deleted.items():
            for ident in idents:
                changed |= _documents(self._note_deleted(entity, ident))
        self.index.record_believed()
        self._known_until = changes.next_since
        return changed

    def release(self) -> None:
        """Ask QBO nothing more: the company is another process's now."""
        self._poller.end()
        self._slices.end()

    def pending_journal_entries(self) -> dict[str, bytes]:
        """What the journal has to keep for the next owner, each entry once."""
        kept, self._pending = self._pending, {}
        since, before = self._known_until, self._kept_until
        if since is not None and (kept or before is None or since - before >= CHANGES_NOTED_EVERY):
            self._kept_until = since
            kept[KNOWN_UNTIL_KEY] = known_until_value(since)
        return kept

    def reaches(self, documents_since: datetime | None) -> bool:
        """True when the index is complete for documents that existed at `documents_since`; None needs no document."""
        return documents_since is None or self.needed_since(documents_since) - self._before >= self.index.complete_since

    def needed_since(self, documents_since: datetime) -> datetime:
        """Since when the books are read for documents of that age; what is older than their start was never booked."""
        return max(documents_since, self._floor)

    async def reach(self, documents_since: datetime | None) -> None:
        """Ask for the books since `documents_since`: read now by a command, else in pieces that `take_slice` takes in.

        Unavailable when they are read now and QBO is away.
        """
        if documents_since is None or self.reaches(documents_since):
            return
        since = self.needed_since(documents_since) - self._before
        if not self._reads_at_once:
            self._slices.want(since)
            return
        await self._read_transactions(self.index, since, until=self.index.complete_since)
        self._widened(since)

    def take_slice(self) -> None:
        """Take in a piece of the older books that was read meanwhile, and have the next one read. Never waits."""
        found = self._slices.slice()
        if found is None:
            return
        for entity, rows in found.rows.items():
            for row in rows:
                self.index.catch_up(entity, row, nothing_written_since=True)
        self._widened(found.since, rows=sum(map(len, found.rows.values())))

    def _widened(self, since: datetime, **counted: int) -> None:
        """Everything that was created since then is in the index."""
        self.index.record_believed()
        self.index.complete_since = since
        log.info("books.widened", realm_id=self._client.realm_id, since=since.date().isoformat(), **counted)

    async def reread_profile(self, *, age_max_s: float = PROFILE_AGE_MAX_S) -> bool:
        """Read preferences and accounts again when they are older; customers and items are not read for it.

        True when the company is not what it was.
        """
        if self._clock.monotonic() - self._profile_reread_at < age_max_s:
            return False
        read = profile_of(await load_basics(self._client, self._lists))
        before, self._profile = self._profile, replace(read, day_rates=self.profile.day_rates)
        self._profile_reread_at = self._clock.monotonic()
        return self._profile != before

    async def read_balances(self, idents: Sequence[str]) -> bool:
        """Read what lies on these accounts, where it was not just read; True when anything was."""
        rows = await self._balances.read(idents)
        for row in rows:
            self._profile = self.profile.with_account(row)
        return bool(rows)

    async def refresh(self, stale: Sequence[Posted]) -> None:
        """Read these entities again: their SyncToken has moved unseen. What is gone is remembered as such."""
        known = [(posted, self._overlay.row(posted) if self._overlay else None) for posted in stale]
        await self._read_again([posted for posted, row in known if row is None])
        for posted, row in known:
            if row is not None:
                self.index.remember(posted.entity, row)

    async def _read_again(self, stale: Sequence[Posted]) -> None:
        for entity in {posted.entity for posted in stale}:
            wanted = {posted.id: posted for posted in stale if posted.entity == entity}
            found = await self._by_ids(entity, sorted(wanted, key=int))
            for row in found:
                self._note_lost(self.index.remember(entity, row, in_full=True))
            for ident in wanted.keys() - {str(row["Id"]) for row in found}:
                self._note_deleted(entity, ident)

    async def read_recorded(self, documents: Iterable[SourceKey]) -> None:
        """Read by Id what is recorded of these documents and no reading has shown: a person may have deleted it.

        QBO tells of deletions for thirty days; without the record they would be made again afterwards.
        """
        unread = self.index.unread(documents)
        if unread:
            await self.refresh(unread)

    async def read_rates(self, wanted: Iterable[DayRate]) -> None:
        """Ask for exchange rates that were not asked for yet; what QBO did not have a minute ago may be asked again."""
        await self._day_rates.ask(wanted, self.profile.home_currency)
        self._profile = replace(self.profile, day_rates=self._day_rates.known())

    async def read_payments(self, idents: Sequence[str]) -> None:
        """Read payments that are not ours but linked to what is ours."""
        for row in await self._by_ids("Payment", idents):
            self.index.remember("Payment", row, in_full=True)

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
        names = self._names(entity)
        for row in rows:
            self.index.remember(entity, row)
        if not any(row.get("Active") is not False for row in rows):
            names.reserve_name(name)

    async def recheck(self, entity: str, idents: Iterable[str]) -> None:
        """Read these name-list entities again; what is missing or inactive is dropped."""
        wanted = sorted(set(idents), key=int)
        names = self._names(entity)
        found = {str(row["Id"]): row for row in await self._by_ids(entity, wanted)}
        for ident in wanted:
            if ident in found:
                self.index.remember(entity, found[ident])
            else:
                names.forget(ident)

    def is_dropped(self, entity: str, ident: str) -> bool:
        """True for a customer or an item that is known to be gone or inactive."""
        return entity in NAME_LISTS and self._names(entity).is_dropped(ident)

    def remember(self, entity: str, body: Entity, sent: Mapping[str, Any]) -> Posted | None:
        """Take in the answer to one of our writes, whose body was `sent`."""
        if entity == "Account":
            self._profile = self.profile.with_account(body)
            return None
        return self.index.remember_answer(entity, body, sent)

    async def load_missed_deletions(self, changes: ChangeData) -> None:
        """What people deleted, or voided so that the marker is lost, while nobody owned the company.

        QBO names only Ids. Which documents they were the record of Ids knows, else the results, which are read only
        when there is an Id that it does not know.
        """
        for entity, rows in changes.changed.items():
            for row in rows:
                if self.index.knows(entity, str(row["Id"])):
                    self._note_lost(self.index.catch_up(entity, row, nothing_written_since=True))
        for entity, idents in changes.deleted.items():
            for ident in idents:
                if self.index.knows(entity, ident):
                    self._note_deleted(entity, ident)
        wanted = {(entity, ident) for entity, idents in changes.deleted.items() for ident in idents}
        voided = {(entity, str(row["Id"])): row for entity, rows in changes.changed.items() for row in rows}
        voided = {place: row for place, row in voided.items() if has_lost_marker(place[0], row, self._seal)}
        wanted = {place for place in (*wanted, *voided) if not self.index.knows(*place)}
        if not wanted or self._look_up_results is None:
            return
        for place, row in (await self._look_up_results(wanted)).items():
            self.index.remember(place[0], row)
            if place in voided:
                self._note_lost(self.index.remember(place[0], voided[place]))
            else:
                self._note_deleted(*place)

    def _take(self, entity: str, row: Entity, changes: Changes) -> Posted | None:
        if entity in NAME_LISTS:
            return self.index.remember(entity, row)
        posted = self.index.catch_up(entity, row, nothing_written_since=changes.nothing_written_since)
        self._note_lost(posted)
        return posted

    def _note_deleted(self, entity: str, ident: str) -> Posted | None:
        if entity in NAME_LISTS:
            self._names(entity).forget(ident)
            return None
        deleted = self.index.mark_deleted(entity, ident)
        if deleted is not None:
            self._keep(deleted)
        return deleted

    def _names(self, entity: str) -> NameList:
        return self.index.customers if entity == "Customer" else self.index.items

    def _note_lost(self, posted: Posted | None) -> None:
        """One of ours whose marker was overwritten looks like a stranger's to the next owner."""
        if posted is not None and not posted.marked:
            self._keep(posted)

    def _keep(self, posted: Posted) -> None:
        key = journal_key(posted)
        if key not in self._journalled:
            self._journalled.add(key)
            self._pending[key] = journal_value(posted, self._seal)
            log.warning("books.removed", document=str(posted.key), entity=posted.entity, id=posted.id)

    async def _by_ids(self, entity: str, idents: Sequence[str]) -> list[Entity]:
        rows: list[Entity] = []
        for chunk in _chunks(idents, IDS_PER_QUERY):
            rows += await self._client.query(Select(entity, conditions=(where_in("Id", tuple(chunk)),)))
        return rows

    async def _read_transactions(self, index: Index, since: datetime, *, until: datetime | None = None) -> None:
        await read_together(
            {
                entity: for_index(self._client, entity, since, created_until=until, at_once=PAGES_AT_ONCE)
                for entity in INDEXED
            },
            index,
        )


def take_unsettled(index: Index, kept: Mapping[str, bytes], answers: Iterable[Answered] = ()) -> None:
    """What an owner has sent and nobody has settled is known before any row is read, as are the answers to it."""
    for unsettled in unsettled_requests(kept):
        sent = bodies(unsettled.request)
        for request_id, written in unsettled.steps.items():
            index.expect(written.step.entity, sent[request_id])
    for entity, answer in answers:
        index.own_answered(entity, answer)


def profile_of(basics: Basics) -> CompanyProfile:
    """What the company itself decides, of the lists that were read."""
    return read_company_profile(basics.preferences, basics.info, basics.accounts, basics.payment_methods, basics.lists)


def _documents(posted: Posted | None) -> set[SourceKey]:
    """What a row of ours is about: its own document, and the sale that it belongs to."""
    return {posted.key, order_of(posted)} if posted is not None else set()


def _chunks(items: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))
