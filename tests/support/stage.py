"""The whole thing on loopback for scenario tests: a broker, the sandbox as a server, the bridge as a real process.

Everything is started as a user would start it, by the same commands, and stopped by its process id.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import publish, read_topic
from bridge.kafka.topics import create_missing, log_topic, table_topic
from bridge.sandbox.currencies import NAMES
from contracts.records import InboundRecord, OutboundRecord
from contracts.results import Result, read_result

REALM = "9130000000000001"
INDEX_DAYS = 9000
"""Events of tests are of any year, and none of them shall wait for older books but where a test is about that."""
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()


@dataclass(slots=True)
class Stage:
    """One company on one broker and one sandbox. Topics and company carry a suffix, so that stages share a broker."""

    kafka: KafkaConnection
    sandbox_url: str
    folder: Path
    suffix: str
    limits: dict[str, int] = field(default_factory=dict)
    session_timeout_ms: int = 6000
    shops: tuple[str, ...] = ("acme.myshopify.com", "default")
    others: str = ""
    """Tables of other companies, which stand first in the file."""
    environ: dict[str, str] = field(default_factory=dict)
    """Further settings, over the file."""

    @property
    def company(self) -> str:
        return f"acme-{self.suffix}"

    def topic(self, name: str) -> str:
        return f"{name}.{self.suffix}"

    @property
    def events(self) -> tuple[str, str]:
        return self.topic("shopify.events"), self.topic("stripe.events")

    async def create_topics(self) -> None:
        names = (*self.events, self.topic("qbo.results"), self.topic("qbo.dead-letters"))
        await create_missing(
            self.kafka,
            [*map(log_topic, names), *(table_topic(self.topic(name)) for name in ("qbo.journal", "qbo.ids"))],
        )

    def config(self) -> Path:
        """The configuration file of this stage."""
        name = self.company
        limits = "".join(f"{key} = {value}\n" for key, value in self.limits.items())
        path = self.folder / f"{name}.toml"
        path.write_text(
            f"""
[kafka]
bootstrap_servers = "{self.kafka.bootstrap_servers}"
transactions = {str(self.kafka.transactions).lower()}
session_timeout_ms = {self.session_timeout_ms}
[topics]
events = ["{self.events[0]}", "{self.events[1]}"]
results = "{self.topic("qbo.results")}"
dead_letters = "{self.topic("qbo.dead-letters")}"
journal = "{self.topic("qbo.journal")}"
ids = "{self.topic("qbo.ids")}"
[http]
port = 0
[tokens]
path = "{name}.enc"
{self.others}
[[companies]]
name = "{name}"
realm_id = "{REALM}"
environment = "sandbox"
api_base_url = "{self.sandbox_url}"
token_url = "{self.sandbox_url}/oauth2/v1/tokens/bearer"
client_id = "sandbox-client"
index_days = {INDEX_DAYS}
shop_domains = {json.dumps(self.shops)}
stripe_accounts = ["default"]
[companies.limits]
{limits}
""",
            encoding="utf-8",
        )
        return path

    def environment(self) -> dict[str, str]:
        """The secrets, as an operator sets them."""
        company = f"QBO_BRIDGE_COMPANIES__{self.company.upper().replace('-', '_')}__"
        return os.environ | {
            "QBO_BRIDGE_TOKENS__KEY": KEY,
            f"{company}CLIENT_SECRET": "sandbox-secret",
            f"{company}REFRESH_TOKEN": "sandbox-refresh-token",
            **self.environ,
        }

    @asynccontextmanager
    async def bridge(self, *, ends_with: int = 0) -> AsyncIterator[subprocess.Popen[bytes]]:
        """`qbo-bridge run` until the block ends; then SIGTERM, which must end it with this code within 30 seconds."""
        config = self.config()
        with (self.folder / f"{self.company}.log").open("ab") as log:
            process = subprocess.Popen(  # noqa: ASYNC220 - a start takes no time, and the loop has nothing else to do
                [sys.executable, "-m", "bridge.cli.app", "run", "--config", str(config)],
                env=self.environment(),
                stdout=log,
                stderr=log,
            )
        try:
            yield process
            process.send_signal(signal.SIGTERM)
            code = await asyncio.to_thread(process.wait, 30)
            assert code == ends_with, self.log()
        finally:
            process.kill()
            process.wait()

    def log(self) -> str:
        return (self.folder / f"{self.company}.log").read_text(encoding="utf-8")[-8000:]

    def own_page(self, path: str) -> str:
        """One page of the bridge that runs."""
        log = (self.folder / f"{self.company}.log").read_text(encoding="utf-8")
        address = re.findall(r'"address": "(http://[^"]+)"', log)[-1]
        return httpx.get(f"{address}{path}", timeout=10, trust_env=False).text

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


@asynccontextmanager
async def sandbox_server(folder: Path, *options: str) -> AsyncIterator[str]:
    """`qbo-bridge sandbox` on a free port; gives its address."""
    log = (folder / "sandbox.log").open("w+b")
    process = subprocess.Popen(  # noqa: ASYNC220 - see above
        [sys.executable, "-m", "bridge.cli.app", "sandbox", "--port", "0", *options],
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        yield await asyncio.to_thread(_address, folder / "sandbox.log", process)
    finally:
        process.terminate()
        process.wait(20)
        log.close()


def counted(results: Sequence[Result]) -> Counter[str]:
    """How many results there are of each status."""
    return Counter(result.status.value for result in results)


def _address(log: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        for word in log.read_text(encoding="utf-8").split():
            if word.startswith("http://127.0.0.1:"):
                return word.rstrip(".,/")
        time.sleep(0.05)
    raise AssertionError(f"the sandbox did not start: {log.read_text(encoding='utf-8')}")


def _to(record: OutboundRecord, topic: str) -> OutboundRecord:
    return OutboundRecord(topic=topic, key=record.key, value=record.value, headers=record.headers)
