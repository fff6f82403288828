"""People and the bridge write in the same books: what a person did stays, or the result says why nothing was done."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from mappings.rules import MappingRules
from tests.support.orders import BODY_MONEY, ORDER, ORDER_ID, SALE, Json, bought, later, order, taxed, transaction
from tests.support.world import World, opened

PENDING = {"financial_status": "pending"}


def grown(seconds: int, **changes: object) -> Json:
    """The order with one piece more."""
    body = order([taxed("20.00", 3, "4.35")], id=ORDER_ID, name="#3000", **{**PENDING, **changes})
    return later(body, seconds)


def prefer(acme: World, **wanted: Any) -> None:
    """What a person sets in QuickBooks' own settings."""
    set_switches(acme.sandbox.realms[DEFAULT_REALM], wanted)


async def somebody(acme: World, name: str = "Somebody Else") -> str:
    """Another customer that a person has made."""
    return str((await acme.by_hand("customer", {"DisplayName": name}))["Id"])


def live(acme: World, entity: str) -> list[str]:
    """The names of the active ones."""
    name = "DisplayName" if entity == "Customer" else "Name"
    return sorted(row[name] for row in acme.held(entity) if row["Active"] and row.get("Type") != "Category")


# -- customers and items ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("looks", [True, False], ids=["a look came", "no look came"])
async def test_an_invoice_that_a_person_gave_to_another_customer_stays_there(*, looks: bool) -> None:
    """The next update changes the lines and not the customer. Guard: `c` in the marker, `Posted.rehomed`."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        other = await somebody(acme)
        ident = acme.ours("Invoice")[ORDER]["Id"]
        await acme.by_a_person("edit", "Invoice", ident, changes={"CustomerRef": {"value": other}})
        if looks:
            await acme.look()
        assert [result.status for result in await acme.tell(grown(20))] == ["posted"]
        assert [result.status for result in await acme.tell(grown(30, note="again"))] == ["already_posted"]
        invoice = acme.ours("Invoice")[ORDER]
        assert (invoice["CustomerRef"]["value"], invoice["TotalAmt"]) == (other, Decimal("64.35"))


async def test_money_follows_an_invoice_that_a_person_gave_to_another_customer() -> None:
    """The payment was on its way to the old one (620). Guard: 620 is looked up again, `remedies._reread_reference`."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        other = await somebody(acme)
        ident = acme.ours("Invoice")[ORDER]["Id"]
        await acme.by_a_person("edit", "Invoice", ident, changes={"CustomerRef": {"value": other}})
        assert [result.status for result in await acme.tell(transaction())] == ["posted"]
        assert acme.ours("Payment")[SALE]["CustomerRef"]["value"] == other
        assert acme.ours("Invoice")[ORDER]["Balance"] == 0


async def test_the_source_may_still_change_the_customer_itself() -> None:
    """Nobody else touched it: the order's new customer is the invoice's."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        person = {"id": 77, "first_name": "Ines", "last_name": "Moreau", "email": "ines@example.com"}
        await acme.tell(later(bought(0, customer=person, email="ines@example.com"), 20, **PENDING))
        (name,) = [row["CustomerRef"]["value"] for row in acme.held("Invoice")]
        assert {row["Id"]: row["DisplayName"] for row in acme.held("Customer")}[name] == "Ines Moreau"


async def test_a_merged_customer_is_not_brought_back_by_an_update() -> None:
    """The invoice is the other one's now, and the old one is inactive: nobody new is made for it."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        invoice, other = acme.ours("Invoice")[ORDER], await somebody(acme)
        await acme.by_a_person("edit", "Invoice", invoice["Id"], changes={"CustomerRef": {"value": other}})
        await acme.by_a_person("deactivate", "Customer", invoice["CustomerRef"]["value"])
        await acme.look()
        assert [result.status for result in await acme.tell(grown(20), transaction())] == ["posted", "posted"]
        assert live(acme, "Customer") == ["Somebody Else"]
        assert acme.ours("Payment")[SALE]["CustomerRef"]["value"] == other


async def test_a_customer_who_is_gone_by_a_merge_is_not_written_to() -> None:
    """Change data capture tells him as deleted; his next order makes him anew at once. Guard: `Books._gone`."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        invoice, other = acme.ours("Invoice")[ORDER], await somebody(acme)
        await acme.by_a_person("edit", "Invoice", invoice["Id"], changes={"CustomerRef": {"value": other}})
        books, gone = acme.sandbox.company(), invoice["CustomerRef"]["value"]
        await acme.by_a_person("deactivate", "Customer", gone)
        stamp = {"LastUpdatedTime": acme.clock.now().isoformat()}
        del books.tables["Customer"][gone]
        books.deleted["Customer"][gone] = {"domain": "QBO", "status": "Deleted", "Id": gone, "MetaData": stamp}
        await acme.look()
        before = acme.client.counts.reads
        (result,) = await acme.tell(bought(1))
        assert (result.status, acme.client.counts.reads) == ("posted", before)
        assert acme.held("Invoice")[-1]["CustomerRef"]["value"] not in {gone, other}


@pytest.mark.parametrize("restarts", [True, False], ids=["another process", "the same process"])
@pytest.mark.parametrize("entity", ["Customer", "Item"])
async def test_what_a_person_made_inactive_is_made_anew(entity: str, *, restarts: bool) -> None:
    """Its first request id only repeats the first answer. Guard: `NameList.is_dropped` in the poster."""
    async with opened() as before:
        beside = {"id": 77, "first_name": "Ines", "last_name": "Moreau", "email": "ines@example.com"}
        mug = order([taxed("20.00", 2, "2.90", sku="MUG", name="Mug", title="Mug")], id=ORDER_ID + 9, name="#3009")
        known = bought(9, customer=beside, email="ines@example.com") if entity == "Customer" else mug
        await before.tell(known)  # so that what is tried here was created by a request of its own
        already = live(before, entity)
        await before.tell(bought(0))
        for row in before.held(entity):
            if row.get("DisplayName", row.get("Name")) not in already:
                await before.by_a_person("deactivate", entity, row["Id"])
        if not restarts:
            assert [result.status for result in await before.tell(bought(1))] == ["posted"]
            assert len(live(before, entity)) == len(already) + 1
            return
        async with opened(after=before) as acme:
            assert [result.status for result in await acme.tell(bought(1))] == ["posted"]
            assert len(live(acme, entity)) == len(already) + 1


@pytest.mark.parametrize("looks", [True, False], ids=["a look came", "no look came"])
async def test_a_renamed_customer_stays_the_same(*, looks: bool) -> None:
    """Known by our key and not by the name; somebody new may have the old name."""
    async with opened() as acme:
        await acme.tell(bought(0))
        (customer,) = acme.held("Customer")
        await acme.by_a_person("rename", "Customer", customer["Id"], name="Renamed")
        if looks:
            await acme.look()
        assert [result.status for result in await acme.tell(bought(1))] == ["posted"]
        person = {"id": 99, "first_name": "Dana", "last_name": "Reyes", "email": None}
        assert [result.status for result in await acme.tell(bought(2, customer=person, email=None))] == ["posted"]
        owners = [row["CustomerRef"]["value"] for row in acme.held("Invoice")]
        assert owners[:2] == [customer["Id"]] * 2
        assert owners[2] != customer["Id"]


async def test_a_renamed_item_is_still_found_by_its_sku() -> None:
    """No second item is made."""
    async with opened() as acme:
        await acme.tell(bought(0))
        (item,) = [row for row in acme.held("Item") if row.get("Sku")]
        await acme.by_a_person("rename", "Item", item["Id"], name="Renamed")
        await acme.look()
        count = len(acme.held("Item"))
        assert [result.status for result in await acme.tell(bought(1))] == ["posted"]
        assert len(acme.held("Item")) == count


async def test_an_item_whose_sku_a_person_changed_is_not_sold_under_the_old_one() -> None:
    """The SKU means another item now. Guard: `NameList.remember_item` lets go of the old SKU."""
    async with opened() as acme:
        await acme.tell(bought(0))
        (item,) = [row for row in acme.held("Item") if row.get("Sku")]
        await acme.by_a_person("edit", "Item", item["Id"], changes={"Name": "Old", "Sku": "OLD"})
        await acme.look()
        assert [result.status for result in await acme.tell(bought(1))] == ["posted"]
        sold = {row["Line"][0]["SalesItemLineDetail"]["ItemRef"]["value"] for row in acme.held("Invoice")}
        assert len(sold) == 2


# -- documents --------------------------------------------------------------------------------------------------------


async def test_a_voided_invoice_is_not_updated_back_to_life() -> None:
    """The update meets a stale SyncToken and then the void."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        await acme.by_a_person("void", "Invoice", acme.ours("Invoice")[ORDER]["Id"])
        (result,) = await acme.tell(grown(20))
        assert (result.status, result.reason and result.reason.code) == ("ignored", "deleted_in_qbo")
        assert acme.ours("Invoice")[ORDER]["TotalAmt"] == 0


async def test_money_for_an_invoice_that_a_person_deleted_is_the_customers_credit() -> None:
    """Money is a fact: it is booked, and on no invoice. Guard: `remedies._reread_reference` reads the invoice."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        await acme.by_a_person("delete", "Invoice", acme.ours("Invoice")[ORDER]["Id"])
        assert [result.status for result in await acme.tell(transaction())] == ["posted"]
        assert acme.ours("Payment")[SALE]["UnappliedAmt"] == Decimal("42.90")


async def test_a_total_that_a_person_changed_is_a_conflict() -> None:
    """It says both numbers and leaves the invoice alone."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10, **PENDING))
        invoice = acme.ours("Invoice")[ORDER]
        line = {**invoice["Line"][0], "Amount": 10, "SalesItemLineDetail": {"ItemRef": {"value": "1"}}}
        line["SalesItemLineDetail"] = {"ItemRef": invoice["Line"][0]["SalesItemLineDetail"]["ItemRef"]}
        await acme.by_a_person("edit", "Invoice", invoice["Id"], changes={"Line": [line]})
        total = acme.ours("Invoice")[ORDER]["TotalAmt"]
        (result,) = await acme.tell(grown(20))
        assert (result.status, result.reason and result.reason.code) == ("dead_lettered", "conflict")
        assert acme.ours("Invoice")[ORDER]["TotalAmt"] == total


async def linked_elsewhere(acme: World, amount: str) -> str:
    """A person takes `amount` of the body's payment and puts it on an invoice of their own; its Id."""
    payment, invoice = acme.ours("Payment")[BODY_MONEY], acme.ours("Invoice")[ORDER]
    sold = {**invoice["Line"][0], "Amount": 50}
    sold["SalesItemLineDetail"] = {"ItemRef": sold["SalesItemLineDetail"]["ItemRef"]}
    own = await acme.by_hand("invoice", {"CustomerRef": payment["CustomerRef"], "DocNumber": "77", "Line": [sold]})
    rest = payment["TotalAmt"] - Decimal(amount)
    lines = [
        {"Amount": rest, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]},
        {"Amount": Decimal(amount), "LinkedTxn": [{"TxnId": own["Id"], "TxnType": "Invoice"}]},
    ]
    changes = {"CustomerRef": payment["CustomerRef"], "TotalAmt": payment["TotalAmt"], "Line": lines}
    await acme.by_a_person("edit", "Payment", payment["Id"], changes=changes)
    return str(own["Id"])


@pytest.mark.parametrize("looks", [True, False], ids=["a look came", "no look came"])
async def test_a_payment_keeps_what_a_person_linked_to_another_invoice(*, looks: bool) -> None:
    """The transaction takes the body's payment over, links and all. Guard: `Posted.elsewhere` in the binder."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10))
        own = await linked_elsewhere(acme, "12.90")
        if looks:
            await acme.look()
        assert [result.status for result in await acme.tell(transaction())] == ["posted"]
        (payment,) = acme.held("Payment")
        linked = {line["LinkedTxn"][0]["TxnId"]: line["Amount"] for line in payment["Line"]}
        assert linked == {acme.ours("Invoice")[ORDER]["Id"]: Decimal("30.00"), own: Decimal("12.90")}


async def test_a_payment_that_a_person_spent_elsewhere_is_not_taken_back() -> None:
    """It would be smaller than what is on the other invoice: a person must look. Guard: `applied_elsewhere`."""
    async with opened() as acme:
        await acme.tell(later(bought(0), 10))
        own = await linked_elsewhere(acme, "40.00")
        await acme.look()
        first = transaction(amount="30.00")
        (result,) = await acme.tell(first)
        assert (result.status, result.reason and result.reason.code) == ("dead_lettered", "conflict")
        assert {row["Id"]: row["Balance"] for row in acme.held("Invoice")}[own] < 50


# -- preferences ------------------------------------------------------------------------------------------------------


async def test_custom_numbers_switched_on_meanwhile() -> None:
    """Numbers must be unique from then on: a stranger's number is met, and ours is made distinct."""
    async with opened() as acme:
        await acme.tell(bought(0))
        ours = acme.ours("Invoice")[ORDER]
        sold = {
            **ours["Line"][0],
            "SalesItemLineDetail": {"ItemRef": ours["Line"][0]["SalesItemLineDetail"]["ItemRef"]},
        }
        line = {**sold, "Amount": 5}
        bill = {"CustomerRef": {"value": await somebody(acme)}, "DocNumber": "3001", "Line": [line]}
        await acme.by_hand("invoice", bill)
        prefer(acme, preferences={"SalesFormsPrefs": {"CustomTxnNumbers": True}})
        (result,) = await acme.tell(bought(1))
        assert result.status == "posted"
        assert max(row["DocNumber"] for row in acme.held("Invoice")).startswith("3001-")


async def test_multicurrency_switched_on_meanwhile() -> None:
    """Orders in the home currency go on as before, on the same customer."""
    async with opened() as acme:
        await acme.tell(bought(0))
        prefer(acme, preferences={"CurrencyPrefs": {"MultiCurrencyEnabled": True}})
        assert [result.status for result in await acme.tell(bought(1))] == ["posted"]
        assert [result.status for result in await acme.tell(later(bought(0), 50, note="x"))] == ["already_posted"]
        assert len(acme.held("Customer")) == 1


async def test_books_closed_meanwhile() -> None:
    """A document of the closed period says so; one after it is posted."""
    async with opened() as acme:
        await acme.tell(bought(0))
        prefer(acme, book_close_date="2026-06-30")
        (closed,) = await acme.tell(bought(1))
        assert (closed.status, closed.reason and closed.reason.code) == ("dead_lettered", "period_closed")
        now = {"created_at": "2026-11-20T10:00:00Z", "processed_at": "2026-11-20T10:00:00Z"}
        (open_one,) = await acme.tell(bought(2, updated_at="2026-11-20T10:00:00Z", **now))
        assert open_one.status == "posted"


async def test_sales_tax_switched_on_meanwhile() -> None:
    """Refused while it is off, naming it; booked once it is on, a minute later. Guard: `Pipeline` reads the facts."""
    async with opened() as acme:
        prefer(acme, preferences={"TaxPrefs": {"UsingSalesTax": False}})
        async with opened(after=acme) as off:
            (refused,) = await off.tell(bought(0))
            assert (refused.status, refused.reason and refused.reason.code) == ("dead_lettered", "unmappable")
            prefer(off, preferences={"TaxPrefs": {"UsingSalesTax": True}})
            await off.clock.advance(61)
            assert [result.status for result in await off.tell(bought(0))] == ["posted"]


async def test_sales_tax_switched_off_meanwhile() -> None:
    """What was charged was charged: nothing is ever booked without its tax."""
    async with opened() as acme:
        await acme.tell(bought(0))
        prefer(acme, preferences={"TaxPrefs": {"UsingSalesTax": False}})
        assert [result.status for result in await acme.tell(bought(1))] == ["posted"]
        assert [row["TotalAmt"] for row in acme.held("Invoice")] == [Decimal("42.90")] * 2


TILL = MappingRules.model_validate({"accounts": {"deposit": {"name": "Till"}}})


async def test_an_account_that_a_person_made_meanwhile() -> None:
    """Missing, it is named in the result; once made, it is used. Guard: `Pipeline` reads the facts again."""
    async with opened(rules=TILL) as acme:
        (missing,) = await acme.tell(bought(0))
        assert missing.status == "dead_lettered"
        assert missing.reason
        assert "Till" in missing.reason.message
        till = await acme.by_hand("account", {"Name": "Till", "AccountType": "Bank"})
        await acme.clock.advance(61)
        assert [result.status for result in await acme.tell(bought(1))] == ["posted"]
        (payment,) = acme.held("Payment")
        assert payment["DepositToAccountRef"]["value"] == till["Id"]


async def test_an_account_that_a_person_made_inactive_meanwhile() -> None:
    """The result names the rule, not a number of QBO. Guard: `reread_profile` in `remedies`."""
    async with opened() as before:
        till = await before.by_hand("account", {"Name": "Till", "AccountType": "Bank"})
        async with opened(after=before, rules=TILL) as acme:
            await acme.by_a_person("deactivate", "Account", till["Id"])
            (gone,) = await acme.tell(bought(0))
            assert (gone.status, gone.reason and gone.reason.code) == ("dead_lettered", "unmappable")
            assert gone.reason
            assert "Till" in gone.reason.message
