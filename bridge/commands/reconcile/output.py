"""How the month's end is told: a table with sentences, CSV or one JSON document."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

import orjson

from bridge.commands.output import printable, screen
from bridge.commands.tables import Table
from bridge.kafka.range import Missing
from bridge.reconciliation.controls import ControlAccount
from bridge.reconciliation.days import DayRow, Measure
from bridge.reconciliation.differences import Difference, joined
from bridge.reconciliation.reconciled import Reconciled
from contracts.money import plain

COLUMNS = (
    "day",
    "currency",
    "gateway",
    "sold",
    "invoiced",
    "paid",
    "refunded",
    "tax",
    "fees",
    "paid_out",
    "in_clearing",
    "difference",
)
"""`sold` is what the events say; all others what the books say."""
ACCOUNT_COLUMNS = (
    "account",
    "gateway",
    "currency",
    "before",
    "events",
    "books",
    "open_by_events",
    "open_by_books",
    "difference",
)
"""`before` lay there when the days began, `events` and `books` are what each side moved in them."""
DOCUMENTS_MAX = 10
UNKNOWN = "unknown"
"""Stands where a balance is not told: nothing would be an amount."""
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Form(StrEnum):
    """How it is told."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Balanced:
    """What was asked, what was found, and how much was read for it."""

    company: str
    first: date
    last: date
    found: Reconciled
    records: int
    unread: Sequence[Missing]
    reads: int
    today: date
    """In the zone of the rules: days from this one on are not over."""

    @property
    def agrees(self) -> bool:
        """True when something was read and nothing differs."""
        return self.verdict == "agrees"

    @property
    def verdict(self) -> str:
        """One word: `agrees`, `differs`, or `nothing_read` where there was nothing to compare with."""
        if not self.found.agrees:
            return "differs"
        return "agrees" if self.records else "nothing_read"


def print_balanced(balanced: Balanced, form: Form) -> None:
    """Standard output has the report alone."""
    if form is Form.JSON:
        screen().out(orjson.dumps(_shown(balanced), option=orjson.OPT_INDENT_2).decode())
    elif form is Form.CSV:
        screen().out(_csv(balanced), end="")
    else:
        _print(balanced)


def _cells(row: DayRow, found: Reconciled) -> dict[str, str]:
    place = (row.day, row.currency, row.gateway)
    in_clearing = found.in_clearing.get(place)
    amounts = {
        "sold": row.source[Measure.SALES],
        "invoiced": row.books[Measure.SALES],
        **{each.value: row.books[each] for each in Measure if each is not Measure.SALES},
        "in_clearing": in_clearing,
        "difference": row.difference,
    }
    shown = {name: _money(amount, row.currency) for name, amount in amounts.items()}
    if place in found.in_clearing and in_clearing is None:
        shown["in_clearing"] = UNKNOWN
    return {"day": row.day.isoformat(), "currency": row.currency, "gateway": row.gateway, **shown}


def _money(amount: Decimal | None, currency: str) -> str:
    return "" if amount is None else plain(amount, currency)


def _shown(balanced: Balanced) -> dict[str, object]:
    found = balanced.found
    return {
        "verdict": balanced.verdict,
        "company": balanced.company,
        "from": balanced.first.isoformat(),
        "to": balanced.last.isoformat(),
        "records": balanced.records,
        "reads": balanced.reads,
        "unrelated": found.unrelated,
        "days": [_shown_day(row, found) for row in found.rows],
        "accounts": [_shown_account(each) for each in found.controls],
        "differences": [each.shown() for each in found.differences],
        "unread": [f"{each.topic}/{each.partition} {each.first}-{each.last}: {each.why}" for each in balanced.unread],
    }


def _shown_day(row: DayRow, found: Reconciled) -> dict[str, object]:
    """The columns of the table, and under `source` what the events say of the same."""
    cells: dict[str, object] = {name: value or None for name, value in _cells(row, found).items()}
    others = (each for each in Measure if each is not Measure.SALES)
    source = {each.value: plain(row.source[each], row.currency) for each in others}
    return {**cells, "source": source}


def _account_cells(each: ControlAccount) -> dict[str, str]:
    amounts = {
        "before": each.before if each.given is None else each.given,
        "events": each.source,
        "books": each.books,
        "open_by_events": each.open_by_events,
        "open_by_books": each.open_by_books,
        "difference": each.difference,
    }
    shown = {name: UNKNOWN if amount is None else _money(amount, each.currency) for name, amount in amounts.items()}
    return {"account": each.name or each.kind.value, "gateway": each.gateway, "currency": each.currency, **shown}


def _shown_account(each: ControlAccount) -> dict[str, object]:
    """One account; `before` is the file's word, else QuickBooks', and `untold` counts documents of no event."""
    said = {"before_from": "file" if each.given is not None else "quickbooks", "untold": each.untold}
    return {"what": each.kind.value, **_account_cells(each), **said, "documents": each.documents}


def _csv(balanced: Balanced) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow((*COLUMNS, "documents"))
    for row in balanced.found.rows:
        cells = _cells(row, balanced.found)
        behind = joined([each.difference for each in row.differing if each.difference is not None])
        texts = {**cells, "gateway": _no_formula(cells["gateway"])}
        writer.writerow((*(texts[name] for name in COLUMNS), _no_formula(printable(behind))))
    return file.getvalue()


def _no_formula(text: str) -> str:
    """A spreadsheet must not take what a shop's buyer typed for a formula."""
    return f"'{text}" if text.startswith(_BEGINS_A_FORMULA) else text


def _print(balanced: Balanced) -> None:
    out, found = screen(), balanced.found
    out.out(
        f"{balanced.company}, {balanced.first} to {balanced.last}, both included: {balanced.records} records, "
        f"{balanced.reads} reads of QuickBooks."
    )
    if found.rows:
        shown = Table([name.replace("_", " ") for name in COLUMNS])
        for row in found.rows:
            cells = _cells(row, found)
            shown.add_row(*(cells[name] for name in COLUMNS))
        shown.print()
    if found.controls:
        accounts = Table([name.replace("_", " ") for name in ACCOUNT_COLUMNS])
        for control in found.controls:
            cells = _account_cells(control)
            accounts.add_row(*(cells[name] for name in ACCOUNT_COLUMNS))
        accounts.print()
    for each in found.differences:
        out.out(printable(_sentence(each)))
    for line in _notes(balanced):
        out.out(line)


def _sentence(each: Difference) -> str:
    number = f" {each.number}" if each.number else ""
    who = f", {each.customer}" if each.customer else ""
    amount = each.books if each.source is None else each.source
    is_money = each.kind.value != "day"
    amount_said = f" {amount} {each.currency}" if amount is not None and is_money else ""
    changed = f" (last changed {each.changed_at}" if each.changed_at else ""
    changed += f" by user {each.changed_by}" if changed and each.changed_by else ""
    changed += ")" if changed else ""
    with_it = f"; because of it also: {', '.join(each.with_it)}" if each.with_it else ""
    what = each.kind.value.replace("_", " ")
    return f"{each.day} {what:<13} {each.name}{number}{who}{amount_said}: {each.why}{changed}{with_it}"


def _account_notes(each: ControlAccount) -> Iterator[str]:
    name = printable(each.name or each.kind.value.replace("_", " "))
    if each.difference:
        more = len(each.documents) - DOCUMENTS_MAX
        listed = ", ".join(each.documents[:DOCUMENTS_MAX]) + (f" and {more} more" if more > 0 else "")
        behind = listed or "what was open before, by the file"
        yield f"{name}: {_money(each.difference, each.currency)} {each.currency} differ: {printable(behind)}."
    if each.untold:
        yield f"{name}: {each.untold} documents are told by no event that was read; the books are believed."


def _notes(balanced: Balanced) -> Iterator[str]:
    for missing in balanced.unread:
        yield f"{missing.topic}/{missing.partition}: offsets {missing.first} to {missing.last} {missing.why}."
    if balanced.found.unrelated:
        yield f"{balanced.found.unrelated} documents of the books have nothing to do with the shop: not compared."
    for control in balanced.found.controls:
        yield from _account_notes(control)
    if balanced.last >= balanced.today:
        yield f"These days are not over on {balanced.today}: more may come until the end of {balanced.last}."
    if balanced.records and not balanced.found.rows:
        yield "No document is dated in these days: there was nothing to compare."
    match balanced.verdict:
        case "agrees":
            yield "Shop, processor and books agree."
        case "nothing_read":
            yield "Nothing was read: no event of these days, and of the month before, is in the topics."
        case _:
            number = len(balanced.found.differences)
            off = sum(1 for each in balanced.found.controls if each.difference)
            if off:
                yield "1 account differs." if off == 1 else f"{off} accounts differ."
            yield "1 document differs." if number == 1 else f"{number} documents differ."
