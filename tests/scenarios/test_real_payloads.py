"""The real payloads, where their folder is at hand: fed as events, they all end, and the books equal the orders."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from bridge.kafka.connection import KafkaConnection
from contracts.money import plain
from contracts.records import OutboundRecord
from contracts.results import Result
from tests.support.corpus import amount, cash_rounding, order_in, parts_total, removed_by_edits
from tests.support.processes import sandbox_server
from tests.support.seals import SEAL
from tests.support.stage import Stage

SHOPS = ("example.myshopify.com", "shop.myshopify.com")
"""The shops that wrapped payloads name."""
RECEIVED_IN_FULL = {"paid", "refunded", "partially_refunded"}


OF_ANOTHER_SALE = {
    "refunds/create",
    "refund.created",
    "refund.updated",
    "charge.refunded",
    "charge.refund.updated",
    "credit_note.created",
}
"""Refunds and credits whose sales are not among the payloads wait for them."""


async def test_every_real_payload_ends_and_every_sound_order_is_in_the_books_to_the_cent(
    embedded: KafkaConnection, unique: str, tmp_path: Path, corpus: Path
) -> None:
    """Orders that satisfy the identity are posted, the others are refused with both numbers, nothing is left over."""
    files = await asyncio.to_thread(_read, corpus)
    async with sandbox_server(tmp_path, "--no-limits") as url:
        stage = Stage.of(embedded, url, tmp_path, unique, shops=(*SHOPS, "default"))
        stage.switch_on_multicurrency()
        await stage.create_topics()
        await stage.produce(files.values())
        async with stage.bridge():
            results = await _settled(stage, len(files))
        by_position = {(each.source.topic, each.source.partition, each.source.offset): each for each in results}
        records = [record for topic in stage.events for record in await stage.read(topic)]
        by_file = {record.key or b"": by_position[(*record.position, record.offset)] for record in records}
        received, invoices = _received(stage), _invoices(stage)
    assert len(results) == len(files)
    assert {each.source.event_type for each in results if each.status == "waiting"} <= OF_ANOTHER_SALE
    posted = Counter(each.source.document for each in results if each.status == "posted")
    sold = {count for document, count in posted.items() if str(document).startswith("shopify:")}
    assert sold == {1}  # fixtures of Stripe use one made-up id for several charges
    assert {each.source.document for each in results if each.status == "already_posted"} <= set(posted)
    for name, record in files.items():
        order = order_in(record.value or b"")
        if order is not None:
            _check_order(order, by_file[name], invoices, received)


async def _settled(stage: Stage, count: int) -> list[Result]:
    """The last result of each record, once each has one and none of those that wait has found what it waits for."""
    before: dict[str, Result] = {}
    for _ in range(60):
        latest = {result.result_id: result for result in await stage.results()}
        if len(latest) == count and latest == before:
            return list(latest.values())
        before = latest
        await asyncio.sleep(1)
    raise AssertionError(f"{len(before)} of {count} records have a result")


def _read(corpus: Path) -> dict[bytes, OutboundRecord]:
    """The payloads as events without headers, keyed by their files' names."""
    return {
        path.name.encode(): OutboundRecord(
            topic=f"{path.parent.name}.events", key=path.name.encode(), value=path.read_bytes()
        )
        for path in sorted(corpus.glob("*/*.json"))
    }


def _check_order(
    order: dict[str, Any], result: Result, invoices: dict[str, dict[str, Any]], received: dict[str, Decimal]
) -> None:
    stated, parts = amount(order["total_price"]), parts_total(order)
    if order.get("test"):
        assert (result.status, result.reason and result.reason.code) == ("ignored", "test_event")
    elif parts != stated:
        assert (result.status, result.reason and result.reason.code) == ("dead_lettered", "unbalanced")
        assert plain(parts, order["currency"]) in str(result.reason)
        assert plain(stated, order["currency"]) in str(result.reason)
    elif stated != stated.quantize(Decimal("0.01")):
        assert (result.status, result.reason and result.reason.code) == ("dead_lettered", "unmappable")
    else:
        assert result.status in {"posted", "already_posted"}
        invoice = invoices[str(result.source.document)]
        left = amount(order["current_total_price"]) if removed_by_edits(order) else stated
        left += cash_rounding(order)
        by_card = order.get("payment_gateway_names") in (["gift_card"], ["store-credit"])
        assert (invoice["TotalAmt"], invoice["CurrencyRef"]["value"]) == (0 if by_card else left, order["currency"])
        if by_card:
            assert str(result.source.document) not in received
        elif order.get("refunds") and set(order["payment_gateway_names"]) & {"gift_card", "store-credit"}:
            assert received[str(result.source.document)] == 0  # which part was money only its transactions tell
        elif order["financial_status"] in RECEIVED_IN_FULL:
            owed = amount(order.get("total_outstanding") or "0")  # one says that it is paid, and that all of it is owed
            assert received[str(result.source.document)] == max(
                stated + cash_rounding(order) - max(owed, Decimal(0)), 0
            )
        if order["financial_status"] == "partially_paid":
            assert received[str(result.source.document)] == stated - amount(order["total_outstanding"])


def _received(stage: Stage) -> dict[str, Decimal]:
    """What the payments of each order add up to."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in stage.query("Payment"):
        marker = SEAL.find("Payment", row.get("PrivateNote"))
        if marker is not None and marker.key.kind == "payment":
            found[f"shopify:order:{marker.key.id}"] += row["TotalAmt"]
    return found


def _invoices(stage: Stage) -> dict[str, dict[str, Any]]:
    """The bridge's invoices by the document that their marker names."""
    marked = [(SEAL.find("Invoice", row.get("PrivateNote")), row) for row in stage.query("Invoice")]
    return {str(marker.key): row for marker, row in marked if marker is not None}
