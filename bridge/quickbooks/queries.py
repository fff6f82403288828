"""QBO's query language, written by escaping only: values never reach the text unquoted.

The grammar (Intuit's "Query operations and syntax"): AND but no OR, `%` as the only wildcard, strings, dates and
numbers in single quotes, booleans bare, an apostrophe escaped by a backslash (doubling it is a parse error).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from bridge.quickbooks.wire import legal_text

Comparison = Literal["=", "<", ">", "<=", ">=", "LIKE"]
Scalar = str | int | bool | Decimal | datetime

PAGE_ROWS_MAX = 1000
"""Rows in one page (Intuit, query reference)."""

UNORDERED = frozenset({"TaxCode", "TaxRate"})
"""Lists that QBO may refuse to order by Id (one reading of the documentation)."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z][A-Za-z0-9]*)*")


def quoted(value: Scalar) -> str:
    """`value` as a literal. Control characters become spaces; a datetime must be aware and is written in UTC."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = instant(value) if isinstance(value, datetime) else str(value)
    clean = legal_text("".join(" " if ord(char) < 32 or ord(char) == 127 else char for char in text))
    return "'" + clean.replace("\\", "\\\\").replace("'", "\\'") + "'"


def instant(moment: datetime) -> str:
    """A point in time with its offset, in whole seconds: without one QBO reads it in the company's own zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without an offset means another instant to QBO")
    return moment.isoformat(timespec="seconds")


def where(prop: str, comparison: Comparison, value: Scalar) -> str:
    """One condition: `where("DocNumber", "=", "O'Brien")`."""
    return f"{_name(prop)} {comparison} {quoted(value)}"


def where_in(prop: str, values: tuple[Scalar, ...]) -> str:
    """One condition that names its values. ValueError for none, which QBO cannot say."""
    if not values:
        raise ValueError(f"no values for {prop}")
    return f"{_name(prop)} IN ({', '.join(quoted(value) for value in values)})"


@dataclass(frozen=True, slots=True)
class Select:
    """A query without its page: entity, properties (`*` for all) and conditions that are all to hold.

    Only simple properties can be named; QBO refuses a complex one (a reference, an address) with 4001.
    """

    entity: str
    properties: tuple[str, ...] = ("*",)
    conditions: tuple[str, ...] = ()

    @property
    def is_ordered(self) -> bool:
        """False for a list that cannot be ordered by Id: its pages are no steady slices of it."""
        return self.entity not in UNORDERED

    def page(self, start: int, rows_max: int = PAGE_ROWS_MAX) -> str:
        """The query of one page; `start` counts from 1. Ordered by Id, since the default order is not guaranteed."""
        order = " ORDERBY Id" if self.is_ordered else ""
        return f"{self._text(', '.join(self.properties))}{order} STARTPOSITION {start} MAXRESULTS {rows_max}"

    def count(self) -> str:
        """The query for the number of rows."""
        return self._text("COUNT(*)")

    def _text(self, selected: str) -> str:
        for prop in self.properties:
            if prop != "*":
                _name(prop)
        found = f"SELECT {selected} FROM {_name(self.entity)}"  # noqa: S608 - names are checked, values quoted
        return f"{found} WHERE {' AND '.join(self.conditions)}" if self.conditions else found


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not the name of a property or an entity")
    return name
