"""Intuit's limits are kept by arithmetic, and used nearly whole."""

from __future__ import annotations

import asyncio
import math
from copy import deepcopy
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bridge.quickbooks.limiter import MARGIN, Budget, GateClosed, Kind, Limiter, Limits, Priority
from tests.support.clocks import ManualClock, settle
from tests.support.sizes import examples

KINDS = st.sampled_from(["read", "write", "batch"])
SMALL = st.builds(
    Limits,
    requests_per_minute=st.integers(1, 60),
    requests_per_second=st.integers(1, 10),
    batches_per_minute=st.integers(1, 20),
)


def backlog(budget: Budget, kind: Kind, until_s: float, *, now: float = 0.0) -> list[float]:
    """The times at which calls go when there is always another one waiting."""
    times: list[float] = []
    while now < until_s:
        wait = budget.reserve(now, kind)
        if wait == 0:
            times.append(now)
        now += wait
    return times


def busiest(times: list[float], window_s: float) -> int:
    """The most calls in any half-open window of that length."""
    return max((sum(1 for time in times if start <= time < start + window_s) for start in times), default=0)


@settings(max_examples=examples(60), deadline=None)
@given(SMALL, st.lists(st.tuples(st.floats(0, 20), KINDS, st.sampled_from(["", "", "429", "owner"])), max_size=150))
def test_no_window_ever_holds_too_many(limits: Limits, arrivals: list[tuple[float, Kind, str]]) -> None:
    """However calls arrive and however a window is laid, each limit holds in it; also around a 429 or a take-over."""
    budget, now = Budget(limits), 0.0
    sent: list[tuple[float, Kind]] = []
    for gap, kind, event in arrivals:
        now += gap
        if event == "429":
            budget.throttled(now, 1.0)
        if event == "owner":
            budget.taken_over(now)
        while (wait := budget.reserve(now, kind)) > 0:
            now += wait
        sent.append((now, kind))
    every = [time for time, _ in sent]
    assert busiest(every, 60.0) <= limits.requests_per_minute
    assert busiest(every, 1.0) <= limits.requests_per_second
    assert busiest([time for time, kind in sent if kind == "batch"], 60.0) <= limits.batches_per_minute


@pytest.mark.parametrize(("kind", "per_minute"), [("write", 500), ("batch", 40)])
def test_a_backlog_uses_the_budget(kind: Kind, per_minute: int) -> None:
    """At least 95 % of the published rate over ten minutes, and never more than it in one."""
    times = backlog(Budget(Limits()), kind, 600.0)
    assert len(times) >= 0.95 * 10 * per_minute
    assert busiest(times, 60.0) <= per_minute


def test_a_backlog_keeps_clear_of_the_second() -> None:
    """The tenth call before and the next one are further apart than a second, so that jitter on the way is harmless."""
    times = backlog(Budget(Limits()), "write", 120.0)
    assert min(later - earlier for earlier, later in zip(times, times[10:], strict=False)) >= 1.2 - 1e-9


def test_a_second_is_a_second_when_the_minute_allows_it() -> None:
    """Without a tighter minute the second's limit is used as published, less the margin."""
    times = backlog(Budget(Limits(requests_per_minute=100_000)), "read", 60.0)
    assert len(times) >= 0.95 * 600
    assert busiest(times, 1.0 + MARGIN / 2) <= 10


def test_batches_leave_room_for_lone_requests() -> None:
    """A batch counts as a request too, but a full batch window stops only batches."""
    budget = Budget(Limits(batches_per_minute=1))
    assert budget.reserve(0.0, "batch") == 0
    assert budget.reserve(2.0, "batch") == pytest.approx(59.2)
    assert budget.reserve(2.0, "write") == 0


def test_work_that_can_wait_begins_with_all_its_batches_and_leaves_a_quarter() -> None:
    """It would wait in its middle for the minute to pass, and live work with it. Guard: `left` in `has_room`."""
    budget = Budget(Limits(batches_per_minute=40))
    for number in range(23):
        assert budget.has_room(0.0, 8), number
        budget.reserve(number * 0.2, "batch")
    assert not budget.has_room(5.0, 8)
    assert budget.has_room(5.0, 7)
    assert budget.has_room(70.0, 8)


@pytest.mark.parametrize("batches_per_minute", [1, 2, 3, 5, 40])
def test_work_that_can_wait_has_room_in_a_quiet_minute_however_much_it_needs(batches_per_minute: int) -> None:
    """Small limits are no reason never to begin; a 429 is one to wait."""
    budget = Budget(Limits(batches_per_minute=batches_per_minute))
    assert budget.has_room(0.0, 1_000)
    budget.throttled(0.0, 30.0)
    assert not budget.has_room(29.0, 1)
    assert budget.has_room(31.0, 1_000)


def test_asking_in_vain_takes_nothing() -> None:
    """A wait is not a reservation."""
    budget = Budget(Limits(requests_per_second=1, requests_per_minute=60))
    assert budget.reserve(0.0, "read") == 0
    assert budget.reserve(0.5, "read") > 0
    assert budget.reserve(0.5, "read") == pytest.approx(0.52)
    assert budget.reserve(1.1, "read") == 0


def test_a_429_pauses_everything_for_as_long_as_qbo_says() -> None:
    """Retry-After when there is one, else the minute that Intuit advises; jitter on top."""
    budget = Budget(Limits())
    assert budget.throttled(0.0, 7.0) == 7
    assert (budget.reserve(0.0, "read"), budget.reserve(6.5, "batch"), budget.reserve(7.0, "read")) == (7, 0.5, 0)
    assert Budget(Limits()).throttled(0.0, None, 2.5) == 62.5
    assert Budget(Limits()).throttled(0.0, 10.0**8) == 3600


def test_a_shorter_pause_does_not_cut_a_longer_one() -> None:
    """Calls in flight hit the same wall with different advice."""
    budget = Budget(Limits())
    budget.throttled(0.0, 60.0)
    budget.throttled(1.0, 1.0)
    assert budget.pause_left_s(10.0) == 50


def test_foreign_throttling_halves_the_rate_and_quiet_restores_it() -> None:
    """Multiplicative decrease, additive increase, full again within three minutes of quiet."""
    budget = Budget(Limits())
    budget.throttled(0.0, 60.0)
    assert budget.fraction(60.0) == 0.5
    assert budget.fraction(120.0) == 0.5
    assert budget.fraction(140.0) == pytest.approx(0.6)
    assert budget.fraction(220.0) == 1.0
    budget.throttled(140.0, 60.0)
    assert budget.fraction(200.0) == pytest.approx(0.3)


def test_one_wall_is_one_decrease() -> None:
    """Ten calls in flight that are all refused halve the rate once, not ten times."""
    budget = Budget(Limits())
    for _ in range(10):
        budget.throttled(0.0, 60.0)
    assert budget.fraction(60.0) == 0.5


def test_the_rate_never_falls_to_nothing() -> None:
    """A tenth remains, and at least one call a window."""
    budget = Budget(Limits(requests_per_second=1))
    for minute in range(20):
        budget.throttled(minute * 61.0, 60.0)
        budget.answered()
    assert budget.fraction(1220.0) == pytest.approx(0.1)
    assert budget.reserve(1300.0, "read") == 0


def test_throttling_that_lasts_is_left_alone_for_longer() -> None:
    """After a quarter of an hour it is no minute's limit: pauses grow up to an hour, and end with the first answer."""
    budget, now = Budget(Limits()), 0.0
    pauses: list[float] = []
    while now < 40_000:
        pauses.append(budget.throttled(now, None))
        now += pauses[-1]
    assert pauses[0] == 60
    assert max(pauses) == pauses[-1] == 3600
    assert all(later >= earlier for earlier, later in pairwise(pauses))
    budget.answered()
    assert budget.throttled(now, None) == 60


def test_a_new_owner_starts_at_half() -> None:
    """The old owner may have spent this minute: half of each limit at first, all of it after three minutes."""
    budget = Budget(Limits())
    budget.taken_over(0.0)
    assert len(backlog(budget, "write", 60.0)) == 250
    times = backlog(budget, "write", 460.0, now=160.0)
    assert len(times) >= 0.95 * 5 * 500
    assert busiest(times, 60.0) <= 500


def test_a_take_over_raises_nothing() -> None:
    """A company that was throttled goes on as carefully as before."""
    budget = Budget(Limits())
    budget.throttled(0.0, 60.0)
    budget.throttled(61.0, 60.0)
    budget.taken_over(125.0)
    assert budget.fraction(125.0) == 0.25


async def enter(
    limiter: Limiter, entered: list[str], name: str, kind: Kind, priority: Priority, hold: asyncio.Event
) -> None:
    async with limiter.slot(kind, priority):
        entered.append(name)
        await hold.wait()


async def test_calls_in_flight_are_bounded() -> None:
    """The next call waits for one to end, not for time."""
    limiter = Limiter(Limits(concurrent_requests=2), ManualClock(auto=False))
    entered: list[str] = []
    holds = [asyncio.Event() for _ in range(3)]
    tasks = [asyncio.create_task(enter(limiter, entered, str(n), "read", Priority.LIVE, holds[n])) for n in range(3)]
    await settle()
    assert entered == ["0", "1"]
    holds[0].set()
    await settle()
    assert entered == ["0", "1", "2"]
    for hold in holds:
        hold.set()
    await asyncio.gather(*tasks)


async def test_live_goes_before_backfill_before_housekeeping() -> None:
    """When the budget is short, order of importance comes before order of arrival."""
    clock = ManualClock(auto=False)
    limiter = Limiter(Limits(requests_per_second=1, requests_per_minute=60), clock)
    entered: list[str] = []
    free = asyncio.Event()
    free.set()
    tasks = []
    for name, priority in (
        ("first", Priority.HOUSEKEEPING),
        ("keep", Priority.HOUSEKEEPING),
        ("fill", Priority.BACKFILL),
        ("live", Priority.LIVE),
        ("live too", Priority.LIVE),
    ):
        tasks.append(asyncio.create_task(enter(limiter, entered, name, "read", priority, free)))
        await settle()
    assert entered == ["first"]
    await clock.advance(10.0)
    assert entered == ["first", "live", "live too", "fill", "keep"]
    await asyncio.gather(*tasks)


async def test_a_full_batch_window_does_not_hold_back_others() -> None:
    """A lone write passes a batch that must wait."""
    clock = ManualClock(auto=False)
    limiter = Limiter(Limits(batches_per_minute=1), clock)
    entered: list[str] = []
    free = asyncio.Event()
    free.set()
    kinds: tuple[Kind, ...] = ("batch", "batch", "write")
    tasks = [
        asyncio.create_task(enter(limiter, entered, f"{kind} {n}", kind, Priority.LIVE, free))
        for n, kind in enumerate(kinds)
    ]
    await settle()
    assert entered == ["batch 0", "write 2"]
    await clock.advance(61.2)
    assert entered == ["batch 0", "write 2", "batch 1"]
    await asyncio.gather(*tasks)


async def test_whoever_gives_up_waiting_takes_nothing() -> None:
    """A cancelled call frees its place in the queue, and one in flight its slot."""
    clock = ManualClock(auto=False)
    limiter = Limiter(Limits(concurrent_requests=1), clock)
    entered: list[str] = []
    never = asyncio.Event()
    running = asyncio.create_task(enter(limiter, entered, "running", "read", Priority.LIVE, never))
    waiting = asyncio.create_task(enter(limiter, entered, "waiting", "read", Priority.LIVE, never))
    last = asyncio.create_task(enter(limiter, entered, "last", "read", Priority.LIVE, never))
    await settle()
    waiting.cancel()
    running.cancel()
    await settle()
    assert entered == ["running", "last"]
    last.cancel()
    await asyncio.gather(running, waiting, last, return_exceptions=True)


async def test_a_pause_holds_back_what_is_waiting() -> None:
    """Nothing goes before the pause is over, then everything that may."""
    clock = ManualClock(auto=False)
    limiter = Limiter(Limits(), clock)
    assert limiter.throttled(5.0) == 5
    entered: list[str] = []
    free = asyncio.Event()
    free.set()
    task = asyncio.create_task(enter(limiter, entered, "one", "read", Priority.LIVE, free))
    await clock.advance(4.9)
    assert entered == []
    assert limiter.pause_left_s() == pytest.approx(0.1)
    await clock.advance(0.2)
    assert entered == ["one"]
    await task


async def test_a_closed_gate_sends_away_who_waits_and_lets_finish_who_is_through() -> None:
    """For a stop in the middle of a backlog that waits for the limits. Guard: `Limiter.close`."""
    clock = ManualClock(auto=False)
    limiter = Limiter(Limits(batches_per_minute=1), clock)
    finish = asyncio.Event()

    async def call() -> str:
        async with limiter.slot("batch"):
            await finish.wait()
            return "answered"

    calls = [asyncio.create_task(call()) for _ in range(3)]
    await settle()
    assert limiter.waiting == 2
    limiter.close()
    await settle()
    assert [task.done() for task in calls] == [False, True, True]
    assert [type(task.exception()) for task in calls[1:]] == [GateClosed, GateClosed]
    with pytest.raises(GateClosed):
        async with limiter.slot("read"):
            pass
    finish.set()
    assert await calls[0] == "answered"
    limiter.open()
    async with limiter.slot("read"):
        assert limiter.waiting == 0


def test_a_wave_goes_as_batches_while_batches_are_free() -> None:
    """Thirty documents a request, as long as no batch has to wait."""
    budget = Budget(Limits())
    assert [budget.alone(0.0, steps) for steps in (2, 30, 500, 1200)] == [0, 0, 0, 0]


def test_a_small_wave_does_not_wait_for_the_minute_of_batches() -> None:
    """Single calls are free meanwhile. Guard: `alone`."""
    budget = Budget(Limits())
    assert len(backlog(budget, "batch", 10.0)) == 40
    assert budget.alone(10.0, 3) == 3


def test_what_a_batch_does_as_soon_is_left_to_it() -> None:
    """Ten batches may go in a second, the eleventh later than so few calls alone: only those go alone."""
    budget = Budget(Limits())
    sent = backlog(budget, "batch", 10.0)
    next_at = sent[0] + 60 * (1 + MARGIN)
    assert [budget.alone(next_at - 1.0, steps) for steps in (300, 305)] == [0, 5]


def lanes_end_s(budget: Budget, now: float, batches: int, alone: int) -> float:
    """The seconds until the last of these calls has gone, each as soon as the budget lets it, batches first."""
    budget, at, left, last = deepcopy(budget), now, {"batch": batches, "write": alone}, now
    while any(left.values()):
        waits = []
        for kind in ("batch", "write"):
            while left[kind] and (wait := budget.reserve(at, kind)) == 0.0:
                left[kind], last = left[kind] - 1, at
            if left[kind]:
                waits.append(wait)
        at += min(waits, default=0.0)
    return last - now


@given(
    steps=st.integers(1, 600),
    gap_s=st.floats(0.0, 2.0),
    later_s=st.floats(0.0, 90.0),
    others=st.lists(st.integers(0, 414), min_size=5, max_size=5),
)
@example(steps=301, gap_s=0.0, later_s=3.0, others=[1])
@settings(max_examples=examples(60), deadline=None)
def test_a_wave_is_shared_out_so_that_both_lanes_end_soonest(
    steps: int, gap_s: float, later_s: float, others: list[int]
) -> None:
    """However the batches of the minute are spread: no other split ends sooner by more than one turn of the pace.

    The truth is the budget itself, call by call. Guards: `wait_of` counts each batch, `alone` counts both lanes.
    """
    budget, now = Budget(Limits()), 0.0
    for _ in range(60):
        while (wait := budget.reserve(now, "batch")) > 0:
            now += wait
        now += gap_s
    now += later_s
    alone = budget.alone(now, steps)
    splits = {0, alone - 30, alone - 1, alone + 1, alone + 30, steps % 30, *others}
    soonest = min(
        lanes_end_s(budget, now, math.ceil((steps - split) / 30), split) for split in splits if 0 <= split <= steps
    )
    assert lanes_end_s(budget, now, math.ceil((steps - alone) / 30), alone) <= soonest + 1.2


@given(st.integers(1, 3000), st.lists(KINDS, max_size=400))
@settings(max_examples=examples(60), deadline=None)
def test_calls_alone_leave_room_for_batches_and_reads(steps: int, before: list[Kind]) -> None:
    """A backlog that goes alone never spends what its next batches need."""
    budget, now = Budget(Limits()), 0.0
    for kind in before:
        while (wait := budget.reserve(now, kind)) > 0:
            now += wait
    alone = budget.alone(now, steps)
    assert 0 <= alone <= steps
    assert alone + sum(kind == "write" for kind in before) <= 414 or alone == 0 or now > 60.0
