"""Deletions by people over restarts of the bridge as a process, on a real broker."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.demo.events import EventSettings, generate
from bridge.kafka.connection import KafkaConnection
from tests.support.people import document, human, invoices
from tests.support.processes import sandbox_server
from tests.support.stage import Stage


@pytest.mark.slow
@pytest.mark.kafka
async def test_what_was_deleted_while_nobody_ran_is_not_posted_again(
    real: KafkaConnection, unique: str, tmp_path: Path
) -> None:
    """All events come again to the next process: the results say whose the Id was. Guard: `kafka.recollect`."""
    sample = generate(EventSettings(seed=21, orders=15, livemode=False))
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique)
        await stage.create_topics()
        produced = await stage.produce(event.record for event in sample.events)
        async with stage.bridge():
            await stage.outcomes(produced, timeout_s=90)
        before = invoices(stage)
        human(stage, "delete", "Invoice", before[0]["Id"])
        await stage.rewind()
        async with stage.bridge():
            results = await stage.outcomes(produced, twice=True, timeout_s=90)
        assert {row["Id"] for row in invoices(stage)} == {row["Id"] for row in before[1:]}
        _, deleted = document(before[0])
        last = {result.result_id: result for result in results if result.source.document == deleted}
        codes = {result.reason.code for result in last.values() if result.reason is not None}
        assert codes <= {"deleted_in_qbo", "newer_version"}
        assert "deleted_in_qbo" in codes
