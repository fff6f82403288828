"""A backfill reads its whole range before it books any of it: all its orders are known to the first one already."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from bridge.matching.orders import OrdersAhead, Party, SoughtOrder
from contracts.keys import SourceKey
from contracts.matching import OrderName
from contracts.records import InboundRecord
from contracts.results import Result
from mappings.rules import MatchingRules
from tests.support.entered import keyed
from tests.support.orders import later, ordered
from tests.support.world import RULES, World, opened

ALONE = {"DocNumber": "AB"}
"""A number that names no order."""


async def each_alone(world: World, *records: InboundRecord) -> list[Result]:
    """Micro-batches of one record: none of them tells of another order."""
    return [result for record in records for result in await world.process((record,))]


@pytest.mark.parametrize(("known", "expected"), [(0, "already_posted"), (2, "dead_lettered")])
async def test_an_order_that_comes_later_in_the_range_makes_an_earlier_one_doubtful(known: int, expected: str) -> None:
    """One entry, two orders of that buyer and total: nobody can say which. Guard: `are_alike` over `ahead`."""
    async with opened() as world:
        await keyed(world, "Invoice", **ALONE)
        await world.restart()
        records = (world.record(ordered(0)), world.record(ordered(1)))
        await world.company.read_ahead(records[:known])
        first, *_ = await each_alone(world, *records)
        assert first.status == expected


async def test_an_entry_under_the_number_of_a_later_order_is_that_one() -> None:
    """The first order has its buyer, date and total as well. Guard: `KnownOrders.called` over `ahead`."""
    async with opened() as world:
        mine = await keyed(world, "Invoice", DocNumber="3001")
        await world.restart()
        records = (world.record(ordered(0)), world.record(ordered(1)))
        await world.company.read_ahead(records)
        first, second = await each_alone(world, *records)
        assert [first.status, second.status] == ["posted", "already_posted"]
        assert [(each.operation, each.id) for each in second.entities if each.entity == "Invoice"] == [
            ("adopt", mine["Id"])
        ]


async def test_the_order_of_the_records_changes_nothing() -> None:
    """Read first, either of the two comes out the same."""
    outcomes = []
    for turn in (1, -1):
        async with opened() as world:
            await keyed(world, "Invoice", **ALONE)
            await world.restart()
            records = (world.record(ordered(0)), world.record(ordered(1)))[::turn]
            await world.company.read_ahead(records)
            outcomes.append(sorted(each.status.value for each in await each_alone(world, *records)))
    assert outcomes[0] == outcomes[1]


async def test_the_order_itself_is_no_other_order() -> None:
    """However often it is told in the range. Guard: `_not_here`."""
    async with opened() as world:
        await keyed(world, "Invoice", **ALONE)
        await world.restart()
        records = (world.record(ordered(0)), world.record(later(ordered(0), 50, note="gift")))
        await world.company.read_ahead(records)
        first, *_ = await each_alone(world, *records)
        assert first.status == "already_posted"


async def test_nothing_is_read_where_no_order_is_looked_for() -> None:
    """With `mode = "off"` a backfill reads its range once."""
    rules = RULES.model_copy(update={"matching": MatchingRules(mode="off")})
    async with opened(rules) as world:
        assert not await world.company.read_ahead((world.record(ordered(0)),))


def test_an_order_is_found_by_all_that_was_told_of_it() -> None:
    """By its number and by each of its totals, within the days on either side."""
    order = SoughtOrder(
        key=SourceKey("shopify", "order", "1"),
        named=OrderName(name="#1001", number="1001"),
        totals=frozenset({Decimal(5), Decimal(6)}),
        currency="USD",
        day=date(2026, 3, 2),
        buyer=Party(),
    )
    ahead = OrdersAhead()
    ahead.remember(order)
    ahead.remember(replace(order, day=date(2026, 3, 3)))
    assert [each.day.day for each in ahead.called("1001")] == [3]
    assert list(ahead.of_total(Decimal(6), date(2026, 3, 10), 7)) == [ahead.get(order.key)]
    assert list(ahead.of_total(Decimal(6), date(2026, 3, 11), 7)) == []
    assert list(ahead.called("1002")) == []
