"""QBO goes away in the middle of the work: whoever goes on, the same process or another, ends in the same books."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import Unavailable
from tests.support.histories import Books, History, expected, histories
from tests.support.sizes import examples
from tests.support.world import World, opened

EXAMPLES = settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
Loss = Literal["reset_before", "reset_after", "fail_before", "fail_after"]


async def deliver(world: World, history: History, *, restarts: bool) -> None:
    """All batches; one that is interrupted comes again once QBO is back."""
    for batch in history.batches:
        try:
            await world.deliver(*batch)
        except Unavailable:
            world.heals()
            if restarts:
                await world.restart()
            await world.again()
    await world.idle()


@pytest.mark.parametrize("restarts", [False, True], ids=["the same process", "another process"])
@EXAMPLES
@given(
    history=histories(),
    skip=st.integers(0, 6),
    loss=st.sampled_from(["reset_before", "reset_after", "fail_before", "fail_after"]),
)
async def test_an_outage_anywhere_changes_nothing(restarts: bool, history: History, skip: int, loss: Loss) -> None:  # noqa: FBT001 - parametrised
    """Whether the last write was done or not, and whether its answer came or not."""
    async with opened() as world:
        world.breaks(loss, operation="write", count=None, skip=skip)
        await deliver(world, history, restarts=restarts)
        assert Books(world.invoices(), world.payments()) == expected(history)
        assert not set(world.statuses()) & {"waiting", "dead_lettered"}
