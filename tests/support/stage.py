"""The whole thing on loopback for scenario tests: a broker, the sandbox as a server, the bridge as a real process.

Everything is started as a user would start it, by the same commands, and stopped by its process id.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import publish, read_topic
from bridge.sandbox.currencies import NAMES
from contracts.records import InboundRecord, OutboundRecord
from contracts.results import Result, read_result
from tests.support.installation import REALM, Installation, Tenant, tenants
from tests.support.processes import Replica

INDEX_DAYS = 9000
"""Events of tests are of any year, and none of them shall wait for older books but where a test is about that."""
CALM = {"session_timeout_ms": 6000}
SHOPS = ("acme.myshopify.com", "default")


@dataclass(slots=True, kw_only=True)
class Stage(Installation):
    """One company, and what is beside it, served by one process, or looked at by a command; `of` makes it."""

    @classmethod
    def of(
        cls,
        kafka: KafkaConnection,
        sandbox_url: str,
        folder: Path,
        suffix: str,
        *,
        shops: tuple[str, ...] = SHOPS,
        beside: Sequence[Tenant] = (),
        **options: Any,
    ) -> Self:
        """A stage for the company of the sandbox's own realm, which takes what names no shop and no account too.

        `beside` are companies of the same file, before it.
        """
        own = replace(tenants(suffix)[0], shops=shops, account="default")
        settings: dict[str, Any] = {"company_settings": {"index_days": INDEX_DAYS}, "kafka_settings": CALM, **options}
        companies = (*beside, own)
        return cls(kafka=kafka, sandbox_url=sandbox_url, folder=folder, suffix=suffix, companies=companies, **settings)

    @property
    def company(self) -> str:
        """The company's name."""
        return self.companies[-1].name

    @asynccontextmanager
    async def bridge(
        self, *, ends_with: int = 0, program: Sequence[str] = ("-m", "bridge.cli.app")
    ) -> AsyncIterator[Replica]:
        """`qbo-bridge run` until the block ends; then SIGTERM, which must end it with this code within 30 seconds.

        `program` is what Python is told to run instead of the console script's module.
        """
        command = [sys.executable, *program, "run", "--config", str(self.config())]
        replica = Replica(self.company, command, self.environment(), self.folder)
        try:
            yield replica
            await asyncio.to_thread(replica.terminate, ends_with=ends_with)
        finally:
            replica.kill()

    def log(self) -> str:
        """The end of what the bridge has said so far."""
        return (self.folder / f"{self.company}.log").read_text(encoding="utf-8")[-8000:]

    async def produce(self, records: Iterable[OutboundRecord]) -> int:
        """Publish events to this stage's own topics; how many there were."""
        listed = [_to(record, self.topic(record.topic)) for record in records]
        await publish(self.kafka, listed)
        return len(listed)

    async def outcomes(self, count: int, *, twice: bool = False, timeout_s: float = 60) -> list[Result]:
        """All results so far once `count` records have a terminal one (`twice`: a second one, after a rewind)."""
        deadline = time.monotonic() + timeout_s
        while True:
            results = await self.results()
            told = Counter(result.result_id for result in results if result.status != "waiting")
            done = sum(1 for times in told.values() if times > twice)
            if done >= count:
                return results
            if time.monotonic() > deadline:
                raise AssertionError(f"{done} of {count} records are done: {counted(results)}\n{self.log()}")
            await asyncio.sleep(0.5)

    async def rewind(self) -> None:
        """Set the company's group back to offset 0, as an operator does with Kafka's own tools."""
        options = self.kafka.client_options() | {"enable_auto_commit": False}
        consumer = AIOKafkaConsumer(group_id=f"qbo-bridge.{self.company}", **options)
        await consumer.start()
        try:
            partitions = [TopicPartition(topic, number) for topic in self.events for number in range(6)]
            consumer.assign(partitions)
            await consumer.commit(dict.fromkeys(partitions, 0))
        finally:
            await consumer.stop()

    async def results(self) -> list[Result]:
        return [read_result(record.value or b"") for record in await self.read(self.topic("qbo.results"))]

    async def dead_letters(self) -> list[InboundRecord]:
        return await self.read(self.topic("qbo.dead-letters"))

    async def read(self, topic: str) -> list[InboundRecord]:
        return [record async for record in read_topic(self.kafka, topic)]

    def sandbox(self, path: str) -> Any:
        """What a page of the sandbox says, as JSON with exact numbers as text."""
        with urllib.request.urlopen(f"{self.sandbox_url}/sandbox/{path}") as answer:  # noqa: S310 - our own loopback
            return json.loads(answer.read(), parse_float=str)

    def query(self, entity: str) -> list[dict[str, Any]]:
        """All entities of one type, asked for as any QBO client would; numbers are Decimal."""
        rows: list[dict[str, Any]] = []
        with self._qbo() as qbo:
            while True:
                select = f"select * from {entity} orderby Id startposition {len(rows) + 1} maxresults 1000"  # noqa: S608
                page = qbo.get("query", params={"query": select})
                found = json.loads(page.content, parse_float=Decimal)["QueryResponse"].get(entity, [])
                rows += found
                if len(found) < 1000:
                    return rows

    def switch_on_multicurrency(self) -> None:
        """Let the company hold every currency, as its owner would, with a rate for each day.

        It cannot be switched off again.
        """
        rates = {"daily_rates": dict.fromkeys(NAMES, "1.25")}
        httpx.post(f"{self.sandbox_url}/sandbox/company", json=rates).raise_for_status()
        with self._qbo() as qbo:
            preferences = qbo.get("preferences").json()["Preferences"]
            currencies = preferences["CurrencyPrefs"] | {"MultiCurrencyEnabled": True}
            qbo.post("preferences", json=preferences | {"CurrencyPrefs": currencies}).raise_for_status()

    def _qbo(self) -> httpx.Client:
        form = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh-token"}
        granted = httpx.post(
            f"{self.sandbox_url}/oauth2/v1/tokens/bearer", data=form, auth=("sandbox-client", "sandbox-secret")
        )
        headers = {"Authorization": f"Bearer {granted.json()['access_token']}", "Accept": "application/json"}
        return httpx.Client(base_url=f"{self.sandbox_url}/v3/company/{REALM}/", headers=headers)


def counted(results: Sequence[Result]) -> Counter[str]:
    """How many results there are of each status."""
    return Counter(result.status.value for result in results)


def _to(record: OutboundRecord, topic: str) -> OutboundRecord:
    return OutboundRecord(topic=topic, key=record.key, value=record.value, headers=record.headers)
