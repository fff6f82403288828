"""A company that has records and commits none of them says so, unless an outage of QBO or a pause says why."""

from __future__ import annotations

import pytest
import structlog.testing

from bridge.telemetry.status import CompanyBoard, StatusBoard
from contracts.lifecycle import Phase
from tests.support.clocks import ManualClock


def running() -> tuple[StatusBoard, CompanyBoard, ManualClock]:
    clock = ManualClock(auto=False)
    board = StatusBoard(clock=clock)
    acme = board.company("acme", "91")
    acme.enter(Phase.WARMING)
    acme.enter(Phase.RUNNING)
    return board, acme, clock


def metric(board: StatusBoard, line: str) -> bool:
    return line in board.telemetry.exposition().decode().splitlines()


async def test_failures_without_a_commit_fail_the_readiness_after_half_a_minute() -> None:
    """With their reason, once in the log, and as a metric. Guards: `_stuck`, `look`."""
    board, acme, clock = running()
    acme.has_pending(True)
    acme.progress(failures=3, reason="KeyError at bridge.x:1", records_at_once=4)
    await clock.advance(29)
    assert board.ready() == ()
    await clock.advance(2)
    (complaint,) = board.ready()
    assert complaint == "acme has records to read and has committed none for 31 s: KeyError at bridge.x:1"
    with structlog.testing.capture_logs() as logs:
        acme.check_progress()
        acme.check_progress()
        assert metric(board, 'qbo_bridge_no_progress{company="acme"} 1.0')
        acme.has_pending(False)
    assert [each["event"] for each in logs] == ["company.no_progress", "company.progress"]
    assert board.ready() == ()
    assert metric(board, 'qbo_bridge_no_progress{company="acme"} 0.0')


async def test_what_hangs_without_asking_quickbooks_anything_is_told_too() -> None:
    """Nothing has failed, and nothing moves. Guard: `asked`."""
    board, acme, clock = running()
    acme.has_pending(True)
    for _ in range(10):
        acme.asked(5, under_way=0)
        await clock.advance(4)
    assert board.ready() == (
        "acme has records to read and has committed none for 40 s, nor asked anything of QuickBooks",
    )


@pytest.mark.parametrize("times", [range(10), [5] * 10], ids=["it answers", "it is waited for"])
async def test_work_that_takes_long_is_no_trouble(times: list[int]) -> None:
    """A backlog within the limits, or an outage that is about to say so. Guard: `asked_at_s`."""
    board, acme, clock = running()
    acme.has_pending(True)
    for asked in times:
        await clock.advance(10)
        acme.asked(asked, under_way=1)
    assert board.ready() == ()


async def test_an_outage_and_a_pause_are_told_elsewhere() -> None:
    """They end by themselves; restarting would not help. Guards: the phase and `pause_s` in `_stuck`."""
    board, acme, clock = running()
    acme.has_pending(True)
    acme.limited(waiting=3, fraction=0.5, pause_s=300.0, used=0.25)
    await clock.advance(60)
    assert board.ready() == ()
    acme.limited(waiting=0, fraction=0.5, pause_s=0.0, used=0.25)
    acme.outage(30.0, "QBO is away")
    assert board.ready() == ()


async def test_a_standby_has_nothing_pending_though_it_had() -> None:
    """Another process's now. Guard: the phase in `_stuck`."""
    board, acme, clock = running()
    acme.has_pending(True)
    acme.progress(failures=1, reason="x", records_at_once=None)
    acme.enter(Phase.STANDBY)
    await clock.advance(60)
    assert board.ready() == ()


def test_taking_over_again_after_a_failure_says_why_it_is_not_ready() -> None:
    """And /status shows all of it. Guard: `is_relevant` in `complaint`."""
    board, acme, _ = running()
    acme.progress(failures=2, reason="KafkaError: away", records_at_once=1)
    acme.enter(Phase.STANDBY)
    acme.enter(Phase.WARMING, reason="taken over again after KafkaError: away")
    assert board.ready() == ("acme is warming: taken over again after KafkaError: away",)
    shown = acme.snapshot()
    assert (shown["failures_in_a_row"], shown["failure"], shown["records_at_once"]) == (2, "KafkaError: away", 1)
    assert metric(board, 'qbo_bridge_failures_in_a_row{company="acme"} 2.0')
    assert metric(board, 'qbo_bridge_records_at_once{company="acme"} 1.0')
