"""What people change in QBO behind the bridge's back is learnt, and kept for the next owner."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.quickbooks import changes
from bridge.sandbox import cdc
from contracts.keys import SourceKey
from tests.support.clocks import settle
from tests.support.orders import (
    BODY_MONEY,
    ORDER,
    ORDER_ID,
    SALE,
    bought,
    handed_back,
    later,
    order,
    refund,
    refund_line,
    taxed,
    transaction,
)
from tests.support.world import World, opened

PENDING = {"financial_status": "pending"}


def grown(seconds: int) -> dict[str, Any]:
    """The order with one piece more."""
    return later(order([taxed("20.00", 3, "4.35")], id=ORDER_ID, name="#3000", **PENDING), seconds)


def requests(acme: World) -> dict[str, int]:
    """What the sandbox was asked, by kind."""
    realm = next(iter(acme.sandbox.realms.values()))
    shown: dict[str, int] = realm.stats.shown(realm.company)["requests"]
    return shown


async def deleted(acme: World, entity: str = "Invoice", key: SourceKey = ORDER) -> None:
    """A person deletes one of ours."""
    await acme.by_a_person("delete", entity, acme.ours(entity)[key]["Id"])


async def test_what_nobody_changed_costs_one_read_a_minute() -> None:
    """A look is one call, whatever else the books hold; between looks nothing is asked."""
    async with opened() as acme:
        await acme.tell(bought(0))
        before = acme.client.counts
        for _ in range(50):
            await acme.idle()
        assert acme.client.counts == before
        await acme.look()
        assert acme.client.counts.reads == before.reads + 1


async def test_a_strangers_documents_cost_nothing() -> None:
    """A person's own invoice comes with the look and is left alone."""
    async with opened() as acme:
        await acme.tell(bought(0))
        ours = acme.ours("Invoice")[ORDER]
        strange = {"CustomerRef": ours["CustomerRef"], "DocNumber": "77", "Line": ours["Line"][:1]}
        await acme.by_hand("invoice", strange)
        known = acme.shown["index_entities"]
        before = acme.client.counts.reads
        await acme.look()
        assert (acme.shown["index_entities"], acme.client.counts.reads) == (known, before + 1)


async def test_an_edit_by_a_person_needs_no_second_read() -> None:
    """The look brings the new SyncToken, so the next update is not stale. Guard: `Index.catch_up`."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        invoice = acme.ours("Invoice")[ORDER]
        memo = {"CustomerMemo": {"value": "hello"}}
        await acme.by_a_person("edit", "Invoice", invoice["Id"], changes=memo)
        await acme.look()
        before = acme.client.counts
        (result,) = await acme.tell(grown(20))
        now = acme.client.counts
        assert (result.status, result.attempts, now.reads - before.reads) == ("posted", 1, 0)
        assert acme.ours("Invoice")[ORDER]["CustomerMemo"] == memo["CustomerMemo"]


async def test_a_look_never_takes_back_what_was_written_meanwhile() -> None:
    """The answer is older than our own update. Guard: the SyncToken in `Index.catch_up`."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        acme.breaks("delay_after", operation="cdc", seconds=5, count=1)
        await acme.clock.advance(61)
        await acme.idle()
        await acme.tell(grown(20))
        assert acme.client.counts.reads
        before = acme.client.counts.batches + acme.client.counts.writes
        await acme.look()
        assert [result.status for result in await acme.tell(grown(20))] == ["already_posted"]
        assert acme.client.counts.batches + acme.client.counts.writes == before


async def test_a_deletion_is_remembered_by_the_next_owner() -> None:
    """Learnt while it was owned, kept in the journal. Guard: `lost_marks.restore`."""
    async with opened() as before:
        await before.tell(later(bought(0), 10, **PENDING))
        await deleted(before)
        await before.look()
        before.results.clear()  # the results are not needed for it
        async with opened(after=before) as acme:
            (result,) = await acme.tell(grown(20))
            assert (result.status, result.reason and result.reason.code) == ("ignored", "deleted_in_qbo")
            assert acme.held("Invoice") == []


async def test_a_deletion_that_an_update_met_is_remembered_by_the_next_owner() -> None:
    """No look came in between. Guard: `Books._gone` in `refresh`."""
    async with opened() as before:
        await before.tell(later(bought(0), 10, **PENDING))
        await deleted(before)
        assert [result.status for result in await before.tell(grown(20))] == ["ignored"]
        before.results.clear()
        async with opened(after=before) as acme:
            assert [result.status for result in await acme.tell(grown(30))] == ["ignored"]
            assert acme.held("Invoice") == []


async def test_what_a_person_deleted_between_two_owners_stays_deleted() -> None:
    """QBO names an Id, the results say whose it was. Guard: `Books._learn_of_the_gap`."""
    async with opened() as before:
        await before.tell(later(bought(0), 10), bought(1))
        await before.idle()
    await deleted(before, "Payment", BODY_MONEY)
    await deleted(before)
    async with opened(after=before) as acme:
        results = [*await acme.tell(grown(20)), *await acme.tell(later(bought(0), 30))]
        assert {result.reason and result.reason.code for result in results} == {"deleted_in_qbo"}
        assert (len(acme.held("Invoice")), len(acme.held("Payment"))) == (1, 1)
        async with opened(after=acme) as third:  # the journal has it now
            assert [result.status for result in await third.tell(grown(40))] == ["ignored"]
            assert len(third.held("Invoice")) == 1


async def test_a_void_between_two_owners_that_overwrote_the_marker_is_a_void() -> None:
    """Its row looks like a stranger's. Guard: `has_lost_marker`."""
    async with opened(void_note="overwrite") as before:
        await before.tell(later(bought(0), 10, **PENDING))
        await before.idle()
    await before.by_a_person("void", "Invoice", before.ours("Invoice")[ORDER]["Id"])
    async with opened(after=before) as acme:
        assert [result.status for result in await acme.tell(grown(20))] == ["ignored"]
        assert [row["TotalAmt"] for row in acme.held("Invoice")] == [0]


async def test_a_strangers_deletion_between_two_owners_is_none_of_ours() -> None:
    """Nothing is remembered for an Id that no result names."""
    async with opened() as before:
        await before.tell(bought(0))
        ours = before.ours("Invoice")[ORDER]
        strange = await before.by_hand("invoice", {"CustomerRef": ours["CustomerRef"], "Line": ours["Line"][:1]})
        await before.idle()
    await before.by_a_person("delete", "Invoice", strange["Id"])
    async with opened(after=before) as acme:
        await acme.idle()
        assert not [key for key in acme.journal.entries if key.startswith("ours:")]
        assert [result.status for result in await acme.tell(bought(0))] == ["already_posted"]


async def test_money_that_a_person_deleted_stays_deleted_over_a_restart() -> None:
    """Neither the transaction nor a newer body brings it back."""
    async with opened() as before:
        await before.tell(later(bought(0), 10, **PENDING), transaction())
        await deleted(before, "Payment", SALE)
        await before.look()
        async with opened(after=before) as acme:
            paid = later(bought(0), 20, financial_status="paid")
            await acme.tell(transaction(), paid)
            assert acme.held("Payment") == []


async def test_a_void_that_overwrote_the_marker_is_remembered_by_the_next_owner() -> None:
    """Without its note it looks like a stranger's. Guard: `Books._note_lost`."""
    async with opened(void_note="overwrite") as before:
        await before.tell(later(bought(0), 10, **PENDING))
        await before.by_a_person("void", "Invoice", before.ours("Invoice")[ORDER]["Id"])
        await before.look()
        async with opened(after=before) as acme:
            (result,) = await acme.tell(grown(20))
            assert (result.status, result.reason and result.reason.code) == ("ignored", "deleted_in_qbo")
            assert [row["TotalAmt"] for row in acme.held("Invoice")] == [0]


async def test_an_invoice_whose_note_a_person_cleared_is_still_ours_after_a_restart() -> None:
    """It lives, so it is updated, and has its marker again."""
    async with opened() as before:
        await before.tell(later(bought(0), 10, **PENDING))
        ident = before.ours("Invoice")[ORDER]["Id"]
        await before.by_a_person("edit", "Invoice", ident, changes={"PrivateNote": "mine now"})
        await before.look()
        async with opened(after=before) as acme:
            assert [result.status for result in await acme.tell(grown(20))] == ["posted"]
            (invoice,) = acme.held("Invoice")
            assert (invoice["Id"], invoice["TotalAmt"]) == (ident, Decimal("64.35"))
            assert "mine now" in invoice["PrivateNote"]
            assert "[qbb:shopify:order:" in invoice["PrivateNote"]


async def test_more_changes_than_one_answer_holds_are_paged() -> None:
    """An answer of 1000 is not all of them. Guard: `News.complete`."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        ident = acme.ours("Invoice")[ORDER]["Id"]
        customer = acme.ours("Invoice")[ORDER]["CustomerRef"]
        await acme.by_a_person("edit", "Invoice", ident, changes={"CustomerMemo": {"value": "first"}})
        for _ in range(changes.OBJECTS_MAX):  # the invoice type comes first and fills the answer with strangers
            await acme.by_hand("payment", {"CustomerRef": customer, "TotalAmt": 1})
        await acme.by_a_person("rename", "Customer", customer["value"], name="Renamed since")
        assert cdc.OBJECTS_MAX == changes.OBJECTS_MAX
        await acme.look()
        person = {"id": 1234, "first_name": "Renamed", "last_name": "since", "email": None}
        before = acme.client.counts.reads
        (result,) = await acme.tell(bought(5, customer=person, email=None))
        assert (result.status, result.attempts, acme.client.counts.reads) == ("posted", 1, before)


async def test_a_look_that_fails_disturbs_nobody_and_is_tried_again() -> None:
    """QBO cannot answer the housekeeping; orders go on, and the next look finds what the last one did not."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        await deleted(acme)
        acme.breaks("fail_before", operation="cdc", count=None)
        await acme.clock.advance(61)
        for _ in range(200):
            await acme.idle()
            await settle()
        assert acme.shown["phase"] == "running"
        assert [result.status for result in await acme.tell(bought(1))] == ["posted"]
        acme.sandbox.faults.clear()
        await acme.look()
        assert any(key.startswith("ours:Invoice:") for key in acme.journal.entries)


async def test_the_next_look_begins_where_quickbooks_said_it_was() -> None:
    """QBO's clock counts, less an overlap of minutes, never more than thirty days back."""
    async with opened() as acme:
        await acme.look()
        told = datetime.fromisoformat(acme.shown["changes_known_until"])
        lag = acme.clock.now() - told
        assert timedelta(minutes=5) <= lag <= timedelta(minutes=6)
    async with opened() as acme:
        acme.breaks("fail_before", operation="cdc", count=None)
        await acme.clock.advance(40 * 24 * 3600)
        acme.sandbox.faults.clear()
        await acme.look()
        assert requests(acme)


def refunded() -> dict[str, Any]:
    """One of two pieces came back, and its money."""
    sold = taxed("20.00", 2, "2.90")
    return refund([refund_line(sold, 1, "20.00", "1.45")], handed_back("21.45"))


@pytest.mark.parametrize("looks", [True, False], ids=["while it was owned", "between two owners"])
async def test_a_refund_that_a_person_deleted_stays_deleted(*, looks: bool) -> None:
    """Whatever type of transaction it is: all that carry our marker are looked at. Guard: `INDEXED`."""
    async with opened() as before:
        await before.tell(later(bought(0), 10))
        assert [result.status for result in await before.tell(refunded())] == ["posted"]
        (receipt,) = before.held("RefundReceipt")
        await before.idle()
        if looks:
            await before.by_a_person("delete", "RefundReceipt", receipt["Id"])
            await before.look()
            before.results.clear()
    if not looks:
        await before.by_a_person("delete", "RefundReceipt", receipt["Id"])
    async with opened(after=before) as acme:
        (result,) = await acme.tell(refunded())
        assert (result.status, result.reason and result.reason.code) == ("ignored", "deleted_in_qbo")
        assert acme.held("RefundReceipt") == []


async def test_what_people_changed_is_told_by_its_document() -> None:
    """What waits for one of them is looked at then. A deletion, an edit, and a customer who is no document."""
    async with opened() as acme:
        await acme.tell(bought(0, **PENDING), bought(1, **PENDING))
        await deleted(acme)
        other = SourceKey("shopify", "order", str(ORDER_ID + 1))
        ident = acme.ours("Invoice")[other]["Id"]
        await acme.by_a_person("edit", "Invoice", ident, changes={"CustomerMemo": {"value": "hello"}})
        await acme.by_a_person("rename", "Customer", acme.held("Customer")[0]["Id"], name="Renamed")
        await acme.clock.advance(61)
        assert acme.company._books.catch_up() is None
        await settle()
        assert acme.company._books.catch_up() == {ORDER, other}
