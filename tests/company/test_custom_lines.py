"""A custom line has no SKU and no product: its words alone say what it is, and they may be anybody's."""

from __future__ import annotations

from typing import Any

import pytest

from mappings.names import own_sku
from tests.support.orders import bought, taxed
from tests.support.world import World, opened

FIXED = ("Tip", "Shipping", "Gift card", "Duties", "Additional fees", "Refund", "Returned goods", "Cash rounding")
"""What the bridge itself calls what is no product."""
CUSTOM: dict[str, Any] = {"sku": None, "product_id": None, "variant_id": None}


async def item_of_the_bridge(world: World, name: str) -> None:
    """One that an earlier sale needed; it stands on a liability, as the items of tips and gift cards do."""
    (owed,) = [row["Id"] for row in world.held("Account") if row["AccountType"] == "Other Current Liability"][:1]
    sku = own_sku(name.lower().replace(" ", "-"))
    await world.by_hand("item", {"Name": name, "Sku": sku, "Type": "Service", "IncomeAccountRef": {"value": owed}})
    await world.restart()


@pytest.mark.parametrize("name", FIXED)
async def test_a_custom_line_that_is_called_like_an_item_of_the_bridge_is_a_sale(name: str) -> None:
    """Of one item, however often it is sold. Guard: it was a dead letter from the second such item on."""
    async with opened() as world:
        await item_of_the_bridge(world, name)
        for number in range(3):
            sold = taxed("20.00", 2, "2.90", id=700 + number, title=name, name=name, **CUSTOM)
            (result,) = await world.deliver({**bought(number), "line_items": [sold]})
            assert (result.status.value, result.reason) == ("posted", None)
        made = [row for row in world.held("Item") if row["Name"].startswith(name)]
        assert sorted(row["Name"] for row in made) == [name, f"{name} (Shopify)"]
        (sold_item,) = [row for row in made if row["Name"] != name]
        lines = [each for invoice in world.held("Invoice") for each in invoice["Line"] if "SalesItemLineDetail" in each]
        assert {each["SalesItemLineDetail"]["ItemRef"]["value"] for each in lines} == {sold_item["Id"]}
