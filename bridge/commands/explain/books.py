"""What QuickBooks shows now of the entities of a sale: one query a type, and deletions of the last thirty days."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Iterable
from datetime import timedelta

from bridge.clock import SystemClock
from bridge.commands.explain.composing import BooksNow, EntityId
from bridge.config.settings import Settings
from bridge.quickbooks.changes import REACH
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.limiter import Priority
from bridge.quickbooks.queries import Select, where_in
from bridge.service.connections import open_reader
from bridge.telemetry.logs import silence_logs
from contracts.entities import Entity
from contracts.errors import BridgeError

WAIT_S = 4.0
"""How long an answer is waited for: what the bus knows is shown without it."""
IDS_TOGETHER = 100


@contextlib.asynccontextmanager
async def books_now(settings: Settings, company: str, wanted: Collection[EntityId]) -> AsyncIterator[BooksNow]:
    """What QuickBooks shows of `wanted`; where it cannot be asked the reason, because the bus tells enough to go on.

    What has not answered in time is left behind within the block and ended after it.
    """
    asked = asyncio.ensure_future(_ask(settings, company, wanted))
    answered, _ = await asyncio.wait({asked}, timeout=WAIT_S)
    try:
        late = BooksNow(problem=f"QuickBooks did not answer within {WAIT_S:.0f} seconds")
        yield asked.result() if answered else late
    finally:
        # because a renewal of the tokens that has begun is finished, which takes longer than a person waits
        asked.cancel()
        await asyncio.wait({asked})


async def _ask(settings: Settings, company: str, wanted: Collection[EntityId]) -> BooksNow:
    if not wanted:
        return BooksNow()
    silence_logs()
    try:
        async with open_reader(settings, settings.company(company)) as client:
            rows = await read_rows(client, wanted)
            lost = set(wanted) - rows.keys()
            since = SystemClock().now() - REACH + timedelta(hours=1)
            changes = await client.cdc(sorted({entity for entity, _ in lost}), since) if lost else None
            return BooksNow(rows, changes.deleted_at if changes else {})
    except (BridgeError, OSError) as error:
        return BooksNow(problem=str(error).rstrip("."))


async def read_rows(client: QuickBooksClient, wanted: Iterable[EntityId]) -> dict[EntityId, Entity]:
    """The rows that QuickBooks shows of these Ids."""
    by_type: dict[str, list[str]] = {}
    for entity, ident in sorted(wanted):
        by_type.setdefault(entity, []).append(ident)
    selects = [
        Select(entity, conditions=(where_in("Id", tuple(ids[start : start + IDS_TOGETHER])),))
        for entity, ids in by_type.items()
        for start in range(0, len(ids), IDS_TOGETHER)
    ]
    found = await asyncio.gather(*(client.query(select, priority=Priority.HOUSEKEEPING) for select in selects))
    return {
        (select.entity, str(row.get("Id"))): row for select, rows in zip(selects, found, strict=True) for row in rows
    }
