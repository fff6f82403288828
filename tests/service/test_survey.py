"""The survey of a service: what the commands `status` and `doctor` print is on the board of its company."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import orjson

from bridge.commands.doctor.finding import Finding
from bridge.service.survey import RepeatedCommand, keep_examining, run_survey, take_in, take_in_findings
from bridge.telemetry.status import CompanyBoard, StatusBoard
from tests.support.clocks import ManualClock


def boards() -> tuple[StatusBoard, dict[str, CompanyBoard]]:
    """A process with two companies."""
    board = StatusBoard(clock=ManualClock())
    return board, {name: board.company(name, "91") for name in ("acme", "beta")}


def _line(company: str, letters: int) -> bytes:
    return orjson.dumps({"company": company, "dead_letters": {"open": letters, "amounts": {}}})


async def test_what_the_command_prints_is_shown() -> None:
    """Company by company; a line that is none, or of a stranger, is passed over."""
    board, known = boards()
    printed = b"\n".join([_line("acme", 3), b"not JSON", b"7", _line("gamma", 5)])
    command = [sys.executable, "-c", f"import sys; sys.stdout.buffer.write({printed!r}); sys.exit(1)"]
    assert take_in(await run_survey(command), known) == 1
    said = board.telemetry.exposition().decode()
    assert 'open_dead_letters{company="acme"} 3.0' in said
    assert 'open_dead_letters{company="gamma"}' not in said
    assert 'open_dead_letters{company="beta"}' not in said


def test_the_oldest_money_in_clearing_is_shown_until_nobody_knows_it() -> None:
    """Of each company by itself. Guards: `open_since` of `as_json`, the company, and a gauge that stays."""
    board, known = boards()
    said = [Finding("clearing", "open", company="acme", open_since=date(2026, 3, day)) for day in (9, 2)]
    said += [Finding("clearing", "nothing is open", company="beta"), Finding("kafka", "it answers")]
    take_in_findings(b"\n".join([orjson.dumps(each.as_json()) for each in said]), known)
    name, day = "qbo_bridge_clearing_oldest_timestamp_seconds", datetime(2026, 3, 2, tzinfo=UTC)
    shown = [line for line in board.telemetry.exposition().decode().splitlines() if line.startswith(name)]
    (told, value) = " ".join(shown).split(" ")
    assert (told, float(value)) == (f'{name}{{company="acme"}}', day.timestamp())
    take_in_findings(b"", known)
    assert f"\n{name}" not in board.telemetry.exposition().decode()


async def test_an_examination_comes_again_and_its_newest_word_counts(tmp_path: Path) -> None:
    """The money of the ninth is paid out, that of the twelfth is not; then none is open. Guard: the loop."""
    board, known = boards()
    said = tmp_path / "said"
    words = [sys.executable, "-c", f"import pathlib; print(pathlib.Path({str(said)!r}).read_text())"]
    said.write_text(_open_since(9))
    examining = asyncio.create_task(keep_examining(RepeatedCommand(words, 0.0, 0.0), known))
    for day in (9, 12, None):
        said.write_text(_open_since(day))
        async with asyncio.timeout(60):
            while _clearing_days(board) != [day] * (day is not None):  # noqa: ASYNC110 - a process of its own tells
                await asyncio.sleep(0.01)
    examining.cancel()
    await asyncio.gather(examining, return_exceptions=True)


def _open_since(day: int | None) -> str:
    since = date(2026, 3, day) if day else None
    return orjson.dumps(Finding("clearing", "as it is", company="acme", open_since=since).as_json()).decode()


def _clearing_days(board: StatusBoard) -> list[int]:
    name = 'qbo_bridge_clearing_oldest_timestamp_seconds{company="acme"} '
    lines = board.telemetry.exposition().decode().splitlines()
    shown = [float(each.removeprefix(name)) for each in lines if each.startswith(name)]
    return [datetime.fromtimestamp(each, UTC).day for each in shown]


async def test_a_command_that_does_not_end_is_ended() -> None:
    """And says nothing. Guard: one more process with each survey."""
    endless = "import time; print('{}', flush=True); time.sleep(600)"
    before = _open()
    assert await run_survey([sys.executable, "-c", endless], wait_s=0.5) == b""
    assert _open() == before


async def test_a_survey_that_is_given_up_leaves_no_process() -> None:
    """A service that stops in the middle of one. Guard: a zombie and an open pipe with each survey."""
    before = _open()
    survey = asyncio.create_task(run_survey([sys.executable, "-c", "import time; time.sleep(600)"]))
    await asyncio.sleep(0.2)
    survey.cancel()
    await asyncio.wait([survey])
    assert survey.cancelled()
    assert _open() == before


def _open() -> list[Path]:
    """What this process holds open; `/dev/fd` lists itself, before and after."""
    return sorted(Path("/dev/fd").iterdir())
