"""What is measured shows in the metrics, and what nobody knows any more is gone from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from bridge.telemetry.metrics import CATALOGUE, OF_OWNER, PREFIX
from bridge.telemetry.status import CompanyBoard, StatusBoard
from contracts.lifecycle import Phase
from tests.support.clocks import ManualClock

FACTS: Mapping[str, object] = {
    "last_booked_at": "2026-11-22T12:00:00+00:00",
    "dead_letters": {"open": 3, "amounts": {"EUR": "7.00", "USD": "42.90"}, "unknown_amounts": 1},
    "waiting": {"events": 2, "oldest_since": "2026-11-22T10:00:00+00:00"},
    "people_changes": {"removed": 4, "changed": "unknown", "known_until": None},
    "token_expires_at": "2026-12-22T12:00:00+00:00",
    "reads_this_month": 5_000,
    "reads_share": 0.01,
}


def shown(board: StatusBoard) -> dict[str, float]:
    """The metrics of acme by name and labels, without the company."""
    lines = (line for line in board.telemetry.exposition().decode().splitlines() if not line.startswith("#"))
    named = (re.sub(r'\{company="acme"\}|company="acme",|,company="acme"', "", line).rsplit(" ", 1) for line in lines)
    return {name.removeprefix(PREFIX): float(value) for name, value in named}


@pytest.fixture
def clock() -> ManualClock:
    """The hours of the test."""
    return ManualClock()


@pytest.fixture
def boards(clock: ManualClock) -> tuple[StatusBoard, CompanyBoard]:
    """A process with one company."""
    board = StatusBoard(clock=clock, version="1.2.3")
    return board, board.company("acme", "91")


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_a_survey_shows_all_that_it_knows(boards: tuple[StatusBoard, CompanyBoard]) -> None:
    """Times as seconds since the epoch, money by currency."""
    board, acme = boards
    acme.measures.surveyed(FACTS)
    found = shown(board)
    assert found["last_success_timestamp_seconds"] == _seconds("2026-11-22T12:00:00")
    assert found["token_expires_timestamp_seconds"] == _seconds("2026-12-22T12:00:00")
    assert found["waiting_oldest_timestamp_seconds"] == _seconds("2026-11-22T10:00:00")
    assert (found["open_dead_letters"], found["removed_documents"]) == (3, 4)
    amounts = found['open_dead_letters_amount{currency="EUR"}'], found['open_dead_letters_amount{currency="USD"}']
    assert amounts == (7.00, 42.90)
    assert (found["reads_this_month"], found["reads_share"]) == (5_000, 0.01)


@pytest.mark.parametrize("fact", FACTS)
def test_what_a_survey_does_not_know_is_no_number(boards: tuple[StatusBoard, CompanyBoard], fact: str) -> None:
    """Neither an old one nor 0. Guard: a gauge that stays when its fact becomes unknown."""
    board, acme = boards
    acme.measures.surveyed(FACTS)
    before = shown(board).keys()
    acme.measures.surveyed({**FACTS, fact: "unknown"})
    assert 1 <= len(before - shown(board).keys()) <= 3


def test_an_amount_of_a_currency_that_is_settled_is_gone(boards: tuple[StatusBoard, CompanyBoard]) -> None:
    """Guard: money at risk that stays after its last dead letter."""
    board, acme = boards
    acme.measures.surveyed(FACTS)
    acme.measures.surveyed({**FACTS, "dead_letters": {"open": 1, "amounts": {"USD": "9.00"}, "unknown_amounts": 0}})
    found = shown(board)
    assert [name for name in found if "EUR" in name] == []
    assert found['open_dead_letters_amount{currency="USD"}'] == 9.00


def test_what_only_the_owner_knows_goes_with_it(boards: tuple[StatusBoard, CompanyBoard]) -> None:
    """Guard: a standby that shows the numbers of when it was the owner, for ever."""
    board, acme = boards
    for phase in (Phase.WARMING, Phase.RUNNING):
        acme.enter(phase, epoch=1)
    acme.indexed(12)
    acme.waiting(2)
    acme.refused_in_a_row(3)
    acme.found(duplicates=(), drifted=[{}])
    acme.took(5, 1.5)
    assert set(OF_OWNER) <= shown(board).keys()
    acme.enter(Phase.STANDBY)
    assert not set(OF_OWNER) & shown(board).keys()


def test_the_age_of_records_does_not_outlive_them(boards: tuple[StatusBoard, CompanyBoard]) -> None:
    """Guard: an age of 14 hours where everything is done."""
    board, acme = boards
    acme.has_pending(True)
    acme.took(5, 50_400)
    assert shown(board)["newest_record_age_seconds"] == 50_400
    acme.has_pending(False)
    assert shown(board)["newest_record_age_seconds"] == 0


def test_calls_and_faults_are_counted_by_what_is_known(boards: tuple[StatusBoard, CompanyBoard]) -> None:
    """A code that no release knows is no label of its own."""
    board, acme = boards
    acme.measures.answered("read", 0.3, None, known=False)
    acme.measures.answered("batch", 7.0, "6240", known=True)
    acme.measures.answered("batch", 7.0, "a stranger's text", known=False)
    found = shown(board)
    assert found['qbo_seconds_count{kind="batch"}'] == 2
    assert (found['qbo_faults_total{code="6240"}'], found['qbo_faults_total{code="other"}']) == (1, 1)


def test_what_is_booked_is_dated(boards: tuple[StatusBoard, CompanyBoard], clock: ManualClock) -> None:
    """How long its records took, and when it was."""
    board, acme = boards
    now_s = clock.now().timestamp()
    acme.measures.booked([int((now_s - 2) * 1000), int((now_s - 40) * 1000)])
    found = shown(board)
    assert found["event_to_booked_seconds_sum"] == pytest.approx(42, abs=0.01)
    assert found["last_success_timestamp_seconds"] == now_s


def test_every_metric_of_the_catalogue_is_exported() -> None:
    """By its name there, and nothing beside it."""
    lines = StatusBoard(clock=ManualClock(), version="1").telemetry.exposition().decode().splitlines()
    names = {line.split()[2] for line in lines if line.startswith("# HELP")}
    assert {name.removesuffix("_total") for name in names} == {PREFIX + metric.name for metric in CATALOGUE}
