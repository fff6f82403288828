"""`qbo-bridge waiting list`: events that wait for another document, the oldest first, and when each ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from bridge.commands.contents import EventContent, content_of
from bridge.commands.glance import glance_at
from bridge.commands.output import say, screen, time_text
from bridge.commands.reading import company_journal, read_records
from bridge.commands.tables import Table
from bridge.config.settings import Settings
from bridge.journal.waiting import parked_records
from bridge.service.settings import company_rules
from contracts.records import Place
from contracts.results import ResultStatus

COLUMNS = ("since (UTC)", "ends (UTC)", "company", "document", "of", "worth", "record", "waits for")


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingEvent:
    """One event that waits: `since` and `ends_at` are aware, `why` is its last result's sentence."""

    company: str
    place: Place
    content: EventContent
    since: datetime
    ends_at: datetime
    why: str = ""


async def list_waiting(settings: Settings, *, company: str | None, as_json: bool) -> None:
    """Everything that waits, of one company if asked, the oldest first."""
    names = [each.name for each in settings.companies] if company is None else [company]
    reasons = await _reasons(settings)
    found: list[WaitingEvent] = []
    for name in names:
        lasts = timedelta(hours=company_rules(settings.company(name)).waiting_hours)
        for parked in parked_records(await company_journal(settings, name).read()):
            place = parked.record.place
            found.append(
                WaitingEvent(
                    company=name,
                    place=place,
                    content=content_of(parked.record),
                    since=parked.since,
                    ends_at=parked.since + lasts,
                    why=reasons.get((name, place), ""),
                )
            )
    found.sort(key=lambda each: each.since)
    _print_json(found) if as_json else _print(found)


async def _reasons(settings: Settings) -> dict[tuple[str, Place], str]:
    """By company and record what its result says it waits for."""
    found: dict[tuple[str, Place], str] = {}
    async with contextlib.aclosing(read_records(settings, settings.topics.results)) as records:
        async for record in records:
            result = glance_at(record)
            if result is not None and result.status is ResultStatus.WAITING:
                found[result.company, result.place] = result.message
    return found


def _print_json(found: Iterable[WaitingEvent]) -> None:
    for each in found:
        content = each.content
        said = {
            "company": each.company,
            "document": str(content.document) if content.document else None,
            "sale": str(content.sale) if content.sale else None,
            "amount": content.amount_text,
            "currency": content.currency,
            "topic": each.place.topic,
            "partition": each.place.partition,
            "offset": each.place.offset,
            "since": each.since,
            "ends_at": each.ends_at,
            "reason": each.why or None,
        }
        screen().out(orjson.dumps(said).decode())


def _print(found: list[WaitingEvent]) -> None:
    if not found:
        say("Nothing waits.")
        return
    shown = Table(COLUMNS, prose=("waits for",), optional=("company", "record", "since (UTC)", "worth"))
    for each in found:
        content = each.content
        times = time_text(each.since, seconds=False), time_text(each.ends_at, seconds=False)
        about = each.company, content.document, content.sale, content.worth, each.place, each.why
        shown.add_row(*times, *about)
    shown.print()
