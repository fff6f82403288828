"""Whatever the field does and in whatever order it is told: the books hold what was drawn, kind of account by kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st

from tests.ledger.field_days import Day, days, expected_nets, refused
from tests.ledger.field_stories import DRAWN
from tests.ledger.nets import nets
from tests.ledger.told_orders import FieldStory
from tests.support.drawn import note_drawn
from tests.support.sizes import examples
from tests.support.world import opened


@pytest.mark.parametrize("first", DRAWN, ids=lambda kind: kind.__name__.strip("_"))
@settings(
    max_examples=examples(3),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(drawn=st.data())
def test_what_the_field_does_leaves_what_was_drawn(
    drawn: st.DataObject, first: Callable[[int, int], st.SearchStrategy[FieldStory]]
) -> None:
    """Income, tax, liabilities, receivable, money and expense, to the cent; each kind of story is drawn every time."""
    day = drawn.draw(days(first))
    for story in day.told:
        event(story.kind)
        note_drawn(f"field: {story.kind}")
    asyncio.run(_check(day))


async def _check(day: Day) -> None:
    async with opened() as world:
        for batch in day.events():
            for result in await world.deliver(*batch):
                note(f"{result.source.event_type} {result.source.document}: {result.status} {result.reason}")
        await world.idle()
        assert not refused(world)
        assert nets(world) == expected_nets(day.told)
