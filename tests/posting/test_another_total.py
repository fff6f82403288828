"""Our marker and another total in an answer: the document is void again, the record a conflict, the company works."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bridge.journal.entries import REQUEST
from bridge.journal.requests import unsettled_requests
from bridge.quickbooks import wire
from contracts.errors import AnswerMismatch, Unavailable
from contracts.records import InboundRecord
from contracts.results import Result
from tests.support.orders import bought
from tests.support.world import World, opened

STRANGE = {"PrivateNote": "[qbb:shopify:order:99 v=1 h=1]"}


async def first_answered(acme: World, **changes: Any) -> tuple[InboundRecord, ...]:
    """The records of an order whose invoice QBO has made otherwise than it was sent, under its request id."""
    await acme.tell(bought(0))
    acme.breaks("reset_before", count=None, operation="write", entity="Invoice")
    records = acme.records(bought(1))
    with pytest.raises(Unavailable):
        await acme.process(records)
    (unsettled,) = (
        each for each in unsettled_requests(acme.journal.entries) if b'"DocNumber":"3001"' in each.request.body
    )
    body = wire.loads(unsettled.request.body)
    assert body is not None
    acme.sandbox.faults.clear()
    await acme.by_hand("invoice", {**body, **changes}, requestid=unsettled.request.request_id)
    return records


def dearer() -> dict[str, Any]:
    """A line of 7.00 instead of the order's, and no tax."""
    line = {"DetailType": "SalesItemLineDetail", "Amount": 7, "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
    return {"Line": [line], "TxnTaxDetail": {}}


def assert_conflict(acme: World, results: list[Result]) -> None:
    """Both totals are said, nothing of it is earned, and the next order is posted."""
    (result,) = results
    assert result.reason is not None
    assert (result.status, result.reason.code) == ("dead_lettered", "conflict")
    assert "7.00" in result.reason.message
    assert "42.90" in result.reason.message
    assert [row["TotalAmt"] for row in acme.held("Invoice") if row["DocNumber"] == "3001"] == [Decimal(0)]


async def test_the_document_is_void_again_and_the_record_a_conflict() -> None:
    """Guard: another total of our own document is no reason to stop, and no success."""
    async with opened() as acme:
        records = await first_answered(acme, **dearer())
        assert_conflict(acme, await acme.process(records))
        assert [each.status for each in await acme.tell(bought(2))] == ["posted"]
        assert not [key for key in acme.journal.entries if REQUEST.holds(key)]


async def test_after_a_restart_the_resent_request_is_no_success_either() -> None:
    """The journal resends it before the books are read. Guard: a resent answer is compared like any other."""
    async with opened() as acme:
        records = await first_answered(acme, **dearer())
        async with opened(after=acme) as successor:
            assert_conflict(successor, await successor.process(records))
            assert [each.status for each in await successor.tell(bought(2))] == ["posted"]
            assert not [key for key in successor.journal.entries if REQUEST.holds(key)]


async def test_a_second_restart_before_the_result_still_ends_as_conflict() -> None:
    """The void is in the books, the record is not told. Guard: the entry stays until the conflict is told."""
    async with opened() as acme:
        records = await first_answered(acme, **dearer())
        async with opened(after=acme) as successor, opened(after=successor) as third:
            await third.tell(bought(3))
            assert_conflict(third, await third.process(records))


async def test_what_keeps_the_document_in_the_books_is_named() -> None:
    """A void that QBO refuses leaves the document where it is, and the record says why."""
    async with opened() as acme:
        records = await first_answered(acme, **dearer())
        acme.breaks("fault", count=1, operation="void", code="6450", message="Deposited already", detail="")
        (result,) = await acme.process(records)
        assert result.reason is not None
        assert result.reason.code == "conflict"
        assert "6450" in result.reason.message


async def test_an_answer_about_another_document_stops_the_company() -> None:
    """Another marker: nobody knows what is in the books. Guard: only the total may differ."""
    async with opened() as acme:
        records = await first_answered(acme, **STRANGE)
        with pytest.raises(AnswerMismatch):
            await acme.process(records)


async def test_after_a_restart_it_stops_the_company_too() -> None:
    """Guard: a resent answer is compared before the company is taken over."""
    async with opened() as acme:
        await first_answered(acme, **STRANGE)
        with pytest.raises(AnswerMismatch):
            await opened(after=acme).__aenter__()
