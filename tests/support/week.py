"""Seven days of a shop in its own time zone, and what `verify` must say of each in the night after it: drawn.

What has to be named is written down while the story is drawn, from what was done to the books and never from a report.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from bridge.commands.verify.command import Report
from mappings.rules import MappingRules
from tests.support.seeded import Named, SeededOrder
from tests.support.seeded_faults import Fault
from tests.support.world import opened
from tests.support.yesterday import Yesterday

ZONES = {"America/New_York": date(2026, 3, 5), "Europe/Berlin": date(2026, 10, 22), "Asia/Kathmandu": date(2026, 5, 4)}
"""The first days of weeks: an hour too few, an hour too many, and a zone a quarter of an hour beside the hours."""
DAYS = 7
NEVER = datetime.max.replace(tzinfo=UTC)
ORPHAN = "orphan"
EDGES = (0.0001, 0.9999)
"""Parts of a day that lie seconds after and before its midnights."""
Happening = Callable[["Week"], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeededFault:
    """What has to be named: since when it is wrong, and the day on which its document was told."""

    name: str
    named: Named
    told_on: date
    wrong_since: datetime


@dataclass(slots=True, kw_only=True)
class Week:
    """The story as it goes on."""

    draw: random.Random
    topic: Yesterday
    zone: ZoneInfo
    first: date
    today: date
    now: datetime
    sales: list[SeededOrder] = field(default_factory=list)
    faults: list[SeededFault] = field(default_factory=list)
    quiet_sales: list[SeededOrder] = field(default_factory=list)
    """Orders of right books of which nothing more is told."""
    happened: Counter[str] = field(default_factory=Counter)
    deposited: set[int] = field(default_factory=set)
    is_down: bool = False
    _numbers: int = 71_000
    """Beside the series in which QuickBooks numbers what people enter."""

    @property
    def now_ms(self) -> int:
        """The moment as records have it."""
        return self.ms(self.now)

    def ms(self, moment: datetime) -> int:
        """A moment as records have it."""
        return int(moment.timestamp() * 1000)

    def day_of(self, at_ms: int) -> date:
        """The company's day of a moment."""
        return datetime.fromtimestamp(at_ms / 1000, self.zone).date()

    def seed(self, name: str, named: Named, *, told_on: date | None = None, since: datetime | None = None) -> None:
        """Write down what has to be named, from now on where nothing else is said."""
        fault = SeededFault(name=name, named=named, told_on=told_on or self.today, wrong_since=since or self.now)
        self.faults.append(fault)

    def new_number(self) -> int:
        """A number for an order, and for all its ids."""
        self._numbers += 1
        return self._numbers

    def sale(self) -> SeededOrder:
        """A new order of this moment, which nobody has told yet."""
        number = self.new_number()
        amount = Decimal(self.draw.randint(500, 9_900)) / 100
        tax = Decimal(self.draw.choice(("0", "1.90")))
        sale = SeededOrder(self.topic, number, amount, tax=tax, placed=self.now)
        self.touch(sale)
        return sale

    def touch(self, sale: SeededOrder) -> SeededOrder:
        """The order at this moment."""
        sale.at, sale.began = self.now_ms, self.now
        return sale

    def some(self, which: Callable[[SeededOrder], bool] = lambda _: True) -> SeededOrder | None:
        """One of the orders of right books that fits, at this moment."""
        found = [each for each in self.sales if which(each)]
        return self.touch(self.draw.choice(found)) if found else None

    def orphans_wait_until(self, moment: datetime) -> None:
        """Money without its order, all of it, is no dead letter before this."""
        self.faults = [replace(each, wrong_since=moment) if each.name == ORPHAN else each for each in self.faults]

    def is_undone(self, name: str) -> None:
        """Faults of this name may have been put right meanwhile: nothing has to be named."""
        self.faults = [replace(each, wrong_since=NEVER) if each.name == name else each for each in self.faults]

    async def pass_to(self, moment: datetime) -> None:
        """Time passes for everybody."""
        await self.topic.world.clock.advance((moment - self.topic.world.clock.now()).total_seconds())
        self.now = moment

    def midnight(self, day: date) -> datetime:
        """When a day of the company begins."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def moments(self, count: int) -> list[datetime]:
        """So many moments of today, some of them at its edges."""
        begins, ends = self.midnight(self.today), self.midnight(self.today + timedelta(days=1))
        parts = [self.draw.choice((*EDGES, *(self.draw.uniform(0.001, 0.999) for _ in range(4)))) for _ in range(count)]
        return sorted(begins + (ends - begins) * part for part in parts)

    async def report(self, first: date, last: date) -> Report:
        """What verify says of these days, both included."""
        since, until = self.midnight(first), self.midnight(last + timedelta(days=1))
        return await self.topic.report(
            consumed=len(self.topic.records) - len(self.topic.held or ()),
            since=self.ms(since),
            until=self.ms(until),
            zone=self.zone,
        )


@asynccontextmanager
async def opened_week(draw: random.Random) -> AsyncIterator[Week]:
    """A company whose week begins."""
    zone, first = draw.choice(sorted(ZONES.items()))
    begins = datetime.combine(first, time(), ZoneInfo(zone)).astimezone(UTC)
    rules = MappingRules(
        shop_domains=("acme.myshopify.com",), time_zone=zone, books_start=first - timedelta(days=draw.randint(1, 40))
    )
    async with opened(rules, start=begins) as world:
        yield Week(draw=draw, topic=Yesterday(world), zone=ZoneInfo(zone), first=first, today=first, now=begins)


async def live_day(week: Week, happenings: Sequence[Happening]) -> None:
    """What happens today, each at its moment; what was left over from the night comes first."""
    for moment, happens in zip(week.moments(len(happenings)), happenings, strict=True):
        await week.pass_to(moment)
        await happens(week)
        week.happened[happens.__name__.strip("_")] += 1


def seeding(fault: Fault) -> Happening:
    """An order with which this goes wrong."""

    async def seed(week: Week) -> None:
        week.seed(fault.__name__, await fault(week.sale()))

    seed.__name__ = fault.__name__
    return seed
