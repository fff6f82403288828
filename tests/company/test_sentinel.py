"""What stands in the books twice, and what is not what we wrote, is told: once in the log, always in /status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.support.orders import ORDER, bought, later
from tests.support.world import World, opened

PENDING = {"financial_status": "pending"}
DUPLICATES = "qbo_bridge_duplicate_documents"
DRIFTED = "qbo_bridge_drifted_documents"


async def copied(acme: World) -> Mapping[str, Any]:
    """A second invoice with the first one's marker, as a person's copy has it, or a request that was applied late."""
    first = acme.ours("Invoice")[ORDER]
    line = first["Line"][0]
    sold = {"Amount": line["Amount"], "DetailType": line["DetailType"]}
    detail = line["SalesItemLineDetail"]
    sold["SalesItemLineDetail"] = {name: detail[name] for name in ("ItemRef", "Qty", "UnitPrice") if name in detail}
    body = {"CustomerRef": first["CustomerRef"], "PrivateNote": first["PrivateNote"], "Line": [sold]}
    return await acme.by_hand("invoice", body)


def told(logs: list[Any], event: str) -> list[Any]:
    return [entry for entry in logs if entry["event"] == event]


@pytest.mark.parametrize("restarts", [False, True], ids=["by a look", "at warm-up"])
async def test_a_marker_that_stands_twice_is_told_once(*, restarts: bool) -> None:
    """An error in the log, the ids in /status, a metric; and neither is touched. Guard: `Index.twins`."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        first, second = acme.ours("Invoice")[ORDER], await copied(acme)
        with capture_logs() as logs:
            if restarts:
                async with opened(after=acme) as again:
                    seen = again
                    await seen.idle()
                    duplicates = seen.metric(DUPLICATES)
            else:
                seen = acme
                await seen.look()
                await seen.tell(later(bought(0), 30, **PENDING, note="x"))
                duplicates = seen.metric(DUPLICATES)
        (line,) = told(logs, "books.duplicate")
        assert (line["log_level"], line["ids"], line["document"]) == ("error", [first["Id"], second["Id"]], str(ORDER))
        assert [finding["ids"] for finding in seen.shown["duplicates"]] == [[first["Id"], second["Id"]]]
        assert duplicates == 1
        assert len([row for row in seen.held("Invoice") if row["TotalAmt"]]) == 2


async def test_a_duplicate_ends_when_a_person_removes_the_copy() -> None:
    """The original stays the document, also when it is the one that goes: the other one is a copy for ever."""
    for which in (0, 1):
        async with opened() as acme:
            await acme.tell(later(bought(0), 10, **PENDING))
            ids = [acme.ours("Invoice")[ORDER]["Id"], (await copied(acme))["Id"]]
            await acme.look()
            assert acme.metric(DUPLICATES) == 1
            await acme.by_a_person("delete", "Invoice", ids[which])
            await acme.look()
            assert acme.metric(DUPLICATES) == (1 if which == 0 else 0)
            (result,) = await acme.tell(later(bought(0), 50, **PENDING))
            assert result.status.value == ("ignored" if which == 0 else "already_posted")
            assert [row["Id"] for row in acme.held("Invoice")] == [ids[1 - which]]


async def test_a_request_that_was_applied_after_all_is_found() -> None:
    """QBO reserves the id only as it commits: two of one marker, and the sentinel says so."""
    async with opened(reserve_at="commit") as acme:
        await acme.tell(bought(9))
        acme.breaks("late_apply", count=1, operation="create", entity="Invoice", seconds=30)
        await acme.tell(later(bought(0), 10, **PENDING))
        await acme.clock.advance(120)
        await acme.look()
        assert len([row for row in acme.held("Invoice") if str(ORDER) in row["PrivateNote"]]) == 2
        assert acme.metric(DUPLICATES) == 1


async def test_a_persons_edit_of_a_total_is_shown_as_drifted() -> None:
    """A warning, once, while it is so; it is no duplicate. Guard: `Index.drifted`."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        invoice = acme.ours("Invoice")[ORDER]
        item = invoice["Line"][0]["SalesItemLineDetail"]["ItemRef"]
        line = {"Amount": 10, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {"ItemRef": item}}
        await acme.by_a_person("edit", "Invoice", invoice["Id"], changes={"Line": [line]})
        with capture_logs() as logs:
            await acme.look()
            await acme.look()
        (entry,) = told(logs, "books.drifted")
        assert (entry["log_level"], entry["written"], entry["ids"]) == ("warning", "42.90", [invoice["Id"]])
        assert entry["total"] != "42.90"
        assert (acme.metric(DRIFTED), acme.metric(DUPLICATES)) == (1, 0)
        await acme.by_a_person("void", "Invoice", invoice["Id"])
        await acme.look()
        assert acme.metric(DRIFTED) == 0


async def test_ordinary_work_is_neither() -> None:
    """Updates, payments, voids of our own and restarts find nothing."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10), bought(1), bought(2))
        await acme.tell(later(bought(3), 10, **PENDING))
        await acme.tell(later(bought(3), 20, financial_status="voided", cancelled_at="2026-03-02T21:05:20-08:00"))
        await acme.look()
        async with opened(after=acme) as again:
            assert (again.shown["duplicates"], again.shown["drifted"]) == ([], [])
        assert (acme.metric(DUPLICATES), acme.metric(DRIFTED)) == (0, 0)
