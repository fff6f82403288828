"""How much of Intuit's limits a backlog uses: a shop's orders from a cold owner, as fast as they may be written.

By a clock that stands while the machine computes, against a sandbox that throttles as Intuit does. Under its limits 40
batches of 30 and 460 single requests fit into a minute; the first minutes, in which a new owner may use half of them,
are left out of the share.
"""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import NamedTuple

from bridge.demo.events import EventSettings, generate
from contracts.errors import BatchTooLarge
from contracts.records import InboundRecord
from tests.bench.report import Row
from tests.support.inbound import inbound
from tests.support.world import World, opened

ORDERS = 2400
MICRO_BATCH = 500
CALL_S = 0.2
COLD_S = 120.0
ITEMS_A_MINUTE = 40 * 30 + 460
UNUSED_AT_MOST = 0.1


class Moment(NamedTuple):
    """What was written up to a second."""

    second: float
    items: int


def measure(orders: int = ORDERS) -> list[Row]:
    """The share of both lanes that is not used, and the answers 429."""
    moments, throttled = asyncio.run(_written(orders))
    warm = [each for each in moments if each.second >= COLD_S] or moments
    minutes = (warm[-1].second - warm[0].second) / 60
    rate = (warm[-1].items - warm[0].items) / minutes if minutes else 0.0
    slowest = max((later.second - before.second for before, later in pairwise(moments)), default=0.0)
    return [
        Row("limits", "share of both lanes that is left unused", 1 - rate / ITEMS_A_MINUTE, "", UNUSED_AT_MOST),
        Row("limits", "orders a minute, the first two included", orders / moments[-1].second * 60, "", None),
        Row("limits", "a micro-batch, at most", slowest, "s", None),
        Row("limits", "answers 429", throttled, "", 0),
    ]


async def _written(orders: int) -> tuple[list[Moment], int]:
    records = [inbound(event, offset) for offset, event in enumerate(generate(EventSettings(orders=orders)).events)]
    async with opened(is_limited=True) as world:
        world.breaks("delay", count=None, seconds=CALL_S)
        began_s, moments = world.clock.monotonic(), [Moment(0.0, 0)]
        while records:
            records = records[await _next(world, tuple(records[:MICRO_BATCH])) :]
            counts = world.client.counts
            moments.append(Moment(world.clock.monotonic() - began_s, counts.writes + counts.batch_items))
        return moments, world.client.counts.throttled


async def _next(world: World, batch: tuple[InboundRecord, ...]) -> int:
    """How many records were taken: one micro-batch, smaller where the company finds it too large."""
    try:
        await world.process(batch)
    except BatchTooLarge as limit:
        batch = batch[: limit.records]
        await world.process(batch)
    world.company.committed()
    return len(batch)
