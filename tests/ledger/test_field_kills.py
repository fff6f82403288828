"""Whatever the field does, an owner that is killed between any two requests leaves the same books to the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.rules import MappingRules, load_rules
from tests.ledger.field_days import Day, days, expected_nets, refused
from tests.ledger.field_stories import DRAWN
from tests.ledger.nets import nets
from tests.ledger.told_orders import FieldStory
from tests.support.sizes import examples
from tests.support.world import RULES, opened

RECEIPTS = load_rules('[orders]\ndocument = "sales_receipt"')
KILLS = st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=1, max_size=6)
"""Requests of a micro-batch after which its owner is killed, None: it lives on; the first again after the last."""


@pytest.mark.parametrize("first", DRAWN, ids=lambda kind: kind.__name__.strip("_"))
@settings(
    max_examples=examples(2),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(drawn=st.data(), kills=KILLS, rules=st.sampled_from((RULES, RECEIPTS)))
def test_a_kill_between_any_two_requests_changes_nothing(
    drawn: st.DataObject,
    kills: list[int | None],
    rules: MappingRules,
    first: Callable[[int, int], st.SearchStrategy[FieldStory]],
) -> None:
    """Nobody writes twice or leaves out, and what the bridge voided is no person's. Guards: `own_voids`, `_resend`."""
    asyncio.run(_check(drawn.draw(days(first)), kills, rules))


async def _check(day: Day, kills: list[int | None], rules: MappingRules) -> None:
    async with opened(rules) as world:
        for number, batch in enumerate(day.events()):
            await world.deliver_twice(*batch, requests=kills[number % len(kills)])
        await world.idle()
        assert not refused(world)
        assert nets(world) == expected_nets(day.told)
