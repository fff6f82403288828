"""Whatever kind of document it is: a gone item, a gone customer and a taken number are looked up, and it is booked."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from contracts.keys import SourceKey
from contracts.marker import Marker
from mappings.rules import MappingRules, OrderRules
from tests.support.orders import (
    ORDER_ID,
    Json,
    bought,
    handed_back,
    order,
    refund,
    refund_line,
    shopify_event,
    taxed,
)
from tests.support.seals import SEAL
from tests.support.world import World, opened

RULES = MappingRules(shop_domains=("acme.myshopify.com",))
RECEIPTS = MappingRules(shop_domains=("acme.myshopify.com",), orders=OrderRules(document="sales_receipt"))
SOLD = taxed("20.00", 2, "2.90")
OWED: dict[str, Any] = {"financial_status": "pending", "total_outstanding": "42.90"}
EARLIER = order([SOLD], id=ORDER_ID, name="#3000")
OWED_EARLIER = order([SOLD], id=ORDER_ID, name="#3000", **OWED)
TAKEN_BACK = refund_line(SOLD, 2, "40.00", "2.90")
REFUND_ID = "897650012233"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of document: what the books know before it, the event that books it, its key and its two numbers."""

    entity: str
    before: Json
    event: Json
    key: SourceKey
    number: str
    second: str
    rules: MappingRules = RULES


NEXT = SourceKey("shopify", "order", str(ORDER_ID + 1))
KINDS = (
    Kind(
        entity="Invoice",
        before=EARLIER,
        event=bought(1),
        key=NEXT,
        number="3001",
        second=f"3001-{NEXT.id[-4:]}",
    ),
    Kind(
        entity="SalesReceipt",
        before=EARLIER,
        event=bought(1),
        key=NEXT,
        number="3001",
        second=f"3001-{NEXT.id[-4:]}",
        rules=RECEIPTS,
    ),
    Kind(
        entity="RefundReceipt",
        before=EARLIER,
        event=shopify_event("refunds/create", refund([TAKEN_BACK], handed_back("42.90"))),
        key=SourceKey("shopify", "refund", REFUND_ID),
        number="3000-R2233",
        second="3000-R2233-2233",
    ),
    Kind(
        entity="CreditMemo",
        before=OWED_EARLIER,
        event=shopify_event("refunds/create", refund([TAKEN_BACK])),
        key=SourceKey("shopify", "refund", f"{REFUND_ID}.credit"),
        number="3000-R2233",
        second="3000-R2233-2233",
    ),
)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.entity)


async def booked(acme: World, kind: Kind) -> dict[str, Any]:
    """The document after its event, which must be posted."""
    results = await acme.tell(kind.event)
    assert [(each.status, each.reason and each.reason.message) for each in results] == [("posted", None)]
    return acme.ours(kind.entity)[kind.key]


def sold_item(acme: World) -> dict[str, Any]:
    """The item that the earlier order sold."""
    (item,) = [row for row in acme.held("Item") if row.get("Sku") and row["Active"]]
    return item


def numbers_are_ours(acme: World) -> None:
    """From now on the company refuses a number twice (6140)."""
    set_switches(acme.sandbox.realms[DEFAULT_REALM], {"preferences": {"SalesFormsPrefs": {"CustomTxnNumbers": True}}})


async def by_a_stranger(acme: World, kind: Kind, number: str) -> dict[str, Any]:
    """What a person writes of this kind under `number` for a customer of their own, of the item that is there."""
    customer = (await acme.by_hand("customer", {"DisplayName": "Somebody Else"}))["Id"]
    detail = {"ItemRef": {"value": sold_item(acme)["Id"]}}
    lines = [{"DetailType": "SalesItemLineDetail", "Amount": 5, "SalesItemLineDetail": detail}]
    deposit = next(row["Id"] for row in acme.held("Account") if row["AccountSubType"] == "UndepositedFunds")
    body: dict[str, Any] = {"CustomerRef": {"value": customer}, "DocNumber": number, "Line": lines}
    return body | ({"DepositToAccountRef": {"value": deposit}} if "Receipt" in kind.entity else {})


@each_kind
async def test_an_item_that_a_person_made_inactive_is_made_anew(kind: Kind) -> None:
    """QBO refuses it (2500); the document sells another item of the same SKU. Guard: `remedies._items_of`."""
    async with opened(rules=kind.rules) as acme:
        await acme.tell(kind.before)
        gone = sold_item(acme)["Id"]
        await acme.by_a_person("deactivate", "Item", gone)
        document = await booked(acme, kind)
        (sold,) = {line["SalesItemLineDetail"]["ItemRef"]["value"] for line in document["Line"] if "Id" in line}
        assert sold == sold_item(acme)["Id"] != gone


@each_kind
async def test_a_number_that_a_stranger_took_is_made_distinct(kind: Kind) -> None:
    """QBO refuses it (6140); the second number has the source's id. Guard: `remedies._duplicate_number`."""
    async with opened(rules=kind.rules) as acme:
        await acme.tell(kind.before)
        await acme.by_hand(kind.entity.lower(), await by_a_stranger(acme, kind, kind.number))
        numbers_are_ours(acme)
        assert (await booked(acme, kind))["DocNumber"] == kind.second


@each_kind
async def test_a_number_that_another_kind_of_document_took_is_made_distinct(kind: Kind) -> None:
    """Whether numbers are unique for a type or for all forms nobody says: what QBO refused is what counts."""
    other = next(each for each in KINDS if each.entity not in (kind.entity, "Invoice"))
    async with opened(rules=kind.rules) as acme:
        await acme.tell(kind.before)
        await acme.by_hand(other.entity.lower(), await by_a_stranger(acme, other, kind.number))
        numbers_are_ours(acme)
        assert (await booked(acme, kind))["DocNumber"] == kind.second


@pytest.mark.parametrize("kind", KINDS[:2], ids=lambda kind: kind.entity)
async def test_a_customer_whom_a_person_made_inactive_is_made_anew(kind: Kind) -> None:
    """QBO refuses him (2500); a new sale goes to a customer of the same source. Guard: `remedies._customers_of`."""
    async with opened(rules=kind.rules) as acme:
        await acme.tell(kind.before)
        (gone,) = [row["Id"] for row in acme.held("Customer")]
        await acme.by_a_person("deactivate", "Customer", gone)
        document = await booked(acme, kind)
        (active,) = [row["Id"] for row in acme.held("Customer") if row["Active"]]
        assert document["CustomerRef"]["value"] == active != gone


@pytest.mark.parametrize("kind", KINDS[2:], ids=lambda kind: kind.entity)
async def test_what_takes_a_sale_back_follows_it_to_the_customer_of_a_merge(kind: Kind) -> None:
    """The sale is the other one's now and the old one inactive (2500). Guard: `remedies._sale_of` is read again."""
    async with opened(rules=kind.rules) as acme:
        await acme.tell(kind.before)
        (sale,) = acme.ours("Invoice").values()
        other = (await acme.by_hand("customer", {"DisplayName": "Somebody Else"}))["Id"]
        for payment in acme.held("Payment"):
            await acme.by_a_person("delete", "Payment", payment["Id"])
        await acme.by_a_person("edit", "Invoice", sale["Id"], changes={"CustomerRef": {"value": other}})
        await acme.by_a_person("deactivate", "Customer", sale["CustomerRef"]["value"])
        assert (await booked(acme, kind))["CustomerRef"]["value"] == other


async def test_a_refund_of_a_sale_whose_customer_is_inactive_names_nobody() -> None:
    """The money went back all the same, and QBO takes a refund receipt without a customer."""
    (kind,) = [each for each in KINDS if each.entity == "RefundReceipt"]
    async with opened(rules=kind.rules) as acme:
        await acme.tell(kind.before)
        (gone,) = [row["Id"] for row in acme.held("Customer")]
        await acme.by_a_person("deactivate", "Customer", gone)
        assert "CustomerRef" not in await booked(acme, kind)


async def test_a_credit_of_a_sale_whose_customer_is_inactive_says_what_to_do() -> None:
    """A credit memo must have the customer of its invoice: a person makes him active again."""
    (kind,) = [each for each in KINDS if each.entity == "CreditMemo"]
    async with opened(rules=kind.rules) as acme:
        await acme.tell(kind.before)
        (customer,) = acme.held("Customer")
        customer["Active"] = False  # a person must settle what is owed first, and may then owe it again
        (result,) = await acme.tell(kind.event)
        assert result.status == "dead_lettered"
        assert result.reason is not None
        assert "make it active again" in result.reason.message


@each_kind
async def test_a_number_that_our_own_document_holds_is_not_made_distinct(kind: Kind) -> None:
    """The holder carries the same marker: nothing is written twice. Guard: `_duplicate_number` looks the holder up."""
    async with opened(rules=kind.rules) as acme:
        await acme.tell(kind.before)
        buyer = {"CustomerRef": {"value": next(row["Id"] for row in acme.held("Customer"))}}
        made = {**await by_a_stranger(acme, kind, kind.number), **buyer}
        # because only its marker tells that it is ours, its facts must be those of the event
        made["Line"][0]["Amount"] = Decimal("42.90")
        as_written = {"t": "42.90", "c": buyer["CustomerRef"]["value"]}
        memo = SEAL.line(kind.entity, Marker(kind.key, as_written))
        await acme.by_hand(kind.entity.lower(), made | {"PrivateNote": memo})
        numbers_are_ours(acme)
        (result,) = await acme.tell(kind.event)
        assert result.status in ("posted", "already_posted")
        assert acme.ours(kind.entity)[kind.key]["DocNumber"] == kind.number
