"""`qbo-bridge dead-letters redrive`: events that could not be booked, once more into their topics."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import orjson

from bridge.commands.dead_letters.became import is_settled, print_redriven, print_redriven_as_json, results_of
from bridge.commands.dead_letters.redriving import Letter, LetterSelection, again, read_letter, refusal
from bridge.commands.output import printable, say, screen
from bridge.commands.progress import ProgressBar
from bridge.commands.reading import company_journal, read_records
from bridge.commands.tables import Table
from bridge.config.settings import Settings
from bridge.journal.redrives import Redrive, read_redrive, redrive_key, redrive_value
from bridge.kafka.redriver import Marked, open_redriver
from bridge.service.settings import kafka_connection
from contracts.errors import BridgeError
from contracts.records import InboundRecord, Place

TOGETHER_MAX = 100
"""Events in one transaction."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was asked for: letters to redrive, those that are not, with a sentence each, and those that were before."""

    chosen: dict[Place, Letter] = field(default_factory=dict)
    refused: dict[Place, str] = field(default_factory=dict)
    before: list[Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How it is redriven: at most `rate` events a second (0: as fast as Kafka takes them), or only said (`dry_run`).

    `force` overrides cautions, `wait_s` is for how long results are waited for (None: not at all), and `bodies` are
    edited values by letter.
    """

    rate: float = 0
    dry_run: bool = False
    force: bool = False
    wait_s: float | None = None
    as_json: bool = False
    bodies: Mapping[Place, bytes] = field(default_factory=dict)


async def redrive(settings: Settings, wanted: LetterSelection, manner: Manner) -> bool:
    """Redrive what is wanted; False if some were not, or did not get into the books where that was waited for.

    BridgeError when nothing is found, or the only one that is named is refused.
    """
    found = await _find(settings, wanted, force=manner.force)
    if manner.dry_run:
        _print_plan_as_json(found) if manner.as_json else _print_plan(found)
        return True
    if found.before and not manner.as_json:
        say(f"{len(found.before)} were redriven before and are left alone.")
    sent: dict[Place, Place] = {}
    try:
        if found.chosen:
            await _redrive(settings, found.chosen, manner, sent)
    except asyncio.CancelledError:  # Ctrl-C; how far it went is said
        return False
    for place, sentence in found.refused.items():
        sys.stderr.write(printable(f"{place} was not redriven: {sentence}.") + "\n")
    waited = manner.wait_s is not None and bool(sent)
    results = await results_of(settings, sent.values(), wait_s=manner.wait_s or 0) if waited else {}
    if manner.as_json:
        print_redriven_as_json(sent, results)
    elif waited:
        print_redriven(sent, results, wait_s=manner.wait_s or 0)
    return not found.refused and (not waited or all(is_settled(results.get(place)) for place in sent.values()))


async def _find(settings: Settings, wanted: LetterSelection, *, force: bool) -> Found:
    """Read all letters without keeping their bytes; of a record that failed twice only the newest letter counts."""
    newest: dict[Place, Letter] = {}
    others: dict[Place, Letter] = {}
    async for record in read_records(settings, settings.topics.dead_letters):
        letter = read_letter(record)
        if letter is None:
            continue
        is_wanted = letter in wanted
        of = letter.place if is_wanted and letter.place in wanted.places else letter.origin
        known = (letters := newest if is_wanted else others).get(of)
        if known is None or known.failed_at <= letter.failed_at:
            letters[of] = letter
    documents = {letter.origin for letter in newest.values()}
    # because what ended with a document is booked once that is, and nobody else would look at it again
    newest |= {of: letter for of, letter in others.items() if letter.ended_with in documents and of not in newest}
    _complain_of_missing(wanted, newest.values(), settings.topics.dead_letters)
    journals = {
        company: await company_journal(settings, company).read() for company in {x.company for x in newest.values()}
    }
    found = Found()
    for letter in newest.values():
        before = read_redrive(journals[letter.company], letter.place)
        sentence = refusal(letter, topics=settings.topics.events, redrive=before, force=force)
        if sentence is None:
            found.chosen[letter.place] = letter
        elif before is not None and not wanted.places:
            found.before.append(letter.place)
        else:
            found.refused[letter.place] = sentence
    return found


def _complain_of_missing(wanted: LetterSelection, letters: Collection[Letter], topic: str) -> None:
    there = {place for letter in letters for place in (letter.place, letter.origin)}
    missing = [str(place) for place in wanted.places if place not in there]
    if missing:
        raise BridgeError(f"There is no dead letter {', '.join(missing)} on {topic}.")
    if not letters:
        raise BridgeError(f"No dead letter on {topic} is one of those that were asked for.")


async def _redrive(settings: Settings, chosen: dict[Place, Letter], manner: Manner, sent: dict[Place, Place]) -> None:
    """Publish, chunk after chunk, and say how far it went when interrupted too; `sent` grows by what went where."""
    connection, topics = kafka_connection(settings.kafka), settings.topics
    done, rate = 0, manner.rate
    together = TOGETHER_MAX if not rate else max(1, min(TOGETHER_MAX, int(rate / 10)))
    try:
        async with open_redriver(connection, dead_letters=topics.dead_letters, journal=topics.journal) as redriver:
            with ProgressBar("Redriving") as bar:
                async for chunk in _chunks(settings, chosen, together):
                    began = time.monotonic()
                    records = [(_edited(record, manner), chosen[place]) for place, record in chunk]
                    await redriver.redrive([_marked(record, letter, sent) for record, letter in records])
                    done += len(chunk)
                    bar.show(done, len(chosen), f"{done} of {len(chosen)} events")
                    if rate and done < len(chosen):
                        await asyncio.sleep(max(0.0, began + len(chunk) / rate - time.monotonic()))
    finally:
        rest = "" if done == len(chosen) else " The same command goes on with the rest."
        if not manner.as_json:
            say(f"Redriven: {done} of {len(chosen)}.{rest}")


async def _chunks(
    settings: Settings, chosen: dict[Place, Letter], together: int
) -> AsyncIterator[Sequence[tuple[Place, InboundRecord]]]:
    """The records of the chosen letters, some at a time, so that no more than that is in memory."""
    chunk: list[tuple[Place, InboundRecord]] = []
    left = len(chosen)
    async with contextlib.aclosing(read_records(settings, settings.topics.dead_letters)) as records:
        async for record in records:
            place = record.place
            if place not in chosen:
                continue
            chunk.append((place, record))
            left -= 1
            if len(chunk) == together or not left:
                yield chunk
                chunk = []
            if not left:
                return
    if chunk:
        yield chunk


def _edited(record: InboundRecord, manner: Manner) -> InboundRecord:
    return replace(record, value=manner.bodies.get(record.place, record.value))


def _marked(record: InboundRecord, letter: Letter, sent: dict[Place, Place]) -> Marked:
    return (
        again(record, letter),
        letter.company,
        redrive_key(letter.place),
        functools.partial(_mark, letter, sent),
    )


def _mark(letter: Letter, sent: dict[Place, Place], partition: int, offset: int) -> bytes:
    sent[letter.place] = Place(letter.origin.topic, partition, offset)
    return redrive_value(Redrive(datetime.now(UTC), sent[letter.place]))


def _print_plan_as_json(found: Found) -> None:
    for place, letter in found.chosen.items():
        said = {"letter": f"{place.partition}/{place.offset}", "company": letter.company, "reason_code": letter.code}
        screen().out(orjson.dumps({**said, "would": "redrive", "redrives": letter.redrives}).decode())
    for place, sentence in found.refused.items():
        said = {"letter": f"{place.partition}/{place.offset}", "would": "refuse", "reason": sentence}
        screen().out(orjson.dumps(said).decode())


def _print_plan(found: Found) -> None:
    """What would be done with each letter."""
    shown = Table(("letter", "company", "code", "to", "redriven before"))
    for place, letter in found.chosen.items():
        to = f"{letter.origin.topic}/{letter.origin.partition}"
        shown.add_row(f"{place.partition}/{place.offset}", letter.company, letter.code, to, letter.redrives)
    shown.print()
    for place, sentence in found.refused.items():
        say(f"{place} would not be redriven: {sentence}.")
    before = f", {len(found.before)} were before" if found.before else ""
    say(f"{len(found.chosen)} would be redriven, {len(found.refused)} would not{before}.")
