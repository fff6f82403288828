"""Orders of several currencies at rates that move every day: each document is worth what it was on its own day."""

from __future__ import annotations

import random

import pytest

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from tests.ledger.trades import CLEARING, EXCHANGE, SALES, ZERO, Trade, drawn_rates, sell
from tests.support.drawn import note_drawn
from tests.support.sizes import seeds
from tests.support.stripe_lives import SURE
from tests.support.world import opened


@pytest.mark.parametrize("seed", seeds(4))
async def test_every_document_is_worth_what_it_was_on_its_own_day(seed: int) -> None:
    """Income, what lies in clearing and what the exchange has cost, in dollars; in any order, and twice."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    trade = Trade(drawn_rates(draw))
    for number in range(draw.randint(3, 7)):
        sell(draw, trade, number)
    note_drawn(*(f"currencies: {kind}" for kind in trade.kinds))
    print(f"seed {seed}: {trade.kinds}")  # noqa: T201 - a failure must be drawn again
    events = draw.sample([*trade.events, *trade.events], 2 * len(trade.events))
    by_day = {code: {day: str(rate) for day, rate in days.items()} for code, days in trade.rates.items()}
    async with opened() as world:
        wanted = {"preferences": {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}, "daily_rates": by_day}
        set_switches(world.sandbox.realms[DEFAULT_REALM], wanted)
        await world.restart()
        while events:
            size = draw.randint(1, 4)
            await world.deliver(*events[:size])
            events = events[size:]
        assert set(world.statuses()) <= SURE, [result.reason for result in world.told if result.reason]
        books = world.trial_balance()
        assert {name: books.get(name, ZERO) for name in (SALES, CLEARING, EXCHANGE)} == {
            name: trade.nets[name] for name in (SALES, CLEARING, EXCHANGE)
        }
        receivable = [amount for name, amount in books.items() if name.startswith("Accounts Receivable")]
        assert sum(receivable, ZERO) == trade.owed
