"""Time is an argument: whoever waits or dates something is given a Clock, so that tests own the hours."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is, and how to wait."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC: for dates that are stored or shown."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards: for waits and limits."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; zero or less gives other tasks a turn."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """The wall clock in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The operating system's monotonic clock, in seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep in the running event loop."""
        await asyncio.sleep(max(0.0, seconds))
