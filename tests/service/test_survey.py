"""The survey of a service: what the command `status` prints is on the board of its company."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import orjson

from bridge.service.survey import run_survey, take_in
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
