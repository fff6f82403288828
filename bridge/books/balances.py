"""What lies on the few accounts on whose balance something rests: each read alone, and not twice in a moment."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.clock import Clock
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.queries import Select, where_in
from contracts.entities import Entity

AGE_MAX_S = 10.0
"""How old what is known of an account may be: reads are metered, and gift cards are redeemed all day."""


class AccountBalances:
    """Reads accounts of one company, and remembers when."""

    def __init__(self, client: QuickBooksClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._read_at: dict[str, float] = {}

    async def read(self, idents: Sequence[str]) -> list[Entity]:
        """The active accounts of these Ids that were not just read. Unavailable when QBO is away."""
        now = self._clock.monotonic()
        wanted = tuple(each for each in idents if now - self._read_at.get(each, now - AGE_MAX_S) >= AGE_MAX_S)
        if not wanted:
            return []
        rows = await self._client.query(Select("Account", conditions=(where_in("Id", wanted),)))
        self._read_at.update(dict.fromkeys(wanted, now))
        return [row for row in rows if row.get("Active", True)]
