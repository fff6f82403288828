"""Class, location and address of what is booked beside a sale: those of the sale, whatever kind of document it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.sandbox.taxservice import add
from tests.ledger.field_overpaid import OVERPAID
from tests.ledger.field_refunds import HANDED_BACK
from tests.ledger.told_orders import FieldStory
from tests.support.drawn import note_drawn
from tests.support.rules import SHOP, rules
from tests.support.sizes import examples
from tests.support.world import World, opened

TEXT = f"""
[[tracking]]
shop = "{SHOP[0]}"
class = "Europe"
location = "Berlin"
"""
Kinds = Sequence[Callable[[int, int], st.SearchStrategy[FieldStory]]]
FORMS = ("Invoice", "SalesReceipt", "RefundReceipt", "CreditMemo")
BOTH = ("ClassRef", "DepartmentRef")


@pytest.mark.parametrize("kinds", [HANDED_BACK, OVERPAID], ids=["handed back", "paid too much"])
@given(drawn=st.data())
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_booked_beside_a_sale_is_of_its_class_and_location(drawn: st.DataObject, kinds: Kinds) -> None:
    """Receipts, credit memos and entries alike: else classes never net to zero; and tax goes back in its state."""
    story = drawn.draw(st.one_of([kind(1, 1) for kind in kinds]))
    note_drawn(f"places: {story.kind}")
    asyncio.run(_check(story))


async def _check(story: FieldStory) -> None:
    async with opened(rules(TEXT)) as world:
        company = world.sandbox.company()
        company.begin()
        for entity, name in (("Class", "Europe"), ("Department", "Berlin")):
            add(company, entity, {"Name": name})
        company.commit()
        await world.restart()
        for event in story.events:
            await world.deliver(event)
        await world.idle()
        assert _without_place(world) == []
        addresses = {entity: _addresses(world, entity) for entity in FORMS}
        sold = {*addresses["Invoice"], *addresses["SalesReceipt"]}
        assert {*addresses["RefundReceipt"], *addresses["CreditMemo"]} <= sold


def _without_place(world: World) -> list[str]:
    """The documents that have no class or no location; an entry has them on lines, that of a fee on one."""
    forms = [(entity, row, [row]) for entity in FORMS for row in world.held(entity)]
    entries = [("JournalEntry", row, _details(row)) for row in world.held("JournalEntry")]
    return [
        f"{entity} {row.get('DocNumber')}: {name}"
        for entity, row, parts in (*forms, *entries)
        for name in BOTH
        if not any(part.get(name) for part in parts)
    ]


def _addresses(world: World, entity: str) -> set[tuple[tuple[str, str], ...]]:
    """Where the goods of these documents went, as QuickBooks has it; without its own Id."""
    found = (row.get("ShipAddr") or {} for row in world.held(entity))
    return {tuple(sorted((name, str(each[name])) for name in each if name != "Id")) for each in found}


def _details(entry: dict[str, Any]) -> list[dict[str, Any]]:
    return [line["JournalEntryLineDetail"] for line in entry["Line"] if "JournalEntryLineDetail" in line]
