"""Faults that were seeded into a span of right orders are each named, and nothing else is."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.commands.verify.command import Report
from tests.support.harmless import AFTERWARDS, BACKLOG, IN_SPAN, Harmless
from tests.support.seeded import Named, SeededOrder
from tests.support.seeded_faults import FAULTS, Fault
from tests.support.sizes import examples
from tests.support.world import opened
from tests.support.yesterday import AFTER, Yesterday, differing

Right = tuple[list[Harmless], list[Harmless]]
"""What happens to an order in the span, and after it."""


@st.composite
def right_orders(draw: st.DrawFn) -> list[Right]:
    """A few orders that are booked right, whatever happens to them."""
    some = st.lists(st.sampled_from(IN_SPAN), max_size=3), st.lists(st.sampled_from(AFTERWARDS), max_size=2)
    return draw(st.lists(st.tuples(*some), min_size=1, max_size=3))


FAULTY = st.lists(st.sampled_from(FAULTS), min_size=1, max_size=4)
DRAWN = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=examples(60)
)


@given(right_orders(), st.integers(0, 2))
@DRAWN
def test_harmless_situations_are_silent(right: list[Right], behind: int) -> None:
    """Alone and together: nothing is named, and the span is clean. Guard: `add_later`, `_is_consumed`."""
    report, _ = asyncio.run(_verified(right, [], behind=behind))
    assert _named(report) == set()
    assert report.verdict == "clean"


@given(right_orders(), FAULTY, st.integers(0, 2))
@DRAWN
def test_each_fault_is_named_and_nothing_else(right: list[Right], faults: list[Fault], behind: int) -> None:
    """The document with its verdict, among right ones and others. Guard: `_twice`, `_absent`, `DIFFERS`."""
    report, expected = asyncio.run(_verified(right, faults, behind=behind))
    assert _named(report) == set(expected)
    assert report.verdict == "differs"


@pytest.mark.parametrize("fault", FAULTS, ids=[each.__name__ for each in FAULTS])
def test_every_kind_of_fault_is_named(fault: Fault) -> None:
    """None is left to chance."""
    report, expected = asyncio.run(_verified([], [fault], behind=0))
    assert _named(report) == set(expected)


@pytest.mark.parametrize("situation", [*IN_SPAN, *AFTERWARDS], ids=lambda each: each.__name__.strip("_"))
def test_every_harmless_situation_is_silent(situation: Harmless) -> None:
    """In the span where that can be, or after it."""
    right: Right = ([situation], []) if situation in IN_SPAN else ([], [situation])
    report, _ = asyncio.run(_verified([right], [], behind=0))
    assert (_named(report), report.verdict) == (set(), "clean")


async def _verified(right: list[Right], faults: list[Fault], *, behind: int) -> tuple[Report, list[Named]]:
    """What verify says, and what it has to name; `behind` records lie on the topic unread."""
    async with opened() as world:
        day = Yesterday(world)
        sales = [SeededOrder(day, 11 + number, Decimal(40 + number)) for number in range(len(right) + len(faults))]
        booked, faulty = sales[: len(right)], sales[len(right) :]
        for sale, (in_span, _) in zip(booked, right, strict=True):
            await sale.tell(sale.body())
            for happens in in_span:
                await happens(sale)
        expected = [await fault(sale) for sale, fault in zip(faulty, faults, strict=True)]
        for sale, (_, after) in zip(booked, right, strict=True):
            sale.at = AFTER
            for happens in after:
                await happens(sale)
        consumed = len(day.records)
        for sale in sales[:behind]:
            await BACKLOG(sale)
        return await day.report(consumed=consumed), expected


def _named(report: Report) -> set[Named]:
    return {(each.entity, str(each.key), each.verdict.value) for each in differing(report)}
