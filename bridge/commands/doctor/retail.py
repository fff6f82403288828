"""The accounts that rules of retail name: of returned goods, of items by kind, and of each shop. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import get_args

from bridge.commands.doctor.finding import Finding
from bridge.index.company_profile import CompanyProfile
from contracts.quickbooks import AccountSelector
from mappings.account_rule import Accounts
from mappings.accounts import LiabilityRole
from mappings.rules import MappingRules

CheckAccount = Callable[[str, CompanyProfile, AccountSelector, frozenset[str] | None], Finding]
INCOME = frozenset({"Income", "Other Income"})
BANK = frozenset({"Bank"})


def retail_accounts(
    rules: MappingRules,
    profile: CompanyProfile,
    check: CheckAccount,
    fitting: Callable[[str], frozenset[str] | None],
) -> Iterator[Finding]:
    """Each account that is named; `check` looks one up, `fitting` says which types QBO takes in a place."""
    if rules.accounts.returns is not None:
        yield check("accounts.returns", profile, rules.accounts.returns.selector("accounts.returns"), INCOME)
    for number, rule in enumerate(rules.items.accounts, start=1):
        about = f"items.accounts {number} income"
        yield check(about, profile, rule.income.selector(about), INCOME)
    for shop, own in sorted(rules.shops.items()):
        named = {f"accounts.{name}": getattr(own.accounts, name) for name in Accounts.model_fields}
        named |= {f"gateways.{name}.deposit": rule.deposit for name, rule in own.gateways.items()}
        named["payouts.bank"] = own.payouts.bank
        for key, chosen in named.items():
            if chosen is not None:
                yield check(f'shops."{shop}".{key}', profile, chosen.for_shop(shop).selector(key), fitting(key))


def unknown_shops(rules: MappingRules) -> Iterator[Finding]:
    """The shops that rules name and the company does not list: what is said of them never counts."""
    named = {f'shops."{shop}"': shop for shop in rules.shops}
    named |= {f"tracking {number} shop": each.shop for number, each in enumerate(rules.tracking, start=1) if each.shop}
    for about, shop in named.items():
        known = shop.strip().casefold()
        if "." in known and rules.shop_domains and known not in rules.shop_domains:
            yield Finding(about, f'"{shop}" is no shop of the company', "name one of its shop_domains")


def type_of_place(key: str, deposits: frozenset[str], roles: dict[str, frozenset[str]]) -> frozenset[str] | None:
    """Which types of account QBO takes where a shop's rule `key` puts money; None for any."""
    section, _, name = key.partition(".")
    if section == "gateways":
        return deposits
    if section == "payouts":
        return BANK
    return None if name in get_args(LiabilityRole) else INCOME if name == "returns" else roles.get(name)
