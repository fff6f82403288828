"""Every command and option that the parser knows, on screens of several widths, into a pipe, and as JSON."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from bridge.cli.app import main
from bridge.kafka import inspection
from contracts.results import result_record
from tests.support.commands import ANSWERING, COMMANDS, TYPED, Words, typed
from tests.support.desk import Desk
from tests.support.orders import line, order
from tests.support.results import result_of

WIDTHS = (60, 80, 160)
HUGE = "9" * 25
ESCAPE = "\x1b"
STYLE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


TABLES = [
    words for words in ANSWERING if words[-1] in {"results", "list", "doctor", "show", "reference", "status", "explain"}
]
LABEL_WORDS = 3
"""Words that may stand before a value of one word that is wider than the screen: the name of its column."""


@pytest.fixture
def told(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with results, dead letters whose reasons are long, and an order in a file."""
    monkeypatch.setattr(inspection, "TIMEOUT_S", 1.0)
    monkeypatch.setenv("QBO_BRIDGE_TOKENS__KEY", "A" * 43 + "=")
    (tmp_path / "order.json").write_text(json.dumps(order([line("3.00")])))
    desk.put(*(result_record(result_of(number), f"results-{desk.name}") for number in range(3)))
    desk.put(*(desk.letter(number) for number in range(2)))
    return desk


def on_a_screen(width: int, call: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> str:
    """What a terminal of this width is sent."""
    master, slave = os.openpty()
    got: list[bytes] = []
    reader = threading.Thread(target=_drain, args=(master, got))
    with os.fdopen(slave, "w", encoding="utf-8") as screen, monkeypatch.context() as patched:
        patched.setenv("COLUMNS", str(width))
        patched.setenv("TERM", "xterm")
        patched.setattr(sys, "stdout", screen)
        reader.start()
        with contextlib.suppress(SystemExit):
            call()
    reader.join(30)
    os.close(master)
    return b"".join(got).decode()


def _drain(master: int, got: list[bytes]) -> None:
    with contextlib.suppress(OSError):  # the end of a terminal that nobody writes to any more
        while chunk := os.read(master, 65_536):
            got.append(chunk)


def test_what_is_typed_here_is_a_command() -> None:
    """Guard: a command that was renamed is not passed over."""
    assert TYPED.keys() <= COMMANDS.keys()


@pytest.mark.parametrize("words", ANSWERING, ids=" ".join)
def test_every_command_that_answers_has_json_and_a_view(words: Words) -> None:
    """By its parser. Guard: `speaking`."""
    options = {name for each in ANSWERING[words].params for name in each.opts}
    assert {"--json", "-o", "--tz"} <= options


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("width", WIDTHS)
def test_help_fits_and_has_every_option(words: Words, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a screen of this width each option is there with what it does, and no line is longer."""
    monkeypatch.setattr(sys, "argv", ["qbo-bridge", *words, "--help"])
    said = STYLE.sub("", on_a_screen(width, main, monkeypatch))
    shown = [line.rstrip() for line in said.splitlines()]
    assert max(map(len, shown)) <= width
    for each in COMMANDS[words].params:
        if getattr(each, "hidden", False) or not each.opts[0].startswith("-"):
            continue
        assert each.opts[-1] in said
        assert each.help or each.name == "help"


@pytest.mark.parametrize("words", ANSWERING, ids=" ".join)
def test_json_is_json_and_a_pipe_has_no_escape_codes(told: Desk, words: Words) -> None:
    """Whether it succeeds or is a sentence and exit 1: standard output has JSON alone, and never a colour."""
    given = typed(words)[1:]
    for how in (("--json",), ("-o", "json"), ()):
        code, out, err = told.call(*given, *how)
        assert code in {0, 1}, err
        assert ESCAPE not in out + err
        assert "Traceback" not in err
        if how:
            assert_json(out)


@pytest.mark.parametrize(
    "words",
    [
        ("results", "--last", HUGE),
        ("dead-letters", "redrive", "0/1", "--dry-run", "--rate", HUGE),
        ("dead-letters", "redrive", "0/1", "--dry-run", "--wait", "--timeout", HUGE),
    ],
    ids=" ".join,
)
def test_a_number_that_no_computer_counts_to_does_no_harm(told: Desk, words: Words) -> None:
    """It asks for all that there is, or waits for long."""
    code, out, err = told.call(*words)
    assert (code, err) == (0, "")
    assert out


def assert_json(out: str) -> None:
    """One document, or one a line."""
    try:
        json.loads(out)
    except ValueError:
        for each in out.splitlines():
            json.loads(each)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("words", TABLES, ids=" ".join)
def test_tables_fit_the_screen(told: Desk, words: Words, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is wider than the screen, unless it is one word that is never broken."""
    monkeypatch.setattr(sys, "argv", typed(words))
    shown = [row.rstrip() for row in STYLE.sub("", on_a_screen(width, main, monkeypatch)).splitlines()]
    assert shown
    assert [row for row in shown if len(row) > width and len(row.split()) > LABEL_WORDS + 1] == []


def test_wide_leaves_no_column_out(told: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guard: `is_wide`."""
    monkeypatch.setattr(sys, "argv", typed(("dead-letters", "list")))
    narrow = on_a_screen(60, main, monkeypatch)
    monkeypatch.setattr(sys, "argv", typed(("dead-letters", "list"), "-o", "wide"))
    wide = on_a_screen(60, main, monkeypatch)
    assert "Left out" in narrow
    assert "Left out" not in wide
    assert "failed at (UTC)" in wide


def test_times_are_in_the_zone_that_was_asked_for(told: Desk) -> None:
    """In tables with its name; JSON stays as it is. Guard: `zone`."""
    out = told.call("dead-letters", "list", "--tz", "Asia/Tokyo")[1]
    assert "failed at (Asia/Tokyo)" in out
    assert "2026-11-22 21:00:00" in out
    as_json = told.call("dead-letters", "list", "--tz", "Asia/Tokyo", "--json")[1]
    assert "2026-11-22T12:00:00+00:00" in as_json
    assert "failed at (UTC)" in told.call("dead-letters", "list")[1]
    assert told.call("results", "--tz", "Mars")[0] == 2
