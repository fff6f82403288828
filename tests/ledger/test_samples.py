"""Samples that were reckoned by hand leave what was reckoned: as they happened, the other way round, and told twice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from tests.ledger.nets import nets
from tests.ledger.samples import IN_DOLLARS, three_currencies
from tests.ledger.told_orders import FieldStory
from tests.support.orders import Json
from tests.support.stripe_lives import SURE
from tests.support.world import World, opened

POUNDS = {"2026-03-02": "0.85", "2026-03-09": "0.90"}
ORDERS: dict[str, Callable[[list[Json]], list[Json]]] = {
    "as it happened": list,
    "the other way round": lambda events: events[::-1],
    "twice": lambda events: [*events, *events],
}


async def _tell(world: World, events: list[Json]) -> None:
    for event in events:
        await world.deliver(event)
        await world.idle()
    assert set(world.statuses()) <= SURE, [result.reason for result in world.told if result.reason]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("sample", IN_DOLLARS, ids=lambda each: each.__name__.strip("_"))
async def test_a_sample_leaves_what_was_reckoned_by_hand(sample: Callable[[], FieldStory], order: str) -> None:
    """By kind of account, to the cent."""
    story = sample()
    async with opened() as world:
        await _tell(world, ORDERS[order](list(story.events)))
        assert nets(world) == story.nets


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("with_sets", [True, False])
async def test_three_currencies_meet_at_the_rates_of_their_days(order: str, *, with_sets: bool) -> None:
    """Also where transactions tell only what the customer saw."""
    story = three_currencies(with_sets=with_sets)
    async with opened(currency="GBP") as world:
        wanted = {"preferences": {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}, "daily_rates": {"EUR": POUNDS}}
        set_switches(world.sandbox.realms[DEFAULT_REALM], wanted)
        await world.restart()
        await _tell(world, ORDERS[order](list(story.events)))
        assert nets(world) == story.nets
