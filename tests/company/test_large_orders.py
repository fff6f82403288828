"""What one order costs grows with its lines, not with their square: 5,000 products must not hold their company up."""

from __future__ import annotations

import sys
from collections import Counter
from types import FrameType

from tests.support.orders import line, order
from tests.support.world import opened


async def steps_of(products: int) -> int:
    """How many functions of ours are called to post an order of so many products."""
    counted: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and not str(frame.f_globals.get("__name__")).startswith(("bridge.sandbox", "tests.")):
            counted[event] += 1

    async with opened() as world:
        record = world.record(order([line("1.00", 1, id=number, sku=f"S-{number}") for number in range(products)]))
        sys.setprofile(count)
        try:
            (result,) = await world.deliver_records(record)
        finally:
            sys.setprofile(None)
    assert result.status == "posted"
    return counted["call"]


async def test_twice_as_many_products_are_about_twice_the_work() -> None:
    """Guards: `_is_about_lists` and `is_of_a_payout` once a plan; sent steps are told apart by their request ids."""
    assert await steps_of(400) < 2.5 * await steps_of(200)
