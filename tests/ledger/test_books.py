"""Whatever orders look like and however their events arrive, the books end equal to the source's own figures."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.ledger.orders import CURRENCIES, Currency
from tests.ledger.stories import Figures, Story, stories
from tests.support.arrivals import micro_batches
from tests.support.drawn import note_drawn
from tests.support.orders import Json
from tests.support.world import World, opened

ORDERS_MAX = 3


@st.composite
def months(draw: st.DrawFn) -> tuple[Currency, list[Story], list[list[Json]]]:
    """Some orders in one currency, and their events in micro-batches: any order, twice, redundant ones left out."""
    currency = CURRENCIES[draw(st.sampled_from(sorted(CURRENCIES)))]
    told = [draw(stories(number, currency)) for number in range(1, ORDERS_MAX + 1)]
    needed = [event for story in told for event in story.needed]
    kept = [event for story in told for event in story.redundant if draw(st.booleans())]
    again = draw(st.lists(st.sampled_from([*needed, *kept]), max_size=3))
    arrival = draw(st.permutations([*needed, *kept, *again]))
    return currency, told, draw(micro_batches(arrival))


@given(months())
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_arrival_of_any_orders_leaves_the_source_s_own_figures(
    month: tuple[Currency, list[Story], list[list[Json]]],
) -> None:
    """Receivable, cash, tax, gift cards, tips to the unit; trial balance zero; nothing left over."""
    currency, told, batches = month
    note_drawn(*(f"books: {story.kind}" for story in told))
    asyncio.run(_check(currency, told, batches))


async def _check(currency: Currency, told: Sequence[Story], batches: Sequence[Sequence[Json]]) -> None:
    async with opened(currency=currency.code) as world:
        for batch in batches:
            for result in await world.deliver(*batch):
                note(f"{result.source.event_type} {result.source.document}: {result.status} {result.reason}")
        await world.idle()
        assert not {"dead_lettered", "waiting"} & set(world.statuses())
        assert sum(world.sandbox.company().ledger.home.values(), Decimal(0)) == 0
        assert figures(world) == sum((story.figures for story in told), Figures())


def figures(world: World) -> Figures:
    """The balances of the accounts that the stories reckon with, debits positive."""
    ledger = world.sandbox.company().ledger

    def balance(**wanted: str) -> Decimal:
        rows = [row for row in world.held("Account") if all(row.get(name) == value for name, value in wanted.items())]
        return sum((ledger.balance(row["Id"]) for row in rows), Decimal(0))

    return Figures(
        receivable=balance(AccountSubType="AccountsReceivable"),
        cash=world.in_transit(),
        tax=balance(AccountSubType="GlobalTaxPayable"),
        gift_cards=balance(Name="Gift cards"),
        tips=balance(Name="Tips"),
    )
