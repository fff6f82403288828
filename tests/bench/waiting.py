"""What parked events cost: an idle second of their company, and a live order of another company of the process.

    python -m tests.bench.waiting [PARKED] [ORDERS]

Both companies have a sandbox of their own in this process, without Kafka and without limits. The other company's orders
are told while the first one has nothing parked, while its parked events lie still, and while it has just taken them
over and looks at each. An idle second is one idle tick; here they follow each other ten times as fast.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import timedelta
from functools import partial

import orjson
import structlog

from bridge.company.parked import SLICE
from bridge.journal.waiting import Parked, journal_key, journal_value
from contracts.records import InboundRecord
from tests.bench.report import Row
from tests.support.assembly import MemoryJournal
from tests.support.clocks import START
from tests.support.orders import ORDER_ID, Json, line, order, transaction
from tests.support.world import SHOPIFY, World, opened

PARKED = 20_000
ORDERS = 60
IDLE_TICKS = 200
IDLE = "CPU ms of an idle second"
IDLE_MS_AT_MOST = 5.0
TICK_S = 0.1
PAUSE_S = 0.02
MOMENT = {"created_at": "2026-11-20T12:00:00Z", "processed_at": "2026-11-20T12:00:00Z"}


def main(arguments: Sequence[str]) -> None:
    """Run and print."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    given = [int(each) for each in arguments]
    parked, orders = (*given, *(PARKED, ORDERS)[len(given) :])
    rows = {"parked events": str(parked)} | {
        name: _shown(ms) for name, ms in asyncio.run(_spent(parked, orders)).items()
    }
    width = max(map(len, rows))
    sys.stdout.write("".join(f"{name:<{width}}  {value}\n" for name, value in rows.items()))


def measure(parked: int = PARKED, orders: int = 10) -> list[Row]:
    """What they cost while nothing happens."""
    spent = asyncio.run(_spent(parked, orders))
    return [Row("waiting", f"{IDLE} with {parked:,} parked", statistics.median(spent[IDLE]), "ms", IDLE_MS_AT_MOST)]


async def _spent(parked: int, orders: int) -> dict[str, list[float]]:
    """Milliseconds of everything that is measured, by its name."""
    async with opened() as other:
        await other.tell(_bought(0))
        alone = await _latency(other, range(1, orders + 1))
        journal = _journal(parked)
        began = time.process_time()
        async with opened(journal=journal) as acme:
            taken_over_s = time.process_time() - began
            async with _idling(acme):
                rechecked = await _latency(other, range(orders + 1, 2 * orders + 1))
            looks = await _look_at_all(acme, parked)
            ticks = [await _cpu_s(acme.idle) for _ in range(IDLE_TICKS)]
            async with _idling(acme):
                still = await _latency(other, range(2 * orders + 1, 3 * orders + 1))
            woken_s = [await _cpu_s(partial(acme.tell, _bought(number))) for number in range(0, parked, parked // 10)]
    seconds = {
        "CPU ms to take over, each": [taken_over_s / parked],
        "CPU ms of a tick that looks at a slice": looks,
        IDLE: ticks,
        "CPU ms of an order that wakes its payment": woken_s,
        "ms of another company's order, nothing parked": alone,
        "ms of another company's order, parked ones lie still": still,
        "ms of another company's order, parked ones are looked at": rechecked,
    }
    return {name: [each * 1000 for each in measured] for name, measured in seconds.items()}


def _journal(parked: int) -> MemoryJournal:
    journal = MemoryJournal()
    for number in range(parked):
        record = _record(number)
        journal.put(journal_key(record), journal_value(Parked(record, START - timedelta(minutes=5))))
    return journal


def _record(number: int) -> InboundRecord:
    body = transaction(id=9_000_000 + number, order_id=ORDER_ID + number, **MOMENT)
    return InboundRecord(
        topic=SHOPIFY,
        partition=1,
        offset=number,
        key=None,
        value=orjson.dumps(body),
        headers=(),
        timestamp_ms=int(START.timestamp() * 1000),
    )


def _bought(number: int) -> Json:
    named = {"id": ORDER_ID + number, "admin_graphql_api_id": None, "name": f"#{number}"}
    return order([line("21.45", 2)], **named, financial_status="pending", created_at=MOMENT["created_at"])


@contextlib.asynccontextmanager
async def _idling(acme: World) -> AsyncIterator[None]:
    """One idle tick after the other beside what is measured."""

    async def tick() -> None:
        while True:
            await acme.idle()
            await asyncio.sleep(TICK_S)

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)


async def _latency(other: World, numbers: Iterable[int]) -> list[float]:
    """Seconds until each order is settled, its calls to the sandbox included."""
    found = []
    for number in numbers:
        began = time.perf_counter()
        await other.tell(_bought(number))
        found.append(time.perf_counter() - began)
        await asyncio.sleep(PAUSE_S)
    return found


async def _look_at_all(acme: World, parked: int) -> list[float]:
    """CPU seconds of each idle tick, until everything was looked at."""
    return [await _cpu_s(acme.idle) for _ in range(parked // SLICE + 2)]


async def _cpu_s(work: Callable[[], Awaitable[object]]) -> float:
    began = time.process_time()
    await work()
    return time.process_time() - began


def _shown(measured: Sequence[float]) -> str:
    """The median, and the longest but for one in twenty."""
    if len(measured) == 1:
        return f"{measured[0]:.3f}"
    ordered = sorted(measured)
    return f"{statistics.median(ordered):.2f} (19 of 20 within {ordered[len(ordered) * 19 // 20]:.2f})"


if __name__ == "__main__":
    main(sys.argv[1:])
