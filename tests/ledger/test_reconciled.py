"""A generated month reconciles: nothing that is booked right is accused."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

from bridge.reconciliation.reconciled import Reconciled
from mappings.rules import load_rules
from tests.ledger.months import ACCOUNTS, CHANNEL_TAX, CLEARING, RULES, STRIPE, Month, shop_month
from tests.ledger.stripe_months import stripe_month
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
