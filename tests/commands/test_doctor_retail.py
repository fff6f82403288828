"""What the doctor says of each account, class and location that a rule of retail names."""

from __future__ import annotations

import pytest

from bridge.books.books import profile_of
from bridge.commands.doctor.books import examine_books
from bridge.commands.doctor.clearing import clearing_accounts
from bridge.commands.doctor.finding import Finding
from bridge.commands.doctor.retail import unknown_shops
from bridge.quickbooks.warmup import load_basics
from mappings.rules import load_rules
from tests.support.world import opened

SHOP = '[shops."acme-eu.myshopify.com"]\n'
ABOUT = 'shops."acme-eu.myshopify.com".'
TEA = '[[items.accounts]]\nproduct_type = "Tea"\nincome = "{0}"'
CASES = {
    "accounts.returns": ('[accounts]\nreturns = "{0}"', "Income"),
    "items.accounts 1 income": (TEA, "Income"),
    f"{ABOUT}accounts.sales": (SHOP + 'accounts.sales = "{0}"', "Income"),
    f"{ABOUT}accounts.fees": (SHOP + 'accounts.fees = "{0}"', "Expense"),
    f"{ABOUT}accounts.gift_cards": (SHOP + 'accounts.gift_cards = "{0}"', "Other Current Liability"),
    f"{ABOUT}gateways.shopify_payments.deposit": (
        SHOP + 'gateways.shopify_payments.deposit = "{0}"',
        "Other Current Asset",
    ),
    f"{ABOUT}payouts.bank": (SHOP + 'payouts.bank = "{0}"', "Bank"),
    "tracking 1 class": ('[[tracking]]\nshop = "acme-eu.myshopify.com"\nclass = "{0}"', "class"),
    "tracking 1 location": ('[[tracking]]\ncountry = "FR"\nlocation = "{0}"', "department"),
}


async def found(rules: str, kind: str) -> dict[str, Finding]:
    """What is said of the books of a company that has something of this kind called Europe."""
    async with opened() as world:
        if kind in {"class", "department"}:
            await world.by_hand(kind, {"Name": "Europe"})
        else:
            await world.by_hand("account", {"Name": "Europe", "AccountType": kind})
        chosen = load_rules(rules)
        profile = profile_of(await load_basics(world.client, chosen.lists))
        return {each.about: each for each in examine_books(chosen, profile, ())}


@pytest.mark.parametrize("about", CASES)
async def test_what_a_rule_names_is_looked_up(about: str) -> None:
    """There, it is shown; not there, it is a problem under the rule's own name. Guard: each of them."""
    text, kind = CASES[about]
    there, missing = await found(text.format("Europe"), kind), await found(text.format("Nowhere"), kind)
    assert "Europe" in there[about].said
    assert not there[about].is_problem
    assert missing[about].is_problem
    assert "Nowhere" in missing[about].said


OF_ONE_TYPE = [each for each in CASES if not each.startswith("tracking") and "gift" not in each]


@pytest.mark.parametrize("about", OF_ONE_TYPE)
async def test_an_account_of_a_type_that_quickbooks_refuses_there_is_a_problem(about: str) -> None:
    """Money is received into no equity, and no item sells into it."""
    assert (await found(CASES[about][0].format("Europe"), "Equity"))[about].is_problem


async def test_the_clearing_account_of_a_shop_is_one_that_the_doctor_watches() -> None:
    """What stays on it was not paid out. Guard: `of_each_shop`."""
    chosen = load_rules(CASES[f"{ABOUT}gateways.shopify_payments.deposit"][0].format("Europe"))
    async with opened() as world:
        kind = {"AccountType": "Other Current Asset", "AccountSubType": "OtherCurrentAssets"}
        await world.by_hand("account", {"Name": "Europe", **kind})
        profile = profile_of(await load_basics(world.client))
        rows = [{**row, "CurrentBalance": 0} for row in world.held("Account")]
        found = clearing_accounts(chosen, profile, rows)
        assert "Europe" in [each.name for each in found]


@pytest.mark.parametrize(("shop", "problem"), [("acme.myshopify.com", False), ("acme-eu.myshopify.com", True)])
async def test_a_rule_of_a_shop_that_the_company_does_not_list_is_a_problem(shop: str, *, problem: bool) -> None:
    """A name that is spelled otherwise would never count, in silence."""
    text = f'[shops."{shop}"]\n[[tracking]]\nshop = "{shop}"\nclass = "Europe"'
    chosen = load_rules(text).for_company(shop_domains=("ACME.myshopify.com",), livemode_required=False)
    found = {each.about: each.is_problem for each in unknown_shops(chosen)}
    assert found == ({f'shops."{shop}"': True, "tracking 1 shop": True} if problem else {})
