"""`qbo-bridge backfill` before it meets Kafka, and what it says on the way: spans, usage, progress, report."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from bridge.cli.app import main
from bridge.commands.progress import ProgressBar
from bridge.commands.spans import parse_span
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.range import TimeSpan

NOON_MS = int(datetime(2026, 11, 1, 12, tzinfo=UTC).timestamp() * 1000)
CONFIG = """
[kafka]
bootstrap_servers = "127.0.0.1:{port}"
transactions = {transactions}
[[companies]]
name = "acme-us"
realm_id = "91"
environment = "sandbox"
client_id = "app"
"""
SECRETS = {"QBO_BRIDGE_TOKENS__KEY": "A" * 43, "QBO_BRIDGE_COMPANIES__ACME_US__CLIENT_SECRET": "secret"}


@pytest.fixture
def nobody() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@dataclass(frozen=True)
class BackfillEnd:
    """How the command ended and what it said."""

    code: int
    out: str
    err: str


def configured(folder: Path, port: int, transactions: str = "true") -> list[str]:
    """A configuration, as the command takes it."""
    path = folder / "bridge.toml"
    path.write_text(CONFIG.format(port=port, transactions=transactions), encoding="utf-8")
    return ["backfill", "--config", str(path)]


Cli = Callable[..., BackfillEnd]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run the command in this process."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)

    def call(*arguments: str) -> BackfillEnd:
        monkeypatch.setattr(sys, "argv", ["qbo-bridge", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return BackfillEnd(int(ended.value.code or 0), said.out, said.err)

    return call


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-01T12:00:00Z",
        "2026-11-01T12:00",
        "2026-11-01 13:00+01:00",
        "2026-11-01T07:00:00.000-05:00",
        "20261101T12",
    ],
)
def test_times_are_iso_8601_and_utc_without_an_offset(text: str) -> None:
    """A date alone is its midnight."""
    assert parse_span(text, None) == TimeSpan(NOON_MS, None)
    assert parse_span(None, "2026-11-01") == TimeSpan(None, NOON_MS - 12 * 3_600_000)


def test_a_moment_between_two_milliseconds_is_the_next_one() -> None:
    """So that no record is taken that is before it."""
    assert parse_span("2026-11-01T12:00:00.000001", "2026-11-01T12:00:00.0015") == TimeSpan(NOON_MS + 1, NOON_MS + 2)


@pytest.mark.parametrize(
    "options",
    [
        ("--company", "acme-us", "--from", "yesterday"),
        ("--company", "acme-us", "--to", "1.11.2026"),
        ("--company", "acme-us", "--from", "2026-11-02", "--to", "2026-11-02"),
        ("--company", "acme-us", "--from", "2026-11-02T00:00+01:00", "--to", "2026-11-01T22:00Z"),
        ("--company", "acme-us", "--out", "absent/out.jsonl"),
        ("--company", "acme-us", "--cancel", "3f1c9a27", "--from", "2026-11-01"),
        ("--company", "acme-us", "--cancel", "3f1c9a27", "--plan"),
        ("--company", "acme-us", "--cancel", "3f1c9a27", "--follow", "3f1c9a27"),
        ("--company", "acme-us", "--cancel", "3f1c9a27", "--out", "out.jsonl"),
        ("--company", "acme-us", "--follow", "3f1c9a27", "--to", "2026-11-01"),
    ],
)
def test_wrong_usage_ends_with_2(cli: Cli, tmp_path: Path, nobody: int, options: tuple[str, ...]) -> None:
    """A typing error is told before anything is looked at."""
    ended = cli(*configured(tmp_path, nobody), *options)
    assert ended.code == 2
    assert "Error: " in ended.err
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("plan", [(), ("--plan",)])
def test_an_unknown_company_is_one_sentence(cli: Cli, tmp_path: Path, nobody: int, plan: tuple[str, ...]) -> None:
    """With the ones that there are."""
    ended = cli(*configured(tmp_path, nobody), "--company", "acme-uk", *plan)
    assert ended == BackfillEnd(1, "", "There is no company 'acme-uk'; expected one of: acme-us.\n")


def test_without_transactions_only_a_plan_is_made(cli: Cli, tmp_path: Path, nobody: int) -> None:
    """Nothing would keep a second writer out. Guard: the look at `kafka.transactions`."""
    ended = cli(*configured(tmp_path, nobody, transactions="false"), "--company", "acme-us")
    assert ended.code == 1
    assert ended.err.startswith("A backfill needs kafka.transactions = true")
    assert "make kafka" in ended.err


def test_a_broker_that_knows_no_groups_is_said_with_what_to_do(
    cli: Cli, tmp_path: Path, embedded: KafkaConnection
) -> None:
    """The one inside `qbo-bridge demo`. Guard: `IncompatibleBrokerVersion` in `is_served`."""
    port = int(embedded.bootstrap_servers.rpartition(":")[2])
    ended = cli(*configured(tmp_path, port), "--company", "acme-us")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("This broker does not say who is in a group, so not who writes. ")
    assert "make kafka" in ended.err


@pytest.mark.parametrize("plan", [(), ("--plan",), ("--follow", "3f1c9a27"), ("--cancel", "3f1c9a27")])
def test_kafka_being_away_is_one_sentence(tmp_path: Path, nobody: int, plan: tuple[str, ...]) -> None:
    """Unlike the service, a command does not wait for it; in a process, where nothing else listens to log lines."""
    words = [sys.executable, "-m", "bridge.cli.app", *configured(tmp_path, nobody), "--company", "acme-us", *plan]
    ended = subprocess.run(words, env=os.environ | SECRETS, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("Kafka: ")
    assert len(ended.stderr.splitlines()) == 1


def test_on_a_terminal_there_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the part of the range that is done, and sentences above it."""
    shown = io.StringIO()
    bar = terminal_bar(monkeypatch, shown)
    with bar:
        bar.show(50, 200, "12 records settled")
        bar.say("Waiting for QuickBooks")
    assert "25%" in shown.getvalue()
    assert "acme-us: 12 records settled" in shown.getvalue()
    assert "Waiting for QuickBooks\n" in shown.getvalue()


def terminal_bar(monkeypatch: pytest.MonkeyPatch, shown: io.StringIO) -> ProgressBar:
    """A bar on a terminal that is a string."""

    def console(**options: object) -> Console:
        return Console(file=shown, force_terminal=True, width=100, highlight=False)

    monkeypatch.setattr("bridge.commands.progress.Console", console)
    return ProgressBar("acme-us")


def test_elsewhere_there_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    """A log of a cron job stays readable: no bar, no escape sequences."""
    with ProgressBar("acme-us", line_every_s=0.0) as bar:
        bar.show(50, 200, "12 records settled")
        bar.say("QuickBooks says \x1b[31m no")
    assert capsys.readouterr().err == "acme-us: 12 records settled, 25 % of the range\nQuickBooks says \\x1b[31m no\n"


def test_lines_do_not_come_all_the_time(capsys: pytest.CaptureFixture[str]) -> None:
    """The state is looked at ten times a second and told every ten seconds. Guard: `line_every_s`."""
    with ProgressBar("acme-us") as bar:
        for done in range(100):
            bar.show(done, 100, "at work")
    assert capsys.readouterr().err == ""
