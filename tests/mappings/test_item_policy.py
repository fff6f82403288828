"""Which items an order uses, by the rules' policy."""

from __future__ import annotations

from contracts.quickbooks import ItemDraft
from tests.support.orders import line, order, plan_of, shipping
from tests.support.rules import rules


def item_names(text: str) -> list[str]:
    """The items of an order of three products of two types, and of one without type."""
    lines = [
        line("10.00", 1, sku="A", name="Tea, green", product_type="Tea"),
        line("11.00", 1, sku="B", name="Tea, black", product_type="tea"),
        line("12.00", 1, sku="C", name="Mug", product_type="Kitchen: mugs"),
        line("13.00", 1, sku="D", name="Poster"),
    ]
    plan = plan_of(order(lines, shipping_lines=[shipping("4.00")]), rules(text))
    return [step.draft.name for step in plan.steps if isinstance(step.draft, ItemDraft)]


def test_by_default_each_sku_has_its_item() -> None:
    """Under the variant's own name."""
    assert item_names("") == ["Tea, green", "Tea, black", "Mug", "Poster", "Shipping"]


def test_one_item_for_each_product_type() -> None:
    """Letter case aside, made legal; what has no type goes under the common name."""
    assert item_names('[items]\npolicy = "product_type"\nname = "Other goods"') == [
        "Tea",
        "Kitchen mugs",
        "Other goods",
        "Shipping",
    ]


def test_one_item_for_all() -> None:
    """What is no product keeps its own."""
    assert item_names('[items]\npolicy = "single"') == ["Shopify sales", "Shipping"]
