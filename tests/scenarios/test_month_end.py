"""A bookkeeper at month's end: three mistakes in QuickBooks, what the command says of them, and how they are mended."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.demo.events import EventSettings, generate
from bridge.kafka.connection import KafkaConnection
from tests.support.people import document, human, invoices
from tests.support.processes import sandbox_server
from tests.support.stage import Stage

Row = dict[str, Any]


def month_end(stage: Stage) -> tuple[int, Row]:
    """`qbo-bridge reconcile` as a process of its own, in JSON."""
    words = [sys.executable, "-m", "bridge.cli.app", "reconcile", "--config", str(stage.config()), "--json"]
    span = ["--company", stage.company, "--from", "2026-01-01", "--to", "2099-12-31"]
    ended = subprocess.run(
        [*words, *span], env=stage.environment(), capture_output=True, text=True, timeout=90, check=False
    )
    found: Row = json.loads(ended.stdout)
    return ended.returncode, found


def entered_by_hand(stage: Stage, row: Row) -> Row:
    """The first line of an invoice once more, by a person who does not see that it is there."""
    token = httpx.post(f"{stage.sandbox_url}/sandbox/token").json()["access_token"]
    line = row["Line"][0]
    detail = {"ItemRef": line["SalesItemLineDetail"]["ItemRef"]}
    sold = {"Amount": float(line["Amount"]), "DetailType": line["DetailType"], "SalesItemLineDetail": detail}
    body = {"CustomerRef": row["CustomerRef"], "TxnDate": row["TxnDate"], "PrivateNote": "by Kim", "Line": [sold]}
    url = f"{stage.sandbox_url}/v3/company/9130000000000001/invoice"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    made: Row = httpx.post(url, json=body, headers=headers).raise_for_status().json()["Invoice"]
    return made


def with_amount(stage: Stage, payment: Row, more: int) -> None:
    """The payment over so much more, as its page in QuickBooks sends it."""
    kept: Row = {name: payment[name] for name in ("CustomerRef", "DepositToAccountRef") if name in payment}
    changes: Row = {**kept, "TotalAmt": str(float(payment["TotalAmt"]) + more)}
    human(stage, "edit", "Payment", payment["Id"], changes=changes)


@pytest.mark.slow
@pytest.mark.kafka
async def test_three_mistakes_are_named_and_once_mended_the_month_agrees(
    real: KafkaConnection, unique: str, tmp_path: Path
) -> None:
    """An invoice on another day, a payment of 5.00 more and an invoice that somebody entered again."""
    sample = generate(EventSettings(seed=22, orders=30, livemode=False))
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique)
        await stage.create_topics()
        produced = await stage.produce(event.record for event in sample.events)
        async with stage.bridge():
            await stage.outcomes(produced, timeout_s=90)
        assert month_end(stage)[1]["verdict"] == "agrees"

        moved, again, *_ = invoices(stage)
        paid = next(row for row in stage.query("Payment") if row["TotalAmt"])
        human(stage, "edit", "Invoice", moved["Id"], changes={"TxnDate": "2026-01-02"})
        with_amount(stage, paid, 5)
        made = entered_by_hand(stage, again)
        code, found = month_end(stage)
        assert code == 1
        assert {(each["what"], each["document"], *each["entities"]) for each in found["differences"]} == {
            ("day", document(moved)[1], f"invoice/{moved['Id']}"),
            ("amount", document(paid, "Payment")[1], f"payment/{paid['Id']}"),
            ("by_hand", None, f"invoice/{made['Id']}"),
        }

        human(stage, "edit", "Invoice", moved["Id"], changes={"TxnDate": moved["TxnDate"]})
        with_amount(stage, paid, 0)
        human(stage, "void", "Invoice", made["Id"])
        code, found = month_end(stage)
        assert (code, found["verdict"], found["differences"]) == (0, "agrees", [])
