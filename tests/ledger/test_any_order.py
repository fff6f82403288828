"""Whatever order, grouping and repetition: the same books. Through the real pipeline, into the sandbox's own ledger."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

from tests.support.histories import Books, History, expected, histories
from tests.support.sizes import examples
from tests.support.world import World, opened

EXAMPLES = settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
SURE = {"posted", "already_posted", "superseded", "ignored"}


def held(world: World) -> Books:
    return Books(world.invoices(), world.payments())


@EXAMPLES
@given(history=histories())
async def test_any_order_of_arrival_ends_in_the_same_books(history: History) -> None:
    """What is left is what the newest body and all transactions say; nothing waits or is refused."""
    async with opened() as world:
        for batch in history.batches:
            await world.deliver(*batch)
        await world.idle()
        assert held(world) == expected(history)
        assert set(world.statuses()) <= SURE


@pytest.mark.parametrize("notes", ["kept", "lost"])
@EXAMPLES
@given(history=histories())
async def test_everything_again_posts_nothing_even_after_a_restart(notes: str, history: History) -> None:
    """A new process finds all of it done, also without any notes of its own: the books are enough.

    Of two bodies of one second only the notes say which was told: without them a transaction told again may take
    its part out of a payment of the body, until the body is told again too. The books end right all the same.
    """
    async with opened() as world:
        for batch in history.batches:
            await world.deliver(*batch)
        if notes == "lost":
            world.journal.lose_versions()
        await world.restart()
        before, told = world.written(), len(world.results)
        for batch in history.batches:
            await world.deliver(*batch)
        assert held(world) == expected(history)
        assert set(world.statuses()) <= SURE
        if notes == "kept" or not history.is_second_shared:
            assert world.written() == before
            assert set(world.statuses()[told:]) <= SURE - {"posted"}


@pytest.mark.parametrize("void_note", ["prefix", "overwrite"])
@EXAMPLES
@given(history=histories())
async def test_a_restart_between_any_two_batches_changes_nothing(void_note: str, history: History) -> None:
    """The journal's notes and the books are enough, whatever QBO does with the note of what is voided."""
    async with opened(void_note=void_note) as world:
        for batch in history.batches:
            await world.deliver(*batch)
            await world.restart()
        await world.idle()
        assert held(world) == expected(history)
