"""How much of Intuit's limits a backlog uses: a shop's orders from a cold owner, as fast as they may be written.

By a clock that stands while the machine computes, against a sandbox that throttles as Intuit does. Under its limits 40
batches of 30 and 460 single requests fit into a minute; the first minutes, in which a new owner may use half of them,
are left out of the share. As batches go in bursts, it is that of whole minutes, counted back from the last call.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from itertools import pairwise
from typing import NamedTuple

from bridge.demo.events import EventSettings, generate
from bridge.quickbooks.limiter import MARGIN
from tests.bench.report import Row
from tests.support.inbound import inbound
from tests.support.world import opened

ORDERS = 2400
MICRO_BATCH = 500
CALL_S = 0.2
COLD_S = 120.0
ITEMS_A_MINUTE = 40 * 30 + 460
UNUSED_AT_MOST = 0.1
WHY = (
    "customers, invoices and payments of a micro-batch go one after the other: the last batch of each is four short on "
    "the average of all, a tenth of the single requests is left to reads, and one lane idles until the other has ended"
)


class Moment(NamedTuple):
    """What was written up to a second."""

    second: float
    items: int


def measure(orders: int = ORDERS) -> list[Row]:
    """The share of both lanes that is not used, and the answers 429."""
    moments, throttled = asyncio.run(_written(orders))
    left_unused = 1 - _in_whole_minutes(moments) / ITEMS_A_MINUTE
    slowest = max((later.second - before.second for before, later in pairwise(moments)), default=0.0)
    return [
        Row("limits", "share of both lanes that is left unused", left_unused, "", UNUSED_AT_MOST, WHY),
        Row("limits", "orders a minute, the first two included", orders / moments[-1].second * 60, "", None),
        Row("limits", "between two calls, at most", slowest, "s", None),
        Row("limits", "answers 429", throttled, "", 0),
    ]


def _in_whole_minutes(moments: list[Moment]) -> float:
    """What was written a minute, from the last call back to where the owner had the whole limits."""
    end, minute_s = moments[-1], 60 * (1 + MARGIN)
    minutes = max(1, int((end.second - COLD_S) / minute_s))
    since = bisect_right(moments, end.second - minutes * minute_s, key=lambda moment: moment.second) - 1
    return (end.items - moments[max(0, since)].items) / minutes / (1 + MARGIN)


async def _written(orders: int) -> tuple[list[Moment], int]:
    records = [inbound(event, offset) for offset, event in enumerate(generate(EventSettings(orders=orders)).events)]
    async with opened(is_limited=True) as world:
        world.breaks("delay", count=None, seconds=CALL_S)
        began_s, moments = world.clock.monotonic(), [Moment(0.0, 0)]

        def note(*_: object) -> None:
            counts = world.client.counts
            moments.append(Moment(world.clock.monotonic() - began_s, counts.writes + counts.batch_items))

        world.client.on_answer = note
        while records:
            records = records[await world.take(records[:MICRO_BATCH]) :]
        return moments, world.client.counts.throttled
