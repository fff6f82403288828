"""A bug of ours while an earlier owner's request is sent again, or in letting go: bounded, and told of its record."""

from __future__ import annotations

from typing import Any

import pytest
import structlog.testing

from bridge.company.progress import TRIES_ALONE
from bridge.posting import poster
from contracts.containment import in_short
from tests.support.bugs import SECRET
from tests.support.orders import bought
from tests.support.world import World, opened


def breaks_for(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """From now on the answer to a request of an earlier owner that holds this order's invoice cannot be taken in."""
    original = vars(poster)["outcome_of_resent"]

    def broken(sent: Any, answer: Any, *more: Any) -> Any:
        if answer.get("DocNumber") == str(3000 + number):
            raise ZeroDivisionError(SECRET)
        return original(sent, answer, *more)

    monkeypatch.setattr(poster, "outcome_of_resent", broken)


async def retakes(world: World) -> int:
    """How often taking over fails before it goes well, given back after each failure as the session does."""
    for times in range(4 * TRIES_ALONE):
        try:
            await world.company.take_over(1)
        except ZeroDivisionError as error:
            world.company.failed(in_short(error), by_record=True)
            await world.company.released()
        else:
            return times
    raise AssertionError("it is never taken over")


async def test_a_request_whose_answer_meets_a_bug_is_left_to_its_records_after_three_tries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The company is taken over, and the books show what it did. Guard: `Progress.resends`."""
    async with opened() as acme:
        records = acme.records(*map(bought, (1, 2, 3)))
        await acme.company.process(records[:2])
        await acme.company.released()
        breaks_for(monkeypatch, 1)
        assert await retakes(acme) == TRIES_ALONE
        results = await acme.deliver_records(*records)
        assert {result.status.value for result in results} <= {"posted", "already_posted"}
        assert sorted(row["DocNumber"] for row in acme.held("Invoice")) == ["3001", "3002", "3003"]
        assert not [key for key in acme.journal.entries if key.startswith("request:")]


async def test_trouble_of_the_world_leaves_no_request_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a bug may be is counted. Guard: `by_record` in `Progress.failed`."""
    async with opened() as acme:
        await acme.company.process(acme.records(bought(1)))
        await acme.company.released()
        with monkeypatch.context() as patched:
            breaks_for(patched, 1)
            for _ in range(2 * TRIES_ALONE):
                with pytest.raises(ZeroDivisionError):
                    await acme.company.take_over(1)
                acme.company.failed("Kafka is away", by_record=False)
                await acme.company.released()
        with structlog.testing.capture_logs() as logged:
            assert await retakes(acme) == 0
        assert {each["event"] for each in logged} & {"journal.resend", "journal.not_resent"} == {"journal.resend"}


async def test_what_a_bug_kept_from_being_dropped_is_dropped_before_the_company_is_owned_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is not published yet may be told by another process. Guard: `_is_released` in `take_over`."""
    async with opened() as acme:
        await acme.company.process(acme.records(bought(1)))
        with monkeypatch.context() as patched:
            patched.setattr(poster.Poster, "forget", _broken)
            with pytest.raises(ZeroDivisionError):
                await acme.company.released()
        acme.journal.entries.clear()
        await acme.company.take_over(1)
        assert acme.company._pipeline.answered == []


def _broken(_: object) -> None:
    raise ZeroDivisionError
