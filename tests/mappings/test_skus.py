"""SKUs that differ are different items, whatever they look like; the bridge's own items cannot be reached by any."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from contracts.posting import PostingPlan
from contracts.quickbooks import ItemDraft
from mappings.names import own_sku, stored_sku
from tests.support.orders import line, order, plan_of

SKUS = st.one_of(
    st.text(min_size=1, max_size=30).map(str.strip).filter(bool),
    st.sampled_from(["A B", "A_B", "A]B", "A%20B", "A  B", "A\N{NO-BREAK SPACE}B", "qbo-bridge-tip", "QBO-Bridge-Tip"]),
    st.sampled_from(["qbo-bridge-sku-qbo-bridge-tip", "qbo-bridge-sku-x", "shopify-product-1", "[qbb:item:tip]"]),
)


def sold(*skus: str) -> dict[str, ItemDraft]:
    """The items of an order with a tip, by key."""
    body = order([line("5.00", sku=sku, product_id=None) for sku in skus], total_tip_received="1.00")
    plan: PostingPlan = plan_of(body)
    return {str(step.key): step.draft for step in plan.steps if isinstance(step.draft, ItemDraft)}


def test_blank_underscore_and_bracket_tell_items_apart() -> None:
    """They were one once."""
    found = sold("A B", "A_B", "A]B")
    assert [key for key in found if ":sku:" in key] == ["shopify:sku:a%20b", "shopify:sku:a_b", "shopify:sku:a%5Db"]
    assert [draft.sku for key, draft in found.items() if ":sku:" in key] == ["A B", "A_B", "A]B"]


def test_one_sku_in_two_spellings_is_one_item() -> None:
    """QBO finds it letter case aside."""
    assert [key for key in sold("tote", "TOTE") if ":sku:" in key] == ["shopify:sku:tote"]


def test_an_sku_that_looks_like_a_name_of_the_bridge_is_an_sku() -> None:
    """It sells into sales, and the tip is still a tip."""
    found = sold("qbo-bridge-tip")
    tip, product = found["qbb:item:tip"], found["shopify:sku:qbo-bridge-tip"]
    assert (tip.sku, product.sku) == ("qbo-bridge-tip", "qbo-bridge-sku-qbo-bridge-tip")
    assert tip.income != product.income


def test_an_sku_that_looks_like_a_product_without_one_is_an_sku() -> None:
    """`shopify-product-…` is what the bridge calls product 7 that has no SKU."""
    body = order([line("5.00", sku="shopify-product-7"), line("6.00", sku=None, product_id=7)])
    drafts = [step.draft for step in plan_of(body).steps if isinstance(step.draft, ItemDraft)]
    assert [draft.sku for draft in drafts] == ["qbo-bridge-sku-shopify-product-7", "shopify-product-7"]


@given(first=SKUS, second=SKUS)
def test_two_codes_never_share_an_item(first: str, second: str) -> None:
    """Generated, near every name that the bridge uses itself."""
    one, two = stored_sku(first), stored_sku(second)
    assume(one is not None and two is not None and first.lower() != second.lower())
    assert str(one).lower() != str(two).lower()


@given(code=SKUS, name=st.sampled_from(["tip", "shipping", "gift-card", "sku", "sales-tea"]))
def test_no_code_reaches_an_item_of_the_bridge(code: str, name: str) -> None:
    """Nor one of its longer names."""
    assert stored_sku(code) != own_sku(name)


def test_what_qbo_cannot_hold_is_no_sku() -> None:
    """Too long, or with a character that XML has no place for: the product's id stands for it."""
    assert [stored_sku(code) for code in ("x" * 101, "a\x01b", "a\uffffb", "", "qbo-bridge-" + "x" * 80)] == [None] * 5


def test_long_names_of_the_bridge_stay_apart() -> None:
    """Two product types that differ at their ends are two items."""
    one, two = own_sku("sales-" + "x" * 120 + "a"), own_sku("sales-" + "x" * 120 + "b")
    assert len(one) == len(two) == 100
    assert one != two
