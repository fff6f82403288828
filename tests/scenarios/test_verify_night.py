"""A night's job of `verify --day` on a real broker: a backlog, people's edits that are harmless, and faults."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bridge.demo.events import EventSettings, generate
from bridge.kafka.connection import KafkaConnection
from tests.support.people import copy, document, human, invoices
from tests.support.processes import sandbox_server
from tests.support.stage import Stage


def night_job(stage: Stage) -> tuple[int, dict[str, Any]]:
    """The command as cron starts it."""
    words = [sys.executable, "-m", "bridge.cli.app", "verify", "--config", str(stage.config()), "--json"]
    span = ["--company", stage.company, "--day", "today", "--by", "day"]
    ended = subprocess.run(
        [*words, *span], env=stage.environment(), capture_output=True, text=True, timeout=90, check=False
    )
    found: dict[str, Any] = json.loads(ended.stdout)
    return ended.returncode, found


@pytest.mark.slow
@pytest.mark.kafka
async def test_the_night_is_silent_over_a_backlog_and_names_each_fault(
    real: KafkaConnection, unique: str, tmp_path: Path
) -> None:
    """Memos and due dates are harmless, what nobody consumed is counted; four faults are named, with who and when."""
    booked, later = (generate(EventSettings(seed=seed, orders=20, livemode=False)) for seed in (12, 13))
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique)
        await stage.create_topics()
        produced = await stage.produce(event.record for event in booked.events)
        async with stage.bridge():
            await stage.outcomes(produced, timeout_s=90)
        waiting = await stage.produce(event.record for event in later.events)
        lost, twice, voided, moved, harmless, *_ = invoices(stage)
        human(stage, "edit", "Invoice", harmless["Id"], changes={"PrivateNote": "call her back"})
        human(stage, "edit", "Invoice", harmless["Id"], changes={"DueDate": "2027-01-31"})
        code, found = night_job(stage)
        named = [each for each in found["findings"] if each["verdict"] not in {"cancelled", "ignored", "waiting"}]
        assert (code, found["verdict"], found["not_reached"], named) == (0, "clean", waiting, [])

        human(stage, "delete", "Invoice", lost["Id"])
        copy(stage, twice)
        human(stage, "void", "Invoice", voided["Id"])
        human(stage, "edit", "Invoice", moved["Id"], changes={"TxnDate": "2020-01-02"})
        code, found = night_job(stage)
        verdicts = {each["document"]: each["verdict"] for each in found["findings"]}
        expected = ((lost, "missing"), (twice, "extra"), (voided, "voided"), (moved, "drifted"))
        assert (code, found["verdict"]) == (1, "differs")
        assert {document(row)[1]: verdicts.get(document(row)[1]) for row, _ in expected} == {
            document(row)[1]: verdict for row, verdict in expected
        }
        (dated,) = [each for each in found["findings"] if each["document"] == document(moved)[1]]
        assert dated["user_id"]
        assert dated["changed_at"]
