"""SIGTERM at any moment after the start, a second one included: the process ends with 0, or it had not begun."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from pathlib import Path
from random import Random

import pytest

from bridge.kafka.connection import KafkaConnection
from tests.support.fleet import fleet_of, until

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

STARTS = 12


async def test_a_stop_at_any_moment_of_the_start_ends_with_0(
    real: KafkaConnection, tmp_path: Path, chance: Random
) -> None:
    """Random instants from the first import until the company is owned; exact ones are in `tests/cli`."""
    async with fleet_of(real, tmp_path) as fleet:
        for number in range(STARTS):
            replica = fleet.start(f"start-{number}")
            await until(partial(_catches_sigterm, replica.process.pid), "the first import")
            await asyncio.sleep(chance.uniform(0.0, 4.0))
            await asyncio.to_thread(replica.terminate)
            assert replica.process.returncode == 0, replica.said


async def test_a_second_stop_changes_nothing(real: KafkaConnection, tmp_path: Path) -> None:
    """It may come while the first one is under way, down to the last instant. Guard: the mask in `_serve`."""
    async with fleet_of(real, tmp_path) as fleet:
        (company,) = fleet.companies
        replica = fleet.start("one")
        await until(lambda: replica.phase(company.name) == "running", "the start")
        while replica.lives:
            replica.process.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.001)
        assert replica.process.returncode == 0, replica.said


def _catches_sigterm(pid: int) -> bool:
    """Whether the process has a handler by now; before, it is Python itself that starts."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        pytest.skip("the system does not tell which signals a process catches")
    caught = next(line for line in status.read_text().splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) & 1 << (signal.SIGTERM - 1))
