"""Both sides of a comparison, for `verify` and `reconcile`: what events say, and what QuickBooks has."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bridge.books.books import profile_of, take_unsettled
from bridge.books.taking_in import read_together
from bridge.commands.together import together
from bridge.decoding.decision import MappedRecord
from bridge.index.company_profile import CompanyProfile
from bridge.index.index import Index
from bridge.journal.identities import read_identities
from bridge.journal.lost_markers import restore
from bridge.journal.versions import read_versions
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.limiter import Priority
from bridge.quickbooks.queries import Select, where_in
from bridge.quickbooks.warmup import INDEXED, load_basics, transactions
from bridge.reconciliation.control_kinds import ControlKind, liability_of
from bridge.reconciliation.documents import Document
from bridge.reconciliation.events import Events
from bridge.reconciliation.facts import SourceFacts
from bridge.reconciliation.late_money import late_entries
from bridge.reconciliation.lines import BothSides
from bridge.reconciliation.rows import BookRow, Link, read_row
from contracts.entities import Entity
from contracts.marker_seal import MarkerSeal
from contracts.quickbooks import ItemDraft
from contracts.records import InboundRecord
from mappings.items import gift_card_item, marketplace_tax_item
from mappings.rules import MappingRules
from mappings.start import opening_of


@dataclass(slots=True)
class SourceSide:
    """All that the events of a span say."""

    events: Events = field(default_factory=Events)
    facts: SourceFacts = field(init=False)

    def __post_init__(self) -> None:
        """What payouts say is read once for both."""
        self.facts = SourceFacts(self.events.payouts)

    def add(self, records: Sequence[InboundRecord], mapped: Sequence[MappedRecord]) -> None:
        """Take in a micro-batch."""
        self.events.add(len(records), mapped)
        self.facts.add(mapped)


@dataclass(frozen=True, slots=True)
class CompanySide:
    """What QBO says of the company itself, and which of its items, by Id, stand on a liability."""

    profile: CompanyProfile
    items: Mapping[str, ControlKind]


@dataclass(frozen=True, slots=True)
class BooksSide:
    """All that QBO says of the same time."""

    index: Index
    rows: dict[Link, BookRow]
    profile: CompanyProfile
    items: Mapping[str, ControlKind]


def both_sides(source: SourceSide, books: BooksSide, found: Sequence[Document], rules: MappingRules) -> BothSides:
    """What is compared."""
    closed_until = books.profile.close_date if rules.closed_period == "redate" else None
    opening = opening_of(rules)
    if opening is not None:
        late = late_entries(source.events, books.index)
        source.facts.add_late({key: each.amount for key, each in late.items()}, opening)
    return BothSides(
        found=found,
        facts=source.facts,
        index=books.index,
        rows=books.rows,
        events=source.events,
        profile=books.profile,
        items=books.items,
        closed_until=closed_until,
    )


def recorded_index(seal: MarkerSeal, since: datetime, ids: Mapping[str, bytes], journal: Mapping[str, bytes]) -> Index:
    """What the bridge's own topics say of its documents; their rows come from QBO."""
    index = Index(seal, complete_since=since)
    index.identities.restore(read_identities(ids))
    restore(index, journal)
    # because an owner that was killed has written what its record of Ids does not say yet
    take_unsettled(index, journal)
    for document, version in read_versions(journal).items():
        index.note_version(document, version)
    return index


async def read_company(client: QuickBooksClient, rules: MappingRules) -> CompanySide:
    """Nothing of it depends on a time."""
    basics = load_basics(client, rules.lists, priority=Priority.HOUSEKEEPING)
    lists, items = await together(basics, _items(client, rules))
    return CompanySide(profile_of(lists), items)


async def read_books(client: QuickBooksClient, company: CompanySide, index: Index, since: datetime) -> BooksSide:
    """Every transaction created since `since`, anybody's: a page of a thousand is one read, types beside each other."""
    rows: dict[str, dict[Link, BookRow]] = {entity: {} for entity in INDEXED}
    home = company.profile.home_currency

    async def pages(entity: str) -> AsyncGenerator[tuple[Entity, ...], None]:
        async for page in transactions(client, entity, since, priority=Priority.HOUSEKEEPING):
            found = (read_row(entity, row, home) for row in page)
            rows[entity] |= {(entity, each.id): each for each in found}
            yield page

    await read_together({entity: pages(entity) for entity in INDEXED}, index)
    every = {link: row for entity in INDEXED for link, row in rows[entity].items()}
    return BooksSide(index, every, company.profile, company.items)


async def _items(client: QuickBooksClient, rules: MappingRules) -> dict[str, ControlKind]:
    """The Ids of the bridge's own items that stand on a liability: one read for all shops."""
    kinds: dict[str, ControlKind] = {}
    for shop in rules.of_each_shop():
        for step in (gift_card_item(shop), marketplace_tax_item(shop)):
            kind = liability_of(step.key)
            if kind is not None and isinstance(step.draft, ItemDraft) and step.draft.sku is not None:
                kinds[step.draft.sku] = kind
    select = Select(
        "Item", ("Id", "Sku"), conditions=(where_in("Sku", tuple(kinds)), where_in("Active", (True, False)))
    )
    pages = client.pages(select, priority=Priority.HOUSEKEEPING)
    return {str(row["Id"]): kinds[str(row["Sku"])] async for page in pages for row in page}


async def unused_customers(client: QuickBooksClient, customers: Collection[str]) -> set[str]:
    """Those of `customers`, by Id, that are inactive: QuickBooks makes one so that is merged with another."""
    if not customers:
        return set()
    select = Select(
        "Customer",
        ("Id", "Active"),
        conditions=(where_in("Id", tuple(sorted(customers))), where_in("Active", (True, False))),
    )
    pages = client.pages(select, priority=Priority.HOUSEKEEPING)
    return set(customers) - {str(row["Id"]) async for page in pages for row in page if row.get("Active") is not False}
