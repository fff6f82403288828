"""Who is who: customers by key, e-mail and name, never two people in one; items by SKU and name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bridge.index.name_list import NameList, email_of, legal_key
from contracts.keys import SourceKey
from contracts.quickbooks import CustomerDraft, ItemDraft
from tests.support.plans import (
    DANA,
    SALES,
    TOTE,
    books,
    buyer,
    customer_row,
    item_row,
    order_plan,
    planned,
    steps,
    thing,
)
from tests.support.seals import SEAL

OTHER = SourceKey("shopify", "customer", "2")
SHOP = SourceKey("stripe", "customer", "cus_1")


def customer(name: str = "Dana Reyes", **changes: str | None) -> CustomerDraft:
    return CustomerDraft(**{"display_name": name, "currency": "USD", **changes})  # type: ignore[arg-type]


def by_name(name: str = "Dana Reyes", **changes: str | None) -> CustomerDraft:
    return replace(customer(name, **changes), found_by=("name",))


def names(*rows: dict[str, object]) -> NameList:
    found = NameList(SEAL)
    for row in rows:
        found.remember_customer(row)
    return found


def email(address: str) -> dict[str, Any]:
    return {"PrimaryEmailAddr": {"Address": address}}


def test_a_customer_is_found_by_our_key_whatever_a_person_calls_it_now() -> None:
    """Renamed, with another address: still the same one."""
    assert names(customer_row(name="D. Reyes-Lopez")).find_customer(DANA, customer(), "USD") == "60"


def test_a_customer_is_found_by_email_in_any_spelling() -> None:
    """One person buys in the shop and pays by Stripe."""
    found = names(customer_row(name="Dana", **email(" Dana@Example.com ")))
    assert found.find_customer(SHOP, customer("Dana R.", email="dana@example.COM"), "USD") == "60"
    assert found.find_customer(SHOP, None, "USD") == "60"


def test_a_name_alone_leads_to_nobody() -> None:
    """Two people of one name are common. Guard: `found_by`."""
    assert names(customer_row(key=None)).find_customer(DANA, customer("dana  REYES"), "USD") is None


def test_where_the_rules_say_so_a_customer_that_a_person_made_is_found_by_its_exact_name() -> None:
    """It has no key of ours and no other address."""
    assert names(customer_row(key=None)).find_customer(DANA, by_name("dana  REYES"), "USD") == "60"


@pytest.mark.parametrize(
    ("row", "draft"),
    [
        (customer_row(key=OTHER), by_name()),
        (customer_row(key=None, **email("other@example.com")), by_name(email="dana@example.com")),
        (customer_row(key=None, name="Dana Reyes Jr"), by_name()),
    ],
    ids=["another key", "another address", "another name"],
)
def test_two_people_are_never_merged(row: dict[str, object], draft: CustomerDraft) -> None:
    """Not even where the rules let names count: another shop made it, or two addresses differ."""
    assert names(row).find_customer(DANA, draft, "USD") is None


def test_a_customer_keeps_its_currency_and_another_currency_is_another_customer() -> None:
    """QBO fixes it at creation."""
    found = names(customer_row(**email("dana@example.com")))
    assert found.find_customer(DANA, customer(email="dana@example.com"), "EUR") is None
    name = found.free_customer_name(DANA, customer(currency="EUR"), home="USD", also=frozenset())
    assert name == "Dana Reyes (EUR)"


def test_an_address_that_was_changed_no_longer_leads_to_its_old_owner() -> None:
    """The address may be another person's by now."""
    found = names(customer_row(key=None, name="A", **email("x@example.com")))
    found.remember_customer(customer_row(key=None, name="A", **email("y@example.com")))
    assert found.find_customer(OTHER, customer("B", email="x@example.com"), "USD") is None
    assert found.find_customer(OTHER, customer("B", email="y@example.com"), "USD") == "60"


def test_an_inactive_customer_is_forgotten_by_all_its_names() -> None:
    """By key, address and name."""
    found = names(customer_row(**email("dana@example.com")))
    found.remember_customer(customer_row(Active=False))
    assert found.find_customer(DANA, customer(email="dana@example.com"), "USD") is None
    assert (len(found), found.is_taken("Dana Reyes")) == (0, False)
    found.forget("60")


def test_a_renamed_customer_frees_its_old_name() -> None:
    """The new one is taken instead."""
    found = names(customer_row(), customer_row(name="Dana Lopez"))
    assert (found.is_taken("Dana Reyes"), found.is_taken("dana lopez")) == (False, True)


def test_a_name_of_a_vendor_is_made_distinct() -> None:
    """With the source's id; and a number when even that is taken."""
    found = names()
    found.reserve_name("Dana Reyes")
    assert found.free_customer_name(DANA, customer(), home="USD", also=frozenset()) == "Dana Reyes (1)"
    found.reserve_name("Dana Reyes (1)")
    assert found.free_customer_name(DANA, customer(), home="USD", also=frozenset()) == "Dana Reyes (2)"


def test_a_long_name_stays_within_its_limit_when_made_distinct() -> None:
    """500 characters for customers, 100 for items."""
    found = names()
    long = "x" * 600
    found.reserve_name(long[:500])
    name = found.free_customer_name(DANA, customer(long), home="USD", also=frozenset())
    assert (len(name), name[-4:]) == (500, " (1)")
    item = ItemDraft(name="y" * 200, sku=None, income=SALES, distinct="77")
    taken = {legal_key("y" * 100)}
    assert found.free_item_name(TOTE, item, also=taken) == "y" * 95 + " (77)"


def test_what_makes_a_name_distinct_is_made_legal_too() -> None:
    """A SKU may hold a colon or a tab, a name in QBO may not."""
    item = ItemDraft(name="Tote", sku="A:1", income=SALES, distinct="A:1\t2")
    assert names().free_item_name(TOTE, item, also={legal_key("Tote")}) == "Tote (A 1 2)"


def test_two_people_of_one_name_in_one_batch_are_two_customers() -> None:
    """The second gets its id behind the name; one person who bought twice is one customer."""
    first = order_plan(needs=(thing(), buyer(DANA, email=None)))
    second = order_plan(key=SourceKey("shopify", "order", "101"), customer=OTHER, needs=(buyer(OTHER, email=None),))
    third = order_plan(key=SourceKey("shopify", "order", "102"), needs=(buyer(DANA, email=None),))
    found = steps(planned([first, second, third]))
    written = [step.draft for step in found.values() if isinstance(step.draft, CustomerDraft)]
    assert [draft.display_name for draft in written] == ["Dana Reyes", "Dana Reyes (2)"]


def test_one_address_in_one_batch_is_one_customer() -> None:
    """Under two keys; both invoices come after it."""
    first = order_plan()
    second = order_plan(key=SourceKey("shopify", "order", "101"), customer=SHOP, needs=(buyer(SHOP, "D. Reyes"),))
    found = planned([first, second])
    written = [step for step in steps(found).values() if isinstance(step.draft, CustomerDraft)]
    assert [step.id.key for step in written] == [DANA]
    assert [len(wave) for wave in found.waves] == [2, 2]


def test_an_item_is_found_by_its_sku_or_by_its_name() -> None:
    """By SKU alone when it has one: the same words under another SKU are another thing."""
    index = books(("Item", item_row()))
    by_sku = ItemDraft(name="Anything", sku="TOTE", income=SALES)
    by_name = ItemDraft(name="CANVAS tote", sku=None, income=SALES)
    assert index.item_id(TOTE, by_sku) == index.item_id(SourceKey("shopify", "item", "x"), by_name) == "20"
    assert index.item_id(TOTE, None) == "20"
    assert index.item_id(OTHER, ItemDraft(name="Canvas tote", sku="OTHER", income=SALES)) is None


def test_a_category_is_never_sold_but_holds_its_name() -> None:
    """So a new item of that name is made distinct."""
    index = books(("Item", item_row(Type="Category", Sku="")))
    draft = ItemDraft(name="Canvas tote", sku=None, income=SALES, distinct="Shopify")
    assert index.item_id(TOTE, draft) is None
    assert index.items.free_item_name(TOTE, draft, also=frozenset()) == "Canvas tote (Shopify)"


def test_an_inactive_item_is_forgotten() -> None:
    """Its SKU leads nowhere."""
    index = books(("Item", item_row()), ("Item", item_row(Active=False)))
    assert index.item_id(TOTE, ItemDraft(name="Canvas tote", sku="TOTE", income=SALES)) is None


def test_what_is_no_address_is_none() -> None:
    """Masked and empty ones."""
    assert [email_of(None), email_of("hidden"), email_of(" A@b.C ")] == [None, None, "a@b.c"]


@pytest.mark.parametrize("sku", ["tote", "Tote", "TOTE"])
def test_an_item_is_found_by_the_whole_sku_letter_case_aside(sku: str) -> None:
    """And by nothing less: `A B`, `A_B` and `A]B` are three."""
    assert books(("Item", item_row())).item_id(TOTE, ItemDraft(name="x", sku=sku, income=SALES)) == "20"
    for other in ("TOTE ", "TOT", "TOTE-1", "T_TE"):
        assert books(("Item", item_row())).item_id(TOTE, ItemDraft(name="x", sku=other, income=SALES)) is None


def test_an_item_of_the_bridge_is_never_found_by_its_name() -> None:
    """A custom line called "Tip" is no tip. Guard: `own`."""
    index = books(("Item", item_row(Name="Tip", Sku="qbo-bridge-tip")))
    line = ItemDraft(name="Tip", sku=None, income=SALES, distinct="Shopify")
    assert index.item_id(SourceKey("shopify", "item", "tip"), line) is None
    assert index.items.free_item_name(TOTE, line, also=frozenset()) == "Tip (Shopify)"
    assert index.item_id(TOTE, ItemDraft(name="Tip", sku="qbo-bridge-tip", income=SALES)) == "20"


@pytest.mark.parametrize("holder", [{"Type": "Category", "Sku": ""}, {"Sku": "qbo-bridge-tip"}])
@pytest.mark.parametrize("taken", [1, 2, 3, 4])
def test_what_was_made_beside_a_taken_name_is_found_again(holder: dict[str, str], taken: int) -> None:
    """However many of its names were taken when it was made. Guard: every such item was made, and none was sold."""
    line, key = ItemDraft(name="Tip", sku=None, income=SALES, distinct="Shopify"), SourceKey("shopify", "item", "tip")
    index = books()
    for number in range(taken):
        name = index.items.free_item_name(key, line, also=frozenset())
        index.remember("Item", item_row(Id=str(30 + number), Name=name, **holder))
    assert index.item_id(key, line) is None
    made = index.items.free_item_name(key, line, also=frozenset())
    index.remember("Item", item_row(Id="50", Name=made, Sku=""))
    assert index.item_id(key, line) == "50"
