"""Owners that are killed and frozen, as processes, against a real Kafka: each record still has one result."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bridge.kafka.connection import KafkaConnection
from tests.support.kafka.bus import Bus

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

RECORDS = 400
ROOT = Path(__file__).resolve().parents[2]


@pytest_asyncio.fixture
async def bus(real: KafkaConnection, unique: str) -> AsyncIterator[Bus]:
    bus = Bus(real, f"company-{unique}")
    await bus.create()
    yield bus
    await bus.close()


class HeardProcess:
    """A running `tests.support.kafka.replica` and what it has said."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.said: list[str] = []
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.said.append(line.decode().strip())

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def end(self) -> int:
        code = await asyncio.wait_for(self._process.wait(), 30)
        await self._listening
        return code


@contextlib.asynccontextmanager
async def replica(bus: Bus, name: str) -> AsyncIterator[HeardProcess]:
    command = [sys.executable, "-m", "tests.support.kafka.replica", bus.connection.bootstrap_servers, bus.company, name]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, cwd=ROOT)
    one = HeardProcess(process)
    try:
        yield one
    finally:
        if process.returncode is None:
            process.kill()
        await one.end()


async def at_work(bus: Bus, first: HeardProcess, second: HeardProcess) -> tuple[HeardProcess, HeardProcess]:
    """The owner, which has just journalled a micro-batch, and the standby, which has joined."""
    await bus.until(lambda: "joined 1" in first.said and "joined 1" in second.said)
    await bus.until(lambda: "owner 1" in first.said + second.said)
    owner, standby = (first, second) if "owner 1" in first.said else (second, first)
    seen = len(owner.said)
    await bus.until(lambda: len(owner.said) > seen and owner.said[-1].startswith("journalled"))
    return owner, standby


def published() -> list[bytes]:
    return [f"{number:04d}".encode() for number in range(RECORDS)]


async def test_a_killed_owner_is_replaced_and_nothing_is_told_twice(bus: Bus) -> None:
    """Killed in the middle of a micro-batch: the successor finds the journal and goes on. Guard: one transaction."""
    await bus.put(published(), partition=0)  # one partition, so that both meet the same records
    async with replica(bus, "first") as first, replica(bus, "second") as second:
        owner, standby = await at_work(bus, first, second)
        owner.send(signal.SIGKILL)
        await owner.end()
        await bus.until_settled(RECORDS)
        assert "owner 2" in standby.said
        standby.send(signal.SIGTERM)
        assert await standby.end() == 0
        assert standby.said[-1] == "released 2"
    assert await bus.result_values() == published()


async def test_a_frozen_owner_that_wakes_up_contradicts_nobody(bus: Bus) -> None:
    """Frozen between journal and settlement for longer than its session. Guard: one transactional id, rule 3."""
    await bus.put(published(), partition=0)  # one partition, so that both meet the same records
    async with replica(bus, "first") as first, replica(bus, "second") as second:
        frozen, standby = await at_work(bus, first, second)
        frozen.send(signal.SIGSTOP)
        await bus.until(lambda: sum(line.startswith("journalled") for line in standby.said) > 1)
        assert standby.said[:3] == ["joined 1", "owner 2", "unsettled 1"], "the frozen batch has been settled by now"
        frozen.send(signal.SIGCONT)
        await bus.until(lambda: "released 1" in frozen.said)
        await bus.until_settled(RECORDS)
        assert [line for line in frozen.said if line.startswith("owner")] == ["owner 1"]
        for one in (frozen, standby):
            one.send(signal.SIGTERM)
            assert await one.end() == 0
    assert await bus.result_values() == published()
