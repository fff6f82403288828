"""A job of `verify` each night of a week of chaos: no false alarm, and no false green."""

from __future__ import annotations

import pytest

from tests.support.nights import FAULTS_A_WEEK, week_of_nights
from tests.support.sizes import seeds


@pytest.mark.parametrize("seed", seeds(2))
async def test_a_week_of_harmless_situations_is_silent(seed: int) -> None:
    """Night by night and as a whole. Guard: `take_unsettled`, `right_by_either`, `add_later`, `_is_consumed`."""
    tally = await week_of_nights(seed, faults=0)
    assert (tally.false_alarms, tally.false_greens) == ([], [])


@pytest.mark.parametrize("seed", seeds(3))
async def test_each_fault_of_a_week_is_named_in_its_night_and_nothing_else(seed: int) -> None:
    """Ten drawn ones, and those of a day later in the week. Guard: `compared_in_full`, `_unmapped`, `DIFFERS`."""
    tally = await week_of_nights(seed, faults=FAULTS_A_WEEK)
    assert (tally.false_alarms, tally.false_greens) == ([], [])
