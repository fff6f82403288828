"""A clock that tests hold in their hands."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class ManualClock:
    """A Clock that moves only when told to, or, with `auto`, when nobody has anything left to do but wait.

    `slept` lists every wait in order, so that a test can read the back-off without living through it.
    """

    def __init__(self, *, auto: bool = True, start: datetime = START) -> None:
        self._auto = auto
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        sleeper = (self._elapsed + max(0.0, seconds), asyncio.get_running_loop().create_future())
        self._sleepers.append(sleeper)
        try:
            while self._auto and not sleeper[1].done():
                await settle()
                if sleeper in self._sleepers and sleeper is min(self._sleepers, key=lambda pair: pair[0]):
                    self._elapsed = max(self._elapsed, sleeper[0])
                    return
            await sleeper[1]
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass: sleepers wake in the order of their times, each before the next one."""
        until = self._elapsed + seconds
        while due := sorted((pair for pair in self._sleepers if pair[0] <= until), key=lambda pair: pair[0]):
            at, woken = due[0]
            self._sleepers.remove(due[0])
            self._elapsed = max(self._elapsed, at)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self._elapsed = until
        await settle()


async def settle(turns: int = 50) -> None:
    """Give every ready task a few turns of the event loop."""
    for _ in range(turns):
        await asyncio.sleep(0)
