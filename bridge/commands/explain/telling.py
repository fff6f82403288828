"""How the story of a sale is told: tables for people, one JSON document for programs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson

from bridge.commands.dead_letters.redriving import headers_as_json
from bridge.commands.explain.composing import RedrivenLetter, Story
from bridge.commands.explain.entity_state import EntityState
from bridge.commands.explain.story import Attempt, PublishedResult
from bridge.commands.output import said_moment, say, screen, time_text
from bridge.commands.results import entity_text
from bridge.commands.tables import Table

ENTITIES = ("in QuickBooks", "document", "number", "total", "currency", "now", "open", "by", "changed at (UTC)")
RESULTS = ("told at (UTC)", "status", "document", "event", "record", "in QuickBooks", "why not")
LETTERS = ("dead letter", "failed at (UTC)", "code", "document", "worth", "attempts", "why", "redriven to")
ATTEMPTS = ("sent at (UTC)", "settled at (UTC)", "what", "document", "request id", "outcome", "intuit_tid")

PROSE = ("in QuickBooks", "why not", "why", "outcome")
OPTIONAL = (
    *("changed at (UTC)", "by", "currency", "attempts", "event", "settled at (UTC)", "intuit_tid", "worth"),
    *("redriven to", "record", "sent at (UTC)", "told at (UTC)", "failed at (UTC)"),
)
"""What may be left out where the screen is narrow, the first one first."""


def print_story(story: Story) -> None:
    """The story as tables."""
    out = screen()
    say(f"{story.document} in {story.company}", style="bold")
    _rows(ENTITIES, (_entity_row(each) for each in story.entities))
    for each in story.entities:
        if each.link:
            say(f"{each.entity} {each.id}: {each.link}")
    if story.problem:
        say(f"What it is in QuickBooks now is not known: {story.problem}.")
    for payout in story.payouts:
        say(f"Paid out with {payout}.")
    if story.ignored is not None:
        say(_ignored(story))
    for document, code in story.left_out.items():
        if story.ignored is None or document != story.document:
            say(f"{document} was left out: {code}.")
    _rows(RESULTS, (_result_row(each) for each in story.published))
    _rows(LETTERS, (_letter_row(each) for each in story.letters))
    _rows(ATTEMPTS, (_attempt_row(each) for each in story.attempts))
    for place in story.waiting:
        say(f"The record {place} waits for something that does not exist yet.")
    if story.version:
        said = f"A newer version than QuickBooks shows is remembered: {story.version}."
        say(said)
    out.print()


def _ignored(story: Story) -> str:
    """Known and not booked: why, of which day, and what was booked of money that moved for it all the same."""
    dated = f", of {story.dated.isoformat()}," if story.dated else ""
    why = f"{story.ignored.code}: {story.ignored.message}" if story.ignored is not None else ""
    booked = ", ".join(f"{each.entity} {each.id} ({each.document})" for each in story.entities)
    also = f"Booked of what moved for it: {booked}." if booked else "Nothing else is booked of it."
    return f"{story.document}{dated} is known and not booked ({why}). {also}"


def _rows(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table, where there is anything to show."""
    listed = list(rows)
    if listed:
        shown = Table(columns, PROSE, OPTIONAL)
        for row in listed:
            shown.add_row(*row)
        shown.print()
        screen().print()


def _entity_row(each: EntityState) -> tuple[object, ...]:
    by = f"user {each.user_id}" if each.user_id else "a person" if each.changed_by == "other" else each.changed_by
    what = f"{each.entity} {each.id}"
    state = each.state.replace("_", " ")
    moment = said_moment(each.changed_at or "")
    changed_at = time_text(moment) if moment else each.changed_at
    return what, each.document, each.doc_number, each.total, each.currency, state, each.balance, by, changed_at


def _result_row(published: PublishedResult) -> tuple[object, ...]:
    result = published.result
    entities = ", ".join(f"{entity_text(each)} ({each.operation})" for each in result.entities)
    why = f"{result.reason.code}: {result.reason.message}" if result.reason else ""
    about = result.source.event_type, published.place
    return _time(published.at), result.status.value, published.document, *about, entities, why


def _letter_row(each: RedrivenLetter) -> tuple[object, ...]:
    letter, headers, content = each.known.letter, each.known.headers, each.known.content
    place = f"{letter.place.partition}/{letter.place.offset}"
    said = letter.code, content.document, content.worth, headers.get("attempts"), headers.get("reason", "")
    return place, _time(letter.failed_at), *said, each.redriven_to or ""


def _attempt_row(attempt: Attempt) -> tuple[object, ...]:
    what = f"{attempt.operation} {attempt.entity}"
    times = _time(attempt.sent_at), _time(attempt.settled_at)
    return *times, what, attempt.document, attempt.request_id, attempt.outcome, attempt.intuit_tid


def _time(moment: datetime | None) -> str:
    return time_text(moment) if moment else ""


def story_as_json(story: Story) -> str:
    """The story as one JSON document: results as they are on the bus, money as text, counts as numbers."""
    return orjson.dumps(
        {
            "asked": story.asked,
            "document": story.document,
            "company": story.company,
            "entities": story.entities,
            "quickbooks_not_asked": story.problem,
            "payouts": story.payouts,
            "left_out": story.left_out,
            "ignored": story.ignored.model_dump() if story.ignored is not None else None,
            "dated": story.dated,
            "results": [{"told_at": each.at, **orjson.loads(each.value)} for each in story.published],
            "dead_letters": [_letter_as_json(each) for each in story.letters],
            "attempts": story.attempts,
            "waiting": [str(place) for place in story.waiting],
            "version": story.version,
        }
    ).decode()


def _letter_as_json(each: RedrivenLetter) -> dict[str, object]:
    place = each.known.letter.place
    return {
        "letter": f"{place.partition}/{place.offset}",
        **headers_as_json(each.known.headers),
        **each.known.content.as_json(),
        "redriven_to": each.redriven_to,
    }
