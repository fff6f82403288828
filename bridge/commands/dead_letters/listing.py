"""`qbo-bridge dead-letters`: the records that a person must look at, and why; their bytes are the original ones."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from bridge.commands.dead_letters.redriving import Letter, read_letter
from bridge.commands.dead_letters.states import OPEN, newest_of_each, state_of
from bridge.commands.output import cell, printable, screen, table
from bridge.commands.reading import company_journal, read_records
from bridge.commands.results import published_in
from bridge.config.settings import Settings
from bridge.journal.redrives import read_redrive
from bridge.kafka.errors import BrokerError
from contracts.dead_letters import DEAD_LETTER_PREFIX
from contracts.errors import BridgeError
from contracts.records import InboundRecord, Place
from contracts.results import ResultStatus

COLUMNS = ("letter", "state", "failed at", "company", "code", "from", "why")


@dataclass(frozen=True, slots=True)
class LetterId:
    """Where a dead letter lies: `partition/offset` of the dead-letter topic."""

    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}/{self.offset}"

    @classmethod
    def parse(cls, text: str) -> LetterId:
        """The id that `str` wrote. ValueError for anything else."""
        partition, slash, offset = text.partition("/")
        if not slash or not (partition.isdecimal() and offset.isdecimal()):
            raise ValueError("expected a dead letter as PARTITION/OFFSET, for example 0/12")
        return cls(int(partition), int(offset))


async def list_letters(
    settings: Settings, *, company: str | None, code: str | None, as_json: bool, only_open: bool = False
) -> None:
    """Every dead letter with its state, oldest first in each partition, of one company or reason code if asked."""
    rows = []
    letters: dict[Place, Letter] = {}
    async for record in read_records(settings, settings.topics.dead_letters):
        headers = letter_headers(record)
        if (known := read_letter(record)) is not None:
            letters[record.place] = known
        if company in {None, headers.get("company")} and code in {None, headers.get("reason-code")}:
            rows.append((LetterId(record.partition, record.offset), headers))
    states = await _states(settings, letters)
    rows = [(letter, {"state": states.get(_place(settings, letter), OPEN), **headers}) for letter, headers in rows]
    rows = [(letter, headers) for letter, headers in rows if not only_open or headers["state"] == OPEN]
    rows.sort(key=lambda row: (row[1].get("failed-at", ""), str(row[0])))
    out = screen()
    if as_json:
        for letter, headers in rows:
            out.out(orjson.dumps({"letter": str(letter), **headers}).decode())
    elif rows:
        shown = table(*COLUMNS)
        for letter, headers in rows:
            shown.add_row(*(cell(part) for part in _row(letter, headers)))
        out.print(shown)
    else:
        out.print(f"No {'open ' * only_open}dead letters on {settings.topics.dead_letters}.", markup=False)


async def _states(settings: Settings, letters: Mapping[Place, Letter]) -> dict[Place, str]:
    """What became of each letter since: from the marks of redrives and the last result of its record.

    Whoever may not read the journal or the results can list the letters all the same.
    """
    if not letters:
        return {}
    there = {company.name for company in settings.companies}
    companies = {letter.company for letter in letters.values()} & there
    journals: dict[str, Mapping[str, bytes]] = {}
    with contextlib.suppress(BrokerError, OSError):
        journals = {company: await company_journal(settings, company).read() for company in companies}
    redrives = {place: read_redrive(journals.get(each.company, {}), place) for place, each in letters.items()}
    results: dict[Place, ResultStatus] = {}
    with contextlib.suppress(BrokerError, OSError):
        async for record in read_records(settings, settings.topics.results):
            published = published_in(record)
            if published is not None:
                source = published.result.source
                results[Place(source.topic, source.partition, source.offset)] = published.result.status
    newest = newest_of_each(letters.values())
    return {place: state_of(letter, newest, redrives[place], results) for place, letter in letters.items()}


def _place(settings: Settings, letter: LetterId) -> Place:
    return Place(settings.topics.dead_letters, letter.partition, letter.offset)


async def show_letter(settings: Settings, letter: LetterId, *, raw: bool) -> None:
    """One dead letter: its facts and headers and its value, or with `raw` the original bytes alone."""
    async with contextlib.aclosing(read_records(settings, settings.topics.dead_letters)) as records:
        async for record in records:
            if (record.partition, record.offset) == (letter.partition, letter.offset):
                _print_raw(record) if raw else _print_record(letter, record)
                return
    raise BridgeError(f"There is no dead letter {letter} on {settings.topics.dead_letters}.")


def letter_headers(record: InboundRecord) -> dict[str, str]:
    """What our own headers say, without their prefix; of a header that stands twice the last one counts."""
    return {
        name.removeprefix(DEAD_LETTER_PREFIX): (value or b"").decode(errors="replace")
        for name, value in record.headers
        if name.startswith(DEAD_LETTER_PREFIX)
    }


def _row(letter: LetterId, headers: Mapping[str, str]) -> tuple[str, ...]:
    came_from = "/".join(headers.get(part, "?") for part in ("topic", "partition", "offset"))
    code = headers.get("reason-code", "")
    return (
        str(letter),
        headers.get("state", OPEN),
        headers.get("failed-at", "")[:19],
        headers.get("company", ""),
        f"{code} {headers['fault-code']}" if "fault-code" in headers else code,
        came_from,
        headers.get("reason", ""),
    )


def _print_raw(record: InboundRecord) -> None:
    sys.stdout.buffer.write(record.value or b"")
    sys.stdout.buffer.flush()


def _print_record(letter: LetterId, record: InboundRecord) -> None:
    out, headers = screen(), letter_headers(record)
    shown = table("", "")
    shown.show_header = False
    shown.add_row(cell("letter"), cell(letter))
    for name, text in headers.items():
        shown.add_row(cell(name), cell(text))
    shown.add_row(cell("key"), cell(_text(record.key)))
    for name, value in record.headers:
        if not name.startswith(DEAD_LETTER_PREFIX):
            shown.add_row(cell(name), cell(_text(value)))
    out.print(shown)
    out.print(_pretty(record.value), markup=False, soft_wrap=True)


def _pretty(value: bytes | None) -> str:
    """JSON indented (numbers as they were written), anything else as text with escapes."""
    if value is None:
        return "(no value)"
    try:
        document = json.loads(value, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return printable(_text(value))
    return printable(json.dumps(document, indent=2, ensure_ascii=False))


def _text(value: bytes | None) -> str:
    return "(null)" if value is None else value.decode(errors="backslashreplace")
