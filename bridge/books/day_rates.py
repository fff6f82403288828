"""QBO's own exchange rates, each asked once by one process: reads are metered, and a day's rate does not change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from bridge.clock import Clock
from bridge.index.company_profile import DayRate
from bridge.quickbooks.client import QuickBooksClient

MISS_KEPT_S = 60.0
"""How long QBO is not asked again for a rate that it did not have: a person may enter it meanwhile."""


class DayRates:
    """The rates of one company by currency and day, as far as they were asked for."""

    def __init__(self, client: QuickBooksClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._rates: dict[DayRate, Decimal | None] = {}
        self._missed_at: dict[DayRate, float] = {}

    async def ask(self, wanted: Iterable[DayRate], home: str) -> None:
        """Ask QBO for those that are not known, in units of `home`. Unavailable when QBO is away."""
        for currency, day in wanted:
            if (currency, day) in self._rates:
                continue
            rate = await self._client.exchange_rate(currency, day, home)
            self._rates[currency, day] = rate
            if rate is None:
                self._missed_at[currency, day] = self._clock.monotonic()

    def known(self) -> Mapping[DayRate, Decimal | None]:
        """What QBO said, None where it has no rate; what it did not have a minute ago is not known any more."""
        now = self._clock.monotonic()
        for wanted in [each for each, at in self._missed_at.items() if now - at >= MISS_KEPT_S]:
            del self._missed_at[wanted], self._rates[wanted]
        return dict(self._rates)
