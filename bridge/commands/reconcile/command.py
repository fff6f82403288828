"""`qbo-bridge reconcile`: do shop, processor and books agree? Reads Kafka and QBO, writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from bridge.books.books import SKEW, profile_of
from bridge.commands.doctor.opening import GIFT_CARDS, IN_TRANSIT, STORE_CREDIT
from bridge.commands.doctor.start import read_outstanding
from bridge.commands.events import read_events
from bridge.commands.outcomes import dead_lettered, ignored
from bridge.commands.progress import ProgressBar
from bridge.commands.reconcile.output import Balanced, Form, print_balanced
from bridge.config.settings import Settings
from bridge.decoding.decision import MappedRecord
from bridge.index.company_profile import CompanyProfile
from bridge.index.index import Index
from bridge.journal.identities import read_identities
from bridge.journal.lost_markers import restore
from bridge.journal.versions import read_versions
from bridge.kafka.range import TimeSpan
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.limiter import Priority
from bridge.quickbooks.queries import Select, where_in
from bridge.quickbooks.warmup import INDEXED, load_basics, transactions
from bridge.reconciliation.control_kinds import ControlKind, liability_of
from bridge.reconciliation.controls import Given
from bridge.reconciliation.documents import Document, Verdict, documents
from bridge.reconciliation.events import Events
from bridge.reconciliation.facts import SourceFacts
from bridge.reconciliation.late_money import late_entries
from bridge.reconciliation.lines import BothSides
from bridge.reconciliation.reconciled import reconciled
from bridge.reconciliation.rows import BookRow, Link, read_row
from bridge.service.app import CompanyContext, CompanyRuntime, open_company_context, open_runtime
from bridge.telemetry.logs import silence_logs
from contracts.errors import ConfigurationError
from contracts.quickbooks import ItemDraft
from contracts.records import InboundRecord
from mappings.items import gift_card_item, marketplace_tax_item
from mappings.rules import MappingRules
from mappings.start import opening_of as opening_accounts

BEFORE = timedelta(days=31)
"""Events of this long before the span are read as well: what a sale of last month was may be told there alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileRequest:
    """Whose books, which days (both included), and how it is told."""

    company: str
    first: date
    last: date
    form: Form = Form.TABLE
    outstanding: Path | None = None
    """What was open on the day on which the books start, as `doctor --start` reads it."""


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
class BooksSide:
    """All that QBO says of the same time."""

    index: Index
    rows: dict[Link, BookRow]
    profile: CompanyProfile
    items: Mapping[str, ControlKind]


async def reconcile(settings: Settings, request: ReconcileRequest) -> bool:
    """Print what was found; True when both sides agree.

    BridgeError when QBO is away or a person must connect the company; KafkaError when Kafka is away.
    """
    silence_logs()
    context = await open_company_context(settings, settings.company(request.company))
    given = opening_of(request, context.rules)
    with ProgressBar(request.company) as bar:
        balanced = await _balanced(settings, context, request, given, bar)
    print_balanced(balanced, request.form)
    return balanced.agrees


def opening_of(request: ReconcileRequest, rules: MappingRules) -> Given:
    """What the file says was open before the first day. ConfigurationError where it is not the day of the start."""
    if request.outstanding is None:
        return {}
    if rules.books_start != request.first:
        start = rules.books_start or "not set"
        raise ConfigurationError(
            f"the file says what was open on the day of books_start ({start}): give that day as --from"
        )
    found: defaultdict[tuple[ControlKind, str, str], Decimal] = defaultdict(Decimal)
    # because what was in transit lies in an account of its own then, and none of it in the gateway's
    is_apart = rules.accounts.opening_clearing is not None
    for each in read_outstanding(request.outstanding):
        if each.amount is None:
            continue
        if each.what.startswith(IN_TRANSIT) and not is_apart:
            found[ControlKind.CLEARING, each.what.removeprefix(IN_TRANSIT), each.currency] += each.amount
        elif each.what in (GIFT_CARDS, STORE_CREDIT):
            found[ControlKind.GIFT_CARDS, "", each.currency] += each.amount
    return found


async def _balanced(
    settings: Settings, context: CompanyContext, request: ReconcileRequest, given: Given, bar: ProgressBar
) -> Balanced:
    source, start = SourceSide(), datetime.combine(request.first, time(), UTC) - BEFORE
    span = TimeSpan(int(start.timestamp() * 1000), None)
    unread = await read_events(settings, request.company, context.rules, span, bar, source.add)
    bar.say(f"{source.events.records} records are read; asking QuickBooks.")
    since = min(source.events.earliest_created_at or start, start) - SKEW
    async with open_runtime(settings, context, priority=Priority.HOUSEKEEPING, rehearse=True) as runtime:
        index = await _index(runtime, context, since)
        books = await read_books(runtime.client, index, since, context.rules)
        reads = runtime.client.counts.reads
    letters = await dead_lettered(settings, request.company)
    found = documents(source.events, index, letters, {})
    if any(each.verdict is Verdict.MISSING for each in found):
        found = documents(source.events, index, letters, await ignored(settings, request.company))
    sides = both_sides(source, books, found, context.rules)
    return Balanced(
        company=request.company,
        first=request.first,
        last=request.last,
        found=reconciled(sides, context.rules, request.first, request.last, given),
        records=source.events.records - source.events.other_companies,
        unread=unread,
        reads=reads,
        today=datetime.now(context.rules.zone).date(),
    )


def both_sides(source: SourceSide, books: BooksSide, found: Sequence[Document], rules: MappingRules) -> BothSides:
    """What is compared."""
    closed_until = books.profile.close_date if rules.closed_period == "redate" else None
    opening = opening_accounts(rules)
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


async def _index(runtime: CompanyRuntime, context: CompanyContext, since: datetime) -> Index:
    """What the bridge's own topics say of its documents; their rows come from QBO."""
    index = Index(context.seal, complete_since=since)
    index.identities.restore(read_identities(await runtime.ids.read()))
    journal = await runtime.journal.read()
    restore(index, journal)
    for document, version in read_versions(journal).items():
        index.note_version(document, version)
    return index


async def read_books(client: QuickBooksClient, index: Index, since: datetime, rules: MappingRules) -> BooksSide:
    """Every transaction created since `since`, anybody's: a page of a thousand is one read."""
    profile = profile_of(await load_basics(client, rules.lists, priority=Priority.HOUSEKEEPING))
    rows: dict[Link, BookRow] = {}
    for entity in INDEXED:
        async for page in transactions(client, entity, since, priority=Priority.HOUSEKEEPING):
            index.load(entity, page)
            for row in page:
                found = read_row(entity, row, profile.home_currency)
                rows[entity, found.id] = found
    return BooksSide(index, rows, profile, await _items(client, rules))


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
