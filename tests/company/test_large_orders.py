"""What one order costs grows with its lines, not with their square: 5,000 products must not hold their company up."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import FrameType

from tests.support.orders import line, order
from tests.support.world import opened


def profiled(count: Callable[[FrameType, str, object], None] | None) -> None:
    """Call `count` at each call of a function, in the loop's thread and in those that begin from now on."""
    threading.setprofile(count)
    sys.setprofile(count)


async def steps_of(products: int) -> int:
    """How many functions of ours are called to post an order of so many products."""
    counted: Counter[str] = Counter()

    def count(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and not str(frame.f_globals.get("__name__")).startswith(("bridge.sandbox", "tests.")):
            counted[event] += 1

    async with opened() as world:
        record = world.record(order([line("1.00", 1, id=number, sku=f"S-{number}") for number in range(products)]))
        # because threads that were begun before would compute uncounted
        with ThreadPoolExecutor() as threads:
            asyncio.get_running_loop().set_default_executor(threads)
            profiled(count)
            try:
                (result,) = await world.deliver_records(record)
            finally:
                profiled(None)
    assert result.status == "posted"
    return counted["call"]


async def test_twice_as_many_products_are_about_twice_the_work() -> None:
    """Guards: `_is_about_lists` and `is_of_a_payout` once a plan; sent steps are told apart by their request ids."""
    assert await steps_of(400) < 2.5 * await steps_of(200)
