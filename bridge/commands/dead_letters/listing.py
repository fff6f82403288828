"""`qbo-bridge dead-letters`: the records that a person must look at, and why; their bytes are the original ones."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import orjson

from bridge.commands.contents import content_of
from bridge.commands.dead_letters.causes import Cause, causes_of, money_at_risk
from bridge.commands.dead_letters.dismissals import Dismissal, dismissal_record
from bridge.commands.dead_letters.redriving import headers_as_json, letter_headers
from bridge.commands.dead_letters.standing import StandingLetter, standing_letters
from bridge.commands.output import counted, printable, say, screen, time_text, zoned_text
from bridge.commands.reading import quiet
from bridge.commands.tables import Table
from bridge.config.settings import Settings
from bridge.kafka.reader import publish, read_at
from bridge.service.settings import kafka_connection
from contracts.dead_letters import DEAD_LETTER_PREFIX
from contracts.errors import BridgeError
from contracts.money import plain
from contracts.records import InboundRecord, Place

COLUMNS = ("letter", "state", "failed at (UTC)", "company", "code", "document", "order", "worth", "from", "why")


_MARK = "\ue000"
_WRITTEN = re.compile(rf'"{_MARK}(-?[0-9][0-9.eE+-]*)"')
"""A number in the text of a body, as `_as_written` marked it."""


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
    settings: Settings, *, company: str | None, code: str | None, as_json: bool, everything: bool
) -> None:
    """Dead letters that are open, or all of them with their state, newest first. BridgeError for an unknown code."""
    found = await standing_letters(settings, company=company, code=code)
    found = [each for each in found if everything or each.is_open]
    out = screen()
    if as_json:
        for each in found:
            out.out(orjson.dumps(letter_as_json(each)).decode())
    elif found:
        shown = Table(COLUMNS, prose=("why",), optional=("from", "state", "company", "order", "failed at (UTC)"))
        for each in found:
            shown.add_row(*_row(each))
        shown.print()
    else:
        say(f"No {'' if everything else 'open '}dead letters on {settings.topics.dead_letters}.")


async def summarize_letters(settings: Settings, *, company: str | None, as_json: bool) -> None:
    """Open dead letters by their cause, with the money at risk, a remedy and the next command."""
    found = [each for each in await standing_letters(settings, company=company) if each.is_open]
    causes, (amounts, unknown) = causes_of(found), money_at_risk(found)
    out = screen()
    if as_json:
        said = {"dead_letters": len(found), "amounts": _amounts(amounts), "unknown_amounts": unknown}
        out.out(orjson.dumps({**said, "causes": [_cause_as_json(each) for each in causes]}).decode())
        return
    for each in causes:
        fault = f" {each.fault_code}" if each.fault_code else ""
        worth = _worth(each.amounts, each.unknown_amounts)
        head = f"{each.letters} {each.code}{fault} in {each.company}: {counted(each.documents, 'document')}, {worth}"
        say(f"{head}, since {zoned_text(each.oldest, seconds=False)}")
        for line in (each.example, f"Remedy: {each.remedy}.", each.next_command):
            say(f"  {line}")
    whole = f"{len(found)} open dead letters, {_worth(amounts, unknown)}." if found else "No open dead letters."
    say(whole)


def _worth(amounts: Mapping[str, Decimal], unknown: int) -> str:
    """Money at risk in words."""
    known = " and ".join(f"{text} {currency}" for currency, text in _amounts(amounts).items())
    rest = f"{unknown} of unknown amount" if unknown else ""
    return ", ".join(filter(None, (known, rest))) or "no money"


def _amounts(amounts: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: plain(amount, currency) for currency, amount in sorted(amounts.items())}


def _cause_as_json(cause: Cause) -> dict[str, object]:
    return {
        "company": cause.company,
        "reason_code": cause.code,
        "fault_code": cause.fault_code,
        "example": cause.example,
        "count": cause.letters,
        "documents": cause.documents,
        "amounts": _amounts(cause.amounts),
        "unknown_amounts": cause.unknown_amounts,
        "oldest": cause.oldest,
        "remedy": cause.remedy,
        "next": cause.next_command,
    }


async def dismiss_letters(
    settings: Settings,
    *,
    places: Collection[Place],
    code: str | None,
    company: str | None,
    note: str,
    as_json: bool = False,
) -> None:
    """Take open dead letters off the list, with a note. BridgeError for one that is not there or not open."""
    found = await standing_letters(settings, company=company, code=code)
    named = {each.letter.place: each for each in found} | {each.letter.origin: each for each in reversed(found)}
    missing = [str(place) for place in places if place not in named]
    if missing:
        raise BridgeError(f"There is no dead letter {', '.join(missing)} on {settings.topics.dead_letters}.")
    chosen = [named[place] for place in places] if places else [each for each in found if each.is_open]
    settled = [f"{each.name} ({each.state})" for each in chosen if not each.is_open]
    if settled or not chosen:
        raise BridgeError(
            f"Not open any more: {', '.join(settled)}." if settled else "No open dead letter is one of those."
        )
    now = datetime.now(UTC)
    records = [dismissal_record(Dismissal(x.letter.place, note, now), x.letter.company) for x in chosen]
    await publish(kafka_connection(settings.kafka), records)
    if as_json:
        screen().out(orjson.dumps({"dismissed": [each.name for each in chosen], "note": note}).decode())
    else:
        say(f"Dismissed: {len(chosen)}. `dead-letters list --all` still shows them.")


async def show_letter(settings: Settings, letter: LetterId, *, raw: bool, as_json: bool = False) -> None:
    """One dead letter: its facts and headers and its value, or with `raw` the original bytes alone."""
    record = await find_letter(settings, letter)
    if raw:
        _print_raw(record)
    elif as_json:
        screen().out(orjson.dumps(record_as_json(letter, record)).decode())
    else:
        _print_record(letter, record)


async def find_letter(settings: Settings, letter: LetterId) -> InboundRecord:
    """The record of a dead letter. BridgeError where there is none."""
    place = Place(settings.topics.dead_letters, letter.partition, letter.offset)
    quiet()
    found = (await read_at(kafka_connection(settings.kafka), [place])).get(place)
    if found is None:
        raise BridgeError(f"There is no dead letter {letter} on {settings.topics.dead_letters}.")
    return found


def record_as_json(letter: LetterId, record: InboundRecord) -> dict[str, object]:
    """A dead letter whole: what is no text is written with escapes, and `--raw` has the bytes."""
    original = [(name, _text(value)) for name, value in record.headers if not name.startswith(DEAD_LETTER_PREFIX)]
    return {
        "letter": str(letter),
        **headers_as_json(letter_headers(record)),
        **content_of(record).as_json(),
        "key": None if record.key is None else _text(record.key),
        "headers": [{"name": name, "value": value} for name, value in original],
        "value": None if record.value is None else _text(record.value),
    }


def letter_as_json(each: StandingLetter) -> dict[str, object]:
    """One letter as JSON: counts are numbers, money is text in the currency's own decimals."""
    dismissal = each.dismissal
    return {
        "letter": each.name,
        "state": each.state,
        **headers_as_json(each.headers),
        **each.content.as_json(),
        "note": dismissal.note if dismissal else None,
    }


def _row(each: StandingLetter) -> tuple[str, ...]:
    headers, content = each.headers, each.content
    came_from = "/".join(headers.get(part, "?") for part in ("topic", "partition", "offset"))
    code = headers.get("reason-code", "")
    note = f" (dismissed: {each.dismissal.note})" if each.dismissal else ""
    return (
        each.name,
        each.state,
        time_text(each.letter.failed_at),
        headers.get("company", ""),
        f"{code} {headers['fault-code']}" if "fault-code" in headers else code,
        str(content.document or ""),
        content.name or "",
        content.worth,
        came_from,
        headers.get("reason", "") + note,
    )


def _print_raw(record: InboundRecord) -> None:
    sys.stdout.buffer.write(record.value or b"")
    sys.stdout.buffer.flush()


def _print_record(letter: LetterId, record: InboundRecord) -> None:
    out, headers = screen(), letter_headers(record)
    shown = Table(("what", "value"), prose=("value",), headed=False)
    shown.add_row("letter", letter)
    for name, text in headers.items():
        shown.add_row(name, text)
    shown.add_row("key", _text(record.key))
    for name, value in record.headers:
        if not name.startswith(DEAD_LETTER_PREFIX):
            shown.add_row(name, _text(value))
    shown.print()
    value = record.value
    out.print("(no value)" if value is None else printable(indented(value)), markup=False, soft_wrap=True)


def indented(value: bytes) -> str:
    """JSON indented with its numbers exactly as they were written, anything else as text with escapes."""
    try:
        document = json.loads(value, parse_float=_as_written, parse_int=_as_written)
    except (ValueError, RecursionError):
        return _text(value)
    return _WRITTEN.sub(r"\1", json.dumps(document, indent=2, ensure_ascii=False))


def _as_written(text: str) -> str:
    """A number as text that is known again: as a float it would lose digits, as plain text it would gain quotes."""
    return _MARK + text


def _text(value: bytes | None) -> str:
    return "(null)" if value is None else value.decode(errors="backslashreplace")
