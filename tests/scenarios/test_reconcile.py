"""`qbo-bridge reconcile` against a real broker, the bridge as a process and the sandbox as a server."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.demo.events import EventSettings, generate
from bridge.kafka.connection import KafkaConnection
from tests.support.people import document, human, invoices
from tests.support.processes import sandbox_server
from tests.support.stage import Stage

READS_MAX = 20


def reconcile(stage: Stage, *options: str, first: str = "2026-01-01") -> tuple[int, str]:
    """The command as a process of its own: how it ended and what it printed."""
    words = [sys.executable, "-m", "bridge.cli.app", "reconcile", "--config", str(stage.config())]
    asked = ["--company", stage.company, "--from", first, "--to", "2099-12-31"]
    ended = subprocess.run(
        [*words, *asked, *options], env=stage.environment(), capture_output=True, text=True, timeout=90, check=False
    )
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stdout


@pytest.mark.slow
@pytest.mark.kafka
async def test_the_month_agrees_and_then_names_the_document_that_was_moved(
    real: KafkaConnection, unique: str, tmp_path: Path
) -> None:
    """Reads are counted and few, nothing is written, and days without events are no agreement."""
    sample = generate(EventSettings(seed=21, orders=40, livemode=False))
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique)
        await stage.create_topics()
        produced = await stage.produce(event.record for event in sample.events)
        async with stage.bridge():
            await stage.outcomes(produced, timeout_s=90)
        before = stage.sandbox("stats")["requests"]
        code, out = reconcile(stage, "--json")
        report = json.loads(out)
        assert [each for each in report["differences"] if each["what"] != "dead_lettered"] == []
        assert 0 < report["reads"] <= READS_MAX
        now = stage.sandbox("stats")["requests"]
        assert [now.get(kind) for kind in ("writes", "batches")] == [before.get(kind) for kind in ("writes", "batches")]
        assert (code, report["verdict"]) == ((1, "differs") if report["differences"] else (0, "agrees"))

        moved = invoices(stage)[0]
        human(stage, "edit", "Invoice", moved["Id"], changes={"TxnDate": "2026-01-02"})
        code, out = reconcile(stage, "--json")
        (each,) = [each for each in json.loads(out)["differences"] if each["what"] != "dead_lettered"]
        assert (code, each["what"], each["document"], each["books"]) == (1, "day", document(moved)[1], "2026-01-02")
        code, out = reconcile(stage, "--csv")
        behind = " ".join(row["documents"] for row in csv.DictReader(out.splitlines()))
        assert (code, document(moved)[1] in behind) == (1, True)
        code, out = reconcile(stage, "--json", first="2098-01-01")
        assert (code, json.loads(out)["verdict"]) == (1, "nothing_read")
