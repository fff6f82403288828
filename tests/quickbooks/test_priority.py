"""A client of lower priority lets everything live go first, whatever its own calls ask for."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from bridge.quickbooks.connection import ConnectionSettings, open_client
from bridge.quickbooks.limiter import Limits, Priority
from bridge.quickbooks.queries import Select
from tests.support.clocks import ManualClock, settle
from tests.support.quickbooks import MemoryStore, Script, credentials, json_reply, valid_tokens


@pytest.mark.parametrize(("priority", "first"), [(Priority.BACKFILL, "live"), (Priority.LIVE, "client")])
async def test_a_backfill_waits_for_what_is_live(priority: Priority, first: str) -> None:
    """Both want the only slot; who asked first goes first only among equals. Guard: `highest` of the sender."""
    settings = ConnectionSettings(credentials=credentials(), limits=Limits(concurrent_requests=1))
    transport = httpx.MockTransport(Script(json_reply({"QueryResponse": {}})))
    store, order = MemoryStore(valid_tokens()), list[str]()
    async with open_client(settings, store, ManualClock(), transport=transport, priority=priority) as client:
        limiter = client._sender.limiter

        async def live() -> None:
            async with limiter.slot("read", Priority.LIVE):
                order.append("live")

        async with limiter.slot("read"):
            asked = asyncio.create_task(client.query(Select("Customer")))
            asked.add_done_callback(lambda _: order.append("client"))
            await settle()
            other = asyncio.create_task(live())
            await settle()
        await asyncio.gather(asked, other)
    assert order[0] == first
