"""Time is an argument: the sandbox asks a clock, and a test may hold its hands."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class SandboxClock(Protocol):
    """What the sandbox needs to know about time."""

    def now(self) -> datetime:
        """The wall clock, in UTC."""

    def monotonic(self) -> float:
        """Seconds that only grow, for limits and windows."""

    async def sleep(self, seconds: float) -> None:
        """Wait that long."""

    def advance(self, seconds: float) -> None:
        """Move the hands forward."""


class RunningClock:
    """The machine's time plus an offset that `POST /sandbox/clock` moves."""

    def __init__(self) -> None:
        self._offset_s = 0.0

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self._offset_s)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic() + self._offset_s

    async def sleep(self, seconds: float) -> None:
        """Wait in real time."""
        await asyncio.sleep(seconds)

    def advance(self, seconds: float) -> None:
        """Move the hands forward without waiting."""
        self._offset_s += seconds


class ManualClock:
    """Stands still until told; a sleep ends when enough time was given."""

    def __init__(self, start: datetime = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        """Seconds given so far."""
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        """Wait until `advance` has given that many seconds."""
        until = self._elapsed_s + seconds
        while self._elapsed_s < until:
            await self._moved.wait()

    def advance(self, seconds: float) -> None:
        """Give seconds to everybody who sleeps."""
        self._elapsed_s += seconds
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()
