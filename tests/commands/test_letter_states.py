"""What became of a dead letter since: what is settled is not listed as open."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from bridge.commands.dead_letters.redriving import Letter
from bridge.commands.dead_letters.states import newest_of_each, state_of
from bridge.journal.redrives import Redrive
from contracts.records import Place
from contracts.results import ResultStatus
from tests.support.desk import Desk

ORIGIN, AGAIN = Place("events", 0, 7), Place("events", 0, 12)


def letter(offset: int, hour: int = 12) -> Letter:
    failed = datetime(2026, 11, 22, hour, tzinfo=UTC)
    return Letter(Place("letters", 0, offset), ORIGIN, "acme-us", "unmappable", failed, 0, omitted=False)


@pytest.mark.parametrize(
    ("redriven", "results", "state"),
    [
        (False, {}, "open"),
        (False, {ORIGIN: ResultStatus.DEAD_LETTERED}, "open"),
        (False, {ORIGIN: ResultStatus.WAITING}, "open"),
        (False, {ORIGIN: ResultStatus.POSTED}, "posted"),
        (True, {ORIGIN: ResultStatus.DEAD_LETTERED}, "redriven"),
        (True, {AGAIN: ResultStatus.DEAD_LETTERED}, "redriven"),
        (True, {AGAIN: ResultStatus.ALREADY_POSTED}, "already_posted"),
    ],
)
def test_a_letter_is_open_until_its_event_has_another_result(
    redriven: bool,  # noqa: FBT001 - a parameter of the table
    results: dict[Place, ResultStatus],
    state: str,
) -> None:
    """Its own, as of a decided `possible_duplicate`, or that of the redriven event."""
    redrive = Redrive(datetime(2026, 11, 23, tzinfo=UTC), AGAIN) if redriven else None
    one = letter(1)
    assert state_of(one, newest_of_each([one]), redrive, results) == state


def test_of_two_letters_of_one_record_the_newest_is_open() -> None:
    """Guard: a group that was rewound fails the same record twice."""
    older, newer = letter(1), letter(2, hour=13)
    newest = newest_of_each([newer, older])
    assert [state_of(each, newest, None, {}) for each in (older, newer)] == ["repeated", "open"]


def test_the_list_shows_what_is_open_and_the_rest_on_request(desk: Desk) -> None:
    """Open ones by themselves, newest first; `--all` lists the rest too."""
    desk.put(desk.letter(1), desk.letter(2, failed_at="2026-11-22T13:00:00+00:00"))
    desk.redrive("0/0")
    _, out, _ = desk.call("dead-letters", "list", "--json", "--all")
    assert [json.loads(each)["state"] for each in out.splitlines()] == ["open", "redriven"]
    _, out, _ = desk.call("dead-letters", "list", "--json")
    assert [json.loads(each)["letter"] for each in out.splitlines()] == ["0/1"]
    _, out, _ = desk.call("dead-letters", "list", "--json", "--open")
    assert [json.loads(each)["letter"] for each in out.splitlines()] == ["0/1"]
