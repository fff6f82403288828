"""`qbo-bridge doctor --start`: the sums of the opening entry, as far as the topics and a person's file tell them."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

import orjson

from bridge.commands.doctor.opening import (
    GIFT_CARDS,
    IN_TRANSIT,
    RECEIVABLES,
    STORE_CREDIT,
    OpeningFigure,
    OpeningSums,
    with_given,
)
from bridge.commands.events import read_events
from bridge.commands.output import say, screen
from bridge.commands.progress import ProgressBar
from bridge.commands.tables import Table
from bridge.config.settings import Settings
from bridge.kafka.range import Missing, TimeSpan
from bridge.service.settings import company_rules
from bridge.telemetry.logs import silence_logs
from contracts.errors import ConfigurationError
from contracts.money import plain

COLUMNS = ["what", "currency", "amount"]


@dataclass(frozen=True, slots=True)
class StartEvidence:
    """What the topics told, and what retention has removed from them."""

    opening: OpeningSums
    missing: Sequence[Missing]


def show_start(settings: Settings, company: str, outstanding: Path | None, *, as_json: bool = False) -> None:
    """Print the figures of the day on which the company's books start.

    ConfigurationError when the rules name no such day, or the file of `outstanding` sums cannot be read.
    """
    given = read_outstanding(outstanding) if outstanding else []
    silence_logs()
    evidence = asyncio.run(_read(settings, company))
    figures = with_given(evidence.opening.figures(), given)
    if as_json:
        facts = {"company": company, "figures": [_as_json(each) for each in figures], "limits": _limits(evidence)}
        screen().out(orjson.dumps(facts).decode())
        return
    shown = Table(("what was open", "currency", "amount", "where from"), prose=("where from",))
    for each in figures:
        shown.add_row(*_as_json(each).values())
    shown.print()
    for sentence in _limits(evidence):
        say(sentence)


def _as_json(figure: OpeningFigure) -> dict[str, str]:
    """A figure as it is shown; what nobody knows is the word `unknown`."""
    amount = "unknown" if figure.amount is None else plain(figure.amount, figure.currency)
    return {"what": figure.what, "currency": figure.currency, "amount": amount, "where_from": figure.said}


async def _read(settings: Settings, company: str) -> StartEvidence:
    rules = company_rules(settings.company(company))
    if rules.books_start is None:
        raise ConfigurationError("the rules name no day on which the books start: set books_start first")
    endless = rules.changed(books_start=None)
    opening = OpeningSums(rules.books_start, endless)
    with ProgressBar(company) as bar:
        missing = await read_events(settings, company, endless, TimeSpan(None, None), bar, opening.add)
    return StartEvidence(opening, missing)


def _limits(evidence: StartEvidence) -> list[str]:
    """How far the figures can be believed."""
    said = [f"{evidence.opening.first_event}: what was open from before it is not in these sums."]
    if evidence.missing:
        said.append("Retention has removed older records.")
    refused = sum(evidence.opening.refused.values())
    if refused:
        codes = ", ".join(f"{code} {count}" for code, count in sorted(evidence.opening.refused.items()))
        said.append(f"{refused} records could not be mapped ({codes}): what they tell is unknown.")
    return said


def read_outstanding(path: Path) -> list[OpeningFigure]:
    """Sums that a person knows better than the events: a CSV file with the columns what, currency and amount.

    ConfigurationError with the line for a word, a currency or an amount that cannot be meant.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if not rows or any(set(row) != set(COLUMNS) for row in rows):
        raise ConfigurationError(f"{path}: expected lines with the columns {', '.join(COLUMNS)}, named in the first")
    return [_given(row, path, number) for number, row in enumerate(rows, start=2)]


def _given(row: dict[str, str | None], path: Path, line: int) -> OpeningFigure:
    what, currency, written = ((row[each] or "").strip() for each in COLUMNS)
    words = (RECEIVABLES, GIFT_CARDS, STORE_CREDIT)
    if what not in words and not what.startswith(IN_TRANSIT):
        named = ", ".join((*words, f"{IN_TRANSIT}<account>"))
        raise ConfigurationError(f"{path}, line {line}: {what!r} is none of {named}")
    if len(currency) != 3 or not currency.isascii() or not currency.isupper():
        raise ConfigurationError(f"{path}, line {line}: {currency!r} is no currency code, such as USD")
    try:
        amount = Decimal(written)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ConfigurationError(f"{path}, line {line}: {written!r} is no amount, such as 1250.00")
    return OpeningFigure(what, currency, amount, f"{path.name}, line {line}")
