"""An older release beside the journal of a newer one: it takes nothing over, says so, and serves its other company."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.journal import entry_record, home_partition
from bridge.kafka.reader import publish
from bridge.kafka.topics import partitions_of
from contracts.records import OutboundRecord
from tests.support.installation import tenants
from tests.support.orders import bought
from tests.support.processes import Replica, sandbox_server
from tests.support.stage import Stage

OTHER_REALM = "9130000000000002"
OTHER_SHOP = "beta.myshopify.com"

pytestmark = pytest.mark.kafka


def beside_another(kafka: KafkaConnection, url: str, folder: Path, suffix: str) -> Stage:
    """The stage's company, and another one first in the same file."""
    other = replace(tenants(suffix, 2)[1], shops=(OTHER_SHOP,))
    return Stage.of(kafka, url, folder, suffix, beside=(other,))


async def left_by_a_newer_release(stage: Stage, key: str, value: bytes | None) -> None:
    """An entry in the journal of the stage's company, or with None its end."""
    topic = stage.topic("qbo.journal")
    home = home_partition(stage.company, len(await partitions_of(stage.kafka, topic)))
    await publish(stage.kafka, [entry_record(topic, stage.company, key, value, partition=home)])


def sold_by(stage: Stage, shop: str, number: int) -> OutboundRecord:
    """A paid order of a shop."""
    headers = (("X-Shopify-Topic", b"orders/paid"), ("X-Shopify-Shop-Domain", shop.encode()))
    body = json.dumps(bought(number)).encode()
    return OutboundRecord(topic=stage.events[0], key=None, value=body, headers=headers, partition=0)


async def until_refused(stage: Stage, replica: Replica) -> str:
    """What /readyz says once the company has given up."""
    async with asyncio.timeout(60):
        while True:
            if "company.not_taken_over" in stage.log():
                return replica.page("/readyz").text
            await asyncio.sleep(0.2)


def resumed(stage: Stage) -> subprocess.CompletedProcess[str]:
    """`qbo-bridge resume` for the stage's company."""
    config = str(stage.config())
    return subprocess.run(
        [sys.executable, "-m", "bridge.cli.app", "resume", "--company", stage.company, "--config", config],
        env=stage.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


async def test_a_newer_journal_is_left_alone_and_the_other_company_goes_on(
    real: KafkaConnection, unique: str, tmp_path: Path
) -> None:
    """Pages and log name entry, format and remedy; nothing of the company is consumed until the entry has ended.

    Guards: `check_formats` in `Company.take_over`; `gave_up`, which keeps the sentence on the pages.
    """
    async with sandbox_server(tmp_path, "--no-limits", "--realm", "9130000000000001", "--realm", OTHER_REALM) as url:
        stage = beside_another(real, url, tmp_path, unique)
        await stage.create_topics()
        await left_by_a_newer_release(stage, "waiting:shopify.events:0:7", b'{"format":2}')
        await publish(real, [sold_by(stage, "acme.myshopify.com", 1), sold_by(stage, OTHER_SHOP, 2)])
        said = "(waiting:shopify.events:0:7) in format 2, and this release reads format 1 of it"
        async with stage.bridge(ends_with=1) as replica:
            assert said in await until_refused(stage, replica)
            (result,) = await stage.outcomes(1)
            assert (result.company, result.status.value) == (f"beta-{unique}", "posted")
            shown = replica.page("/status").json()["companies"]
            (acme,) = [each for each in shown if each["company"] == stage.company]
            assert (acme["phase"], said in acme["reason"]) == ("stopped", True)
            assert "Traceback" not in stage.log()
        await left_by_a_newer_release(stage, "waiting:shopify.events:0:7", None)
        async with stage.bridge():
            results = await stage.outcomes(2)
            assert {each.company for each in results} == {stage.company, f"beta-{unique}"}
        await left_by_a_newer_release(stage, "stopped", b'{"format":2}')
        told = await asyncio.to_thread(resumed, stage)
        assert (told.returncode, "in format 2" in told.stderr, "Traceback" in told.stderr) == (1, True, False)
        assert b'{"format":2}' in [each.value for each in await stage.read(stage.topic("qbo.journal"))]
