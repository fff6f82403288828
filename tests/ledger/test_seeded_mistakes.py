"""Mistakes of people in a month of any kind of company: each names its document, and nothing else is accused."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from mappings.rules import MappingRules, load_rules
from tests.ledger.months import ACCOUNTS, RULES, Month, shop_month
from tests.ledger.stripe_months import stripe_month
from tests.support.mistakes import MISTAKES, Desk, undone
from tests.support.orders import Json
from tests.support.reconciling import balanced, named
from tests.support.six_shops import SIX_SHOPS, disputed_in_shop, events_of_shop, with_shop_lists
from tests.support.sizes import seeds
from tests.support.world import World, opened

MONTHS = {"shop": (shop_month,), "stripe": (stripe_month,), "mixed": (shop_month, stripe_month)}
SIX = "six shops"


@asynccontextmanager
async def booked(kind: str, draw: random.Random) -> AsyncIterator[tuple[World, MappingRules, list[Json]]]:
    """A company of this kind whose month is in the books: its rules and its events too."""
    month, rules = Month(), SIX_SHOPS
    if kind == SIX:
        month.events = [each for number in range(6) for each in events_of_shop(number)]
        month.events += [disputed_in_shop(number) for number in (1, 4)]
    else:
        rules = load_rules(RULES.format(by_month="false"))
        for tell in MONTHS[kind]:
            tell(draw, month)
    async with opened(rules) as world:
        if kind == SIX:
            await with_shop_lists(world, by_line=draw.random() < 0.5)
        for name, account_type in ACCOUNTS.items():
            await world.by_hand("account", {"Name": name, "AccountType": account_type})
        await world.restart()
        for start in range(0, len(month.events), 3):
            await world.deliver(*month.events[start : start + 3])
        yield world, rules, month.events


@pytest.mark.parametrize("seed", seeds(3))
@pytest.mark.parametrize("kind", [*MONTHS, SIX])
async def test_each_mistake_names_exactly_its_document(kind: str, seed: int) -> None:
    """Every kind of mistake on a drawn document of its type; a month without one has no difference."""
    draw = random.Random(f"mistakes {kind} {seed}")  # noqa: S311 - no secret
    async with booked(kind, draw) as (world, rules, events):
        clean = await balanced(world, rules, events)
        assert named(clean) == []
        assert clean.agrees
        assert [(each.day, each.difference) for each in clean.rows if each.difference] == []
        for name, mistake in MISTAKES.items():
            async with undone(world):
                expected = await mistake(Desk(world, draw))
                found = await balanced(world, rules, events)
            assert named(found) == ([] if expected is None else [expected]), name
            assert any(row.differing for row in found.rows) == (expected is not None), name


async def test_none_of_the_mistakes_is_left_to_chance() -> None:
    """Six shops have a document for every kind of mistake."""
    draw = random.Random("every kind")  # noqa: S311 - no secret
    async with booked(SIX, draw) as (world, _, _):
        for name, mistake in MISTAKES.items():
            async with undone(world):
                assert await mistake(Desk(world, draw)) is not None, name
