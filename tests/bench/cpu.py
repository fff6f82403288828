"""What the bridge's own CPU costs, beside the floor: `orjson.loads` of the same values, micro-batch by micro-batch.

QuickBooks answers from a recording, so neither the sandbox nor a network is in it; there is no Kafka. Posting and
replay (the same records once more, all in the books) are measured in one process, in CPU time, floor and machine in
turn. Garbage collection is in it, set as the service sets it.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import Callable, Sequence

import httpx
import orjson

from bridge.demo.events import EventSettings, generate
from bridge.kafka.heap import spare_what_was_read, visit_everything_again
from contracts.errors import BatchTooLarge
from contracts.records import InboundRecord
from tests.bench.recorded import Recorded
from tests.bench.report import Row
from tests.support.inbound import inbound
from tests.support.world import World, opened

ORDERS = 1500
MICRO_BATCH = 500
RUNS = 3
FLOOR_TIMES = 20
"""How often the floor is repeated: once is too short for the clock of the process."""
POSTING_AT_MOST, REPLAY_AT_MOST = 25.0, 18.0
WHY = (
    "half of a replay is mapping (Decimal sums, frozen values and their hash, in Python), a fifth planning, a tenth "
    "decoding; the floor makes no value that anything is decided by"
)
Through = Callable[[httpx.AsyncBaseTransport], httpx.AsyncBaseTransport]


def measure(orders: int = ORDERS, runs: int = RUNS) -> list[Row]:
    """The median ratio of all micro-batches, and what an event costs."""
    ratios: dict[str, list[float]] = {"posting": [], "replay": []}
    costs: dict[str, list[float]] = {"posting": [], "replay": []}
    for _ in range(runs):
        records = [inbound(event, offset) for offset, event in enumerate(generate(EventSettings(orders=orders)).events)]
        asyncio.run(_run(records, ratios, costs))
    reach = {"posting": POSTING_AT_MOST, "replay": REPLAY_AT_MOST}
    return [
        row
        for verb, found in ratios.items()
        for row in (
            Row("cpu", f"{verb} against orjson.loads", statistics.median(found), "x", reach[verb], WHY),
            Row("cpu", f"{verb}, an event", statistics.median(costs[verb]) * 1e6, "µs", None),
        )
    ]


async def _run(records: Sequence[InboundRecord], ratios: dict[str, list[float]], costs: dict[str, list[float]]) -> None:
    recorded = Recorded()
    await _both(records, recorded.record, {}, {})
    await _both(records, recorded.play, ratios, costs)


async def _both(
    records: Sequence[InboundRecord], through: Through, ratios: dict[str, list[float]], costs: dict[str, list[float]]
) -> None:
    async with opened(through=through) as world:
        spare_what_was_read()  # as the service does after each take-over
        try:
            for verb in ("posting", "replay"):
                await _work_through(world, records, ratios.setdefault(verb, []), costs.setdefault(verb, []))
        finally:
            visit_everything_again()


async def _work_through(
    world: World, records: Sequence[InboundRecord], ratios: list[float], costs: list[float]
) -> None:
    """Micro-batch by micro-batch; one that the company finds too large is split where it says, as the consumer does."""
    done = 0
    while done < len(records):
        batch = tuple(records[done : done + MICRO_BATCH])
        floor_s = _floor_s(batch)
        began = time.process_time()
        try:
            await world.process(batch)
        except BatchTooLarge as limit:
            batch = batch[: limit.records]
            floor_s = _floor_s(batch)
            began = time.process_time()
            await world.process(batch)
        spent_s = time.process_time() - began
        world.company.committed()
        ratios.append(spent_s / floor_s)
        costs.append(spent_s / len(batch))
        done += len(batch)


def _floor_s(batch: Sequence[InboundRecord]) -> float:
    began = time.process_time()
    for _ in range(FLOOR_TIMES):
        for record in batch:
            # because some of the sample events are broken, as some of any shop's are
            with contextlib.suppress(orjson.JSONDecodeError):
                orjson.loads(record.value or b"")
    return (time.process_time() - began) / FLOOR_TIMES
