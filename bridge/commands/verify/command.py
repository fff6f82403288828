"""`qbo-bridge verify`: is each document of a span of events in the books once? Reads Kafka and QBO, writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import orjson

from bridge.books.books import SKEW
from bridge.commands.events import read_events
from bridge.commands.outcomes import dead_lettered, ignored
from bridge.commands.output import counted, printable, said_moment, screen, zoned_text
from bridge.commands.progress import ProgressBar
from bridge.commands.reading import read_tables
from bridge.commands.sides import read_books, read_company, recorded_index, unused_customers
from bridge.commands.tables import Table
from bridge.commands.together import together
from bridge.commands.verify.days import VerifiedDay, by_day
from bridge.commands.verify.verdicts import BothReadings, Outcomes, customers_left, documents_of
from bridge.config.settings import Settings
from bridge.journal.waiting import waiting_places
from bridge.kafka.committed import committed_offsets
from bridge.kafka.range import Missing, TimeSpan
from bridge.reconciliation.documents import (
    BY_PEOPLE,
    DIFFERS,
    WRONG,
    Document,
    Verdict,
    counts,
    path_of,
    totals,
)
from bridge.reconciliation.events import Events
from bridge.service.connections import marker_seal, open_reader
from bridge.service.settings import company_rules, kafka_connection
from bridge.telemetry.logs import silence_logs
from contracts.money import plain

CLEAN, DIFFERING, NOTHING_READ = "clean", "differs", "nothing_read"
SHOWN = (*sorted(WRONG), Verdict.DRIFTED, Verdict.VOIDED, Verdict.WAITING, Verdict.DEAD_LETTERED)
"""Verdicts whose documents are named, the worst first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """What is to be proven: whose books, which span of events, how it is told, and a file for every document."""

    company: str
    span: TimeSpan
    as_json: bool = False
    out: Path | None = None
    days_in: tzinfo | None = None
    """The time zone whose days the documents are told by; None tells them together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The documents with their verdicts, what the records were, and what retention has removed."""

    events: Events
    documents: Sequence[Document]
    unread: Sequence[Missing]
    reads: int
    days: Sequence[VerifiedDay] = ()
    not_reached: int = 0
    """Records of the span that the company has not consumed yet: nothing is said of them."""

    @property
    def verdict(self) -> str:
        """`clean`, `differs`, or `nothing_read`: where no record of the company was judged nothing is proven."""
        if self.events.records - self.events.other_companies <= 0:
            return NOTHING_READ
        return DIFFERING if any(each.verdict in DIFFERS for each in self.documents) else CLEAN

    @property
    def is_clean(self) -> bool:
        """True when something was read, and each document is in the books once, as the events say."""
        return self.verdict == CLEAN


async def verify(settings: Settings, request: VerifyRequest) -> bool:
    """Print the report; True when each document is in the books once.

    BridgeError when QBO is away or a person must connect the company; KafkaError when Kafka is away.
    """
    silence_logs()
    with ProgressBar(request.company) as bar:
        report = await _report(settings, request, bar)
    if request.out is not None:
        with request.out.open("wb") as file:
            file.writelines(orjson.dumps(each.shown()) + b"\n" for each in report.documents)
    _print_json(report) if request.as_json else print_report(report)
    return report.is_clean


async def _report(settings: Settings, request: VerifyRequest, bar: ProgressBar) -> Report:
    company = settings.company(request.company)
    rules, seal = company_rules(company), marker_seal(settings, company)
    consumed = await committed_offsets(kafka_connection(settings.kafka), request.company, settings.topics.events)
    readings = BothReadings.of(request.span, consumed)
    # because the books are as of now, what was told after the span is read too
    span = TimeSpan(request.span.since_ms, None)
    async with open_reader(settings, company) as client:
        asked = read_events(settings, request.company, rules, span, bar, readings.add)
        tables = read_tables(settings, request.company)
        (unread, own), (ids, journal) = await together(together(asked, read_company(client, rules)), tables)
        events = readings.consumed.events
        bar.say(f"{events.records} records are read; asking QuickBooks.")
        # because a document cannot have been posted before it existed
        since = (events.earliest_created_at or datetime.now(UTC)) - SKEW
        books_asked = read_books(client, own, recorded_index(seal, since, ids, journal), since)
        # because what ended its waiting after the journal was read is in the books or a dead letter by now
        books, letters = await together(books_asked, dead_lettered(settings, request.company))
        unused = await unused_customers(client, customers_left(readings, books, rules))
        reads = client.counts.reads
    outcomes = Outcomes(letters=letters.open, ignored=letters.dismissed, waiting=waiting_places(journal))
    found = documents_of(readings, books, outcomes, rules, unused)
    if any(each.verdict is Verdict.MISSING for each in found):
        outcomes = replace(outcomes, ignored={**await ignored(settings, request.company), **letters.dismissed})
        found = documents_of(readings, books, outcomes, rules, unused)
    zone = request.days_in
    return Report(
        events=events,
        documents=found,
        unread=unread,
        reads=reads,
        days=by_day(found, readings.consumed.times_ms, zone) if zone is not None else (),
        not_reached=readings.consumed.not_reached,
    )


def print_report(report: Report) -> None:
    """The report as people read it, its last line the verdict."""
    out = screen()
    _print_records(report)
    found = counts(report.documents)
    verdicts = [decision for decision in Verdict if any(each.verdict is decision for each in report.documents)]
    if found:
        shown = Table(["documents", *(decision.value.replace("_", " ") for decision in verdicts)])
        for entity in dict.fromkeys(each.entity for each in report.documents):
            shown.add_row(entity, *(str(found[entity, decision]) for decision in verdicts))
        shown.print()
        shown = Table(("totals", "currency", "by the events", "in the books", "difference"))
        for (entity, currency), (expected, booked) in sorted(totals(report.documents).items()):
            amounts = (plain(each, currency) for each in (expected, booked, booked - expected))
            shown.add_row(entity, currency, *amounts)
        shown.print()
    _print_days(report.days)
    for decision in SHOWN:
        for each in report.documents:
            if each.verdict is decision:
                out.out(_sentence(each))
    for missing in report.unread:
        out.out(f"{missing.topic}/{missing.partition}: offsets {missing.first} to {missing.last} {missing.why}.")
    out.out(_verdict(report))


def _print_days(days: Sequence[VerifiedDay]) -> None:
    """A line for each day, type and currency, with how many documents of the day differ."""
    if not days:
        return
    shown = Table(("day", "missing or twice", "changed", "documents", "currency", "by the events", "in the books"))
    for each in days:
        for sums in each.sums():
            shown.add_row(each.day or "not of the span", each.wrong, each.changed, *sums)
    shown.print()


def _print_records(report: Report) -> None:
    events = report.events
    ignored, refused = sum(events.ignored.values()), sum(events.refused.values())
    said = [f"{events.records} records in the span"]
    said += [f"{events.other_companies} of other companies"] if events.other_companies else []
    said += [f"{ignored} ignored ({_pairs(events.ignored)})"] if ignored else []
    said += [f"{refused} cannot be booked ({_pairs(events.refused)})"] if refused else []
    said += [f"{report.not_reached} not reached yet"] if report.not_reached else []
    screen().out(", ".join(said) + f". {report.reads} reads of QuickBooks.")


def _sentence(each: Document) -> str:
    currency = each.currency
    expected = "" if each.expected is None else f" {plain(each.expected, currency)} {each.currency}"
    ids = f" Id {', '.join(each.ids)}" if each.ids else ""
    where = f" ({', '.join(map(path_of, each.records[:3]))})" if each.records else ""
    person = f"user {each.user_id}" if each.user_id else "somebody" if each.changed_at else ""
    moment = said_moment(each.changed_at or "")
    who = f", {person} at {zoned_text(moment) if moment else each.changed_at}" if person else ""
    line = f"{each.verdict.value.replace('_', ' '):<13} {each.entity} {each.key}{expected}{ids}: {each.why}{who}{where}"
    return printable(line)


def _verdict(report: Report) -> str:
    found = {decision: sum(1 for each in report.documents if each.verdict is decision) for decision in WRONG}
    if report.verdict == NOTHING_READ:
        return "No record of the company was read, which proves nothing."
    if report.is_clean:
        return "Nothing is missing, and nothing is in the books twice."
    people = sum(1 for each in report.documents if each.verdict in BY_PEOPLE)
    changed = f"; {people} not as they were booked" if people else ""
    unbooked = sum(1 for each in report.documents if each.verdict is Verdict.DEAD_LETTERED)
    refused = f"; {counted(unbooked, 'open dead letter')} (qbo-bridge dead-letters summary)" if unbooked else ""
    return f"{found[Verdict.MISSING]} missing, {found[Verdict.EXTRA]} more than once or without need{changed}{refused}."


def _print_json(report: Report) -> None:
    """One JSON document: the counts, the totals, and every document that is not simply posted."""
    events = report.events
    screen().out(
        orjson.dumps(
            {
                "verdict": report.verdict,
                "clean": report.is_clean,
                "not_reached": report.not_reached,
                "records": events.records,
                "of_other_companies": events.other_companies,
                "ignored": dict(events.ignored),
                "cannot_be_booked": dict(events.refused),
                "documents": [
                    {"entity": entity, "verdict": decision.value, "count": count}
                    for (entity, decision), count in sorted(counts(report.documents).items())
                ],
                "totals": [
                    {
                        "entity": entity,
                        "currency": currency or None,
                        "told": plain(expected, currency),
                        "booked": plain(booked, currency),
                    }
                    for (entity, currency), (expected, booked) in sorted(totals(report.documents).items())
                ],
                "days": [each.as_json() for each in report.days],
                "findings": [each.shown() for each in report.documents if each.verdict is not Verdict.POSTED],
                "unread": [
                    {"topic": each.topic, "partition": each.partition, "first": each.first, "last": each.last}
                    for each in report.unread
                ],
                "quickbooks_reads": report.reads,
            }
        ).decode()
    )


def _pairs(found: dict[str, int]) -> str:
    return ", ".join(f"{count} {code}" for code, count in sorted(found.items()))
