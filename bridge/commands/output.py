"""How commands speak: sentences for people on a terminal, whole lines elsewhere. Tables are in `tables`.

What comes from outside (payloads, reasons, names) never reaches a terminal unescaped: an escape sequence in a dead
letter must not move the operator's cursor.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

import orjson
from rich.console import Console

WIDE = 220
"""Columns where nobody looks at a screen: a line that grep reads must not be folded."""


@dataclass(slots=True)
class View:
    """How the person at this process wants to see answers: times in `zone`; with `is_wide` no column is left out."""

    zone: tzinfo = UTC
    is_wide: bool = False

    @property
    def zone_name(self) -> str:
        """What stands behind a time: the name of the zone, or its offset now."""
        return getattr(self.zone, "key", None) or str(self.zone.tzname(datetime.now(self.zone)))


VIEW = View()
"""The command line sets it before a command begins; JSON is in UTC whatever it says."""


def time_text(moment: datetime, *, seconds: bool = True) -> str:
    """An aware time as people read it, in their zone; which zone that is stands in the head of the column."""
    return moment.astimezone(VIEW.zone).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def zoned_text(moment: datetime, *, seconds: bool = True) -> str:
    """An aware time with the zone behind it."""
    return f"{time_text(moment, seconds=seconds)} {VIEW.zone_name}"


def counted(number: int, noun: str) -> str:
    """`1 document`, `2 documents`: a number with its noun, whose plural has an `s`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def said_moment(text: str) -> datetime | None:
    """The time that QuickBooks wrote, in whatever offset; None for what is no time with an offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def answer(facts: Mapping[str, object], *sentences: str, as_json: bool) -> None:
    """What a command has done: one JSON document for programs, sentences for people."""
    if as_json:
        screen().out(orjson.dumps(facts).decode())
        return
    for sentence in sentences:
        say(sentence)


def say(sentence: str, style: str | None = None) -> None:
    """A sentence: wrapped between words on a screen, where no id is broken; one whole line elsewhere."""
    out, text = screen(), printable(sentence)
    if out.is_terminal:
        body = text.lstrip()
        indent = text[: len(text) - len(body)]
        text = "\n".join(
            textwrap.fill(each, out.width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
            for each in text.split("\n")
        )
    out.print(text, markup=False, style=style, soft_wrap=True)


def screen() -> Console:
    """Standard output."""
    return Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else WIDE)


def printable(text: str) -> str:
    """`text` with everything that is not a visible character (line breaks and tabs stay) written as an escape."""
    if text.isprintable():
        return text
    shown = (each if each.isprintable() or each in "\n\t" else ascii(each)[1:-1] for each in text)
    return "".join(shown)
