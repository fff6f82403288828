"""Events in, books out, results back: two thousand orders through real processes and a real broker."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from bridge.demo.audit import redeemed_on
from bridge.demo.events import EventMix, EventSettings, Sample, generate
from bridge.kafka.connection import KafkaConnection
from contracts.keys import SourceKey
from contracts.records import OutboundRecord
from contracts.results import Result
from tests.support.processes import sandbox_server
from tests.support.seals import SEAL
from tests.support.stage import Stage, counted

ORDERS = 2000


@pytest.mark.kafka
async def test_two_thousand_orders_are_in_the_books_once(real: KafkaConnection, unique: str, tmp_path: Path) -> None:
    """One terminal result each, totals equal to the cent, few calls; from offset 0 again nothing is posted."""
    sample = generate(EventSettings(seed=2000, orders=ORDERS, livemode=False))
    async with sandbox_server(tmp_path, "--empty", "--no-limits") as url:
        stage = Stage.of(real, url, tmp_path, unique)
        await stage.create_topics()
        produced = await stage.produce(event.record for event in sample.events)
        async with stage.bridge():
            results = await stage.outcomes(produced, timeout_s=180)
        assert_one_terminal_result_each(results, produced)
        assert_fates(results, sample)
        assert_books(stage, sample)
        before = entities_written(stage)
        await stage.rewind()
        rewound_at = datetime.now(UTC)
        async with stage.bridge():
            results = await stage.outcomes(produced, twice=True, timeout_s=180)
        replayed = [result for result in results if result.received_at > rewound_at]
        assert set(counted(replayed)) <= {"already_posted", "superseded", "ignored", "dead_lettered"}
        assert_one_terminal_result_each(replayed, produced)
        assert entities_written(stage) == before


async def test_a_warm_order_with_its_payment_costs_two_calls_and_no_read(
    embedded: KafkaConnection, unique: str, tmp_path: Path
) -> None:
    """The customer and the items are known: one call for the invoice, one for the payment."""
    quiet = EventMix(
        guest=0,
        shuffled=0,
        delivered_twice=0,
        stripe_charges=0,
        shop_charges=0,
        test_orders=0,
        unknown_types=0,
        poison=0,
    )
    sample = generate(EventSettings(seed=5, orders=30, mix=quiet))
    paid = next(event.record for event in sample.events if ("x-shopify-topic", b"orders/paid") in lowered(event.record))
    async with sandbox_server(tmp_path, "--no-limits") as url:
        stage = Stage.of(embedded, url, tmp_path, unique)
        await stage.create_topics()
        async with stage.bridge():
            await stage.produce([paid])
            await stage.outcomes(1)
            before = stage.sandbox("stats")["requests"]
            await stage.produce([next_order(paid)])
            results = await stage.outcomes(2)
            after = stage.sandbox("stats")["requests"]
        assert [result.status for result in results] == ["posted", "posted"]
        assert after["writes"] + after["batches"] - before["writes"] - before["batches"] == 2
        assert after["metered_reads"] == before["metered_reads"]


def assert_one_terminal_result_each(results: list[Result], produced: int) -> None:
    """As a read_committed reader counts them."""
    terminal = Counter(result.result_id for result in results if result.status != "waiting")
    assert len(terminal) == produced
    assert set(terminal.values()) == {1}


def assert_fates(results: list[Result], sample: Sample) -> None:
    """What could not be booked says so with the expected reason, and nothing else does."""
    expected = Counter(event.code for event in sample.events if event.ends_as == "dead_lettered")
    dead = Counter(result.reason.code for result in results if result.status == "dead_lettered" and result.reason)
    assert dead == expected
    ignored = Counter(result.reason.code for result in results if result.status == "ignored" and result.reason)
    for code, count in Counter(event.code for event in sample.events if event.ends_as == "ignored").items():
        assert ignored[code or ""] >= count


def assert_books(stage: Stage, sample: Sample) -> None:
    """Every sale has one live invoice of its total and payments of what was received; there is nothing else."""
    invoices, payments = by_marker(stage, "Invoice"), by_marker(stage, "Payment")
    expected = {sale.document: sale for sale in sample.sales}
    redeemed = {key: redeemed_on(body) for key, body in invoices.items()}
    live = {key: body for key, body in invoices.items() if Decimal(body["TotalAmt"]) or not expected[key].cancelled}
    wanted = {key for key, sale in expected.items() if not sale.cancelled}
    assert set(live) == wanted
    received: dict[SourceKey, Decimal] = defaultdict(Decimal)
    for key, body in payments.items():
        received[order_of(key, body)] += Decimal(body["TotalAmt"])
    for key in wanted:
        assert Decimal(invoices[key]["TotalAmt"]) + redeemed[key] == expected[key].total
        assert received[key] + redeemed[key] == expected[key].received
        assert Decimal(invoices[key]["Balance"]) == expected[key].total - expected[key].received


def entities_written(stage: Stage) -> Any:
    """What the sandbox holds, with the writes that it was sent."""
    stats = stage.sandbox("stats")
    return stats["entities"], stats["requests"]["writes"], stats["requests"]["batches"]


def by_marker(stage: Stage, entity: str) -> dict[SourceKey, dict[str, Any]]:
    """The entities of one type by the document that their marker names; two with one marker are a failure."""
    found: dict[SourceKey, dict[str, Any]] = {}
    for body in stage.query(entity):
        marker = SEAL.find(entity, body.get("PrivateNote"))
        assert marker is not None
        assert marker.key not in found
        found[marker.key] = body
    return found


def order_of(key: SourceKey, body: dict[str, Any]) -> SourceKey:
    """The sale that a payment belongs to."""
    if key.system == "stripe":
        return key
    marker = SEAL.find("Payment", body["PrivateNote"])
    assert marker is not None
    return SourceKey("shopify", "order", marker.fields.get("o", key.id))


def lowered(record: OutboundRecord) -> list[tuple[str, bytes | None]]:
    """The headers with their names in lower case."""
    return [(name.lower(), value) for name, value in record.headers]


def next_order(record: OutboundRecord) -> OutboundRecord:
    """The same basket of the same customer, ordered again."""
    body = orjson.loads(record.value or b"")
    body |= {"id": body["id"] + 1, "admin_graphql_api_id": None, "name": "#9000"}
    return replace(record, value=orjson.dumps(body))
