"""Which income account an item gets, and when goods that came back go elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.quickbooks import AccountSelector, ItemDraft, RefundReceiptDraft
from tests.support.orders import Json, handed_back, line, order, plan_of, product, refund, refund_line, shopify_event
from tests.support.rules import rules

TEA = line("10.00", 1, sku="TEA-1", name="Green tea", product_type="Tea", vendor="Fennmoor")
MUG = line("11.00", 1, sku="mug-7", name="Mug", vendor="Fennmoor")
OTHER = line("12.00", 1, sku="X", name="Poster", vendor="Nobody")
ACCOUNTS = """
[[items.accounts]]
product_type = "tea"
income = "Sales:Tea"
[[items.accounts]]
sku_prefix = "MUG-"
vendor = "fennmoor"
income = { id = "79" }
"""


def income(event: Json, text: str) -> dict[str, Any]:
    """The income account of each item of a plan, by its name."""
    drafts = [step.draft for step in plan_of(event, rules(text)).steps]
    found = [(each.name, each.income) for each in drafts if isinstance(each, ItemDraft)]
    return {name: each.name or each.id or each.sub_type for name, each in found if isinstance(each, AccountSelector)}


def test_the_first_rule_of_which_every_part_fits_says_the_account() -> None:
    """Letter case aside; what fits no rule is sold into `accounts.sales`."""
    found = income(order([TEA, MUG, OTHER]), ACCOUNTS)
    assert found == {"Green tea": "Sales:Tea", "Mug": "79", "Poster": "SalesOfProductIncome"}


def test_one_part_that_does_not_fit_is_enough() -> None:
    """Its vendor, or the beginning of its SKU."""
    others = [{**MUG, "vendor": "Nobody", "id": 1}, {**MUG, "sku": "CUP-7", "id": 2}]
    assert set(income(order(others), ACCOUNTS).values()) == {"SalesOfProductIncome"}


def test_a_product_makes_its_items_with_the_same_accounts() -> None:
    """It alone tells its type."""
    event = product({"id": 1, "sku": "G-1", "price": "4.00"}, product_type="Tea", vendor="Fennmoor")
    assert income(event, ACCOUNTS) == {"Canvas tote": "Sales:Tea"}


@pytest.mark.parametrize(("policy", "name"), [("single", "Shopify sales"), ("product_type", "Tea")])
def test_items_for_many_products_are_apart_by_account(policy: str, name: str) -> None:
    """An item has one account, whichever product is sold first."""
    found = income(order([TEA, MUG]), f'{ACCOUNTS}[items]\npolicy = "{policy}"')
    assert found == {f"{name} (Sales Tea)": "Sales:Tea", "Shopify sales (79)": "79"}


def test_a_shop_sells_an_article_on_an_item_of_its_own() -> None:
    """Where it has an income account of its own."""
    text = '[shops."acme.myshopify.com"]\naccounts.sales = "Sales:US"'
    event = shopify_event("orders/create", order([MUG, line("3.00", 1, sku=None, product_id=8, name="P", id=3)]))
    drafts = [step.draft for step in plan_of(event, rules(text)).steps]
    found = {each.sku: each.income for each in drafts if isinstance(each, ItemDraft)}
    assert set(found) == {"mug-7@acme", "shopify-product-8@acme"}
    (said,) = set(found.values())
    assert isinstance(said, AccountSelector)
    assert (said.name, said.rule) == ("Sales:US", 'shops."acme.myshopify.com".accounts.sales')


def test_returned_goods_go_apart_from_sales() -> None:
    """By rule; delivery and what was kept stay where they are."""
    event = shopify_event("refunds/create", refund([refund_line(MUG, 1, "11.00")], handed_back("11.00")))
    assert income(event, "") == {"Mug": "SalesOfProductIncome"}
    assert income(event, '[accounts]\nreturns = "Returns"') == {"Returned goods": "Returns"}
    (draft,) = [
        step.draft
        for step in plan_of(event, rules('[accounts]\nreturns = "Returns"')).steps
        if isinstance(step.draft, RefundReceiptDraft)
    ]
    assert [each.item.id for each in draft.lines] == ["returned-goods"]
