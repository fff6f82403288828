"""Mistakes of people on what was booked for orders of before the start: each names its document, and nothing else."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import pytest

from bridge.reconciliation.control_kinds import ControlKind
from bridge.reconciliation.reconciled import Reconciled
from mappings.rules import MappingRules, load_rules
from tests.support.mistakes import MISTAKES, Desk, undone
from tests.support.old_orders import ACCOUNTS, GIFT_CARDS, OWN_CARDS, RULES, FirstMonth, first_month
from tests.support.reconciling import balanced, named
from tests.support.sizes import seeds
from tests.support.verifying import verified
from tests.support.world import World, opened


@asynccontextmanager
async def booked(seed: str, *, own_cards: bool = False) -> AsyncIterator[tuple[World, MappingRules, FirstMonth]]:
    """A company whose first month is in the books, told in micro-batches of three."""
    month = first_month(random.Random(seed))  # noqa: S311 - no secret
    rules = load_rules(RULES.format(cards=OWN_CARDS if own_cards else ""))
    async with opened(rules) as world:
        for name, account_type in ACCOUNTS.items():
            await world.by_hand("account", {"Name": name, "AccountType": account_type})
        await world.restart()
        for start in range(0, len(month.events), 3):
            await world.deliver(*month.events[start : start + 3])
        yield world, rules, month


def source_moves(found: Reconciled) -> dict[str, Decimal]:
    """What the events moved on the accounts that are tied; gift cards are one liability, whatever its accounts."""
    moved = {each.name: each.source for each in found.controls if each.kind is ControlKind.CLEARING}
    cards = (each.source for each in found.controls if each.kind is ControlKind.GIFT_CARDS)
    moved[GIFT_CARDS] = -sum(cards, Decimal(0))
    return {name: amount for name, amount in moved.items() if amount}


@pytest.mark.parametrize("seed", seeds(3))
@pytest.mark.parametrize("own_cards", [False, True])
async def test_what_moved_for_old_orders_is_found_as_the_story_tells_it(seed: int, *, own_cards: bool) -> None:
    """Each document once, the old orders themselves as such; accounts move by the story, and nobody believes books."""
    async with booked(f"first month {seed}", own_cards=own_cards) as (world, rules, month):
        verdicts = {f"{each.entity} {each.key}": each for each in await verified(world, rules, month.events)}
        found = await balanced(world, rules, month.events)
    posted = {name for name, each in verdicts.items() if each.verdict.value == "posted"}
    assert posted == {f"JournalEntry {key}" for key in month.entries} | month.others
    assert {verdicts[name].why for name in month.ignored} == {"dated before the start of the books"}
    assert {each.verdict.value for each in verdicts.values()} <= {"posted", "ignored", "cancelled"}
    assert named(found) == []
    assert found.agrees
    assert not any(each.untold for each in found.controls)
    assert source_moves(found) == {name: amount for name, amount in month.moved.items() if amount}


@pytest.mark.parametrize("seed", seeds(3))
async def test_each_mistake_on_a_first_month_names_exactly_its_document(seed: int) -> None:
    """Guard: `late_entries` and `add_late`; entries of late money were believed whatever became of them."""
    draw = random.Random(f"first mistakes {seed}")  # noqa: S311 - no secret
    async with booked(f"first mistakes {seed}", own_cards=draw.random() < 0.5) as (world, rules, month):
        for name, mistake in MISTAKES.items():
            async with undone(world):
                expected = await mistake(Desk(world, draw))
                found = await balanced(world, rules, month.events)
            assert named(found) == ([] if expected is None else [expected]), name


@pytest.mark.parametrize("seed", seeds(2))
async def test_what_a_person_deletes_of_a_first_month_is_missed_one_by_one(seed: int) -> None:
    """Each document that was booked for an old order, by both reports; a deletion that the owner saw is said so."""
    async with booked(f"first deletions {seed}") as (world, rules, month):
        late = [("JournalEntry", key) for key in month.entries]
        late += [(entity, key) for entity, _, key in (each.partition(" ") for each in month.others)]
        for entity, key in late:
            if entity in ("Invoice", "Payment"):
                continue  # because those are of the new books
            async with undone(world):
                row = next(row for each, row in world.ours(entity).items() if str(each) == key)
                await world.by_a_person("delete", entity, row["Id"])
                found = named(await balanced(world, rules, month.events))
                verdicts = await verified(world, rules, month.events)
            assert found == [("not_booked", key)]
            assert [str(each.key) for each in verdicts if each.verdict.value == "missing"] == [key]
