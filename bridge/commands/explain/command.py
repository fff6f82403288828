"""`qbo-bridge explain`: everything that is known of one document, from the records it came in to its Ids in QBO."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from bridge.commands.dead_letters.listing import letter_headers
from bridge.commands.dead_letters.redriving import Letter, read_letter
from bridge.commands.explain.story import Attempt, PublishedResult, Trail, attempts_of, matches, meant, read_trail
from bridge.commands.output import cell, screen, table
from bridge.commands.reading import company_journal, read_records
from bridge.commands.results import entity_text, published_in
from bridge.config.settings import Settings
from bridge.journal.redrives import read_redrive
from bridge.journal.versions import read_version, version_key
from contracts.errors import BridgeError
from contracts.records import Place

RESULTS = ("told at", "status", "event", "record", "in QuickBooks", "why not")
LETTERS = ("dead letter", "failed at", "code", "attempts", "why", "redriven")
ATTEMPTS = ("sent at", "settled at", "what", "request id", "outcome", "intuit_tid")


@dataclass(slots=True)
class Story:
    """One company's part of what is known of a document."""

    company: str
    document: str
    published: list[PublishedResult] = field(default_factory=list)
    letters: list[tuple[Letter, Mapping[str, str], str | None]] = field(default_factory=list)
    """Each with our headers, and with where it was redriven to."""
    attempts: list[Attempt] = field(default_factory=list)
    waiting: list[Place] = field(default_factory=list)
    version: str | None = None


async def explain(settings: Settings, text: str, *, company: str | None, as_json: bool) -> None:
    """Print the story of the document that `text` means. BridgeError when it means none, or several."""
    names = [each.name for each in settings.companies] if company is None else [company]
    trails = {name: await _trail(settings, name) for name in names}
    published = await _published_results(settings, text, trails)
    journalled = {
        attempt.document for trail in trails.values() for attempt in trail.attempts.values() if _names(attempt, text)
    }
    found = meant(text, [*(each.document for each in published if matches(text, each)), *journalled])
    if not found:
        raise BridgeError(f"Nothing is known of {text}: no result and no journal entry names it.")
    if len(found) > 1:
        raise BridgeError(f"{text} may be {', '.join(found)}; name one of them.")
    stories = [_story(name, found[0], trails[name], published) for name in names]
    stories = [story for story in stories if story.published or story.attempts]
    await _add_letters(settings, stories, trails)
    if as_json:
        for story in stories:
            screen().out(orjson.dumps(_plain(story)).decode())
    else:
        for story in stories:
            _print(story)


async def _trail(settings: Settings, company: str) -> Trail:
    async with contextlib.aclosing(company_journal(settings, company).history()) as records:
        return read_trail([entry async for entry in records])


async def _published_results(settings: Settings, text: str, trails: Mapping[str, Trail]) -> list[PublishedResult]:
    """The results that may be of the document, or that name an attempt to write one like it."""
    wanted = {name for trail in trails.values() for name, attempt in trail.attempts.items() if _names(attempt, text)}
    found: list[PublishedResult] = []
    async for record in read_records(settings, settings.topics.results):
        published = published_in(record)
        if published is None or published.result.company not in trails:
            continue
        if matches(text, published) or any(entity.request_id in wanted for entity in published.result.entities):
            found.append(published)
    return sorted(found, key=lambda each: each.at)


def _names(attempt: Attempt, text: str) -> bool:
    return text in {attempt.document, attempt.document.split(":", 2)[-1]}


def _story(company: str, document: str, trail: Trail, published: Sequence[PublishedResult]) -> Story:
    of_company = [each for each in published if each.result.company == company]
    own = [each for each in of_company if each.document == document]
    key = version_key(document)
    version = read_version(key, trail.live[key]) if key in trail.live else None
    return Story(
        company=company,
        document=document,
        published=own,
        attempts=attempts_of(document, trail, of_company),
        waiting=trail.waiting({each.place for each in own}),
        version=str(version) if version else None,
    )


async def _add_letters(settings: Settings, stories: Iterable[Story], trails: Mapping[str, Trail]) -> None:
    """The dead letters of the records that the results are about."""
    by_record = {(story.company, each.place): story for story in stories for each in story.published}
    if not any(each.result.status == "dead_lettered" for story in by_record.values() for each in story.published):
        return
    async for record in read_records(settings, settings.topics.dead_letters):
        letter = read_letter(record)
        story = by_record.get((letter.company, letter.origin)) if letter else None
        if letter is not None and story is not None:
            redrive = read_redrive(trails[story.company].live, letter.place)
            redriven_to = str(redrive.to) if redrive else None
            story.letters.append((letter, letter_headers(record), redriven_to))


def _print(story: Story) -> None:
    out = screen()
    out.print(f"{story.document} in {story.company}", markup=False, style="bold")
    _rows(RESULTS, (_result_row(each) for each in story.published))
    _rows(LETTERS, (_letter_row(*each) for each in story.letters))
    _rows(ATTEMPTS, (_attempt_row(each) for each in story.attempts))
    for place in story.waiting:
        out.print(f"The record {place} waits for something that does not exist yet.", markup=False, soft_wrap=True)
    if story.version:
        out.print(
            f"A newer version than QuickBooks shows is remembered: {story.version}.", markup=False, soft_wrap=True
        )
    out.print()


def _rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table, where there is anything to show."""
    listed = list(rows)
    if listed:
        shown = table(*columns)
        for row in listed:
            shown.add_row(*map(cell, row))
        screen().print(shown)
        screen().print()


def _result_row(published: PublishedResult) -> tuple[object, ...]:
    result = published.result
    entities = ", ".join(f"{entity_text(each)} ({each.operation})" for each in result.entities)
    why = f"{result.reason.code}: {result.reason.message}" if result.reason else ""
    return _time(published.at), result.status.value, result.source.event_type, published.place, entities, why


def _letter_row(letter: Letter, headers: Mapping[str, str], redriven_to: str | None) -> tuple[object, ...]:
    place = f"{letter.place.partition}/{letter.place.offset}"
    why = headers.get("reason", "")
    return place, _time(letter.failed_at), letter.code, headers.get("attempts"), why, redriven_to or ""


def _attempt_row(attempt: Attempt) -> tuple[object, ...]:
    what = f"{attempt.operation} {attempt.entity}"
    times = _time(attempt.sent_at), _time(attempt.settled_at)
    return *times, what, attempt.request_id, attempt.outcome, attempt.intuit_tid


def _time(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def _plain(story: Story) -> dict[str, object]:
    """The story as JSON: results as they are on the bus."""
    return {
        "document": story.document,
        "company": story.company,
        "results": [{"told_at": each.at, **orjson.loads(each.value)} for each in story.published],
        "dead_letters": [
            {"letter": f"{letter.place.partition}/{letter.place.offset}", **headers, "redriven_to": redriven_to}
            for letter, headers, redriven_to in story.letters
        ],
        "attempts": story.attempts,
        "waiting": [str(place) for place in story.waiting],
        "version": story.version,
    }
