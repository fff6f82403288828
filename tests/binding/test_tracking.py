"""Class, location and terms of an order by rule."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.sandbox.taxservice import add
from mappings.rules import load_rules
from tests.support.orders import line, order
from tests.support.results import message_of
from tests.support.rules import SHOP, rules
from tests.support.world import World, opened

TEXT = """
[[tracking]]
tag = "Wholesale"
class = "Trade"
[[tracking]]
channel = "pos"
class = "Retail"
location = "Berlin"
[terms]
"Net 30" = "Net 30"
"""


def _open_lists(world: World) -> None:
    company = world.sandbox.company()
    company.begin()
    for entity, name in (("Class", "Trade"), ("Class", "Retail"), ("Department", "Berlin")):
        add(company, entity, {"Name": name})
    company.commit()


async def _booked(text: str = TEXT, **changes: Any) -> tuple[World, dict[str, Any]]:
    async with opened(rules(text)) as world:
        _open_lists(world)
        await world.restart()
        (result,) = await world.deliver(order([line("100.00", 1)], **changes))
        assert result.status == "posted", result.reason
        return world, world.held("Invoice")[0]


def _name(world: World, entity: str, row: dict[str, Any], field: str) -> str | None:
    names = {each["Id"]: each["Name"] for each in world.held(entity)}
    return names[row[field]["value"]] if field in row else None


async def test_the_first_rule_that_fits_gives_the_class_and_the_first_with_one_the_location() -> None:
    """An order of both patterns takes each from where it is said first."""
    world, row = await _booked(tags="vip, wholesale", source_name="pos")
    assert _name(world, "Class", row, "ClassRef") == "Trade"
    assert _name(world, "Department", row, "DepartmentRef") == "Berlin"


async def test_an_order_that_no_rule_fits_has_neither() -> None:
    """A tag is a whole word of the list."""
    _, row = await _booked(tags="wholesale-test", source_name="web")
    assert "ClassRef" not in row
    assert "DepartmentRef" not in row


async def test_terms_are_the_company_s_own_by_the_shop_s_name() -> None:
    """The due date of the order stays what it is."""
    terms = {"payment_terms_name": "Net 30", "payment_schedules": [{"due_at": "2026-04-05T00:00:00-08:00"}]}
    world, row = await _booked(payment_terms=terms, financial_status="pending")
    assert _name(world, "Term", row, "SalesTermRef") == "Net 30"
    assert row["DueDate"] == "2026-04-05"


async def test_a_class_that_the_company_does_not_have_is_refused_by_name() -> None:
    """Nothing is booked without it."""
    async with opened(rules(TEXT)) as world:
        (result,) = await world.deliver(order([line("100.00", 1)], tags="wholesale"))
        assert result.reason is not None
        assert result.reason.code == "unmappable"
        assert '"Trade"' in message_of(result)
        assert world.held("Invoice") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[tracking]]\ntag = "a"', "tracking.0: expected a class, a location or both"),
        ('[[tracking]]\nclass = "a"', "tracking.0: expected at least one of tag, channel, gateway"),
        ("[[skip]]", "skip.0: expected at least one of tag, channel, gateway"),
        ('[[skip]]\nclass = "a"', "skip.0.class: no such rule"),
        ('[items]\npolicy = "each"', "items.policy: input should be 'sku', 'product_type' or 'single'"),
        ('[items]\nname = "a:b"', "items.name: expected a name without colon, tab or line break"),
        ('[terms]\n"Net 30" = ""', "terms.Net 30: string should have at least 1 character"),
    ],
)
def test_a_rule_that_says_nothing_is_an_error_that_names_it(text: str, said: str) -> None:
    """With the key, as for every other rule."""
    with pytest.raises(Exception, match="rules: ") as caught:
        load_rules(text).for_company(shop_domains=SHOP, livemode_required=False)
    assert said in str(caught.value)
