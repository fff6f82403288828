"""Several bridge processes on one file, for two companies, with one sandbox and one broker: what scenarios play on.

Processes are real (`qbo-bridge run`, or `tests.support.launch` for those that end at a chosen instant); they are
known by their handles and stopped by them.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx

from bridge.demo.events import SampleEvent
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import publish
from contracts.records import OutboundRecord
from tests.support.installation import Installation, Tenant, realm_options, tenants
from tests.support.processes import Replica, sandbox_server

QUICK = {"session_timeout_ms": 4000, "heartbeat_interval_ms": 500}
"""A dead owner is missed soon."""
PARTITIONS = 6


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
class Fleet(Installation):
    """Any number of processes that serve an installation, and the sandbox that they meet."""

    kafka_settings: Mapping[str, int | float] = field(default_factory=lambda: QUICK)
    replicas: list[Replica] = field(default_factory=list)

    def start(self, name: str, *command: str) -> Replica:
        """A process on this fleet's one file; `command` replaces `qbo-bridge run`."""
        command = command or ("-m", "bridge.cli.app", "run")
        replica = Replica(
            name, [sys.executable, *command, "--config", str(self.config())], self.environment(), self.folder
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

    def stats(self, company: Tenant) -> dict[str, Any]:
        """What the sandbox counts for a company."""
        found: dict[str, Any] = httpx.get(f"{self.sandbox_url}/sandbox/stats", params={"realm": company.realm}).json()
        return found

    def _scattered(self, record: OutboundRecord, chance: Random) -> OutboundRecord:
        return OutboundRecord(
            topic=chance.choice(self.events),
            partition=chance.randrange(PARTITIONS),
            key=chance.choice((None, record.key)),
            value=record.value,
            headers=record.headers,
        )
