"""Refunds and credits stand where their sale stood: address, class and location; US forms say their taxable base."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from mappings.rules import MappingRules
from tests.support.orders import (
    ORDER_ID,
    Json,
    charge,
    discounted,
    handed_back,
    line,
    order,
    refund,
    refund_line,
    stripe_event,
    taxed,
    transaction,
)
from tests.support.shop_payouts import row as shop_row
from tests.support.shop_payouts import told as shop_payout
from tests.support.stripe_objects import CHARGE_ID, payout, row
from tests.support.world import World, opened

SHOPS = ("acme.myshopify.com",)
HOME: Json = {
    "address1": "12 Canal Street",
    "city": "Reno",
    "province": "Nevada",
    "province_code": "NV",
    "zip": "89501",
    "country": "United States",
    "country_code": "US",
}
TRACKED = MappingRules.model_validate(
    {"shop_domains": SHOPS, "tracking": [{"tag": "wholesale", "class": "Wholesale", "location": "Depot"}]}
)
SOLD = taxed("40.00", 2, "6.40", id=71, sku="LAMP")
PAID = transaction(amount="86.40")
RETURNED = refund([refund_line(SOLD, 1, "40.00", "3.20")], handed_back("43.20"))
CREDITED = refund([refund_line(SOLD, 1, "40.00", "3.20")])
"""Goods back before any money has moved."""


def sale(**changes: Any) -> Json:
    return order([SOLD], shipping_address=HOME, tags="wholesale", **changes)


def owed(**changes: Any) -> Json:
    return sale(financial_status="pending", total_outstanding="86.40", **changes)


async def with_lists(world: World, *, by_line: bool = False) -> None:
    """A class and a location, tracked by form or by line."""
    await world.by_hand("class", {"Name": "Wholesale"})
    await world.by_hand("department", {"Name": "Depot"})
    accounting = {"ClassTrackingPerTxn": not by_line, "ClassTrackingPerTxnLine": by_line, "TrackDepartments": True}
    set_switches(world.sandbox.realms[DEFAULT_REALM], {"preferences": {"AccountingInfoPrefs": accounting}})
    await world.restart()


def classes(row: dict[str, Any]) -> list[str | None]:
    """The class of the form, then those of its item lines."""
    lines = [each["SalesItemLineDetail"] for each in row["Line"] if "SalesItemLineDetail" in each]
    return [each.get("ClassRef", {}).get("name") for each in (row, *lines)]


@pytest.mark.parametrize("restarts", [False, True], ids=["same process", "next process"])
@pytest.mark.parametrize(("back", "entity"), [(RETURNED, "RefundReceipt"), (CREDITED, "CreditMemo")])
async def test_what_goes_back_has_the_address_class_and_location_of_its_sale(
    back: Json, entity: str, *, restarts: bool
) -> None:
    """The next process reads the sale again for it. Guards: `_know_place`, `ShipAddr` of `_back`."""
    async with opened(TRACKED) as world:
        await with_lists(world)
        await world.deliver(*((sale(), PAID) if entity == "RefundReceipt" else (owed(),)))
        if restarts:
            await world.restart()
        await world.deliver(back)
        (sold,), (row,) = world.held("Invoice"), world.held(entity)
        wanted = {"Line1": "12 Canal Street", "City": "Reno", "CountrySubDivisionCode": "NV", "Country": "US"}
        assert row["ShipAddr"].items() >= wanted.items()
        assert sold["ShipAddr"].items() >= wanted.items()
        assert (row["ClassRef"]["name"], row["DepartmentRef"]["name"]) == ("Wholesale", "Depot")


async def test_a_company_that_tracks_classes_by_line_gets_them_on_lines() -> None:
    """On none of its forms; the refund too."""
    async with opened(TRACKED) as world:
        await with_lists(world, by_line=True)
        await world.deliver(sale(), PAID, RETURNED)
        assert classes(world.held("Invoice")[0]) == [None, "Wholesale"]
        assert classes(world.held("RefundReceipt")[0]) == [None, "Wholesale"]


async def test_a_refund_follows_the_class_that_a_person_gave_the_sale() -> None:
    """What is in the books counts, not what the rules would say today."""
    async with opened(MappingRules(shop_domains=SHOPS)) as world:
        await with_lists(world)
        await world.deliver(sale(), PAID)
        (row,) = world.held("Invoice")
        (named,) = world.held("Class")
        change = {"Id": row["Id"], "SyncToken": row["SyncToken"], "sparse": True}
        await world.by_hand("invoice", {**change, "ClassRef": {"value": named["Id"]}})
        await world.restart()
        await world.deliver(RETURNED)
        assert classes(world.held("RefundReceipt")[0])[0] == "Wholesale"


async def test_the_taxable_base_is_the_taxed_lines_less_their_own_discounts() -> None:
    """The untaxed line's discount lowers no taxable sale; QuickBooks would spread it over all lines alike."""
    lamp = taxed("50.00", 1, "4.00", id=1, sku="LAMP", discount_allocations=discounted("10.00"))
    book = line("30.00", id=2, sku="BOOK", taxable=False, discount_allocations=discounted("5.00"))
    async with opened(MappingRules(shop_domains=SHOPS)) as world:
        (result,) = await world.deliver(order([lamp, book]))
        assert result.status.value == "posted", result.reason
        (row,) = world.held("Invoice")
        (tax,) = row["TxnTaxDetail"]["TaxLine"]
        assert row["ApplyTaxAfterDiscount"] is True
        assert (tax["Amount"], tax["TaxLineDetail"]["NetAmountTaxable"]) == (Decimal("4.00"), Decimal("40.00"))


async def test_automated_sales_tax_keeps_what_was_charged_beside_the_companys_code() -> None:
    """QuickBooks would compute 6 % itself. Guard: `TxnTaxCodeRef`, the code of `_own_tax_code`."""
    async with opened(MappingRules(shop_domains=SHOPS), automated_tax_percent="6") as world:
        automated = {"TaxPrefs": {"PartnerTaxEnabled": True}}
        set_switches(world.sandbox.realms[DEFAULT_REALM], {"preferences": automated})
        await world.restart()
        await world.deliver(sale(), PAID, RETURNED)
        assert world.statuses() == ["posted"] * 3
        (sold,), (back,) = world.held("Invoice"), world.held("RefundReceipt")
        assert (sold["TxnTaxDetail"]["TotalTax"], sold["TotalAmt"]) == (Decimal("6.40"), Decimal("86.40"))
        assert back["TxnTaxDetail"]["TotalTax"] == Decimal("3.20")


async def test_a_fee_that_two_accounts_could_take_names_the_rule() -> None:
    """Which one it is cannot be known; everything else of the company goes on."""
    async with opened(MappingRules(shop_domains=SHOPS)) as world:
        second = {"Name": "Fees of banks", "AccountType": "Expense", "AccountSubType": "BankCharges"}
        await world.by_hand("account", second)
        await world.restart()
        charged = {
            "id": "txn_1",
            "object": "balance_transaction",
            "type": "charge",
            "source": "ch_1",
            "currency": "usd",
        }
        fees = {"amount": 2500, "fee": 103, "net": 2397, "fee_details": [], "created": 1772514000}
        event = stripe_event("charge.succeeded", charge(balance_transaction={**charged, **fees}))
        (result,) = await world.deliver(event)
        assert result.reason is not None
        assert (result.status.value, result.reason.code) == ("dead_lettered", "unmappable")
        assert "accounts.fees" in result.reason.message
        (posted,) = await world.deliver(sale())
        assert posted.status.value == "posted"


OF_A_SHOP = {"tracking": [{"tag": "vip", "class": "Nobody"}, {"shop": SHOPS[0], "class": "Wholesale"}]}
OF_STRIPE = {"tracking": [{"gateway": "stripe", "class": "Wholesale"}]}
PAYOUT_OF_STRIPE = stripe_event(
    "payout.paid", payout(2347, [row("charge", 2500, CHARGE_ID, 103), row("stripe_fee", -50, None)])
)


@pytest.mark.parametrize("below", [False, True], ids=["a deposit", "an entry"])
async def test_the_fees_of_a_payout_have_the_class_of_their_shop(*, below: bool) -> None:
    """Guard: profit by class would show the sales of a shop without what they cost."""
    rows = [shop_row("charge", "86.40", "2.80", transaction=PAID["id"], order=ORDER_ID)]
    rows += [shop_row("refund", "-100.00", id=2)] if below else []
    async with opened(MappingRules.model_validate({"shop_domains": SHOPS, **OF_A_SHOP})) as world:
        await with_lists(world, by_line=True)
        await world.deliver(sale(), PAID, shop_payout(rows))
        (paid_out,) = world.held("JournalEntry" if below else "Deposit")
        assert tracked_lines(paid_out) == [Decimal("2.80")]


async def test_stripe_s_fees_have_the_class_of_their_gateway() -> None:
    """Those of charges are entries of their own, those of the account are lines of the deposit."""
    async with opened(MappingRules.model_validate({"shop_domains": SHOPS, **OF_STRIPE})) as world:
        await with_lists(world, by_line=True)
        await world.deliver(stripe_event("charge.succeeded", charge()), PAYOUT_OF_STRIPE)
        documents = [*world.held("Deposit"), *world.held("JournalEntry")]
        assert sorted(each for document in documents for each in tracked_lines(document)) == [
            Decimal("0.50"),
            Decimal("1.03"),
        ]


async def test_a_class_that_is_missing_keeps_all_of_a_payout_out() -> None:
    """Guard: nothing of it is booked, its fees neither, and the rule is named."""
    async with opened(MappingRules.model_validate({"shop_domains": SHOPS, **OF_STRIPE})) as world:
        charged, paid_out = await world.deliver(stripe_event("charge.succeeded", charge()), PAYOUT_OF_STRIPE)
        assert (charged.status, paid_out.status) == ("posted", "dead_lettered")
        assert paid_out.reason is not None
        assert "tracking" in paid_out.reason.message
        assert (world.held("Deposit"), world.held("JournalEntry")) == ([], [])


def tracked_lines(document: dict[str, Any]) -> list[Decimal]:
    """The amounts of the lines that have the class, without their sign."""
    details = [(each["Amount"], each[each["DetailType"]]) for each in document["Line"] if "DetailType" in each]
    return [abs(amount) for amount, detail in details if detail.get("ClassRef", {}).get("name") == "Wholesale"]
