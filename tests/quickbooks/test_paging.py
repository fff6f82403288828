"""A list that changes while its pages are read: whatever was there all along is given, once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from bridge.quickbooks.paging import OrderedList
from contracts.entities import Entity
from contracts.errors import Unavailable

ROWS_MAX = 5
CHANGES = st.lists(st.tuples(st.sampled_from(["delete", "insert", "append", "edit"]), st.integers(0, 40)), max_size=3)


@dataclass(slots=True)
class Changing:
    """Rows by Id; before each page is read so many others ask, and then people do what was drawn for it."""

    rows: dict[int, int]
    changes: list[list[tuple[str, int]]]
    waits: list[int] = field(default_factory=list)
    ever: set[int] = field(default_factory=set)
    always: set[int] = field(default_factory=set)
    reads: int = 0
    under_way: int = 0
    most_under_way: int = 0

    def __post_init__(self) -> None:
        self.ever, self.always = set(self.rows), set(self.rows)

    async def read(self, start: int) -> Sequence[Entity]:
        """A page; pages that are asked for together may be answered in any order."""
        number, self.reads = self.reads, self.reads + 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        for _ in range(self.waits[number] if number < len(self.waits) else 0):
            await asyncio.sleep(0)
        self.under_way -= 1
        for change in self.changes[number] if number < len(self.changes) else []:
            self._change(*change)
        shown = sorted(self.rows)[start - 1 : start - 1 + ROWS_MAX]
        return [{"Id": str(ident), "SyncToken": str(self.rows[ident])} for ident in shown]

    async def length(self) -> int:
        """How many rows there are now."""
        self.reads += 1
        return len(self.rows)

    def _change(self, kind: str, at: int) -> None:
        known = sorted(self.rows)
        if kind == "append":
            self._put(known[-1] + 10 if known else 10)
        elif kind == "insert":
            self._put(at * 10 + 5)
        elif known and kind == "delete":
            ident = known[at % len(known)]
            del self.rows[ident]
            self.always.discard(ident)
        elif known:
            self.rows[known[at % len(known)]] += 1

    def _put(self, ident: int) -> None:
        self.rows.setdefault(ident, 0)
        self.ever.add(ident)


async def read_all(books: Changing, at_once: int) -> list[str]:
    """The Ids in the order in which they were given."""
    rows = OrderedList("Invoice", books.read, books.length, rows_max=ROWS_MAX)
    return [str(row["Id"]) async for page in rows.pages(at_once) for row in page]


@given(
    length=st.integers(0, 40),
    changes=st.lists(CHANGES, max_size=20),
    waits=st.lists(st.integers(0, 5), max_size=20),
    at_once=st.integers(1, 5),
)
def test_no_row_is_missed_because_others_came_or_went(
    length: int, changes: list[list[tuple[str, int]]], waits: list[int], at_once: int
) -> None:
    """Deleted, inserted in between, added at the end and edited while pages are under way; or the reading gives up."""
    books = Changing({number * 10: 0 for number in range(1, length + 1)}, changes, waits)
    try:
        found = asyncio.run(read_all(books, at_once))
    except Unavailable:
        return
    assert len(found) == len(set(found))
    assert {str(ident) for ident in books.always} <= set(found)
    assert set(found) <= {str(ident) for ident in books.ever}


@given(length=st.integers(0, 60), at_once=st.integers(1, 5))
def test_a_quiet_list_is_read_with_no_page_too_many(length: int, at_once: int) -> None:
    """Each page shares one row with the next, the last one is not full; a long list is counted where pages overlap."""
    books = Changing(dict.fromkeys(range(length), 0), [])
    found = asyncio.run(read_all(books, at_once))
    assert found == [str(number) for number in range(length)]
    pages = next(each for each in range(1, 99) if length < ROWS_MAX + (each - 1) * (ROWS_MAX - 1))
    assert books.reads == pages + (1 if pages > 1 and at_once > 1 else 0)
    assert books.most_under_way <= at_once


async def test_pages_are_under_way_together() -> None:
    """The first page is alone: nobody knows yet whether there is another."""
    books = Changing(dict.fromkeys(range(40), 0), [], [3] * 40)
    await read_all(books, 4)
    assert books.most_under_way == 4


async def test_who_stops_reading_leaves_no_call_under_way() -> None:
    """Pages that were asked for ahead are given up."""
    books = Changing(dict.fromkeys(range(40), 0), [], [0, 0, 0, 99, 99, 99])
    pages = OrderedList("Invoice", books.read, books.length, rows_max=ROWS_MAX).pages(3)
    async for page in pages:
        if str(page[0]["Id"]) != "0":
            break
    await pages.aclose()
    assert len(asyncio.all_tasks()) == 1
