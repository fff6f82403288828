"""What a person would not want to be read stays out of everything that is shown: a real process, and then a search."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from bridge.demo.events import ORDERS_ONLY, EventSettings, generate
from bridge.kafka.connection import KafkaConnection
from contracts.records import OutboundRecord
from contracts.results import Result
from tests.support.processes import sandbox_server
from tests.support.stage import Stage

PERSON = "Quillfeather"
"""In every name, address, mail, note and title that is sent; no other word of the bridge has it."""
SECRET = "Zanzibarium"
"""In the app's secret and the first refresh token."""
ACCESS_TOKEN = "eyJhbGciOiJkaXIifQ"
"""How the sandbox's access tokens begin."""
TEXTS = frozenset(
    "first_name last_name name company address1 address2 city email contact_email phone note title variant_title "
    "vendor customer_locale display_name description".split()
)
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "fault", "code": "2010", "status": 400, "operation": "write"},
    {"kind": "fault", "code": "2210", "status": 400, "operation": "batch"},
    {"kind": "batch_item", "code": "6000", "entity": "Invoice", "status": 400, "count": 3},
    {"kind": "batch_item", "code": "6240", "entity": "Customer", "status": 400, "count": 2},
    {"kind": "html", "operation": "batch"},
    {"kind": "truncate", "operation": "batch"},
    {"kind": "fail_before", "status": 503, "operation": "batch"},
)


def marked(value: object, key: str = "") -> object:
    """The payload with our word in every text about a person, and in every text that a person writes."""
    match value:
        case dict():
            return {name: marked(inner, name) for name, inner in value.items()}
        case list():
            return [marked(inner, key) for inner in value]
        case str() if key in {"email", "contact_email"}:
            return f"ada.{PERSON}@example.test"
        case str() if key in TEXTS and not re.fullmatch(r"#?\d+", value):
            return f"{value} {PERSON}"
    return value


def events() -> Iterator[OutboundRecord]:
    """Sound orders, one whose lines miss its total, and bytes that are nothing; all of them about a person."""
    sample = generate(EventSettings(seed=11, orders=8, mix=ORDERS_ONLY))
    for event in sample.events:
        body = marked(orjson.loads(event.record.value or b"{}"))
        yield _with(event.record, orjson.dumps(body))
    order = marked(orjson.loads(sample.events[0].record.value or b"{}"))
    assert isinstance(order, dict)
    yield _with(sample.events[0].record, orjson.dumps(order | {"id": 77, "total_price": "99999.99"}))
    yield _with(sample.events[0].record, orjson.dumps(order | {"id": 78, "currency": PERSON, "created_at": PERSON}))
    yield _with(sample.events[0].record, orjson.dumps(order | {"id": 79, "line_items": PERSON}))
    yield _with(sample.events[0].record, f'{{"email": "{PERSON}", '.encode())
    yield _with(sample.events[0].record, f"<html>{PERSON}</html>".encode())


def _with(record: OutboundRecord, value: bytes) -> OutboundRecord:
    return OutboundRecord(topic=record.topic, key=record.key, value=value, headers=record.headers)


async def break_qbo(stage: Stage) -> None:
    """Faults whose words quote the person back, as QBO's validation does."""
    said = {"message": "Invalid value", "detail": f"Supplied value:{PERSON}; ada.{PERSON}@example.test is not valid"}
    async with httpx.AsyncClient(trust_env=False) as admin:
        for rule in FAULTS:
            answer = await admin.post(f"{stage.sandbox_url}/sandbox/faults", content=json.dumps({**said, **rule}))
            answer.raise_for_status()


@pytest.mark.slow
@pytest.mark.kafka
async def test_neither_people_nor_secrets_are_shown_anywhere(
    real: KafkaConnection, unique: str, tmp_path: Path
) -> None:
    """Logs at debug, metrics, status, results, reasons. Guards: `describe`, `_safe`, `mask_secrets`, error messages."""
    options = ("--no-limits", "--client-secret", f"{SECRET}-app", "--refresh-token", f"{SECRET}-refresh")
    async with sandbox_server(tmp_path, *options) as url:
        stage = Stage.of(real, url, tmp_path, unique)
        company = f"QBO_BRIDGE_COMPANIES__{stage.company.upper().replace('-', '_')}__"
        stage.environ = {
            f"{company}CLIENT_SECRET": f"{SECRET}-app",
            f"{company}REFRESH_TOKEN": f"{SECRET}-refresh",
            "QBO_BRIDGE_LOGS__LEVEL": "debug",
        }
        await stage.create_topics()
        await break_qbo(stage)
        produced = await stage.produce(events())
        async with stage.bridge() as replica:
            results = await told(stage, produced)
            pages = [
                (await asyncio.to_thread(replica.page, path)).text for path in ("/metrics", "/status", "/readyz", "/")
            ]
        letters = await stage.dead_letters()
    statuses = {result.status.value for result in results}
    assert {"posted", "dead_lettered"} <= statuses
    assert len(letters) >= 5
    shown = {
        "log": (tmp_path / f"{stage.company}.log").read_text(),
        "pages": "".join(pages),
        "results": "".join(result.model_dump_json() for result in results),
        "headers": repr([[header for header in letter.headers if header[0].startswith("qbb-")] for letter in letters]),
    }
    assert all(len(text) > 200 for text in shown.values())
    for where, text in shown.items():
        for word in (PERSON, SECRET, ACCESS_TOKEN):
            assert re.findall(f".{{0,200}}{word}.{{0,60}}", text, re.IGNORECASE) == [], where


async def told(stage: Stage, count: int) -> list[Result]:
    """The results once every record has one; money of an order that QBO refused goes on waiting."""
    results: list[Result] = []
    async with asyncio.timeout(90):
        while len({result.result_id for result in results}) < count:
            await asyncio.sleep(0.5)
            results = await stage.results()
    return results


@pytest.mark.kafka
async def test_the_search_would_find_it(real: KafkaConnection, unique: str, tmp_path: Path) -> None:
    """The words do reach QBO and the dead letters: the test above looks for something that was there."""
    async with sandbox_server(tmp_path, "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique)
        await stage.create_topics()
        produced = await stage.produce(events())
        async with stage.bridge():
            await stage.outcomes(produced, timeout_s=60)
        letters = await stage.dead_letters()
        customers = await asyncio.to_thread(stage.query, "Customer")
    assert any(PERSON in json.dumps(customer, default=str) for customer in customers)
    assert any(PERSON.encode() in (letter.value or b"") for letter in letters)
