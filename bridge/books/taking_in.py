"""Rows into an index: all types of transactions beside each other, long pages by a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from bridge.index.index import Index
from contracts.entities import Entity

LOADED_AT_ONCE = 100
"""Rows that are taken into the index in about ten milliseconds: no more of them are taken in in the loop itself."""
Pages = AsyncGenerator[tuple[Entity, ...], None]


async def read_together(pages: Mapping[str, Pages], index: Index) -> None:
    """Take in the pages of each type; what the first one raises ends the others. Nobody else may use `index`."""
    turn = asyncio.Lock()

    async def read(entity: str, found: Pages) -> None:
        async with aclosing(found):
            async for page in found:
                async with turn:
                    await load(index, entity, page)

    tasks = [asyncio.create_task(read(entity, found)) for entity, found in pages.items()]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def load(index: Index, entity: str, rows: Sequence[Entity]) -> None:
    """Take in a page. Nobody else may read or change `index` meanwhile."""
    if len(rows) <= LOADED_AT_ONCE:
        index.load(entity, rows)
        return
    # because a thread gives way to the other companies of the process every few milliseconds
    loading = asyncio.ensure_future(asyncio.to_thread(index.load, entity, rows))
    try:
        await asyncio.shield(loading)
    except asyncio.CancelledError:
        await loading  # because no thread can be stopped, and what it writes to is not free before it is done
        raise
