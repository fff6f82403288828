"""Whatever fails, and whichever record it needs: all others are told, it ends alone, and the company goes on."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from bridge.books.books import Books
from bridge.clock import Clock
from bridge.company.owner import BooksOwner
from bridge.company.progress import TRIES_ALONE, Progress
from bridge.decoding.decision import MappedRecord
from bridge.journal.requests import WriteAhead
from bridge.posting import poster
from bridge.posting.quickbooks_sender import QuickBooksSender
from bridge.telemetry.status import CompanyBoard, StatusBoard
from contracts.containment import in_short
from contracts.errors import BatchTooLarge
from contracts.lifecycle import Phase
from contracts.posting import Ignored
from contracts.records import InboundRecord, OutboundRecord
from tests.support.bugs import SECRET
from tests.support.clocks import ManualClock
from tests.support.orders import ORDER_ID, bought, transaction
from tests.support.world import World, opened

IMPURE: Mapping[str, tuple[object, str]] = {
    "reading": (Books, "read_recorded"),
    "journalling": (WriteAhead, "append"),
    "sending": (QuickBooksSender, "_answers"),
    "taking the answer in": (poster, "outcome_of"),
}
"""Steps that are not pure: who fails there is not looked for in process."""


def breaks(monkeypatch: pytest.MonkeyPatch, step: str, ident: object) -> None:
    """From now on a step fails whenever this document is in its hands."""
    owner, name = IMPURE[step]
    original: Callable[..., Any] = getattr(owner, name)

    @functools.wraps(original)
    def broken(*arguments: Any, **options: Any) -> Any:
        if str(ident) in repr(arguments[isinstance(owner, type) :]):
            raise ZeroDivisionError(SECRET)
        return original(*arguments, **options)

    monkeypatch.setattr(owner, name, broken)


async def _some_of(
    company: BooksOwner, records: tuple[InboundRecord, ...]
) -> tuple[tuple[InboundRecord, ...], tuple[OutboundRecord, ...]]:
    try:
        return records, await company.process(records)
    except BatchTooLarge as asked:
        fewer = records[: asked.records]
        return fewer, await company.process(fewer)


async def told_in_the_end(world: World, records: tuple[InboundRecord, ...], tries_max: int = 60) -> int:
    """Give the records to the company as the session does, whatever it raises; how often it was taken over again."""
    company, left, retakes = world.company, records, 0
    while left:
        assert retakes < tries_max
        try:
            taken, told = await _some_of(company, left)
        except ZeroDivisionError as error:
            company.failed(in_short(error), by_record=True)
            await company.released()
            await company.take_over(1)
            retakes += 1
            continue
        world.settle(told)
        company.committed()
        left = left[len(taken) :]
    return retakes


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("step", sorted(IMPURE))
async def test_a_failure_that_one_record_causes_ends_that_record_alone(
    monkeypatch: pytest.MonkeyPatch, step: str, seed: int
) -> None:
    """Also where nothing may be cut apart in process. Guards: `Progress.failed`, `Progress.or_refusal`."""
    chance = random.Random(f"{seed} {step}")  # noqa: S311 - a test's, not a secret's
    numbers = chance.sample(range(100, 1_000), 9)
    culprit = chance.choice(numbers)
    async with opened() as acme:
        with monkeypatch.context() as patched:
            breaks(patched, step, ORDER_ID + culprit)
            records = acme.records(*map(bought, numbers))
            retakes = await told_in_the_end(acme, records)
        assert retakes > 0
        told = {each.source.offset: each for each in acme.told}
        assert len(acme.told) == len(told) == len(numbers)
        ends = {number: told[each.offset] for number, each in zip(numbers, records, strict=True)}
        assert {end.status.value for number, end in ends.items() if number != culprit} <= {"posted", "already_posted"}
        reason = ends[culprit].reason
        assert reason is None or (reason.code == "internal" and SECRET not in reason.message)
        booked = [key.id for key in acme.ours("Invoice")]
        assert {str(ORDER_ID + number) for number in numbers if number != culprit} <= set(booked)
        assert acme.shown["failures_in_a_row"] == 0


async def test_an_event_that_waits_and_fails_ends_alone_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked at between micro-batches, with others. Guards: `begin` in `BooksOwner._idle`, and its limit."""
    async with opened() as acme:
        await acme.tell(*(transaction(id=number, order_id=ORDER_ID + number) for number in range(5)))
        with monkeypatch.context() as patched:
            breaks(patched, "reading", ORDER_ID + 3)
            await acme.clock.advance(73 * 3600)
            for _ in range(40):
                try:
                    acme.settle(await acme.company.idle())
                except ZeroDivisionError as error:
                    acme.company.failed(in_short(error), by_record=True)
                    await acme.company.released()
                    await acme.company.take_over(1)
                else:
                    acme.company.committed()
        ends = [(each.status.value, each.reason.code if each.reason else None) for each in acme.told[5:]]
        assert sorted(ends) == [("dead_lettered", "internal"), *[("dead_lettered", "orphan")] * 4]


async def test_what_was_cut_short_and_never_comes_again_is_not_pending_for_ever() -> None:
    """A rebalance interrupts it, and retention removes it. Guard: `has_pending` in `Progress.committed`."""
    clock = ManualClock(auto=False)
    acme = board(clock)
    for phase in (Phase.WARMING, Phase.RUNNING):
        acme.enter(phase)
    progress = Progress(acme)
    progress.begin(at(7))
    progress.begin(())
    progress.committed()
    await clock.advance(60)
    assert acme.complaint() is None


# The arithmetic ------------------------------------------------------------------------------------------------------


def board(clock: Clock | None = None) -> CompanyBoard:
    return StatusBoard(clock=clock or ManualClock()).company("acme", "1")


def at(*offsets: int) -> list[InboundRecord]:
    return [
        InboundRecord(topic="t", partition=0, offset=each, key=None, value=b"", headers=(), timestamp_ms=0)
        for each in offsets
    ]


def test_what_is_taken_is_halved_by_each_failure_and_doubled_by_each_commit() -> None:
    """Down to one, and up until nothing is held back. Guard: `Progress._narrow`."""
    progress = Progress(board())
    limits = []
    for _ in range(4):
        progress.begin(at(*range(progress.limit or 10)))
        progress.failed("x", by_record=True)
        limits.append(progress.limit)
    for offset in range(11):
        progress.begin(at(offset))
        progress.committed()
        limits.append(progress.limit)
    assert limits == [5, 2, 1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, None, None]


def test_only_failures_that_change_nothing_make_the_wait_longer() -> None:
    """One that halves the micro-batch is a step ahead. Guard: `_in_vain`."""
    progress = Progress(board())
    waits = []
    for records, by_record in ((4, True), (2, True), (1, True), (1, True), (4, False), (0, True)):
        progress.begin(at(*range(records)))
        waits.append(progress.failed("x", by_record=by_record))
    assert waits == [0, 0, 1, 2, 3, 4]


def test_a_record_is_refused_once_it_has_failed_alone_three_times_and_not_for_what_others_did() -> None:
    """What is away is no record's fault. Guards: `TRIES_ALONE`, `by_record`."""
    progress = Progress(board())
    for _ in range(9):
        progress.begin(at(7))
        progress.failed("Kafka is away", by_record=False)
    assert not progress.is_refused(at(7)[0])
    for tries in range(TRIES_ALONE):
        assert not progress.is_refused(at(7)[0]), tries
        progress.begin(at(7))
        progress.failed("KeyError at x:1", by_record=True)
    assert progress.is_refused(at(7)[0])
    refused = progress.or_refusal(MappedRecord(record=at(7)[0], envelope=None, decision=Ignored(code="x", message="y")))
    assert str(refused.decision).endswith("it failed 3 times alone, KeyError at x:1")
    assert not progress.is_refused(at(8)[0])


def test_what_goes_well_beside_the_records_that_fail_widens_nothing() -> None:
    """What waits is looked at after each take-over: else they would never be tried alone. Guard: `_failed`."""
    progress = Progress(board())
    for limit in (2, 1, 1, 1, 1):
        progress.begin(at(*range(progress.limit or 4)))
        progress.failed("x", by_record=True)
        progress.begin(at(100))
        progress.committed()
        assert progress.limit == limit
    progress.begin(at(0))
    assert progress.is_refused(at(0)[0])
    progress.committed()
    assert progress.limit == 2


def test_a_quiet_moment_does_not_end_what_records_began() -> None:
    """A look between two micro-batches succeeds each time. Guard: `_failed`."""
    progress = Progress(board())
    progress.begin(at(7))
    progress.failed("x", by_record=False)
    progress.begin(())
    progress.committed()
    progress.begin(at(7))
    assert progress.failed("x", by_record=False) == 2
    progress.begin(at(7))
    progress.committed()
    progress.begin(())
    assert progress.failed("x", by_record=False) == 1
    progress.begin(())
    progress.committed()
    assert progress.reason is None
