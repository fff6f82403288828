"""Goods came back without money, the order grew, the rest was handed back: what became of the credit is told once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ledger.nets import nets
from tests.ledger.told_orders import CENT, NOTHING, ToldOrder
from tests.support.arrivals import arrivals
from tests.support.orders import Json, adjustment
from tests.support.sizes import examples
from tests.support.world import opened

KEPT, BACK = Decimal(100), Decimal(50)
EVENTS = range(7)


def _told(added: Decimal, *, in_row: bool) -> list[Json]:
    """The order, its money, the goods back, the article that was added, the rest of the money back."""
    told = ToldOrder(1, 1)
    kept, back = told.article(1, KEPT, current_quantity=1), told.article(2, BACK, current_quantity=1)
    returned, new = {**back, "current_quantity": 0}, told.article(3, added, current_quantity=1)
    left, rest = KEPT + added, BACK - added
    told.body([kept, back], "paid", KEPT + BACK, NOTHING)
    told.moved(KEPT + BACK)
    told.refund([(back, 1, BACK)], NOTHING)
    told.body([kept, returned], "paid", KEPT, -BACK)
    told.body([kept, returned, new], "paid", left, -rest)
    told.refund([], rest, order_adjustments=[adjustment(str(-rest))] if in_row else [])
    told.body([kept, returned, new], "partially_refunded", left, NOTHING)
    return told.events


@pytest.mark.parametrize("in_row", [True, False])
@pytest.mark.parametrize("order", [[[3], [4, 6], [2]], [[0, 3], [4, 6], [2]], [[3], [4, 6], [2], [5], [1], [0]]])
async def test_a_credit_memo_that_was_split_up_does_not_come_back(order: list[list[int]], in_row: bool) -> None:  # noqa: FBT001
    """Its refund's own event comes late. Guard: `deleted` in `_note_versions`."""
    await _check(Decimal(30), order, in_row=in_row)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(added=st.integers(1_00, 49_00), order=arrivals(list(EVENTS)), in_row=st.booleans())
def test_the_books_hold_what_is_left_of_the_order(added: int, order: list[list[int]], *, in_row: bool) -> None:
    """Whatever is told first, and however often."""
    asyncio.run(_check(added * CENT, order, in_row=in_row))


async def _check(added: Decimal, order: Sequence[Sequence[int]], *, in_row: bool) -> None:
    events = _told(added, in_row=in_row)
    async with opened() as world:
        for batch in order:
            await world.deliver(*(events[number] for number in batch))
        await world.idle()
        assert nets(world) == {"income": KEPT + added, "money": KEPT + added}
