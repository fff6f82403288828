"""Six shops in one company, told apart by rule: class, location, income, clearing account, refunds and fees."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from mappings.rules import MappingRules
from tests.support.orders import (
    Json,
    handed_back,
    order,
    refund,
    refund_line,
    shipping,
    shopify_event,
    taxed,
    transaction,
)
from tests.support.shop_payouts import PAYOUT_ID, payout, row
from tests.support.world import World, opened

SHOPS = tuple(f"acme-{number}.myshopify.com" for number in range(6))
SOLD = taxed("40.00", 2, "6.40", id=71, sku="LAMP")
SHOP_ACCOUNTS = {"Sales": "Income", "Clearing": "Other Current Asset", "Fees": "Expense", "Delivery": "Income"}
Entities = dict[str, Any]


def rules_text() -> dict[str, Any]:
    """Each shop has a class, a location and accounts of its own number."""
    return {
        "shop_domains": SHOPS,
        "customers": {"policy": "channel"},
        "tracking": [
            {"shop": shop, "class": f"Class {number}", "location": f"Place {number}"}
            for number, shop in enumerate(SHOPS)
        ],
        "shops": {
            shop.upper(): {
                "accounts": {"sales": f"Sales {number}", "fees": f"Fees {number}", "shipping": f"Delivery {number}"},
                "gateways": {"Shopify Payments": {"deposit": f"Clearing {number}"}},
            }
            for number, shop in enumerate(SHOPS)
        },
    }


RULES = MappingRules.model_validate(rules_text())


def told(number: int, topic: str, body: Json) -> Json:
    """An event of a shop."""
    event = shopify_event(topic, body)
    return {**event, "headers": {**event["headers"], "X-Shopify-Shop-Domain": SHOPS[number]}}  # type: ignore[dict-item]


def events(number: int) -> list[Json]:
    """An order of the same article as everywhere, its money, half of it back, and the payout of both."""
    ident = 7100000000 + number
    numbered: Entities = {"id": ident, "admin_graphql_api_id": None, "name": f"#{number}"}
    sold = order([SOLD], shipping_lines=[shipping("5.00")], customer={"id": ident + 1, "first_name": "B"}, **numbered)
    money = transaction(id=ident + 2, admin_graphql_api_id=None, order_id=ident, amount="91.40")
    moved = handed_back("43.20", id=ident + 3, order_id=ident)
    back = refund(
        [refund_line(SOLD, 1, "40.00", "3.20")], moved, id=ident + 4, admin_graphql_api_id=None, order_id=ident
    )
    rows = [
        row("charge", "91.40", "3.00", order=ident, transaction=ident + 2, id=ident + 5),
        row("refund", "-43.20", order=ident, id=ident + 6),
    ]
    return [
        told(number, "orders/create", sold),
        told(number, "order_transactions/create", money),
        told(number, "refunds/create", back),
        told(number, "shopify_payments/payouts", payout(rows, id=PAYOUT_ID + number)),
    ]


async def with_lists(world: World, *, by_line: bool) -> None:
    for number in range(6):
        await world.by_hand("class", {"Name": f"Class {number}"})
        await world.by_hand("department", {"Name": f"Place {number}"})
        for name, kind in SHOP_ACCOUNTS.items():
            await world.by_hand("account", {"Name": f"{name} {number}", "AccountType": kind})
    accounting = {"ClassTrackingPerTxn": not by_line, "ClassTrackingPerTxnLine": by_line, "TrackDepartments": True}
    set_switches(world.sandbox.realms[DEFAULT_REALM], {"preferences": {"AccountingInfoPrefs": accounting}})
    await world.restart()


def classes(row: Entities) -> set[str]:
    """The Ids of the classes on a form and on its lines."""
    details = [each[each["DetailType"]] for each in row["Line"] if each.get("DetailType") in each]
    return {each["ClassRef"]["value"] for each in (row, *details) if each.get("ClassRef")}


@pytest.mark.parametrize("by_line", [False, True], ids=["class by form", "class by line"])
@pytest.mark.parametrize("together", [True, False], ids=["one micro-batch", "one by one"])
async def test_six_shops_are_told_apart(*, by_line: bool, together: bool) -> None:
    """Each has its own 45.00 less fee, though all of them sell the same article."""
    async with opened(RULES) as world:
        await with_lists(world, by_line=by_line)
        batches = [[each for number in range(6) for each in events(number)]]
        for batch in batches if together else [[each] for each in batches[0]]:
            await world.deliver(*batch)
        await world.idle()
        assert world.statuses() == ["posted"] * 24, world.told
        balances = world.trial_balance()
        for number in range(6):
            wanted = {"Sales": "-40.00", "Delivery": "-5.00", "Fees": "3.00"}
            held = {name: balances.get(f"{name} {number}") for name in SHOP_ACCOUNTS}
            assert held == {name: Decimal(wanted[name]) if name in wanted else None for name in SHOP_ACCOUNTS}
        class_of = {each["Id"]: each["Name"] for each in world.held("Class")}
        place_of = {each["Id"]: each["Name"] for each in world.held("Department")}
        for entity in ("Invoice", "RefundReceipt", "Deposit"):
            found = [
                (place_of[each["DepartmentRef"]["value"]], [class_of[ident] for ident in classes(each)])
                for each in world.held(entity)
            ]
            assert sorted(found) == [(f"Place {number}", [f"Class {number}"]) for number in range(6)], entity
        assert sorted(each["DisplayName"] for each in world.held("Customer")) == list(SHOPS)


def disputed(number: int) -> Json:
    """The card holder's bank takes the money of a shop's order."""
    body: Json = {
        "id": 9100 + number,
        "order_id": 7100000000 + number,
        "type": "chargeback",
        "amount": "91.40",
        "currency": "USD",
        "reason": "fraudulent",
        "status": "needs_response",
        "initiated_at": "2026-03-12T09:00:00-05:00",
        "finalized_on": None,
    }
    return told(number, "disputes/create", body)


@pytest.mark.parametrize("by_row", [False, True], ids=["its own event", "a row of the payout"])
async def test_a_dispute_is_the_loss_of_its_shop(*, by_row: bool) -> None:
    """In its class and its place, whichever event tells it. Guard: `place_of_fees` in both entries."""
    rows = [row("dispute", "-91.40", "15.00", order=7100000000 + 3, source_id=9103, id=44)]
    event = told(3, "shopify_payments/payouts", payout(rows, id=PAYOUT_ID)) if by_row else disputed(3)
    async with opened(RULES) as world:
        await with_lists(world, by_line=True)
        await world.deliver(*events(3)[:2])
        await world.deliver(event)
        entry = next(each for key, each in world.ours("JournalEntry").items() if key.kind == "dispute")
        (class_id,) = classes(entry)
        assert next(each["Name"] for each in world.held("Class") if each["Id"] == class_id) == "Class 3"
        places = {each["JournalEntryLineDetail"].get("DepartmentRef", {}).get("value") for each in entry["Line"]}
        (place,) = places - {None}
        assert next(each["Name"] for each in world.held("Department") if each["Id"] == place) == "Place 3"


async def test_what_a_shop_does_not_name_is_the_companys() -> None:
    """And an event of a shop that has nothing of its own is booked as ever."""
    table = rules_text()
    del table["shops"][SHOPS[0].upper()], table["tracking"]
    async with opened(MappingRules.model_validate(table)) as world:
        await with_lists(world, by_line=False)
        await world.deliver(*events(0), *events(1))
        balances = world.trial_balance()
        assert (balances["Sales 1"], balances["Fees 1"]) == (Decimal("-40.00"), Decimal("3.00"))
        assert {"Sales 0", "Fees 0", "Clearing 0"} & set(balances) == set()
        assert sorted(each["Sku"] for each in world.held("Item") if "LAMP" in each.get("Sku", "")) == [
            "LAMP",
            "LAMP@acme-1",
        ]
