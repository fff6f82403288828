"""A backlog at Intuit's published limits, in simulated time: machine, client and sandbox share one clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import pytest

from bridge.company.owner import BooksOwner
from bridge.demo.events import ORDERS_ONLY, EventSettings, generate
from bridge.posting import computing
from bridge.quickbooks.connection import ConnectionSettings, open_client
from bridge.quickbooks.limiter import MARGIN
from bridge.sandbox.app import create_app
from bridge.sandbox.limits import Throttle
from bridge.sandbox.settings import DEFAULT_REALM, SandboxSettings
from contracts.errors import Unavailable
from contracts.records import InboundRecord
from mappings.rules import MappingRules
from tests.support.assembly import MemoryJournal, SharedClock, assemble
from tests.support.clocks import ManualClock
from tests.support.inbound import inbound
from tests.support.quickbooks import MemoryStore
from tests.support.sandbox_books import CONNECTION

MICRO_BATCH = 100
BATCHES_PER_MINUTE = 40
WINDOW_S = 60.0 * (1 + MARGIN)
ITEMS = 3
"""Small batches, so that a few hundred orders are a backlog of minutes."""
RAMP_S = 60.0 + 100.0
"""A new owner uses half for a minute, then more and more until the whole."""
RECOVERY_S = 60.0 + 180.0
"""The same after a 429, from a tenth at the worst."""
OTHER, OTHER_PER_MINUTE = "another app", 480


@dataclass
class Watched:
    """A company's owner at work, and when its batches were let in or refused."""

    company: BooksOwner
    clock: ManualClock
    throttle: Throttle
    let_in: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def watch(self) -> None:
        """Remember every batch of the bridge, and everything that was refused to it."""
        enter = self.throttle.enter

        def watched(app: str, batch_items: int | None) -> bool:
            entered = enter(app, batch_items)
            if app != OTHER and (batch_items is not None or not entered):
                (self.let_in if entered else self.refused).append(self.clock.monotonic())
            return entered

        self.throttle.enter = watched  # type: ignore[method-assign]

    async def serve_live(self, orders: list[InboundRecord]) -> list[float]:
        """Two orders a second; how long each second's took beyond QBO's own time, which is none here."""
        began, waited = self.clock.monotonic(), []
        for second, records in enumerate(zip(orders[::2], orders[1::2], strict=False)):
            await self.clock.sleep(max(0.0, began + second - self.clock.monotonic()))
            await self.company.process(records)
            waited.append(self.clock.monotonic() - began - second)
        return waited

    async def work_off(self, records: list[InboundRecord]) -> None:
        """Micro-batch after micro-batch; an outage is waited out, as the session does."""
        for start in range(0, len(records), MICRO_BATCH):
            while True:
                try:
                    await self.company.process(tuple(records[start : start + MICRO_BATCH]))
                    break
                except Unavailable as error:
                    await self.clock.sleep(error.retry_after_s or 1.0)

    def used(self, since: float, until: float) -> float:
        """The part of the published batches a minute that was used, over whole windows of the limit."""
        first = next(at for at in self.let_in if at >= since)
        windows = int((until - first) / WINDOW_S)
        calls = sum(first <= at < first + windows * WINDOW_S for at in self.let_in)
        return calls / (BATCHES_PER_MINUTE * windows * WINDOW_S / 60)


@pytest.fixture(autouse=True)
def computing_takes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated time would pass while a thread computes, as much of it as the machine makes of a second."""
    monkeypatch.setattr(computing, "STEPS_AT_ONCE", 10**9)


@asynccontextmanager
async def watched_company(items_max: int = ITEMS) -> AsyncIterator[Watched]:
    """A company with the published limits on both sides, just taken over."""
    clock = ManualClock()
    app = create_app(SandboxSettings(empty=True), SharedClock(clock))
    connection = ConnectionSettings(credentials=CONNECTION.credentials, base_url=CONNECTION.base_url)
    transport = httpx.ASGITransport(app)
    async with open_client(connection, MemoryStore(), clock, transport=transport, jitter=lambda: 0.5) as client:
        window = timedelta(days=90)
        company = assemble(
            client, MemoryJournal(), clock, MappingRules(), window=window, stop_after=0, items_max=items_max
        )
        await company.take_over(1)
        found = Watched(company, clock, app.state.sandbox.realms[DEFAULT_REALM].throttle)
        found.watch()
        yield found


def backlog(orders: int) -> list[InboundRecord]:
    """The events of so many orders, as they lie on the topic."""
    events = generate(EventSettings(seed=3, orders=orders, mix=ORDERS_ONLY, livemode=False)).events
    return [inbound(event, offset) for offset, event in enumerate(events)]


async def test_a_backlog_uses_the_limits_and_never_exceeds_them() -> None:
    """No 429 that we caused, and nearly all of what is allowed. Guards: the windows of `Budget`, and its pace."""
    async with watched_company() as bridge:
        began = bridge.clock.monotonic()
        await bridge.work_off(backlog(450))
        ramped, ended = began + RAMP_S, bridge.let_in[-1]
        assert bridge.refused == []
        assert ended - ramped > 240
        first_minute = sum(at < began + 60 for at in bridge.let_in)
        assert first_minute == BATCHES_PER_MINUTE / 2, "the old owner may have spent the rest"
        assert bridge.used(ramped, ended) >= 0.95


async def test_another_app_on_the_same_company_is_given_way_and_the_bridge_recovers() -> None:
    """Fewer calls after a 429, slowly more, and everything when it is alone. Guard: `Budget.throttled`."""
    async with watched_company() as bridge:
        until = bridge.clock.monotonic() + 400.0

        async def other_app() -> None:
            while bridge.clock.monotonic() < until:
                for _ in range(OTHER_PER_MINUTE // 60):
                    if bridge.throttle.enter(OTHER, None):
                        bridge.throttle.leave(OTHER)
                await bridge.clock.sleep(1.0)

        other = asyncio.create_task(other_app())
        await bridge.work_off(backlog(600))
        other.cancel()
        recovered, ended = until + RECOVERY_S, bridge.let_in[-1]
        assert ended - recovered > 2 * WINDOW_S
        assert 0 < len(bridge.refused) < 10, "it gives way after a call or two at a time"
        assert max(bridge.refused) < until + 60
        assert bridge.used(0, until) > 0.25, "it goes on meanwhile"
        assert bridge.used(recovered, ended) >= 0.95


async def test_live_orders_do_not_wait_for_the_batches_of_a_minute() -> None:
    """From the first minute of a new owner on: what is small goes alone once batches are spent. Guard: `alone`."""
    async with watched_company(items_max=30) as bridge:
        waited = await bridge.serve_live(backlog(200))
        assert max(waited[1:]) <= 1.0
        assert waited[0] <= 2.0, "right behind the reads of the take-over"
        assert bridge.refused == []
