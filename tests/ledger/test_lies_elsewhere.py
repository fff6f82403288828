"""Payouts draw from where the money lies, whoever put it there: people, or the rules of another day."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.ledger.elsewhere import MADE, WATCHED, Elsewhere
from tests.ledger.elsewhere_shops import Shop
from tests.ledger.elsewhere_stripe import Stripe
from tests.support.drawn import note_drawn
from tests.support.sizes import seeds
from tests.support.stripe_lives import SURE
from tests.support.world import World, opened

KINDS: dict[str, tuple[type[Shop] | type[Stripe], ...]] = {
    "shop": (Shop,),
    "stripe": (Stripe,),
    "mixed": (Shop, Stripe),
}


@pytest.mark.parametrize("seed", seeds(4))
@pytest.mark.parametrize("kind", list(KINDS))
async def test_a_payout_takes_each_row_from_where_its_money_lies(kind: str, seed: int) -> None:
    """One deposit of what no bank has yet; each account holds what is still owed; what a bank had is said, by document.

    Sales that people entered, payments and refunds that they moved, and rules that change, between payouts.
    """
    story = Elsewhere(random.Random(f"elsewhere {kind} {seed}"))  # noqa: S311 - no secret
    sellers = [each(story) for each in KINDS[kind]]
    for _ in range(3):
        for _ in range(story.draw.randint(1, 4)):
            story.draw.choice(sellers).sell()
            if story.chance(0.3):
                story.change_rules()
        for seller in sellers:
            if seller.rows:
                seller.pay_out()
    story.draw.choice(sellers).sell()
    note_drawn(*(f"elsewhere: {each}" for each in story.kinds.elements()))
    print(f"seed {seed}: {dict(story.kinds)}")  # noqa: T201 - a failure must be drawn again
    async with opened() as world:
        for name in MADE:
            await world.by_hand("account", {"Name": name, "AccountType": "Other Current Asset"})
        await world.restart()
        await lived(world, story)
        check(world, story)


async def lived(world: World, story: Elsewhere) -> None:
    """The events in micro-batches, what people do between them."""
    batch: list[Any] = []
    for step in [*story.steps, None]:
        if batch and (step is None or callable(step) or len(batch) > story.draw.randint(0, 4)):
            await world.deliver(*batch)
            batch = []
        if callable(step):
            await step(world)
        elif step is not None:
            batch.append(step)


def check(world: World, story: Elsewhere) -> None:
    """The books against the story: accounts, deposits, and what is said of money that a bank had."""
    assert set(world.statuses()) <= SURE
    assert world.balance("AccountsReceivable") == 0
    found = world.trial_balance()
    wanted = {name: amount for name in WATCHED if (amount := story.nets.get(name))}
    assert {name: found[name] for name in WATCHED if name in found} == wanted
    deposits = {str(key): body["TotalAmt"] for key, body in world.ours("Deposit").items()}
    assert deposits == {key: amount for key, amount in story.brought.items() if amount > 0}
    said = {
        str(result.source.document): each.message
        for result in world.told
        for each in result.warnings
        if each.code == "lies_in_bank"
    }
    assert set(said) == {key for key, documents in story.in_bank.items() if documents}
    for key, documents in story.in_bank.items():
        assert all(each in said[key] for each in documents[:5])
