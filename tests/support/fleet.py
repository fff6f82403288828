"""Several bridge processes on one file, for two companies, with one sandbox and one broker: what scenarios play on.

Processes are real (`qbo-bridge run`, or `tests.support.launch` for those that end at a chosen instant); they are
known by their handles and stopped by them.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
import orjson

from bridge.demo.events import EventMix, EventSettings, Sample, SampleEvent, generate
from bridge.demo.samples.stories import StoryMix
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import publish
from bridge.kafka.topics import create_missing, log_topic, table_topic
from contracts.records import OutboundRecord
from tests.support.stage import sandbox_server

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
WIDE = {"requests_per_minute": 100_000, "requests_per_second": 1_000, "batches_per_minute": 10_000}
"""Limits that are no limits, for scenarios that are about something else."""
QUICK = {"session_timeout_ms": 4000, "heartbeat_interval_ms": 500}
"""A dead owner is missed soon."""
PARTITIONS = 6
MIX = EventMix(story=StoryMix(gift_card_paid=0))
"""Everything but orders that are paid by gift card in part, whose invoice is not the order's total."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One company: its realm in the sandbox, its shop, its Stripe account, and the sandbox's first refresh token."""

    name: str
    realm: str
    shop: str
    account: str
    refresh_token: str

    def sample(self, seed: int, orders: int, mix: EventMix | None = None) -> Sample:
        """Events of this company, and the sales that they tell of."""
        settings = EventSettings(
            seed=seed,
            orders=orders,
            mix=mix or MIX,
            shop_domain=self.shop,
            stripe_account=self.account,
            livemode=False,
        )
        return generate(settings)


def tenants(suffix: str, count: int = 1) -> tuple[Tenant, ...]:
    """As many companies as a sandbox with `realms_of` them knows."""
    made = []
    for number in range(count):
        realm = f"913000000000000{number + 1}"
        token = "sandbox-refresh-token" if number == 0 else f"sandbox-refresh-token-{realm}"
        name = f"{'acme' if number == 0 else 'bolt'}-{suffix}"
        made.append(Tenant(name, realm, f"{name}.myshopify.com", f"acct_{name.replace('-', '')}", token))
    return tuple(made)


def realm_options(companies: Sequence[Tenant]) -> tuple[str, ...]:
    """What the sandbox is started with, so that it has these companies, empty."""
    return ("--empty", *(word for company in companies for word in ("--realm", company.realm)))


@contextlib.asynccontextmanager
async def fleet_of(
    kafka: KafkaConnection,
    folder: Path,
    *,
    companies: int = 1,
    sandbox: Sequence[str] = ("--no-limits",),
    **options: Any,
) -> AsyncIterator[Fleet]:
    """A fleet with a sandbox of its own and its topics made; whatever runs is ended with the block."""
    suffix = uuid.uuid4().hex[:8]
    known = tenants(suffix, companies)
    async with sandbox_server(folder, *realm_options(known), *sandbox) as url:
        fleet = Fleet(kafka=kafka, sandbox_url=url, folder=folder, companies=known, suffix=suffix, **options)
        await fleet.create_topics()
        try:
            yield fleet
        finally:
            fleet.stop()


async def trickle(fleet: Fleet, events: Sequence[SampleEvent], chance: Random, *, over_s: float) -> int:
    """Produce the events bit by bit, spread over the time; how many there were."""
    began, sent = time.monotonic(), 0
    while sent < len(events):
        due = min(len(events), 1 + int(len(events) * (time.monotonic() - began) / over_s))
        await fleet.produce(events[sent:due], chance)
        sent = due
        await asyncio.sleep(0.3)
    return len(events)


async def until(condition: Callable[[], object], what: str, limit_s: float = 40.0) -> None:
    """Wait for `condition`; the limit only ends a scenario that has failed anyway."""
    deadline = time.monotonic() + limit_s
    while not await asyncio.to_thread(condition):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen within {limit_s} s")
        await asyncio.sleep(0.05)


@dataclass(slots=True, kw_only=True)
class Fleet:
    """Companies on one broker and one sandbox, and any number of processes that serve them."""

    kafka: KafkaConnection
    sandbox_url: str
    folder: Path
    companies: tuple[Tenant, ...]
    suffix: str
    kafka_settings: Mapping[str, int | float] = field(default_factory=lambda: QUICK)
    company_settings: Mapping[str, int | float] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=lambda: WIDE)
    replicas: list[Replica] = field(default_factory=list)

    def topic(self, name: str) -> str:
        """The name of one of this fleet's own topics."""
        return f"{name}.{self.suffix}"

    @property
    def events(self) -> tuple[str, str]:
        """The two event topics, shared by all companies."""
        return self.topic("shopify.events"), self.topic("stripe.events")

    async def create_topics(self) -> None:
        """All topics, as `run` would create them."""
        names = (*self.events, self.topic("qbo.results"), self.topic("qbo.dead-letters"))
        await create_missing(
            self.kafka,
            [*map(log_topic, names), *(table_topic(self.topic(name)) for name in ("qbo.journal", "qbo.ids"))],
        )

    def start(self, name: str, *command: str) -> Replica:
        """A process on this fleet's one file; `command` replaces `qbo-bridge run`."""
        command = command or ("-m", "bridge.cli.app", "run")
        replica = Replica(
            name, [sys.executable, *command, "--config", str(self._config())], self._environment(), self.folder
        )
        self.replicas.append(replica)
        return replica

    def stop(self) -> None:
        """End whatever still runs, without asking."""
        for replica in self.replicas:
            replica.kill()

    async def produce(self, events: Iterable[SampleEvent], chance: Random) -> int:
        """Publish, each event to any of the two topics, any partition, its key kept or not; how many there were."""
        records = [self._scattered(event.record, chance) for event in events]
        await publish(self.kafka, records)
        return len(records)

    def break_qbo(self, kind: str, **rule: object) -> int:
        """Put a fault in force; its number."""
        made = self._post("faults", {"kind": kind} | rule)
        return int(made["faults"][0]["id"])

    def heal_qbo(self) -> None:
        """No fault is in force any more."""
        httpx.delete(f"{self.sandbox_url}/sandbox/faults").raise_for_status()

    def faults(self) -> list[dict[str, Any]]:
        """The rules in force."""
        found: list[dict[str, Any]] = httpx.get(f"{self.sandbox_url}/sandbox/faults").json()["faults"]
        return found

    def stats(self, company: Tenant) -> dict[str, Any]:
        """What the sandbox counts for a company."""
        found: dict[str, Any] = httpx.get(f"{self.sandbox_url}/sandbox/stats", params={"realm": company.realm}).json()
        return found

    def _post(self, page: str, body: object) -> Any:
        answer = httpx.post(f"{self.sandbox_url}/sandbox/{page}", content=orjson.dumps(body))
        answer.raise_for_status()
        return answer.json()

    def _scattered(self, record: OutboundRecord, chance: Random) -> OutboundRecord:
        return OutboundRecord(
            topic=chance.choice(self.events),
            partition=chance.randrange(PARTITIONS),
            key=chance.choice((None, record.key)),
            value=record.value,
            headers=record.headers,
        )

    def _environment(self) -> dict[str, str]:
        found = {"QBO_BRIDGE_TOKENS__KEY": KEY}
        for company in self.companies:
            prefix = f"QBO_BRIDGE_COMPANIES__{company.name.upper().replace('-', '_')}__"
            found[f"{prefix}CLIENT_SECRET"] = "sandbox-secret"
            found[f"{prefix}REFRESH_TOKEN"] = company.refresh_token
        return found

    def _config(self) -> Path:
        path = self.folder / f"bridge-{self.suffix}.toml"
        path.write_text(
            "\n".join(
                [
                    "[kafka]",
                    f'bootstrap_servers = "{self.kafka.bootstrap_servers}"',
                    *_lines(self.kafka_settings),
                    "[topics]",
                    f"events = {json.dumps(self.events)}",
                    *(
                        f'{key} = "{self.topic(f"qbo.{key}".replace("_", "-"))}"'
                        for key in ("results", "dead_letters", "journal", "ids")
                    ),
                    "[http]\nport = 0",
                    f'[tokens]\npath = "tokens-{self.suffix}.enc"',
                    *(self._section(company) for company in self.companies),
                ]
            ),
            encoding="utf-8",
        )
        return path

    def _section(self, company: Tenant) -> str:
        lines = [
            "[[companies]]",
            f'name = "{company.name}"',
            f'realm_id = "{company.realm}"',
            'environment = "sandbox"',
            f'api_base_url = "{self.sandbox_url}"',
            f'token_url = "{self.sandbox_url}/oauth2/v1/tokens/bearer"',
            'client_id = "sandbox-client"',
            f'shop_domains = ["{company.shop}"]',
            f'stripe_accounts = ["{company.account}"]',
            *_lines(self.company_settings),
            "[companies.limits]",
            *_lines(self.limits),
        ]
        return "\n".join(lines)


class Replica:
    """One process; what it says is kept in a file of its own."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.started_at = time.time()
        self._log = folder / f"{name}.log"
        self._url: str | None = None
        with self._log.open("ab") as out:
            self._begins_at = out.tell()
            self.process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=out, stderr=out)

    @property
    def lives(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    def kill(self) -> None:
        """Kill -9, also of a frozen one."""
        if self.lives:
            self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """SIGSTOP."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def terminate(self, limit_s: float = 30.0) -> float:
        """SIGTERM; the seconds that it took to end with 0."""
        began = time.monotonic()
        self.process.terminate()
        code = self.process.wait(limit_s)
        if code == -signal.SIGTERM and not self._has_begun():
            return time.monotonic() - began
        assert code == 0, f"{self.name} ended with {code}: {self.said[-3000:]}"
        return time.monotonic() - began

    @property
    def said(self) -> str:
        """Everything that it has logged."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def _has_begun(self) -> bool:
        """Whether it listens to signals: before that Python ends as any program does."""
        with self._log.open("rb") as log:
            log.seek(self._begins_at)
            return b"http.listening" in log.read()

    def events(self, name: str, **facts: object) -> list[dict[str, Any]]:
        """Its log lines of one event with these facts."""
        found = []
        for line in self.said.splitlines():
            if f'"{name}"' in line and line.startswith("{"):
                entry = json.loads(line)
                if entry.get("event") == name and all(entry.get(key) == value for key, value in facts.items()):
                    found.append(entry)
        return found

    def page(self, path: str) -> httpx.Response:
        """One of its own pages; `httpx.HTTPError` while it has none."""
        if self._url is None:
            heard = self.events("http.listening")
            if not heard:
                raise httpx.ConnectError(f"{self.name} does not listen yet")
            self._url = str(heard[-1]["address"])
        return httpx.get(f"{self._url}{path}", timeout=5)

    @property
    def is_ready(self) -> bool:
        """What /readyz says; false while nobody answers."""
        try:
            return self.page("/readyz").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def company(self, name: str) -> dict[str, Any]:
        """What /status says of one company."""
        found: list[dict[str, Any]] = self.page("/status").json()["companies"]
        return next(each for each in found if each["company"] == name)

    def phase(self, name: str) -> str:
        """The company's phase here; "none" while nobody answers."""
        try:
            return str(self.company(name)["phase"])
        except httpx.HTTPError:
            return "none"


def _lines(settings: Mapping[str, int | float]) -> list[str]:
    return [f"{key} = {value}" for key, value in settings.items()]
