"""A month of a generated shop and what is paid out of it: the bank has each payout, clearing what is still owed."""

from __future__ import annotations

import random

import pytest

from mappings.rules import load_rules
from tests.ledger.months import ACCOUNTS, RULES, Month, shop_month
from tests.ledger.stripe_months import stripe_month
from tests.support.drawn import note_drawn
from tests.support.sizes import seeds
from tests.support.stripe_lives import SURE
from tests.support.world import World, opened

KINDS = {"shop": (shop_month,), "stripe": (stripe_month,), "mixed": (shop_month, stripe_month)}
SEEDS = seeds(2)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", list(KINDS))
async def test_a_month_of_payouts_ends_in_the_bank(kind: str, seed: int) -> None:
    """As told, shuffled and told twice: each paid payout is one deposit, clearing is what is still owed to the cent.

    Income, tax and fees are the story's, and nobody owes anything.
    """
    draw = random.Random(f"{kind} {seed}")  # noqa: S311 - no secret
    month = Month()
    for tell in KINDS[kind]:
        tell(draw, month)
    note_drawn(*(f"payouts: {each}" for each in month.kinds.elements()))
    print(f"seed {seed}: {dict(month.kinds)}")  # noqa: T201 - a failure must be drawn again
    for way in ("as told", "shuffled", "twice"):
        events = month.events * (2 if way == "twice" else 1)
        if way != "as told":
            events = draw.sample(events, len(events))
        by_month = str(draw.random() < 0.5).lower()
        async with opened(load_rules(RULES.format(by_month=by_month))) as world:
            for name, account_type in ACCOUNTS.items():
                await world.by_hand("account", {"Name": name, "AccountType": account_type})
            await world.restart()
            while events:
                size = draw.randint(1, 5)
                await world.deliver(*events[:size])
                events = events[size:]
            check(world, month)


def check(world: World, month: Month) -> None:
    """The books against the story, account by account."""
    assert set(world.statuses()) <= SURE
    assert {each.code for result in world.told for each in result.warnings} <= {"received_unknown"}
    assert world.balance("AccountsReceivable") == 0
    assert world.trial_balance() == {account: amount for account, amount in month.nets.items() if amount}
    deposits = {str(key): body["TotalAmt"] for key, body in world.ours("Deposit").items()}
    brought = {key: deposits[key] for key in month.payouts if key in deposits}
    assert brought == {key: amount for key, amount in month.payouts.items() if amount > 0}
