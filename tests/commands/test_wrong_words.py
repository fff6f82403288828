"""Words that can never be right, at every option and argument of every command: wrong usage, and nobody is asked."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from bridge.cli.app import main
from bridge.demo import demo
from bridge.sandbox import server
from bridge.service import serving
from tests.support.commands import COMMANDS, TYPED, Words
from tests.support.orders import line, order

CONFIG = """
[kafka]
bootstrap_servers = "127.0.0.1:1"
[[companies]]
name = "acme-us"
realm_id = "91"
environment = "sandbox"
client_id = "app"
"""
EMPTY = ("", " ")
TIMES = (*EMPTY, "nonsense", "2026-13-99", "-1", "9" * 25)
COUNTS = ("", "nonsense", "1.5", "-1", "nan")
AMOUNTS = ("", "nonsense", "-1", "nan")
ONE_OF_A_LIST = (*EMPTY, "nonsense", "é☃")
ADDRESSES = (*EMPTY, "nonsense", "10.0.0.7:8080", "ftp://a.example", "http://")
FILES = ("", "nowhere.json", "x" * 300)
A_FOLDER = ("", ".")
IMPOSSIBLE: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("--by", "--source", "--output", "--status", "--code", "--tz", "--country", "--switch"), ONE_OF_A_LIST
    ),
    **dict.fromkeys(("--from", "--to", "--day"), TIMES),
    **dict.fromkeys(("--last", "--orders", "--port"), COUNTS),
    **dict.fromkeys(("--rate", "--timeout", "--time-scale"), AMOUNTS),
    **dict.fromkeys(("--url", "--redirect-uri", "--webhook-url"), ADDRESSES),
    **dict.fromkeys(("--apply", "--body", "--outstanding", "file", "path"), FILES),
    **dict.fromkeys(("--out", "--plan-to", "--data", "--config"), A_FOLDER),
    **dict.fromkeys(("--company", "--document", "--cancel", "--follow", "--shop", "--topic", "--host"), EMPTY),
    **dict.fromkeys(("--client-id", "--client-secret", "--refresh-token", "company", "document"), EMPTY),
    "--seed": ("", "nonsense", "1.5"),
    "--note": (*EMPTY, "x" * 20_000),
    "--realm": (*EMPTY, "nonsense"),
    "--currency": (*EMPTY, "euros"),
    "letter": (*EMPTY, "twelve", "1/", "1:-1"),
    "target": (*EMPTY, "nonsense", "invoice/x", "bill/1"),
}
"""By name: one that is missing here has no words that are known to be wrong."""
SHARED = ("--tz", "--output", "--config", "--company")
"""Options of nearly every command, each tried with one word."""


def parameters(words: Words) -> list[str]:
    """The options and arguments of a command that take a value, as they are typed."""
    return [each.opts[-1] for each in COMMANDS[words].params if not getattr(each, "is_flag", False)]


def with_word(words: Words, name: str, wrong: str) -> list[str]:
    """The command with all that it needs, and this word in this place."""
    needed = list(TYPED.get(words, ()))
    if name.startswith("-"):
        return [*words, *needed, f"{name}={wrong}"]
    places = [each.opts[-1] for each in COMMANDS[words].params if not each.opts[-1].startswith("-")]
    typed_before = [each for each in needed if not each.startswith("-")][: places.index(name)]
    options = needed[len(typed_before) + 1 :] if needed and not needed[0].startswith("-") else needed
    return [*words, *typed_before, *[each for each in options if each != "--none"], "--", wrong]


def asks_nobody(*_: Any, **__: Any) -> NoReturn:
    raise AssertionError("a server was started")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration whose broker is nowhere, and nothing that serves."""
    for module, name in ((server, "run"), (serving, "run"), (demo, "run_demo")):
        monkeypatch.setattr(module, name, asks_nobody)
    (tmp_path / "bridge.toml").write_text(CONFIG)
    (tmp_path / "order.json").write_text(json.dumps(order([line("3.00")])))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ended(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    """The exit code and what was said, on both streams."""
    monkeypatch.setattr(sys, "argv", ["qbo-bridge", *words])
    with pytest.raises(SystemExit) as exit_:
        main()
    said = capsys.readouterr()
    return int(exit_.value.code or 0), said.out, said.err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_word_that_can_never_be_right_is_wrong_usage(
    words: Words, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, nothing on standard output, and one sentence; a new option is red until its words are in the table."""
    wrong = [(name, word) for name in parameters(words) for word in IMPOSSIBLE[name][: 1 if name in SHARED else None]]
    for name, word in wrong:
        given = with_word(words, name, word)
        code, out, err = ended(given, monkeypatch, capsys)
        assert (code, out) == (2, ""), (given, err)
        sentences = [each for each in err.splitlines() if each.startswith("Error: ")]
        assert len(sentences) == 1, (given, err)
        assert "Traceback" not in err


@pytest.mark.parametrize("name", SHARED[:2])
@pytest.mark.parametrize("word", ONE_OF_A_LIST)
def test_the_options_of_every_command_refuse_each_wrong_word(
    name: str, word: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tried at one of them, because all have them from one place."""
    assert ended(["status", f"{name}={word}"], monkeypatch, capsys)[:2] == (2, "")


@pytest.mark.parametrize("words", [each for each in COMMANDS if "--company" in parameters(each)], ids=" ".join)
def test_a_company_that_there_is_not_is_named_with_those_that_there_are(
    words: Words, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The configuration says which there are, so it is a problem and no wrong usage."""
    needed = TYPED.get(words, ()) if words != ("doctor",) else ("--start",)
    code, out, err = ended([*words, *needed, "--company=nowhere"], monkeypatch, capsys)
    assert (code, out) == (1, "")
    assert ("nowhere" in err, "acme-us" in err, err.count("\n")) == (True, True, 1)
