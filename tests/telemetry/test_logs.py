"""Log lines: their form, and what never gets into them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bridge.config.settings import LogSettings
from bridge.telemetry.logs import setup_logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Logging is process-wide: put back what pytest had set up."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines_of(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_away_from_a_terminal_each_event_is_one_line_of_json() -> None:
    """With its level, its time and its facts."""
    out = io.StringIO()
    setup_logs(LogSettings(), out)
    structlog.get_logger("bridge").warning("company.paused", company="acme", wait_s=4)
    assert [(line["event"], line["level"], line["wait_s"]) for line in lines_of(out)] == [
        ("company.paused", "warning", 4)
    ]


def test_a_level_silences_what_is_below_it() -> None:
    """A normal order logs nothing at the default level."""
    out = io.StringIO()
    setup_logs(LogSettings(), out)
    structlog.get_logger("bridge").debug("order.posted")
    assert out.getvalue() == ""


def test_secrets_are_masked_by_their_names() -> None:
    """Whoever passes one by mistake, it is not written."""
    out = io.StringIO()
    setup_logs(LogSettings(), out)
    structlog.get_logger("bridge").error(
        "auth.failed", refresh_token="hush", Authorization="Bearer hush", company="acme"
    )
    assert "hush" not in out.getvalue()
    assert lines_of(out)[0]["company"] == "acme"


def test_tracebacks_have_no_local_variables() -> None:
    """Locals of a failing call hold tokens and customers."""
    out = io.StringIO()
    setup_logs(LogSettings(), out)

    def fail(token: str) -> None:
        raise RuntimeError(str(len(token)))

    try:
        fail("hush" * 2)
    except RuntimeError:
        structlog.get_logger("bridge").exception("bug")
    assert "RuntimeError" in out.getvalue()
    assert "hushhush" not in out.getvalue()


def test_libraries_are_heard_from_warnings_on() -> None:
    """In the same form as our own lines."""
    out = io.StringIO()
    setup_logs(LogSettings(format="json", level="debug"), out)
    logging.getLogger("aiokafka.consumer").info("chatter")
    logging.getLogger("aiokafka.consumer").warning("lost the broker")
    assert [line["event"] for line in lines_of(out)] == ["lost the broker"]


def test_a_terminal_gets_readable_lines() -> None:
    """No JSON where a person looks."""
    out = io.StringIO()
    setup_logs(LogSettings(format="console"), out)
    structlog.get_logger("bridge").info("http.listening", address="here")
    assert "http.listening" in out.getvalue()
    assert not out.getvalue().startswith("{")
