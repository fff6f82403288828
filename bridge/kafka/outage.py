"""How an owner waits while QBO cannot answer: nothing flows, polling goes on, then the same work is tried again."""

from __future__ import annotations

import asyncio
import math

import structlog

from bridge.kafka.owner import Jitter, Signals
from bridge.kafka.settings import IntakeSettings
from contracts.errors import Paused, Unauthorised, Unavailable

log = structlog.get_logger(__name__)


class OutageWait:
    """The waits of one company; each failure in a row makes the next wait longer."""

    def __init__(self, company: str, settings: IntakeSettings, signals: Signals, jitter: Jitter) -> None:
        self._company = company
        self._settings = settings
        self._signals = signals
        self._jitter = jitter
        self._failures = 0
        self._resumed = asyncio.Event()

    def answered(self) -> None:
        """QBO has answered: the next outage begins with the shortest wait."""
        self._failures = 0

    def resume(self) -> None:
        """End a wait early."""
        self._resumed.set()

    async def wait(self, error: Unavailable) -> None:
        """Return when the work may be tried again: after the seconds that `error` names, or after a back-off."""
        # because QBO knows best when it is back, what it says goes before our own back-off
        wait_s = error.retry_after_s if error.retry_after_s is not None else self.backoff_s()
        self._failures += 1
        self._resumed.clear()
        self._signals.paused(wait_s)
        needs_person = isinstance(error, Unauthorised | Paused)
        # because a dead connection or a pause lasts until a person acts, it is logged once and not with every try
        report = log.debug if needs_person and self._failures > 1 else log.warning
        shown_s = None if math.isinf(wait_s) else round(wait_s, 1)  # JSON has no infinity
        report("company.paused", company=self._company, wait_s=shown_s, reason=str(error))
        try:
            async with asyncio.timeout(None if math.isinf(wait_s) else wait_s):
                await self._resumed.wait()
        except TimeoutError:
            (log.debug if needs_person else log.info)("company.resumed", company=self._company)

    def backoff_s(self) -> float:
        """The next wait of this outage."""
        return self.wait_after_s(self._failures)

    def wait_after_s(self, failures: int) -> float:
        """Doubling from the minimum to the maximum, with jitter so that companies do not come back in step."""
        ceiling = min(self._settings.backoff_max_s, self._settings.backoff_min_s * 2 ** min(failures, 16))
        return self._jitter(max(self._settings.backoff_min_s, ceiling / 2), ceiling)
