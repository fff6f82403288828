"""Tax codes and rates of a company outside the US: read whole without an order, and used only where they stand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from mappings.rules import load_rules
from tests.ledger.nets import nets
from tests.ledger.told_orders import NOTHING, ToldOrder
from tests.support.world import World, opened

RULES = load_rules('[tax]\nexempt = "GST free"\n[tax.codes]\n"Levy" = "Levy 7"')
SOLD = {"income": Decimal(100), "tax": Decimal(7), "money": Decimal(107)}
PAGE = 1000
"""The rows of one page of QuickBooks."""


def _with_codes(world: World, others: int, **changes: Any) -> None:
    """So many other codes and rates, then the one that the rules name, with `changes`."""
    tables = world.sandbox.company().tables
    for entity in ("TaxRate", "TaxCode"):
        like = tables[entity]["3" if entity == "TaxCode" else "1"]
        for number in range(others):
            ident = str(100 + number)
            tables[entity][ident] = {**like, "Id": ident, "Name": f"Other {number}"}
    rate = {**tables["TaxRate"]["1"], "Id": "9000", "Name": "Levy 7", "RateValue": Decimal(7)}
    tables["TaxRate"]["9000"] = rate
    details = {"TaxRateDetail": [{"TaxRateRef": {"value": "9000"}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0}]}
    named = {**tables["TaxCode"]["2"], "Id": "9000", "Name": "Levy 7", "SalesTaxRateList": details}
    tables["TaxCode"]["9000"] = {**named, **changes}


async def _told(world: World) -> None:
    told = ToldOrder(1, 1)
    tax = [{"title": "Levy", "rate": 0.07, "price": "7.00"}]
    sold = told.article(1, Decimal(100), tax_lines=tax)
    told.body([{**sold, "current_quantity": 1}], "paid", Decimal(107), NOTHING, total_tax="7.00")
    await world.restart()
    for event in told.events:
        await world.deliver(event)


@pytest.mark.parametrize("others", [0, 1, PAGE - 4, PAGE - 3, PAGE - 2, PAGE, PAGE + 5])
async def test_a_code_is_found_wherever_it_stands_in_the_list(others: int) -> None:
    """The last of a page, the first of the next."""
    async with opened(RULES, country="AU", currency="USD") as world:
        _with_codes(world, others)
        await _told(world)
        assert (world.statuses(), nets(world)) == (["posted"], SOLD)


GONE: dict[str, Callable[[], dict[str, Any]]] = {
    "inactive": lambda: {"Active": False},
    "renamed": lambda: {"Name": "Levy 8"},
    "without a rate": lambda: {"SalesTaxRateList": {"TaxRateDetail": []}},
}


@pytest.mark.parametrize("gone", GONE)
async def test_a_code_that_does_not_stand_any_more_is_named_and_nothing_is_booked(gone: str) -> None:
    """No other code is taken in its place."""
    async with opened(RULES, country="AU", currency="USD") as world:
        _with_codes(world, 1, **GONE[gone]())
        await _told(world)
        (result,) = world.results[0]
        assert result.reason is not None
        assert (result.status.value, result.reason.code) == ("dead_lettered", "unmappable")
        assert "Levy 7" in result.reason.message
        assert nets(world) == {}
