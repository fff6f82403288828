"""What the bridge wrote is known by its Id: memos can be cleared, edited and copied, and nothing is written twice.

A person, or another program, can type anything into a memo. What they did must end as if they had not touched it, and
what the bridge did not write is never changed.
"""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from bridge.journal.identities import read_identities
from contracts.keys import SourceKey
from contracts.marker import Marker
from mappings.rules import MappingRules
from tests.support.orders import ORDER_ID, Json, bought, charge, line, order, shopify_event, stripe_event, transaction
from tests.support.shop_payouts import row, told
from tests.support.world import World, opened

OWED: dict[str, Any] = {"financial_status": "pending", "total_outstanding": "42.90"}
ORDER = SourceKey("shopify", "order", str(ORDER_ID))
CANCELLED: dict[str, Any] = {"cancelled_at": "2026-03-04T09:00:00-08:00", "updated_at": "2026-03-04T09:00:00-08:00"}


def cancelled() -> Json:
    return bought(0, **{**OWED, "financial_status": "voided", **CANCELLED})


def edited(**changes: object) -> Json:
    """The order, later and with a note of the buyer."""
    return bought(0, **{**OWED, "updated_at": "2026-03-04T09:00:00-08:00", "po_number": "PO-7", **changes})


async def the_invoice(acme: World) -> dict[str, Any]:
    (row,) = acme.held("Invoice")
    return dict(row)


async def copied(acme: World, row: dict[str, Any], **changes: object) -> dict[str, Any]:
    """A person's copy of a document, memo and all."""
    kept = ("CustomerRef", "Line", "TxnTaxDetail", "PrivateNote", "TxnDate", "CurrencyRef")
    lines = [line for line in row["Line"] if line.get("DetailType") != "SubTotalLineDetail"]
    return await acme.by_hand(
        "invoice", {**{name: row[name] for name in kept if name in row}, "Line": lines, **changes}
    )


async def somebody_else(acme: World) -> str:
    """The Id of a customer of whom no event has told."""
    return str((await acme.by_hand("customer", {"DisplayName": "Ben Other"}))["Id"])


def now(acme: World, ident: str) -> dict[str, Any]:
    """The invoice of this Id as the books have it."""
    return deepcopy(acme.sandbox.company().tables["Invoice"][ident])


async def clear_memo(acme: World, ident: str, entity: str = "Invoice") -> None:
    await acme.by_a_person("edit", entity, ident, changes={"PrivateNote": "please call"})


def told_of(acme: World) -> list[dict[str, Any]]:
    """The duplicates that /status shows."""
    found: list[dict[str, Any]] = acme.shown["duplicates"]
    return found


async def test_a_strangers_invoice_that_quotes_a_marker_is_left_alone() -> None:
    """999.00 with a marker typed into its memo: the order is booked beside it. Guard: `MarkerSeal._is_right`."""
    async with opened() as acme:
        await acme.tell(bought(1))
        model = await the_invoice(acme)
        line = {
            **model["Line"][0],
            "Amount": 999,
            "SalesItemLineDetail": {"ItemRef": {"value": "1"}, "Qty": 1, "UnitPrice": 999},
        }
        theirs = await copied(
            acme, model, Line=[line], TxnTaxDetail=None, PrivateNote=str(Marker(ORDER, {"t": "999.00"}))
        )
    async with opened(after=acme) as later:
        before = now(later, theirs["Id"])
        await later.tell(bought(0, **OWED))
        await later.tell(cancelled())
        assert now(later, theirs["Id"]) == before
        assert later.ours("Invoice")[ORDER]["Id"] != theirs["Id"]


@pytest.mark.parametrize("restart", [False, True], ids=["seen", "restarted"])
async def test_a_copy_whose_original_is_deleted_is_never_touched(restart: bool) -> None:  # noqa: FBT001
    """The order ends `ignored`, the copy for another customer is told. Guard: `Index._ranked` goes by the record."""
    async with opened() as acme:
        await acme.tell(bought(0, **OWED))
        original = await the_invoice(acme)
        copy = await copied(acme, original, CustomerRef={"value": await somebody_else(acme)})
        await acme.by_a_person("delete", "Invoice", original["Id"])
        if not restart:
            await acme.look()
            await ends_ignored_beside(acme, copy["Id"])
    if restart:
        async with opened(after=acme) as later:
            await ends_ignored_beside(later, copy["Id"])


async def ends_ignored_beside(acme: World, copy: str) -> None:
    before = now(acme, copy)
    results = [*await acme.tell(edited()), *await acme.tell(cancelled())]
    assert [(each.status.value, each.reason and each.reason.code) for each in results] == [
        ("ignored", "deleted_in_qbo")
    ] * 2
    assert now(acme, copy) == before
    assert [each["ids"][-1] for each in told_of(acme)] == [copy]
    assert acme.metric("qbo_bridge_duplicate_documents") == 1


async def test_a_copy_beside_its_original_is_told_and_the_original_goes_on() -> None:
    """Whichever has the lower Id. Guard: the Id of the record, not the first of the marker."""
    async with opened() as acme:
        await acme.tell(bought(0, **OWED))
        original = await the_invoice(acme)
        copy = await copied(acme, original)
        await acme.look()
        before = now(acme, copy["Id"])
        await acme.tell(cancelled())
        assert (now(acme, original["Id"])["TotalAmt"], now(acme, copy["Id"])) == (0, before)
        await acme.look()
        assert [each["ids"] for each in told_of(acme)] == [[original["Id"], copy["Id"]]]


@pytest.mark.parametrize("forgets", [True, False], ids=["forgotten", "remembered"])
async def test_a_memo_cleared_before_a_restart_is_known_by_its_id(forgets: bool) -> None:  # noqa: FBT001
    """Whether QBO remembers the request id or not: one invoice, and its marker is back with the next write."""
    async with opened() as acme:
        await acme.tell(bought(0, **OWED))
        original = await the_invoice(acme)
        await clear_memo(acme, original["Id"])
    if forgets:
        acme.forget_requests()
    async with opened(after=acme) as later:
        (again,) = await later.tell(bought(0, **OWED))
        assert (again.status.value, [row["Id"] for row in later.held("Invoice")]) == (
            "already_posted",
            [original["Id"]],
        )
        (newer,) = await later.tell(edited())
        assert newer.status.value == "posted"
        assert now(later, original["Id"])["PrivateNote"].startswith("please call\n")
        assert later.ours("Invoice")[ORDER]["Id"] == original["Id"]


async def test_a_dispute_that_a_payout_told_is_known_without_its_memo() -> None:
    """Its own event comes after a take-over, under another id. Guard: `SOURCE_EVENT` in the record of Ids."""
    rows = [
        row("charge", "75.00", order=ORDER_ID, transaction=11, id=21),
        row("dispute", "-75.00", "15.00", order=ORDER_ID, source_id=67, id=22),
    ]
    money = transaction(id=11, amount="75.00", admin_graphql_api_id=None)
    disputed = {
        "id": 66,
        "order_id": ORDER_ID,
        "type": "chargeback",
        "amount": "75.00",
        "currency": "USD",
        "status": "needs_response",
        "initiated_at": "2026-03-04T09:00:00-05:00",
    }
    async with opened() as acme:
        await acme.tell(shopify_event("orders/create", order([line("75.00")])))
        await acme.tell(shopify_event("order_transactions/create", money))
        await acme.tell(told(rows))
        for entry in acme.held("JournalEntry"):
            await clear_memo(acme, entry["Id"], "JournalEntry")
        async with opened(after=acme) as again:
            (result,) = await again.tell(shopify_event("disputes/create", disputed))
            assert result.status == "already_posted", result.reason
            assert again.balance("DiscountsRefundsGiven") == Decimal("75.00")


async def test_a_memo_that_names_another_order_moves_nothing() -> None:
    """A person pastes one invoice's memo into another one. Guard: the record comes before the marker."""
    async with opened() as acme:
        await acme.tell(bought(0, **OWED), bought(1, **OWED))
        held = acme.ours("Invoice")
        first, second = held[ORDER], held[SourceKey("shopify", "order", str(ORDER_ID + 1))]
        await acme.by_a_person("edit", "Invoice", second["Id"], changes={"PrivateNote": first["PrivateNote"]})
        await acme.look()
        await acme.tell(cancelled())
        assert (now(acme, first["Id"])["TotalAmt"], now(acme, second["Id"])["TotalAmt"]) == (0, second["TotalAmt"])


async def test_a_payment_with_the_memo_of_another_sale_s_payment_stays_with_its_own() -> None:
    """Though nothing stands under that marker any more, as a transaction took it over. Guard: `Index._takes_over`."""
    async with opened() as acme:
        await acme.tell(bought(0), bought(1))
        theirs, ours = (acme.ours("Payment")[SourceKey("shopify", "payment", str(ORDER_ID + n))] for n in (0, 1))
        pasted = {"PrivateNote": str(theirs["PrivateNote"])}
        await acme.tell(transaction(admin_graphql_api_id=None))
        await acme.by_a_person("edit", "Payment", ours["Id"], changes=pasted)
        await acme.look()
        await acme.tell(bought(1, **{**OWED, **CANCELLED, "financial_status": "voided"}))
        paid = {row["Id"]: row["TotalAmt"] for row in acme.held("Payment")}
        assert (paid[ours["Id"]], paid[theirs["Id"]]) == (0, theirs["TotalAmt"])


async def test_what_was_deleted_longer_ago_than_quickbooks_tells_is_not_made_again() -> None:
    """After thirty days only the record knows that there was an invoice. Guard: `Books.read_recorded`."""
    async with opened() as acme:
        await acme.tell(bought(0, **OWED))
        original = await the_invoice(acme)
    acme.sandbox.company().tables["Invoice"].pop(original["Id"])
    async with opened(after=acme) as later:
        (result,) = await later.tell(edited())
        assert (result.status.value, result.reason and result.reason.code) == ("ignored", "deleted_in_qbo")
        assert later.held("Invoice") == []


async def test_what_is_left_out_is_recorded_with_its_reason() -> None:
    """Before the start, by rule, or because the shop books it: once, and never over what was booked."""
    rules = MappingRules(shop_domains=("acme.myshopify.com",))
    async with opened(rules=rules) as acme:
        body = stripe_event("charge.succeeded", charge(metadata={"shopify_order_id": str(ORDER_ID)}))
        (result,) = await acme.tell(body)
        assert result.reason is not None
        recorded = dict(read_identities(acme.journal.ids.entries))
        assert (
            recorded[SourceKey.parse(result.source.document or "")].left_out == result.reason.code == "booked_by_shop"
        )
        assert await acme.tell(bought(0, **OWED))
        recorded = dict(read_identities(acme.journal.ids.entries))
        assert list(recorded[ORDER].entities) == ["Invoice"]
