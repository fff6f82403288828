"""All rows of a list that QBO orders, a page at a time, several pages under way at once. Nothing of QBO but the reads.

Neighbouring pages share one row. While both readings show the same one there, every row that was there all along is in
one of them, whenever they were made: rows keep their order, so what is before the shared row is in the pages before it
and the rest in those behind. Where it is another one, rows have shifted and the reading starts over.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from contextlib import aclosing
from itertools import count
from typing import Any

from bridge.quickbooks.queries import PAGE_ROWS_MAX
from contracts.entities import Entity
from contracts.errors import Unavailable

RESTARTS_MAX = 3
Rows = Sequence[Entity]


class OrderedList:
    """A list of `name` that `read` gives from a position on (from 1), at most `rows_max` rows; `length` counts it."""

    def __init__(
        self,
        name: str,
        read: Callable[[int], Coroutine[Any, Any, Rows]],
        length: Callable[[], Awaitable[int]],
        *,
        rows_max: int = PAGE_ROWS_MAX,
    ) -> None:
        self._name = name
        self._read = read
        self._length = length
        self._rows_max = rows_max

    async def pages(self, at_once: int = 1) -> AsyncGenerator[tuple[Entity, ...], None]:
        """Each row once, page by page; Unavailable when the list keeps changing.

        With more than one page `at_once` a list that is longer than a page is counted, which is one read more.
        """
        seen: set[str] = set()
        for _ in range(1 + RESTARTS_MAX):
            seam = None
            async with aclosing(self._in_order(at_once)) as pages:
                async for rows in pages:
                    if seam is not None and (not rows or rows[0].get("Id") != seam):
                        break
                    unseen = {str(row.get("Id")): row for row in rows if str(row.get("Id")) not in seen}
                    seen.update(unseen)
                    if unseen:
                        yield tuple(unseen.values())
                    if len(rows) < self._rows_max:
                        return
                    seam = rows[-1].get("Id")
        raise Unavailable(f"the list of {self._name} keeps changing while it is read", retry_after_s=5.0)

    async def _in_order(self, at_once: int) -> AsyncGenerator[Rows, None]:
        """Page after page for as long as somebody asks, those that are known to be there ahead of it."""
        under_way: deque[asyncio.Task[Rows]] = deque()
        known = 1
        try:
            for number in count():
                if number == 1 and at_once > 1:
                    known = self._pages_of(await self._length())
                while len(under_way) < max(1, min(at_once, known - number)):
                    start = 1 + (number + len(under_way)) * (self._rows_max - 1)
                    under_way.append(asyncio.create_task(self._read(start)))
                yield await under_way.popleft()
        finally:
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    def _pages_of(self, length: int) -> int:
        """How many pages such a list has; the last of them is not full."""
        return 1 + max(length - 1, 0) // (self._rows_max - 1)
