"""A company that stops after too many dead letters, told to go on from elsewhere, and its dead letters redriven."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import publish
from contracts.records import OutboundRecord
from tests.support.installation import tenants
from tests.support.orders import ORDER_ID, Json, bought
from tests.support.processes import sandbox_server
from tests.support.stage import Stage, counted

LIMIT, REFUSED, BOOKED = 50, 60, 10
OTHER_REALM = "9130000000000002"
OTHER_SHOP = "beta.myshopify.com"

pytestmark = pytest.mark.kafka


@dataclass(slots=True, kw_only=True)
class TwoCompanies(Stage):
    """The stage's company and another one in the same process."""

    @property
    def other(self) -> str:
        return self.companies[0].name

    async def put(self, *bodies: Json, shop: str = "acme.myshopify.com") -> None:
        """Orders on one partition, in this order."""
        headers = (("X-Shopify-Topic", b"orders/paid"), ("X-Shopify-Shop-Domain", shop.encode()))
        topic = self.events[0]
        await publish(
            self.kafka,
            [
                OutboundRecord(topic=topic, key=None, value=json.dumps(body).encode(), headers=headers, partition=0)
                for body in bodies
            ],
        )

    def page(self, path: str) -> tuple[int, Any]:
        """A page of the process that was started last."""
        answer = httpx.get(f"{self.address}{path}")
        return answer.status_code, answer.json()

    def metrics(self) -> list[str]:
        return httpx.get(f"{self.address}/metrics").text.splitlines()

    @property
    def address(self) -> str:
        return str(re.findall(r"http://127\.0\.0\.1:\d+", self.log_of("http.listening"))[-1])

    def log_of(self, event: str) -> str:
        lines = (self.folder / f"{self.company}.log").read_text(encoding="utf-8").splitlines()
        return "\n".join(line for line in lines if event in line)

    async def until_stopped(self) -> None:
        async with asyncio.timeout(60):
            while not self.log_of("http.listening") or "stopped" not in str(self.page("/readyz")[1]):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def committed(self) -> int | None:
        consumer = AIOKafkaConsumer(group_id=f"qbo-bridge.{self.company}", **self.kafka.client_options())
        await consumer.start()
        try:
            offset: int | None = await consumer.committed(TopicPartition(self.events[0], 0))
            return offset
        finally:
            await consumer.stop()

    async def members(self) -> int:
        """How many members the company's group has."""
        admin = AIOKafkaAdminClient(**self.kafka.client_options())
        await admin.start()
        try:
            (answer,) = await admin.describe_consumer_groups([f"qbo-bridge.{self.company}"])
            return len(answer.groups[0][5])
        finally:
            await admin.close()

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "bridge.cli.app", *words, "--config", str(self.config())],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


def two_companies(kafka: KafkaConnection, url: str, folder: Path, suffix: str) -> TwoCompanies:
    other = replace(tenants(suffix, 2)[1], shops=(OTHER_SHOP,))
    return TwoCompanies.of(kafka, url, folder, suffix, beside=(other,))


async def test_a_row_of_dead_letters_stops_one_company_until_it_is_told_to_go_on(
    real: KafkaConnection, unique: str, tmp_path: Path
) -> None:
    """Offsets are kept, the group membership lives, the other company works on; afterwards everything is told once.

    Each dead letter is redriven and booked once, although the redrive was interrupted.

    Guards: `Breaker`, the stop in the journal and `until_changed`, `_rewind` of what was not taken, the redrive's mark.
    """
    async with sandbox_server(tmp_path, "--no-limits", "--realm", "9130000000000001", "--realm", OTHER_REALM) as url:
        stage = two_companies(real, url, tmp_path, unique)
        await stage.create_topics()
        await stage.put(*(bought(number, currency="EUR") for number in range(REFUSED)), *map(bought, range(100, 110)))
        async with stage.bridge():
            await stage.until_stopped()
            await the_company_stands_still(stage)
            await the_other_works_on(stage)
            told = stage.command("resume", "--company", stage.company)
            assert (told.returncode, told.stderr) == (0, "")
            assert f"{stage.company} goes on. It had stopped after 50 dead letters" in told.stdout
            results = await stage.outcomes(REFUSED + BOOKED + 1)
            assert counted(results) == {"dead_lettered": REFUSED, "posted": BOOKED + 1}
            await asyncio.sleep(1.5)
            assert stage.page("/readyz")[0] == 200
            again = stage.command("resume", "--company", stage.company)
            assert (again.returncode, "There is nothing to resume" in again.stderr) == (1, True)
        assert len(re.findall("company.stopped", stage.log_of("company.stopped"))) == 1
        await the_dead_letters_are_redriven_once(stage)


async def test_a_stopped_company_drains_and_a_restart_goes_on(
    real: KafkaConnection, unique: str, tmp_path: Path
) -> None:
    """SIGTERM ends it with 0 while it is stopped; the next process takes what is left. Guard: `Breaker.taken_over`."""
    async with sandbox_server(tmp_path, "--no-limits", "--realm", "9130000000000001", "--realm", OTHER_REALM) as url:
        stage = two_companies(real, url, tmp_path, unique)
        await stage.create_topics()
        await stage.put(*(bought(number, currency="EUR") for number in range(REFUSED)))
        async with stage.bridge():
            await stage.until_stopped()
        async with stage.bridge():
            results = await stage.outcomes(REFUSED)
        assert counted(results) == {"dead_lettered": REFUSED}
        assert stage.command("resume", "--company", stage.company).returncode == 1


async def test_an_attempt_whose_outcome_nobody_knows_is_explained(
    real: KafkaConnection, unique: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While QBO does not answer, the journal tells what was sent and when. Guard: `read_trail`."""
    monkeypatch.setenv("QBO_BRIDGE_KAFKA__BACKOFF_MAX_S", "2")
    async with sandbox_server(tmp_path, "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique)
        await stage.create_topics()
        stage.break_qbo("reset_before", count=None, entity="Invoice")
        record = OutboundRecord(topic=stage.events[0], key=None, value=json.dumps(bought(0)).encode())
        async with stage.bridge():
            await publish(real, [record])
            async with asyncio.timeout(60):
                while not (story := explained(stage)).get("attempts"):  # noqa: ASYNC110 - a state of the broker
                    await asyncio.sleep(0.5)
            (attempt,) = story["attempts"]
            assert (story["results"], attempt["outcome"], attempt["settled_at"]) == ([], "not known yet", None)
            stage.heal_qbo()
            await stage.outcomes(1)
            (settled,) = [each for each in explained(stage)["attempts"] if each["request_id"] == attempt["request_id"]]
        assert settled["sent_at"] == attempt["sent_at"]
        assert settled["outcome"].startswith("written as Invoice ")


def explained(stage: Stage) -> dict[str, Any]:
    """The story of the first order, empty while nothing is known of it."""
    words = ["explain", f"shopify:order:{ORDER_ID}", "--json", "--config", str(stage.config())]
    told = subprocess.run(
        [sys.executable, "-m", "bridge.cli.app", *words], capture_output=True, text=True, check=False, timeout=60
    )
    return dict(json.loads(told.stdout)) if told.returncode == 0 else {}


async def the_company_stands_still(stage: TwoCompanies) -> None:
    """What was settled has its offset and its one result; nothing else is consumed; everybody can see why."""
    await asyncio.sleep(2)
    results = [result for result in await stage.results() if result.company == stage.company]
    assert counted(results) == {"dead_lettered": LIMIT}
    assert sorted(result.source.offset for result in results) == list(range(LIMIT))
    assert len(await stage.dead_letters()) == LIMIT
    assert await stage.committed() == LIMIT
    assert await stage.members() == 1
    code, because = stage.page("/readyz")
    (complaint,) = because["because"]
    assert code == 503
    assert complaint.startswith(f"{stage.company} is stopped: stopped after {LIMIT} dead letters in a row")
    assert stage.page("/livez")[0] == 200
    shown = {company["company"]: company for company in stage.page("/status")[1]["companies"]}[stage.company]
    assert (shown["phase"], shown["dead_letters_in_a_row"]) == ("stopped", LIMIT)
    assert f"qbo-bridge resume --company {stage.company}" in shown["reason"]
    assert shown["last_poll_age_s"] < 2
    metrics = stage.metrics()
    assert f'qbo_bridge_phase{{company="{stage.company}",phase="stopped"}} 1.0' in metrics
    assert f'qbo_bridge_dead_letters_in_a_row{{company="{stage.company}"}} {LIMIT}.0' in metrics


async def the_other_works_on(stage: TwoCompanies) -> None:
    await stage.put(bought(500), shop=OTHER_SHOP)
    async with asyncio.timeout(30):
        while not [each for each in await stage.results() if each.company == stage.other]:  # noqa: ASYNC110
            await asyncio.sleep(0.2)


async def the_dead_letters_are_redriven_once(stage: TwoCompanies) -> None:
    """What was wrong is mended (the company holds euros); the redrive is interrupted and started again."""
    stage.switch_on_multicurrency()
    words = ["dead-letters", "redrive", "--company", stage.company, "--reason", "unmappable"]
    config = ["--config", str(stage.config())]
    # because a look at the topic takes seconds, 60 of them must take longer than that
    slow = subprocess.Popen(  # noqa: ASYNC220 - a start takes no time
        [sys.executable, "-m", "bridge.cli.app", *words, "--rate", "2", *config],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    topic = stage.events[0]
    async with asyncio.timeout(30):
        while len(await redriven(stage, topic)) < 5:  # noqa: ASYNC110 - a state of the broker
            await asyncio.sleep(0.1)
    slow.send_signal(signal.SIGINT)
    said, _ = await asyncio.to_thread(slow.communicate, timeout=20)
    assert slow.returncode == 1
    assert "The same command goes on with the rest." in said
    first = len(await redriven(stage, topic))
    assert 5 <= first < REFUSED
    rest = stage.command(*words, "--rate", "0")
    assert rest.returncode == 0, rest.stderr
    assert f"{first} were redriven before and are left alone." in rest.stdout
    assert Counter((await redriven(stage, topic)).values()) == {1: REFUSED}
    async with stage.bridge():
        results = await stage.outcomes(2 * REFUSED + BOOKED + 1)
    is_current = [result for result in results if result.source.offset > REFUSED + BOOKED]
    assert counted(is_current) == {"posted": REFUSED}
    the_story_is_told_whole(stage)
    assert len([row for row in stage.query("Invoice") if "[qbb:" in str(row.get("PrivateNote"))]) == REFUSED + BOOKED


def the_story_is_told_whole(stage: TwoCompanies) -> None:
    """`explain` by the bare id: refused, redriven, booked, and when the request went out."""
    told = stage.command("explain", str(ORDER_ID), "--company", stage.company, "--json")
    assert (told.returncode, told.stderr) == (0, "")
    story = json.loads(told.stdout)
    assert story["document"] == f"shopify:order:{ORDER_ID}"
    assert [result["status"] for result in story["results"]] == ["dead_lettered", "posted"]
    again = story["results"][1]["source"]
    (letter,) = story["dead_letters"]
    assert letter["redriven_to"] == f"{again['topic']}:{again['partition']}:{again['offset']}"
    (invoice,) = [entity for entity in story["results"][1]["entities"] if entity["entity"] == "Invoice"]
    (attempt,) = [each for each in story["attempts"] if each["entity"] == "Invoice"]
    assert (attempt["outcome"], attempt["request_id"]) == (f"written as Invoice {invoice['id']}", invoice["request_id"])
    assert attempt["sent_at"] <= attempt["settled_at"]
    shown = stage.command("explain", f"shopify:order:{ORDER_ID}", "--company", stage.company).stdout
    assert all(word in shown for word in ("unmappable", "posted", letter["redriven_to"], invoice["request_id"]))


async def redriven(stage: TwoCompanies, topic: str) -> Counter[bytes]:
    """How often each dead letter was redriven, by the header."""
    return Counter(
        value or b""
        for record in await stage.read(topic)
        for name, value in record.headers
        if name == "qbb-redriven-from"
    )
