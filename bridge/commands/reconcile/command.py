"""`qbo-bridge reconcile`: do shop, processor and books agree? Reads Kafka and QBO, writes nothing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from bridge.books.books import SKEW
from bridge.commands.doctor.opening import GIFT_CARDS, IN_TRANSIT, STORE_CREDIT
from bridge.commands.doctor.start import read_outstanding
from bridge.commands.events import read_events
from bridge.commands.outcomes import dead_lettered, ignored
from bridge.commands.progress import ProgressBar
from bridge.commands.reading import read_tables
from bridge.commands.reconcile.output import Balanced, Form, print_balanced
from bridge.commands.sides import SourceSide, both_sides, read_books, read_company, recorded_index
from bridge.commands.together import together
from bridge.config.settings import Settings
from bridge.kafka.range import TimeSpan
from bridge.reconciliation.control_kinds import ControlKind
from bridge.reconciliation.controls import Given
from bridge.reconciliation.documents import Verdict, documents
from bridge.reconciliation.reconciled import reconciled
from bridge.service.connections import marker_seal, open_reader
from bridge.service.settings import company_rules
from bridge.telemetry.logs import silence_logs
from contracts.errors import ConfigurationError
from mappings.rules import MappingRules

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


async def reconcile(settings: Settings, request: ReconcileRequest) -> bool:
    """Print what was found; True when both sides agree.

    BridgeError when QBO is away or a person must connect the company; KafkaError when Kafka is away.
    """
    silence_logs()
    given = opening_of(request, company_rules(settings.company(request.company)))
    with ProgressBar(request.company) as bar:
        balanced = await _balanced(settings, request, given, bar)
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


async def _balanced(settings: Settings, request: ReconcileRequest, given: Given, bar: ProgressBar) -> Balanced:
    company = settings.company(request.company)
    rules, seal = company_rules(company), marker_seal(settings, company)
    source, start = SourceSide(), datetime.combine(request.first, time(), UTC) - BEFORE
    span = TimeSpan(int(start.timestamp() * 1000), None)
    async with open_reader(settings, company) as client:
        asked = read_events(settings, request.company, rules, span, bar, source.add)
        tables = read_tables(settings, request.company)
        (unread, own), (ids, journal) = await together(together(asked, read_company(client, rules)), tables)
        bar.say(f"{source.events.records} records are read; asking QuickBooks.")
        since = min(source.events.earliest_created_at or start, start) - SKEW
        index = recorded_index(seal, since, ids, journal)
        # because what ended its waiting after the journal was read is in the books or a dead letter by now
        letters_asked = dead_lettered(settings, request.company)
        books, letters = await together(read_books(client, own, index, since), letters_asked)
        reads = client.counts.reads
    found = documents(source.events, index, letters.open, letters.dismissed)
    if any(each.verdict is Verdict.MISSING for each in found):
        unbooked = {**await ignored(settings, request.company), **letters.dismissed}
        found = documents(source.events, index, letters.open, unbooked)
    sides = both_sides(source, books, found, rules)
    return Balanced(
        company=request.company,
        first=request.first,
        last=request.last,
        found=reconciled(sides, rules, request.first, request.last, given),
        records=source.events.records - source.events.other_companies,
        unread=unread,
        reads=reads,
        today=datetime.now(rules.zone).date(),
    )
