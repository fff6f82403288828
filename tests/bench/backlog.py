"""What the machine costs on a backlog, beside the floor: the same requests sent bare to a sandbox of the same kind.

    python -m tests.bench.backlog [ORDERS]

Prints counts (events, steps, calls, reads) and the ratio of the whole machine's time to the floor's. Both are measured
in this run and in one process, without Kafka and without limits.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections.abc import Iterable, Sequence

import structlog

from bridge.demo.events import EventSettings, generate
from bridge.journal.requests import unsettled_requests
from bridge.quickbooks.requests import Batch, Request
from contracts.errors import BatchTooLarge
from contracts.records import InboundRecord
from tests.support.assembly import MemoryJournal
from tests.support.inbound import inbound
from tests.support.world import World, opened

MICRO_BATCH = 500
ORDERS = 1000


def main(arguments: Sequence[str] | None = None) -> None:
    """Run both and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.backlog", description=__doc__)
    parser.add_argument("orders", type=int, nargs="?", default=ORDERS)
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    _print(asyncio.run(_measure(given.orders)))


async def _measure(orders: int) -> dict[str, object]:
    records = [inbound(event, offset) for offset, event in enumerate(generate(EventSettings(orders=orders)).events)]
    journal = MemoryJournal(forgets=False)
    async with opened(journal=journal) as acme:
        before = acme.client.counts
        began = time.perf_counter()
        await _work_through(acme, records)
        machine_s = time.perf_counter() - began
        reads = acme.client.counts.reads - before.reads
    requests = [unsettled.request for unsettled in unsettled_requests(journal.entries)]
    floor_s = await _send_bare(requests)
    steps = sum(_steps(request) for request in requests)
    return {
        "events": len(records),
        "steps written": steps,
        "write calls": len(requests),
        "steps per call": f"{steps / len(requests):.1f}",
        "reads": reads,
        "events per second, machine and sandbox": f"{len(records) / machine_s:.0f}",
        "time against the bare requests": f"{machine_s / floor_s:.2f} x",
    }


async def _work_through(acme: World, records: Sequence[InboundRecord]) -> None:
    """Micro-batch by micro-batch; one that the company finds too large is split where it says, as the consumer does."""
    done = 0
    while done < len(records):
        batch = tuple(records[done : done + MICRO_BATCH])
        try:
            await acme.process(batch)
        except BatchTooLarge as limit:
            batch = batch[: limit.records]
            await acme.process(batch)
        done += len(batch)


async def _send_bare(requests: Iterable[Request]) -> float:
    """Seconds that the sandbox alone needs for the same bytes, one call after the other."""
    async with opened() as acme:
        began = time.perf_counter()
        for request in requests:
            await acme.client.send(request)
        return time.perf_counter() - began


def _steps(request: Request) -> int:
    return len(request.items) if isinstance(request, Batch) else 1


def _print(rows: dict[str, object]) -> None:
    width = max(map(len, rows))
    sys.stdout.write("".join(f"{name:<{width}}  {value}\n" for name, value in rows.items()))


if __name__ == "__main__":
    main()
