"""Taking over again after failures reads the books within a budget; beyond it the company waits, and says so."""

from __future__ import annotations

import pytest

from bridge.company.retaking import ReadBudget, ReadsSpent
from tests.support.orders import bought
from tests.support.world import World, opened


@pytest.mark.parametrize(
    ("spent", "now_s", "wait_s"),
    [
        pytest.param([], 0, 0, id="nothing was read"),
        pytest.param([(0, 9)], 1, 0, id="something is left"),
        pytest.param([(0, 10)], 1, 3_599, id="all is spent"),
        pytest.param([(0, 10)], 3_600, 0, id="an hour later"),
        pytest.param([(0, 5), (600, 5)], 700, 2_900, id="until the first of them is an hour old"),
        pytest.param([(0, 50), (600, 5), (900, 5)], 1_000, 3_200, id="as much as must go, and no more"),
        pytest.param([(0, 5), (600, 25)], 700, 3_500, id="one that was too much by itself"),
    ],
)
def test_the_reads_of_an_hour_are_bounded(spent: list[tuple[float, int]], now_s: float, wait_s: float) -> None:
    """Any hour, wherever it begins. Guard: `ReadBudget.wait_s`."""
    budget = ReadBudget(10)
    for at_s, reads in spent:
        budget.spend(reads, at_s)
    assert budget.wait_s(now_s) == wait_s


async def retake(acme: World, times: int) -> None:
    for _ in range(times):
        acme.company.failed("KeyError at bridge.x:1", by_record=False)
        await acme.company.released()
        await acme.company.take_over(1)


async def test_a_company_that_fails_again_and_again_reads_no_more_than_its_budget() -> None:
    """Reads cost money beyond a month's share. Guard: `_refuse_beyond_the_budget`."""
    async with opened() as acme:
        first = acme.client.counts.reads
        acme.company._budget = ReadBudget(5 * first)
        with pytest.raises(ReadsSpent, match=r"KeyError at bridge.x:1; the reads of this hour .* waits 60 min"):
            await retake(acme, 50)
        assert acme.client.counts.reads <= 7 * first
        (complaint,) = acme.status.ready()
        assert "waits 60 min" in complaint
        assert acme.shown["reason"] in complaint
        assert acme.shown["outage_wait_s"] is None
        await acme.clock.advance(3_600)
        await acme.company.take_over(1)
        (result,) = await acme.tell(bought(1))
        assert result.status == "posted"


async def test_a_company_that_comes_from_another_process_is_taken_over_at_once() -> None:
    """Only what follows a failure is held back. Guard: `retaken_after` in `_refuse_beyond_the_budget`."""
    async with opened() as acme:
        acme.company._budget = ReadBudget(0)
        for epoch in range(2, 5):
            await acme.company.released()
            await acme.company.take_over(epoch)
        (result,) = await acme.tell(bought(1))
        assert result.status == "posted"
