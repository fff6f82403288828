"""People at work in the same books while the bridge runs as a process: what they did stays, and the rest is posted."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.kafka.connection import KafkaConnection
from contracts.keys import SourceKey
from contracts.records import OutboundRecord
from contracts.results import Result
from tests.support.fleet import until
from tests.support.orders import ORDER_ID, Json, order, taxed, transaction
from tests.support.people import copy, document, human
from tests.support.processes import Replica, sandbox_server
from tests.support.stage import Stage

VOIDED, DELETED, CHANGED, TWICE, RENAMED, RETIRED, UNPAID, CLOSED, PLAIN, NEW = range(10)
"""What a person does to each order, or to what it stands on. The last one is ordered afterwards."""
Books = dict[str, list[dict[str, Any]]]
SALE_ID = 9455001122334
RENAMED_TO = "Renamed by a person"
POSTED = ("posted", None)
GONE = ("ignored", "deleted_in_qbo")
SHUT = ("dead_lettered", "period_closed")
GROWN, PAID = Decimal("62.90"), Decimal("42.90")
JANUARY: Json = {"created_at": "2026-01-15T10:00:00Z", "processed_at": "2026-01-15T10:00:00Z"}


def bought(number: int, quantity: int = 2, **changes: object) -> Json:
    """An order that nothing is paid on, of so many pieces; the one of `RETIRED` and of `RENAMED` has its own."""
    named = {"id": ORDER_ID + number, "admin_graphql_api_id": None, "name": f"#{3000 + number}"}
    if number == RENAMED:
        person = {"id": 77, "first_name": "Ines", "last_name": "Moreau", "email": "ines@example.com"}
        changes = {"customer": person, "email": "ines@example.com"} | changes
    if number == CLOSED:
        changes = JANUARY | changes
    sku = "MUG" if number == RETIRED else "TOTE"
    sold = taxed("20.00", quantity, "2.90", sku=sku, name=sku.title(), title=sku.title())
    moment = f"2026-03-02T21:05:{10 * quantity:02d}-08:00"
    return order([sold], **{"financial_status": "pending", "updated_at": moment, **named, **changes})


def paid(number: int) -> Json:
    """The money of an order, as a transaction of its own."""
    return transaction(id=SALE_ID + number, admin_graphql_api_id=None, order_id=ORDER_ID + number)


def name_of(number: int) -> str:
    """How results and markers name the order."""
    return str(SourceKey("shopify", "order", str(ORDER_ID + number)))


def paid_name(number: int) -> str:
    """How they name its money."""
    return str(SourceKey("shopify", "transaction", str(SALE_ID + number)))


async def told(stage: Stage, *bodies: Json) -> list[Result]:
    """The results of these bodies; each record of the stage has exactly one that is terminal."""
    before = {result.result_id for result in await stage.results()}
    records = [OutboundRecord(topic="shopify.events", key=None, value=json.dumps(body).encode()) for body in bodies]
    count = len(before) + await stage.produce(records)
    results = [result for result in await stage.outcomes(count) if result.status != "waiting"]
    assert set(Counter(result.result_id for result in results).values()) == {1}
    assert len(results) == count
    return [result for result in results if result.result_id not in before]


def outcomes(results: Sequence[Result]) -> dict[str, tuple[str, str | None]]:
    """Status and reason of each document."""
    found = {
        result.source.document or "": (result.status.value, result.reason.code if result.reason else None)
        for result in results
    }
    assert len(found) == len(results)
    return found


def invoices_of(stage: Stage) -> Books:
    """All invoices by the order that they carry the marker of, the oldest first."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(stage.query("Invoice"), key=lambda row: int(row["Id"])):
        found[document(row)[1]].append(row)
    return found


def of_order(stage: Stage, number: int) -> dict[str, Any]:
    """The only invoice of an order."""
    (row,) = [row for row in stage.query("Invoice") if document(row)[1] == name_of(number)]
    return row


def people_at_work(stage: Stage) -> str:
    """Everything that people do between two events; the Id of the item that is no longer sold."""
    of = {number: of_order(stage, number) for number in range(NEW)}
    (payment,) = stage.query("Payment")
    items = {number: row["Line"][0]["SalesItemLineDetail"]["ItemRef"] for number, row in of.items()}
    line = {"Amount": 1, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": items[CHANGED]}}
    human(stage, "void", "Invoice", of[VOIDED]["Id"])
    human(stage, "delete", "Invoice", of[DELETED]["Id"])
    human(stage, "delete", "Payment", payment["Id"])
    human(stage, "edit", "Invoice", of[CHANGED]["Id"], changes={"Line": [line]})
    human(stage, "rename", "Customer", of[RENAMED]["CustomerRef"]["value"], name=RENAMED_TO)
    human(stage, "deactivate", "Item", items[RETIRED]["value"])
    copy(stage, of[TWICE])
    human(stage, "edit", "Invoice", "", changes={"DocNumber": f"{3000 + NEW}"})  # the copy takes the next number
    preferences = {"SalesFormsPrefs": {"CustomTxnNumbers": True}, "CurrencyPrefs": {"MultiCurrencyEnabled": True}}
    wanted = {"book_close_date": "2026-01-31", "preferences": preferences}
    httpx.post(f"{stage.sandbox_url}/sandbox/company", json=wanted).raise_for_status()
    return str(items[RETIRED]["value"])


def findings(replica: Replica) -> dict[str, list[str]]:
    """What /status shows as there twice and as drifted."""
    (company,) = replica.page("/status").json()["companies"]
    return {kind: [each["document"] for each in company[kind]] for kind in ("duplicates", "drifted")}


def counted(replica: Replica) -> dict[str, float]:
    """What the metrics count of the same."""
    found = re.findall(
        r"^qbo_bridge_(duplicate|drifted)_documents\{.*\} ([0-9.]+)$", replica.page("/metrics").text, re.MULTILINE
    )
    return {name: float(value) for name, value in found}


def books_are_as_people_left_them(stage: Stage, left: Books, retired: str) -> None:
    """Nothing that a person did is undone, and all that could be booked is."""
    now = invoices_of(stage)
    for number in (VOIDED, CHANGED, CLOSED):
        assert now[name_of(number)] == left[name_of(number)]
    assert name_of(DELETED) not in now
    assert name_of(NEW + 1) not in now
    ours, copied = now[name_of(TWICE)]
    assert (ours["TotalAmt"], copied) == (GROWN, left[name_of(TWICE)][1])
    for number, owed in ((RENAMED, GROWN), (RETIRED, GROWN), (UNPAID, GROWN), (PLAIN, GROWN - PAID)):
        (row,) = now[name_of(number)]
        assert (row["TotalAmt"], row["Balance"]) == (GROWN, owed)
    assert of_order(stage, NEW)["DocNumber"].startswith(f"{3000 + NEW}-")
    assert sorted(row["DisplayName"] for row in stage.query("Customer")) == ["Dana Reyes", RENAMED_TO]
    mugs = [row["Id"] for row in stage.query("Item") if row.get("Sku") == "MUG"]
    assert len(mugs) == 1
    assert retired not in mugs
    money = {document(row, "Payment")[1]: row["UnappliedAmt"] for row in stage.query("Payment")}
    assert money == {paid_name(DELETED): PAID, paid_name(PLAIN): 0}


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.parametrize("looks", [True, False], ids=["a look came", "no look came"])
async def test_what_people_did_stays_and_everything_else_is_posted(
    real: KafkaConnection, unique: str, tmp_path: Path, *, looks: bool
) -> None:
    """Between the events of nine orders people void, delete, edit, copy, rename, retire, close and set.

    Guards: `Books._gone` and `refusals.known` (what was deleted), `refusals.stays_void`, `refusals.conflict`,
    `Index.twins` and `Index.drifted` (the sentinel), `NameList.is_dropped`, `closing._barred`.
    """
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique)
        freshness = f"QBO_BRIDGE_COMPANIES__{stage.company.upper().replace('-', '_')}__FRESHNESS_S"
        stage.environ[freshness] = "0.5" if looks else "600"
        await stage.create_topics()
        async with stage.bridge() as replica:
            first = await told(stage, *(bought(number) for number in range(NEW) if number != RETIRED), paid(UNPAID))
            first += await told(stage, bought(RETIRED))  # so that its item is created by a request of its own
            assert set(outcomes(first).values()) == {POSTED}
            assert await asyncio.to_thread(findings, replica) == {"duplicates": [], "drifted": []}
            retired = await asyncio.to_thread(people_at_work, stage)
            if looks:
                shown = {"duplicates": [name_of(TWICE)], "drifted": [name_of(CHANGED)]}
                await until(lambda: findings(replica) == shown, "the sentinel's findings")
                assert await asyncio.to_thread(counted, replica) == {"duplicate": 1, "drifted": 1}
            left = await asyncio.to_thread(invoices_of, stage)
            again = outcomes(await told(stage, *(bought(number, 3) for number in range(NEW))))
            money = outcomes(await told(stage, paid(UNPAID), paid(DELETED), paid(PLAIN)))
            new = outcomes(await told(stage, bought(NEW), bought(NEW + 1, 2, **JANUARY)))
        refused = {VOIDED: GONE, DELETED: GONE, CHANGED: ("dead_lettered", "conflict"), CLOSED: SHUT}
        assert again == {name_of(number): refused.get(number, POSTED) for number in range(NEW)}
        known = GONE if looks else ("already_posted", None)
        assert money == {paid_name(UNPAID): known, paid_name(DELETED): POSTED, paid_name(PLAIN): POSTED}
        assert new == {name_of(NEW): POSTED, name_of(NEW + 1): SHUT}
        await asyncio.to_thread(books_are_as_people_left_them, stage, left, retired)
