"""`qbo-bridge verify` against a real broker, the bridge as a process and the sandbox as a server."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bridge.demo.events import EventSettings, Sample, generate
from bridge.kafka.connection import KafkaConnection
from tests.support.people import copy, document, human, invoices
from tests.support.processes import sandbox_server
from tests.support.stage import Stage


@dataclass(frozen=True, slots=True)
class Said:
    """How the command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> dict[str, Any]:
        """What `--json` printed."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    def found(self, verdict: str) -> list[tuple[str, str]]:
        """Type and document of everything with this verdict."""
        return [(each["entity"], each["document"]) for each in self.report["findings"] if each["verdict"] == verdict]


def verify(stage: Stage, *options: str) -> Said:
    """The command as a process of its own, from its start to its end."""
    words = [
        sys.executable,
        "-m",
        "bridge.cli.app",
        "verify",
        "--config",
        str(stage.config()),
        "--company",
        stage.company,
    ]
    ended = subprocess.run(
        [*words, *options], env=stage.environment(), capture_output=True, text=True, timeout=90, check=False
    )
    assert "Traceback" not in ended.stderr
    return Said(ended.returncode, ended.stdout, ended.stderr)


async def booked(stage: Stage, sample: Sample) -> None:
    """The sample through the bridge, from its start to its stop."""
    await stage.create_topics()
    produced = await stage.produce(event.record for event in sample.events)
    async with stage.bridge():
        await stage.outcomes(produced, timeout_s=90)


async def journalled(stage: Stage, key: str) -> None:
    """Return when the journal has this entry."""
    for _ in range(100):
        if key.encode() in {record.key for record in await stage.read(stage.topic("qbo.journal"))}:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"nothing was journalled under {key}: {stage.log()}")


@pytest.mark.slow
@pytest.mark.kafka
async def test_the_report_is_clean_and_then_names_what_is_wrong(
    real: KafkaConnection, unique: str, tmp_path: Path
) -> None:
    """Missing, twice and drifted are told apart, with totals; nothing is written. Guard: `verification.documents`."""
    sample = generate(EventSettings(seed=14, orders=60, livemode=False))
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique)
        await booked(stage, sample)
        before = stage.sandbox("stats")["requests"]
        clean = verify(stage, "--json", "--out", str(tmp_path / "all.jsonl"))
        assert (clean.code, clean.report["clean"]) == (0, True), clean.out
        assert clean.report["records"] == len(sample.events)
        assert all(each["told"] == each["booked"] for each in clean.report["totals"]), clean.report["totals"]
        assert {"missing", "extra", "drifted"}.isdisjoint(each["verdict"] for each in clean.report["documents"])
        written = (tmp_path / "all.jsonl").read_text().splitlines()
        assert len(written) == sum(each["count"] for each in clean.report["documents"])
        now = stage.sandbox("stats")["requests"]
        assert [now.get(kind) for kind in ("writes", "batches")] == [before.get(kind) for kind in ("writes", "batches")]

        lost, twice, edited = invoices(stage)[:3]
        human(stage, "delete", "Invoice", lost["Id"])
        copy(stage, twice)
        detail = {"ItemRef": edited["Line"][0]["SalesItemLineDetail"]["ItemRef"]}
        line = {"Amount": 1, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}
        human(stage, "edit", "Invoice", edited["Id"], changes={"Line": [line]})

        wrong = verify(stage, "--json")
        assert (wrong.code, wrong.report["clean"]) == (1, False)
        assert wrong.found("missing") == [document(lost)]
        assert wrong.found("extra") == [document(twice)]
        assert wrong.found("drifted") == [document(edited)]
        (drifted,) = [each for each in wrong.report["findings"] if each["verdict"] == "drifted"]
        assert drifted["user_id"]
        assert drifted["changed_at"]
        told = verify(stage)
        assert told.code == 1
        assert "1 missing, 1 more than once" in told.out
        assert document(lost)[1] in told.out


@pytest.mark.slow
@pytest.mark.kafka
async def test_what_a_person_deleted_while_the_bridge_knew_is_no_loss(
    real: KafkaConnection, unique: str, tmp_path: Path
) -> None:
    """The journal says so; a difference all the same. A span without events proves nothing."""
    sample = generate(EventSettings(seed=12, orders=10, livemode=False))
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique, environ={})
        stage.environ[f"QBO_BRIDGE_COMPANIES__{stage.company.upper().replace('-', '_')}__FRESHNESS_S"] = "0.5"
        await stage.create_topics()
        produced = await stage.produce(event.record for event in sample.events)
        async with stage.bridge():
            await stage.outcomes(produced, timeout_s=90)
            lost = invoices(stage)[0]
            human(stage, "delete", "Invoice", lost["Id"])
            await journalled(stage, f"{stage.company}:ours:Invoice:{lost['Id']}")
        said = verify(stage, "--json")
        assert (said.code, said.report["verdict"], said.found("voided")) == (1, "differs", [document(lost)])
        nothing = verify(stage, "--json", "--to", "2020-01-01")
        assert (nothing.code, nothing.report["verdict"], nothing.report["documents"]) == (1, "nothing_read", [])


@pytest.mark.slow
@pytest.mark.kafka
async def test_what_is_away_is_one_sentence(real: KafkaConnection, unique: str, tmp_path: Path) -> None:
    """Kafka, QBO, and options that make no sense."""
    sample = generate(EventSettings(seed=13, orders=2, livemode=False))
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique)
        await booked(stage, sample)
    no_books = verify(stage)
    assert (no_books.code, no_books.out) == (1, "")
    assert "QBO" in no_books.err
    nowhere = Stage.of(KafkaConnection(bootstrap_servers="127.0.0.1:1"), stage.sandbox_url, tmp_path, unique)
    no_bus = verify(nowhere)
    assert no_bus.code == 1
    assert "Kafka" in no_bus.err
    for options, said in (
        (("--from", "soon"), "ISO 8601"),
        (("--from", "2026-11-02", "--to", "2026-11-01"), "no time between"),
    ):
        refused = verify(stage, *options)
        assert refused.code == 2
        assert said in " ".join(refused.err.split())
