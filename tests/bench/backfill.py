"""Books that people kept by hand are backfilled beside live work: how soon live orders are booked, and what is wrong.

    python -m tests.bench.backfill [ORDERS] [--planned] [--write]

Three in five orders are in the books already: by number or by buyer alone, paid or not, some as sales receipts. A job
books the whole range while a live order comes each second; its owner is killed twice, each time after QuickBooks took a
slice and before Kafka did. Limits are Intuit's own, kept by a sandbox that throttles, and each call takes 0.3 s. All
that by a clock which stands while the machine computes: `make bench` says what that takes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import logging
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import structlog

from bridge.journal.job_lines import JobLine, read_left
from bridge.journal.jobs import Job
from contracts.records import InboundRecord
from tests.bench.report import PAGE, write_section
from tests.support.clocks import settle
from tests.support.entered import income
from tests.support.jobs import asked_for, job_now
from tests.support.orders import ORDER_ID, Json, line, order
from tests.support.world import World, opened

ORDERS = 20_000
CALL_S = 0.3
FIRST_NUMBER = 100_000
"""Of an order, far from the numbers that QuickBooks gives to what people enter without one."""
LIVE_EVERY_S = 1.0
LIVE_FIRST = 1_000_000
"""The number of the first live order."""
SESSION_S = 12.0
"""So long after a kill the next process owns the company: Kafka's session timeout, by default."""
TICK_S = 0.02
ENTRY_S = 0.25
"""How long a person takes for an entry, so that all keep the limits too."""
MINUTE_S = 61.0
"""What people asked of QuickBooks no longer counts against its limits."""
HAND_KEYED = 6
"""Of ten orders."""
SECTION = "A backfill into books that people kept by hand, beside live orders"


@dataclass(slots=True)
class LiveOrders:
    """One comes each second; those that are not booked yet, and how long the others took."""

    next_at: float
    count: int = 0
    coming: list[tuple[float, InboundRecord]] = field(default_factory=list)
    took_s: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)

    async def book(self, world: World) -> None:
        """Book, in one micro-batch, all that have come by now."""
        now = world.clock.monotonic()
        while self.next_at <= now:
            self.coming.append((self.next_at, world.record(sold(LIVE_FIRST + self.count))))
            self.count += 1
            self.next_at += LIVE_EVERY_S
        if not self.coming:
            return
        told = await world.process(tuple(record for _, record in self.coming))
        world.company.committed()
        self.statuses.update(each.status.value for each in told)
        self.took_s += [world.clock.monotonic() - came_at for came_at, _ in self.coming]
        self.coming = []


@dataclass(slots=True)
class Measured:
    """What is told of the run."""

    orders: int
    live: LiveOrders
    job_s: float
    job: Job
    throttled: int
    results: Counter[str]
    wrong: list[str]
    written_again: int
    cpu_s: float

    @property
    def rows(self) -> dict[str, str]:
        """Everything that is printed, by its name."""
        ordered, minutes = sorted(self.live.took_s), self.job_s / 60
        return {
            "orders of the range": f"{self.orders:,}, of them {self.orders * HAND_KEYED // 10:,} keyed by hand",
            "the job took": f"{minutes:.1f} minutes, {self.orders / minutes:,.0f} orders a minute",
            "results of the job": _counted(self.results),
            "reads, writes, batches of the job": f"{self.job.reads:,}, {self.job.writes:,}, {self.job.batches:,}",
            "live orders": f"{len(ordered):,}: {_counted(self.live.statuses)}",
            "a live order is booked within": f"{ordered[len(ordered) // 2]:.1f} s (half of them)",
            "19 of 20 live orders within": f"{ordered[len(ordered) * 19 // 20]:.1f} s (meant: under 10 s)",
            "the slowest, beside a killed owner": f"{ordered[-1]:.1f} s",
            "answers 429": str(self.throttled),
            "what is wrong in the books": "; ".join(self.wrong) or "nothing",
            "documents that a second run wrote": str(self.written_again),
            "processor, sandbox included": f"{self.cpu_s:.0f} s",
        }


def _counted(found: Counter[str]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(found.items()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, print, and keep the section when told to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.backfill", description=__doc__)
    parser.add_argument("orders", type=int, nargs="?", default=ORDERS)
    parser.add_argument("--planned", action="store_true", help="the job is held to a plan (backfill --apply)")
    parser.add_argument("--write", action="store_true", help=f"write the section of {PAGE.name} too")
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    rows = asyncio.run(measure(given.orders, is_planned=given.planned)).rows
    width = max(map(len, rows))
    sys.stdout.write("".join(f"{name:<{width}}  {value}\n" for name, value in rows.items()))
    if given.write:
        held = ", held to a plan (`--apply`)" if given.planned else ""
        said = [
            f"A job{held} of {given.orders:,} orders beside one live order a second, under Intuit's limits, by a clock",
            f"that stands while the machine computes; a call takes {CALL_S} s, the owner is killed twice.",
            "`python -m tests.bench.backfill --write` writes this.",
            "",
            "| what | measured |",
            "|---|---|",
            *(f"| {name} | {value} |" for name, value in rows.items()),
        ]
        write_section(SECTION + (" (`--apply`)" if given.planned else ""), "\n".join(said))


async def measure(orders: int, *, is_planned: bool) -> Measured:
    """Keep the books by hand, backfill them beside live orders, and count."""
    async with opened(is_limited=True, piece=500) as first, contextlib.AsyncExitStack() as stack:
        entered = await _keyed_by_hand(first, orders)
        await first.clock.advance(MINUTE_S)
        await first.restart()
        first.breaks("delay", count=None, seconds=CALL_S)
        records = first.records(*(sold(number) for number in range(orders)))
        job = asked_for(first, records, lines=_plan(records, entered) if is_planned else ())
        began_s, began_cpu_s = first.clock.monotonic(), time.process_time()
        live, worlds = LiveOrders(next_at=began_s), [first]
        for killed_after in (orders // 3, 2 * orders // 3):
            await _serve(worlds[-1], job, live, killed_after=killed_after)
            await worlds[-1].clock.advance(SESSION_S)
            heir = opened(after=worlds[-1], is_limited=True, piece=500)
            worlds.append(await stack.enter_async_context(heir))
        last = worlds[-1]
        await _serve(last, job, live)
        await live.book(last)
        job_s, cpu_s = last.clock.monotonic() - began_s, time.process_time() - began_cpu_s
        mine = {record.offset for record in records}
        told = {each.result_id: each for world in worlds for each in world.told if each.source.offset in mine}
        return Measured(
            orders=orders,
            live=live,
            job_s=job_s,
            job=job_now(last, job),
            throttled=sum(world.client.counts.throttled for world in worlds),
            results=Counter(each.status.value for each in told.values()),
            wrong=_wrong(last, orders, live.count) + _left(last, job),
            written_again=await _again(last, records),
            cpu_s=cpu_s,
        )


async def _serve(world: World, job: Job, live: LiveOrders, *, killed_after: int | None = None) -> None:
    """Live orders first, the job in between, until it is over, or the owner is killed after so many of its records."""
    clock = world.clock
    while not job_now(world, job).state.is_over:
        await live.book(world)
        if killed_after is not None and job_now(world, job).records >= killed_after and world.company.has_more:
            await world.company.idle()
            return
        await world.idle()
        await clock.advance(TICK_S if world.company.has_more else max(TICK_S, live.next_at - clock.monotonic()))
        await settle(5)


def sold(number: int) -> Json:
    """An order; each has a total of its own, each buyer has two."""
    price = f"{(10 if number < LIVE_FIRST else 5_000) + number % LIVE_FIRST / 100:.2f}"
    buyer = number % LIVE_FIRST // 2 + number // LIVE_FIRST * LIVE_FIRST
    return order(
        [line(price)],
        id=ORDER_ID + number,
        admin_graphql_api_id=None,
        name=f"#{FIRST_NUMBER + number}",
        order_number=FIRST_NUMBER + number,
        created_at=f"{_day(number)}T12:00:00Z",
        processed_at=f"{_day(number)}T12:00:00Z",
        email=f"buyer{buyer}@example.com",
        customer={"id": 66_000_000 + buyer, **_name(buyer), "email": f"buyer{buyer}@example.com"},
    )


def _day(number: int) -> date:
    return date(2026, 1, 1) + timedelta(days=number % LIVE_FIRST % 300)


def _name(buyer: int) -> dict[str, str]:
    letters = "".join(chr(ord("a") + int(digit)) * 2 for digit in str(buyer))
    return {"first_name": "Dana", "last_name": letters.capitalize()}


async def _keyed_by_hand(world: World, orders: int) -> dict[int, dict[str, str]]:
    """Six in ten of the orders as people enter them; by order the SyncTokens of what stands for it."""
    item = {"Name": "Sales by hand", "Type": "Service", "IncomeAccountRef": {"value": income(world)}}
    sells = {"ItemRef": {"value": (await world.by_hand("item", item))["Id"]}, "TaxCodeRef": {"value": "NON"}}
    customers: dict[str, str] = {}
    found: dict[int, dict[str, str]] = {}
    for number in (each for each in range(orders) if each % 10 < HAND_KEYED):
        told, kind = sold(number), number % 10
        buyer, total = " ".join(_name(number // 2).values()), str(told["total_price"])
        if buyer not in customers:
            email = {"PrimaryEmailAddr": {"Address": told["email"]}} if number % 4 else {}
            customers[buyer] = (await world.by_hand("customer", {"DisplayName": buyer, **email}))["Id"]
        sale = {"Amount": total, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": sells}
        body: dict[str, Any] = {
            "CustomerRef": {"value": customers[buyer]},
            "TxnDate": str(_day(number)),
            "Line": [sale],
        }
        numbered = {} if kind == 4 else {"DocNumber": f"SO-{FIRST_NUMBER + number}"}
        form = "SalesReceipt" if kind == 5 else "Invoice"
        entry = await world.by_hand(form, {**body, **numbered})
        found[number] = {f"{form.lower()}/{entry['Id']}": "0"}
        if kind < 3:
            paid = {"Amount": total, "LinkedTxn": [{"TxnId": entry["Id"], "TxnType": "Invoice"}]}
            payment = await world.by_hand("payment", {**body, "TotalAmt": total, "Line": [paid]})
            found[number] = {f"invoice/{entry['Id']}": _token(world, entry["Id"]), f"payment/{payment['Id']}": "0"}
        await world.clock.advance(3 * ENTRY_S)
    return found


def _token(world: World, invoice: str) -> str:
    return str(world.sandbox.company().tables["Invoice"][invoice]["SyncToken"])


def _plan(records: Sequence[InboundRecord], entered: dict[int, dict[str, str]]) -> list[JobLine]:
    """The lines that `--apply` gives to a service."""
    names = (f"shopify:order:{ORDER_ID + number}" for number in itertools.count())
    return [
        JobLine(name, "adopt" if number in entered else "create", name, entered.get(number, {}), (record.place,))
        for number, (name, record) in enumerate(zip(names, records, strict=False))
    ]


def _left(world: World, job: Job) -> list[str]:
    left = read_left(world.journal.entries, job.id)
    return [f"{len(left)} documents of the plan were left"] if left else []


def _wrong(world: World, orders: int, live: int) -> list[str]:
    """What the books hold otherwise than the orders say, whatever results say."""
    told = [sold(number) for number in (*range(orders), *range(LIVE_FIRST, LIVE_FIRST + live))]
    truth = sum((Decimal(str(each["total_price"])) for each in told), Decimal(0))
    invoices, receipts, payments = (world.held(entity) for entity in ("Invoice", "SalesReceipt", "Payment"))
    sales = [row["TotalAmt"] for row in (*invoices, *receipts)]
    cash = sum((row["TotalAmt"] for row in (*payments, *receipts)), Decimal(0))
    found = {
        "documents": (len(sales), len(told)),
        "documents of ours": (len(world.ours("Invoice")) + len(world.ours("SalesReceipt")), len(told)),
        "different totals": (len(set(sales)), len(told)),
        "sold": (sum(sales, Decimal(0)), truth),
        "received": (cash, truth),
        "owed": (sum(world.owed().values(), Decimal(0)), Decimal(0)),
    }
    return [f"{name} {held}, not {right}" for name, (held, right) in found.items() if held != right]


async def _again(world: World, records: Sequence[InboundRecord]) -> int:
    """How many writes the books see when the same range is backfilled once more."""
    world.heals()
    world.topic.clear()
    before, job = world.written(), asked_for(world, records, ident="8")
    while not job_now(world, job).state.is_over:
        await world.idle()
        await world.clock.advance(TICK_S if world.company.has_more else 1.0)
        await settle(5)
    return world.written() - before


if __name__ == "__main__":
    main()
