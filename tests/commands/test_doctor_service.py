"""What the doctor says of a company's service: who does something about it, and whether that is a problem."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.commands.doctor.service import BEHIND_S, service_finding
from bridge.commands.status.facts import CompanyStatus, PeoplesChanges
from bridge.commands.status.phase import ShownPhase
from bridge.commands.status.unknown import Unknown
from bridge.kafka.backlog import Backlog

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SILENT = Unknown("nobody was asked")
OLD, YOUNG = (Backlog(3, int((NOW.timestamp() - BEHIND_S + seconds) * 1000)) for seconds in (-1, 1))


def status(phase: str, backlog: Backlog | Unknown) -> CompanyStatus:
    return CompanyStatus(
        company="acme-us",
        realm_id="91",
        now=NOW,
        phase=ShownPhase(phase=phase, reason="because"),
        backlog=backlog,
        last_booked=None,
        letters=SILENT,
        waiting=SILENT,
        jobs=SILENT,
        changes=PeoplesChanges(removed=SILENT, changed=SILENT, known_until=SILENT),
        token_until=SILENT,
        reads=SILENT,
        limits=SILENT,
        version="1",
        service_version=SILENT,
    )


@pytest.mark.parametrize(
    ("phase", "backlog", "kind", "remedy"),
    [
        ("running", Backlog(), "ok", ""),
        ("running", YOUNG, "ok", ""),
        ("running", OLD, "problem", "see /status"),
        ("elsewhere", OLD, "problem", "see /status"),
        ("stopped", Backlog(), "problem", "qbo-bridge resume --company acme-us"),
        ("needs_reconnect", SILENT, "problem", "qbo-bridge connect acme-us"),
        ("paused", OLD, "note", "qbo-bridge resume --company acme-us"),
        ("none", OLD, "note", "qbo-bridge run"),
        ("none", Backlog(), "ok", ""),
        ("unknown", SILENT, "ok", ""),
    ],
)
def test_a_service_that_books_nothing_more_is_a_problem(
    phase: str, backlog: Backlog | Unknown, kind: str, remedy: str
) -> None:
    """But for one that nobody has started, or that a person has paused. Guard: `BY_CHOICE`, `BEHIND_S`."""
    found = service_finding(status(phase, backlog))
    assert (found.kind, remedy in found.remedy) == (kind, True)
    assert found.said.startswith(f"{phase}: because")
