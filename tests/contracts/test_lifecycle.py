"""The phases of a company, and which of them can follow which."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.lifecycle import OWNED, ImpossibleTransitionError, Lifecycle, Phase, Standing

IMPOSSIBLE = [
    (Phase.JOINING, Phase.RUNNING),
    (Phase.JOINING, Phase.PAUSED),
    (Phase.STANDBY, Phase.RUNNING),
    (Phase.STANDBY, Phase.PAUSED),
    (Phase.STANDBY, Phase.NEEDS_RECONNECT),
    (Phase.WARMING, Phase.PAUSED),
    (Phase.NEEDS_RECONNECT, Phase.PAUSED),
    (Phase.STOPPED, Phase.PAUSED),
    *((phase, Phase.JOINING) for phase in Phase if phase is not Phase.JOINING),
]


@pytest.mark.parametrize(("before", "after"), IMPOSSIBLE)
def test_a_phase_that_cannot_come_next_is_refused(before: Phase, after: Phase) -> None:
    """Nobody runs without a warm-up, and nobody becomes ready by losing QBO. Guard: `NEXT`."""
    with pytest.raises(ImpossibleTransitionError, match=f"that is {before} cannot be {after} next"):
        Standing(before).entered(after)


def test_a_refused_report_changes_nothing() -> None:
    """The board goes on showing what was true before the bug, and hears nothing of it."""
    heard: list[Standing] = []
    lifecycle = Lifecycle(heard.append)
    with pytest.raises(ImpossibleTransitionError):
        lifecycle.enter(Phase.RUNNING)
    assert (lifecycle.phase, heard) == (Phase.JOINING, [])


def test_a_day_of_an_owner() -> None:
    """From joining over an outage and a person's connection to the hand-over."""
    lifecycle = Lifecycle()
    shown = []
    reports: list[Callable[[], None]] = [
        lambda: lifecycle.enter(Phase.WARMING, epoch=3),
        lambda: lifecycle.outage("503"),
        lambda: lifecycle.enter(Phase.RUNNING),
        lambda: lifecycle.outage("503"),
        lifecycle.recovered,
        lambda: lifecycle.enter(Phase.NEEDS_RECONNECT, reason="invalid_grant"),
        lambda: lifecycle.outage("503"),
        lifecycle.recovered,
        lambda: lifecycle.enter(Phase.STANDBY),
    ]
    for report in reports:
        report()
        shown.append((lifecycle.phase.value, lifecycle.standing.reason, lifecycle.standing.epoch))
    assert shown == [
        ("warming", None, 3),
        ("warming", "503", 3),
        ("running", None, 3),
        ("paused", "503", 3),
        ("running", None, 3),
        ("needs_reconnect", "invalid_grant", 3),
        ("needs_reconnect", "503", 3),
        ("running", None, 3),
        ("standby", None, None),
    ]


REPORTS = [*(phase for phase in Phase if phase is not Phase.STOPPED), "outage", "recovered"]


@given(reports=st.lists(st.sampled_from(REPORTS), max_size=20))
def test_who_runs_has_warmed_up_as_the_owner(reports: list[Phase | str]) -> None:
    """Whatever else is reported: running and paused follow a warm-up of the same ownership. Guard: `NEXT`."""
    lifecycle, warmed = Lifecycle(), False
    for report in reports:
        try:
            _report(lifecycle, report)
        except ImpossibleTransitionError:
            continue
        warmed = lifecycle.phase in OWNED and (warmed or lifecycle.phase is Phase.WARMING)
        assert warmed or lifecycle.phase not in {Phase.RUNNING, Phase.PAUSED}


def _report(lifecycle: Lifecycle, report: Phase | str) -> None:
    match report:
        case Phase():
            lifecycle.enter(report)
        case "outage":
            lifecycle.outage("QBO is away")
        case _:
            lifecycle.recovered()
