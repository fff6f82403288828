"""Mistakes of people in books of euros, of yen and of several currencies: each names its document, and nothing else."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from mappings.rules import load_rules
from tests.ledger.months import ACCOUNTS, RULES, Month, shop_month
from tests.ledger.stripe_months import stripe_month
from tests.ledger.trades import Trade, drawn_rates, sell
from tests.support.mistakes import MISTAKES, Desk, undone
from tests.support.orders import Json
from tests.support.reconciling import balanced, named
from tests.support.sizes import seeds
from tests.support.world import World, opened

MONTHS = {"shop": shop_month, "stripe": stripe_month}


def told_in(code: str, events: list[Any]) -> list[Json]:
    """A month of dollars as one of this currency: the same figures, in yen of their smallest unit."""
    text = json.dumps(events).replace('"USD"', f'"{code}"').replace('"usd"', f'"{code.lower()}"')
    found: list[Json] = json.loads(re.sub(r'"(-?\d+)\.(\d\d)"', r'"\1\2"', text) if code == "JPY" else text)
    return found


async def each_is_named(world: World, events: list[Json], draw: random.Random) -> None:
    """Nothing differs, and after each mistake its document alone."""
    clean = await balanced(world, world.rules, events)
    assert named(clean) == []
    assert clean.agrees
    assert clean.rows
    for name, mistake in MISTAKES.items():
        async with undone(world):
            expected = await mistake(Desk(world, draw))
            found = await balanced(world, world.rules, events)
        assert named(found) == ([] if expected is None else [expected]), name


@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize("codes", [("EUR",), ("JPY",), ("EUR", "GBP", "JPY", "USD")], ids="-".join)
async def test_each_mistake_names_exactly_its_document_in_any_currency(codes: tuple[str, ...], seed: int) -> None:
    """A company at home in one of them, or at home in dollars with all of them."""
    draw = random.Random(f"mistakes in {codes} {seed}")  # noqa: S311 - no secret
    trade = Trade(drawn_rates(draw), codes=codes)
    for number in range(draw.randint(5, 8)):
        sell(draw, trade, number)
    by_day = {code: {day: str(rate) for day, rate in days.items()} for code, days in trade.rates.items()}
    async with opened(currency=codes[0] if len(codes) == 1 else "USD") as world:
        several = {"CurrencyPrefs": {"MultiCurrencyEnabled": len(codes) > 1}}
        set_switches(world.sandbox.realms[DEFAULT_REALM], {"preferences": several, "daily_rates": by_day})
        await world.restart()
        for event in trade.events:
            await world.deliver(event)
        await each_is_named(world, trade.events, draw)


@pytest.mark.parametrize("seed", seeds(1))
@pytest.mark.parametrize("kind", list(MONTHS))
@pytest.mark.parametrize("code", ["EUR", "JPY"])
async def test_each_mistake_of_a_month_with_tax_and_payouts_is_named(code: str, kind: str, seed: int) -> None:
    """A company that is at home in it; yen have no decimals."""
    draw, month = random.Random(f"{kind} in {code} {seed}"), Month()  # noqa: S311 - no secret
    MONTHS[kind](draw, month)
    events = told_in(code, month.events)
    async with opened(load_rules(RULES.format(by_month="false")), currency=code) as world:
        for name, account_type in ACCOUNTS.items():
            await world.by_hand("account", {"Name": name, "AccountType": account_type})
        await world.restart()
        for start in range(0, len(events), 3):
            await world.deliver(*events[start : start + 3])
        await each_is_named(world, events, draw)
