"""Six shops in one company, told apart by rule: class, location, income, clearing account, refunds and fees."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mappings.rules import MappingRules
from tests.support.shop_payouts import PAYOUT_ID, payout, row
from tests.support.six_shops import (
    FIRST_ORDER,
    SHOP_ACCOUNTS,
    SHOPS,
    SIX_SHOPS,
    disputed_in_shop,
    events_of_shop,
    six_shop_table,
    told_by_shop,
    with_shop_lists,
)
from tests.support.world import opened

Entities = dict[str, Any]


def classes(row: Entities) -> set[str]:
    """The Ids of the classes on a form and on its lines."""
    details = [each[each["DetailType"]] for each in row["Line"] if each.get("DetailType") in each]
    return {each["ClassRef"]["value"] for each in (row, *details) if each.get("ClassRef")}


@pytest.mark.parametrize("by_line", [False, True], ids=["class by form", "class by line"])
@pytest.mark.parametrize("together", [True, False], ids=["one micro-batch", "one by one"])
async def test_six_shops_are_told_apart(*, by_line: bool, together: bool) -> None:
    """Each has its own 45.00 less fee, though all of them sell the same article."""
    async with opened(SIX_SHOPS) as world:
        await with_shop_lists(world, by_line=by_line)
        batches = [[each for number in range(6) for each in events_of_shop(number)]]
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


@pytest.mark.parametrize("by_row", [False, True], ids=["its own event", "a row of the payout"])
async def test_a_dispute_is_the_loss_of_its_shop(*, by_row: bool) -> None:
    """In its class and its place, whichever event tells it. Guard: `place_of_fees` in both entries."""
    rows = [row("dispute", "-91.40", "15.00", order=FIRST_ORDER + 3, source_id=9103, id=44)]
    event = told_by_shop(3, "shopify_payments/payouts", payout(rows, id=PAYOUT_ID)) if by_row else disputed_in_shop(3)
    async with opened(SIX_SHOPS) as world:
        await with_shop_lists(world, by_line=True)
        await world.deliver(*events_of_shop(3)[:2])
        await world.deliver(event)
        entry = next(each for key, each in world.ours("JournalEntry").items() if key.kind == "dispute")
        (class_id,) = classes(entry)
        assert next(each["Name"] for each in world.held("Class") if each["Id"] == class_id) == "Class 3"
        places = {each["JournalEntryLineDetail"].get("DepartmentRef", {}).get("value") for each in entry["Line"]}
        (place,) = places - {None}
        assert next(each["Name"] for each in world.held("Department") if each["Id"] == place) == "Place 3"


async def test_what_a_shop_does_not_name_is_the_companys() -> None:
    """And an event of a shop that has nothing of its own is booked as ever."""
    table = six_shop_table()
    del table["shops"][SHOPS[0].upper()], table["tracking"]
    async with opened(MappingRules.model_validate(table)) as world:
        await with_shop_lists(world, by_line=False)
        await world.deliver(*events_of_shop(0), *events_of_shop(1))
        balances = world.trial_balance()
        assert (balances["Sales 1"], balances["Fees 1"]) == (Decimal("-40.00"), Decimal("3.00"))
        assert {"Sales 0", "Fees 0", "Clearing 0"} & set(balances) == set()
        assert sorted(each["Sku"] for each in world.held("Item") if "LAMP" in each.get("Sku", "")) == [
            "LAMP",
            "LAMP@acme-1",
        ]
