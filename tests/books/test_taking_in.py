"""All types are taken in beside each other: one that fails ends the others, and nobody writes to the index after it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterable

import pytest

from bridge.books.taking_in import LOADED_AT_ONCE, read_together
from bridge.index.index import Index
from contracts.entities import Entity
from contracts.errors import Unavailable
from tests.support.clocks import START
from tests.support.seals import SEAL

LONG = tuple({"Id": str(number)} for number in range(LOADED_AT_ONCE + 1))


class SlowIndex(Index):
    """Takes in a page when it is told to."""

    def __init__(self) -> None:
        super().__init__(SEAL, complete_since=START)
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.taken_in: list[str] = []
        self.inside = 0

    def load(self, entity: str, rows: Iterable[Entity]) -> None:
        """One page at a time, or the test fails."""
        self.inside += 1
        assert self.inside == 1
        if rows:
            self.begun.set()
            self.may_end.wait(10)
        self.taken_in += [entity] if list(rows) else []
        self.inside -= 1


async def pages_of(*pages: tuple[Entity, ...]) -> AsyncGenerator[tuple[Entity, ...], None]:
    """These pages."""
    for page in pages:
        yield page
        await asyncio.sleep(0)


async def failing(after: threading.Event) -> AsyncGenerator[tuple[Entity, ...], None]:
    """QuickBooks is away before there is a page."""

    def away() -> list[tuple[Entity, ...]]:
        after.wait(10)
        raise Unavailable("QuickBooks is away", retry_after_s=1.0)

    for page in await asyncio.to_thread(away):
        yield page


async def test_pages_of_all_types_are_taken_in_one_at_a_time() -> None:
    """Long ones by a thread, short ones in the loop."""
    index = SlowIndex()
    index.may_end.set()
    await read_together({"Invoice": pages_of(LONG, LONG), "Payment": pages_of(LONG, LONG[:1])}, index)
    assert sorted(index.taken_in) == ["Invoice", "Invoice", "Payment", "Payment"]


async def test_a_type_that_cannot_be_read_ends_the_others_once_their_page_is_taken_in() -> None:
    """A thread goes on when its task is cancelled: whoever reads anew must not meet it."""
    index = SlowIndex()
    reading = asyncio.create_task(
        read_together({"Invoice": pages_of(LONG, LONG), "Payment": failing(index.begun)}, index)
    )
    await asyncio.to_thread(index.begun.wait, 10)
    for _ in range(50):
        await asyncio.sleep(0.001)
    assert not reading.done()
    index.may_end.set()
    with pytest.raises(Unavailable, match="away"):
        await reading
    assert index.taken_in == ["Invoice"]
