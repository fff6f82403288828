"""A generated month reconciles: nothing that is booked right is accused."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from bridge.reconciliation.control_kinds import ControlKind
from bridge.reconciliation.reconciled import Reconciled
from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from mappings.rules import load_rules
from tests.ledger.months import ACCOUNTS, CHANNEL_TAX, CLEARING, RULES, STRIPE, Month, shop_month
from tests.ledger.stripe_months import stripe_month
from tests.ledger.trades import Trade, drawn_rates, sell
from tests.support.reconciling import balanced, named
from tests.support.sizes import seeds
from tests.support.world import opened

KINDS = {"shop": (shop_month,), "stripe": (stripe_month,), "mixed": (shop_month, stripe_month)}


def open_of(found: Reconciled) -> dict[str, Decimal | None]:
    """What is still open by the events, of each account that has something open."""
    return {each.name: each.open_by_events for each in found.controls if each.name and each.open_by_events}


def truth_of(month: Month) -> dict[str, Decimal]:
    """What the story left on the clearing accounts, and owed of the channel's tax."""
    nets = {CLEARING: month.nets[CLEARING], STRIPE: month.nets[STRIPE], CHANNEL_TAX: -month.nets[CHANNEL_TAX]}
    return {name: amount for name, amount in nets.items() if amount}


@pytest.mark.parametrize("seed", seeds(3))
@pytest.mark.parametrize("kind", list(KINDS))
async def test_a_generated_month_has_no_difference(kind: str, seed: int) -> None:
    """Sales, refunds, disputes, fees and payouts, as told and shuffled; the sums of both sides are equal."""
    draw, month = random.Random(f"reconciled {kind} {seed}"), Month()  # noqa: S311 - no secret
    for tell in KINDS[kind]:
        tell(draw, month)
    rules = load_rules(RULES.format(by_month="false"))
    for events in (month.events, draw.sample(month.events, len(month.events))):
        async with opened(rules) as world:
            for name, account_type in ACCOUNTS.items():
                await world.by_hand("account", {"Name": name, "AccountType": account_type})
            await world.restart()
            for start in range(0, len(events), 3):
                await world.deliver(*events[start : start + 3])
            found = await balanced(world, rules, events)
        assert named(found) == []
        assert all(row.source == row.books and not row.difference for row in found.rows)
        assert found.rows
        assert [(each.name, each.documents) for each in found.controls if each.difference] == []
        assert open_of(found) == truth_of(month)


@pytest.mark.parametrize("seed", seeds(2))
@pytest.mark.parametrize("codes", [("EUR", "GBP", "JPY", "USD"), ("EUR",), ("JPY",)], ids="-".join)
async def test_a_month_in_any_currency_has_no_difference(codes: tuple[str, ...], seed: int) -> None:
    """Several in one company, or a company of one of them; what lies in clearing is the story's, in each currency."""
    draw = random.Random(f"currencies {codes} {seed}")  # noqa: S311 - no secret
    trade = Trade(drawn_rates(draw), codes=codes)
    for number in range(draw.randint(3, 7)):
        sell(draw, trade, number)
    by_day = {code: {day: str(rate) for day, rate in days.items()} for code, days in trade.rates.items()}
    home = codes[0] if len(codes) == 1 else "USD"
    events = draw.sample(trade.events, len(trade.events))
    async with opened(currency=home) as world:
        several = {"CurrencyPrefs": {"MultiCurrencyEnabled": len(codes) > 1}}
        switches = {"preferences": several, "daily_rates": by_day}
        set_switches(world.sandbox.realms[DEFAULT_REALM], switches)
        await world.restart()
        for event in events:
            await world.deliver(event)
        found = await balanced(world, world.rules, events)
    assert named(found) == []
    assert all(row.source == row.books and not row.difference for row in found.rows)
    lies = {each.currency: each.source for each in found.controls if each.kind is ControlKind.CLEARING and each.source}
    assert lies == {code: amount for code, amount in trade.in_clearing.items() if amount}
    assert not any(each.difference for each in found.controls)
    assert {row.currency for row in found.rows} <= set(codes)
