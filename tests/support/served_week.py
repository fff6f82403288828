"""Days of a shop on a real broker: events with their own timestamps, a served process killed and frozen, people.

What has to be named is written down while the story is drawn, from what was done to the books and never from a report.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import orjson
from aiokafka import AIOKafkaProducer

from bridge.quickbooks.wire import dumps
from bridge.reconciliation.documents import DIFFERS
from bridge.sandbox.faults import Kind
from contracts.records import InboundRecord
from tests.support import seeded_faults as faults
from tests.support.installation import REALM
from tests.support.orders import shopify_event
from tests.support.processes import Replica
from tests.support.seeded import Named, SeededOrder
from tests.support.stage import Stage
from tests.support.yesterday import SPAN

ZONE = ZoneInfo("Asia/Kathmandu")
"""A quarter of an hour beside the hours: a day of UTC is none of the company's."""
FROZEN_S = 9.0
"""Longer than a session of Kafka's, so that the frozen process loses the company."""
BOOKED_S = 120.0
FAULTS = (
    faults.invoice_deleted,
    faults.invoice_voided,
    faults.invoice_changed,
    faults.invoice_copied,
    faults.payment_deleted,
    faults.payment_voided,
    faults.payment_changed,
    faults.payment_copied,
    faults.refund_deleted,
    faults.refund_changed,
)
Trouble = Callable[["ServedWeek"], Awaitable[None]]


@dataclass(slots=True)
class ServedBooks:
    """The books in a sandbox that is a server."""

    stage: Stage

    def held(self, entity: str) -> list[dict[str, Any]]:
        return self.stage.query(entity)

    async def by_a_person(self, action: str, entity: str, ident: str, **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self._post(
            "sandbox/human", {"action": action, "entity": entity, "id": ident, **more}
        )
        return found

    async def by_hand(self, entity: str, body: Mapping[str, object]) -> dict[str, Any]:
        token = (await self._post("sandbox/token", {}))["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        answer = await self._post(f"v3/company/{REALM}/{entity.lower()}", body, headers)
        found: dict[str, Any] = answer[entity]
        return found

    def breaks(self, kind: Kind, **rule: Any) -> None:
        self.stage.break_qbo(kind, **rule)

    async def _post(self, path: str, body: Mapping[str, object], headers: Mapping[str, str] | None = None) -> Any:
        wanted = {"Accept": "application/json", **(headers or {})}
        async with httpx.AsyncClient(timeout=30) as http:
            answer = await http.post(f"{self.stage.sandbox_url}/{path}", content=dumps(body), headers=wanted)
        return orjson.loads(answer.raise_for_status().content)


@dataclass(slots=True, kw_only=True)
class NightReport:
    """What the command said of a day, and how it ended."""

    code: int
    verdict: str
    named: set[Named]
    not_reached: int


@dataclass(slots=True, kw_only=True)
class ServedWeek:
    """The story as it goes on; `seeded` is by day what has to be named."""

    stage: Stage
    draw: Random
    today: date
    sales: list[SeededOrder] = field(default_factory=list)
    seeded: dict[date, list[Named]] = field(default_factory=dict)
    world: ServedBooks = field(init=False)
    _replica: Replica | None = None
    _produced: int = 0
    _numbers: int = 71_000
    _starts: int = 0

    def __post_init__(self) -> None:
        self.world = ServedBooks(self.stage)

    def now_ms(self) -> int:
        """A moment of today, its first and last minute among them."""
        part = self.draw.choice((0.0005, 0.9995, self.draw.random()))
        begins = datetime.combine(self.today, time(), ZONE).astimezone(UTC)
        return int((begins + timedelta(days=1) * part).timestamp() * 1000)

    def sale(self) -> SeededOrder:
        """A new order, which nobody has told yet."""
        self._numbers += 1
        at = self.now_ms()
        placed = datetime.fromtimestamp(at / 1000, UTC)
        amount = Decimal(self.draw.randint(500, 9_900)) / 100
        return SeededOrder(self, self._numbers, amount, placed=placed, began=placed, at=at)

    def served(self) -> Replica:
        """The process, started where there is none."""
        if self._replica is None or not self._replica.lives:
            self._starts += 1
            command = [sys.executable, "-m", "bridge.cli.app", "run", "--config", str(self.stage.config())]
            name = f"{self.stage.company}-{self._starts}"
            self._replica = Replica(name, command, self.stage.environment(), self.stage.folder)
        return self._replica

    def kill(self) -> None:
        """No process serves any more."""
        if self._replica is not None:
            self._replica.kill()

    def told(self, *_: object, at: int = SPAN) -> tuple[InboundRecord, ...]:
        """A real consumer takes in whatever is there."""
        raise AssertionError(f"nobody is kept from consuming what was told at {at}")

    async def publish(self, *bodies: object, at: int) -> None:
        """Events of this moment, in their order."""
        options = self.stage.kafka.client_options()
        async with AIOKafkaProducer(**options) as producer:
            for body in bodies:
                await producer.send_and_wait(
                    self.stage.events[0], json.dumps(body).encode(), partition=0, timestamp_ms=at
                )
        self._produced += len(bodies)

    async def deliver(self, *bodies: object, at: int = SPAN) -> None:
        """Events of this moment, taken in."""
        await self.publish(*bodies, at=at)
        await self.all_settled()

    async def all_settled(self) -> None:
        """Every event has its result."""
        self.served()
        await self.stage.outcomes(self._produced, timeout_s=BOOKED_S)

    def night_job(self) -> NightReport:
        """`verify --day` of today as cron starts it."""
        words = [sys.executable, "-m", "bridge.cli.app", "verify", "--config", str(self.stage.config()), "--json"]
        span = ["--company", self.stage.company, "--day", self.today.isoformat()]
        ended = subprocess.run(
            [*words, *span], env=self.stage.environment(), capture_output=True, text=True, timeout=150, check=False
        )
        assert ended.stdout, ended.stderr
        said = json.loads(ended.stdout)
        found = {(each["entity"], each["document"], each["verdict"]) for each in said["findings"]}
        named = {each for each in found if each[2] in DIFFERS}
        return NightReport(code=ended.returncode, verdict=said["verdict"], named=named, not_reached=said["not_reached"])


async def killed(week: ServedWeek) -> None:
    """SIGKILL while events are booked, and another process."""
    await asyncio.sleep(week.draw.uniform(0, 1.5))
    week.kill()


async def frozen(week: ServedWeek) -> None:
    """SIGSTOP until it has lost the company, and SIGCONT."""
    replica = week.served()
    replica.freeze()
    await asyncio.sleep(FROZEN_S)
    replica.wake()


async def outage(week: ServedWeek) -> None:
    """QuickBooks is away for some seconds."""
    week.stage.break_qbo("outage", seconds=3, status=503)


async def answers_lost(week: ServedWeek) -> None:
    """QuickBooks writes, and its answers are lost."""
    week.stage.break_qbo("reset_after", count=2, operation="write")


TROUBLES: tuple[Trouble, ...] = (killed, frozen, outage, answers_lost)


async def live_day(week: ServedWeek, trouble: Trouble) -> None:
    """Orders with their money, cancellations, refunds and people's harmless edits amid a trouble; then two faults."""
    week.served()
    await asyncio.gather(_orders(week), trouble(week))
    await week.all_settled()
    week.stage.heal_qbo()
    paid = next(each for each in week.sales if each.paid and not each.refunds)
    await _later(week, paid).tell(paid.handed_back())
    owed = next(each for each in week.sales if not each.paid and not each.cancelled_at)
    owed.cancelled_at = _later(week, owed).moment()
    await owed.tell(shopify_event("orders/cancelled", owed.body()))
    noted = next(each for each in week.sales if each.paid and not each.refunds)
    await noted.person("edit", "Invoice", noted.key, PrivateNote="call her back")
    for fault in week.draw.sample(FAULTS, 2):
        week.seeded.setdefault(week.today, []).append(await fault(week.sale()))


async def fall_silent(week: ServedWeek) -> None:
    """Orders of the evening, and nobody serves any more: what is booked of them, and what committed, is chance."""
    sale = week.sale()
    known = week.draw.choice([each for each in week.sales if not each.paid and not each.cancelled_at])
    known.grown += Decimal("7.10")
    await week.publish(_later(week, known).body(), at=known.at)
    await week.publish(sale.body(), sale.money(sale.total), sale.body(), at=sale.at)
    week.sales.append(sale)
    await asyncio.sleep(week.draw.uniform(0, 1.5))
    week.kill()


async def _orders(week: ServedWeek) -> None:
    for number in range(4):
        sale = week.sale()
        bodies = [sale.body()] if number % 2 else [sale.body(), sale.money(sale.total), sale.body()]
        week.sales.append(sale)
        await week.publish(*bodies, at=sale.at)


def _later(week: ServedWeek, sale: SeededOrder) -> SeededOrder:
    """The order at a moment of today."""
    sale.at = max(sale.at, week.now_ms())
    return sale
