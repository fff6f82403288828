"""Reading what `explain` looks through: results, dead letters, journal and record of Ids, each once."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from bridge.commands.contents import EventContent, content_of
from bridge.commands.dead_letters.redriving import read_letter
from bridge.commands.explain.known import Knowledge, KnownLetter
from bridge.commands.explain.question import Question
from bridge.commands.explain.sale import SaleLinks, key_of, newest_payouts
from bridge.commands.explain.story import PublishedResult, read_trail
from bridge.commands.glance import glance_at
from bridge.commands.reading import company_ids, company_journal, read_records
from bridge.commands.results import published_in
from bridge.config.settings import Settings
from bridge.index.identities import Identities
from bridge.journal.identities import read_identities
from bridge.journal.waiting import parked_records
from bridge.kafka.reader import read_at
from bridge.service.settings import kafka_connection
from contracts.records import PLAUSIBLE_MS, InboundRecord, Place

SALES = ("order", "payment", "payout")
"""Kinds of documents that belong to nothing else."""
READ_AT_ONCE = 5_000
"""How many events are held at once while all are looked through."""


async def look_through(settings: Settings, companies: Collection[str], question: Question) -> list[Knowledge]:
    """What is known of each company, and which documents of it the question names."""
    known = {name: await _journal_and_ids(settings, name) for name in companies}
    oldest: dict[str, InboundRecord] = {}
    async for record in read_records(settings, settings.topics.dead_letters):
        letter = read_letter(record)
        if letter is not None and letter.company in known:
            known[letter.company].letters.append(KnownLetter(letter, record))
        _keep_oldest(oldest, record)
    async for record in read_records(settings, settings.topics.results):
        result = glance_at(record)
        if result is not None and result.company in known:
            known[result.company].take_result(result, record, question)
        _keep_oldest(oldest, record)
    for each in known.values():
        for topic, record in oldest.items():
            each.note_time(topic, record.recorded_at)
        each.ask(question)
    if not any(each.asked for each in known.values()):
        await _look_at_events(settings, known.values(), question)
    return list(known.values())


async def _look_at_events(settings: Settings, known: Collection[Knowledge], question: Question) -> None:
    """Look through the events of which nothing was booked, an order of before the start or a test among them."""
    for each in known:
        places = sorted(each.unbooked)
        for first in range(0, len(places), READ_AT_ONCE):
            records = await read_at(kafka_connection(settings.kafka), places[first : first + READ_AT_ONCE])
            each.ask_events(question, {place: content_of(record) for place, record in records.items()})


async def _journal_and_ids(settings: Settings, company: str) -> Knowledge:
    async with contextlib.aclosing(company_journal(settings, company).history()) as records:
        entries = [entry async for entry in records]
    trail, ids = read_trail(entries), Identities()
    recorded = dict(read_identities(await company_ids(settings, company).read()))
    ids.restore(recorded.items())
    known = Knowledge(
        company=company,
        trail=trail,
        recorded=recorded,
        ids=ids,
        waiting={parked.record.place: content_of(parked.record) for parked in parked_records(trail.live)},
    )
    for _, _, timestamp_ms in entries:
        known.note_time(settings.topics.journal, datetime.fromtimestamp(timestamp_ms / 1000, tz=UTC))
    return known


def _keep_oldest(oldest: dict[str, InboundRecord], record: InboundRecord) -> None:
    """Keep by topic the record that was written first; the time of one is asked once, and not of tens of thousands."""
    first = oldest.get(record.topic)
    if record.timestamp_ms >= PLAUSIBLE_MS[0] and (first is None or record.timestamp_ms < first.timestamp_ms):
        oldest[record.topic] = record


async def read_own_events(settings: Settings, known: Knowledge) -> None:
    """Read the events of what is asked where nothing says which sale it belongs to."""
    links = SaleLinks(known)
    alone = {each for each in known.asked if links.sale_of(each) == each and _may_belong(each)}
    await _read(settings, known, {line.about for line in known.lines if line.document in alone})


async def read_parts(settings: Settings, known: Knowledge, members: Collection[str]) -> None:
    """Read the events of a sale, which name its charges, and those of the payouts, which name what they pay."""
    own = {line.about for line in known.lines if line.document in members}
    await _read(settings, known, own | set(newest_payouts(known).values()))


async def read_results(settings: Settings, known: Knowledge, documents: Collection[str]) -> list[PublishedResult]:
    """The results about these documents, or about these records, oldest first."""
    lies = [line.lies for line in known.lines if line.document in documents or str(line.about) in documents]
    records = await read_at(kafka_connection(settings.kafka), lies)
    found = [published for record in records.values() if (published := published_in(record)) is not None]
    return sorted(found, key=lambda each: (each.at, each.place))


def _may_belong(document: str) -> bool:
    key = key_of(document)
    return key is not None and key.kind not in SALES


async def _read(settings: Settings, known: Knowledge, places: Collection[Place]) -> None:
    letters = {each.letter.origin for each in known.letters}
    wanted = set(places) - letters - known.events.keys()
    records: Mapping[Place, InboundRecord] = await read_at(kafka_connection(settings.kafka), wanted)
    contents: Mapping[Place, EventContent] = {place: content_of(record) for place, record in records.items()}
    known.events.update(contents)
