"""What `verify` says of orders that are booked right: the source's own figures agree with the books."""

from __future__ import annotations

import asyncio

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ledger.field_stories import DRAWN
from tests.ledger.orders import CURRENCIES, Currency
from tests.ledger.stories import Story, stories
from tests.ledger.told_orders import FieldStory
from tests.support.orders import Json
from tests.support.sizes import examples
from tests.support.verifying import verified
from tests.support.world import RULES, World, opened


@st.composite
def orders(draw: st.DrawFn) -> tuple[Currency, list[Story]]:
    currency = CURRENCIES[draw(st.sampled_from(sorted(CURRENCIES)))]
    return currency, [draw(stories(number, currency)) for number in (1, 2)]


@given(orders())
@settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_the_source_s_own_figures_agree_with_the_books(drawn: tuple[Currency, list[Story]]) -> None:
    """Guard: no edit, refund, gift card, tip, rounding or trimmed body makes a right document look drifted."""
    currency, told = drawn
    events = [event for story in told for event in (*story.needed, *story.redundant)]
    assert asyncio.run(_drifted(currency, events)) == []


@given(story=st.one_of([kind(1, 1) for kind in DRAWN]))
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_source_s_own_figures_agree_with_what_the_field_does(story: FieldStory) -> None:
    """Guard: the tax of channels, what refunds handed back, tips, duties, cards, chargebacks and later edits."""
    assert asyncio.run(_drifted(CURRENCIES["USD"], list(story.events))) == []


async def _drifted(currency: Currency, events: list[Json]) -> list[str]:
    async with opened(currency=currency.code) as world:
        for event in events:
            await world.deliver(event)
        await world.idle()
        return await drifted(world, events)


async def drifted(world: World, events: list[Json]) -> list[str]:
    """Why documents of `events` differ, asked as `verify` asks."""
    return [
        f"{each.key}: {each.why}" for each in await verified(world, RULES, events) if each.verdict.value == "drifted"
    ]
