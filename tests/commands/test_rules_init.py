"""A first rules file: it is right as it is written, and means just what the bridge chooses without one."""

from __future__ import annotations

import contextlib
from typing import get_args

import pytest

from bridge.books.books import profile_of
from bridge.commands.rules_init import LEFT_TO_GATEWAYS, accounts_of, rules_text
from bridge.index.company_profile import CompanyProfile
from bridge.quickbooks.warmup import load_basics
from contracts.errors import UnmappableEvent
from mappings.accounts import Role, account
from mappings.rules import MappingRules, load_rules
from tests.support.world import opened


def meant(profile: CompanyProfile, rules: MappingRules, role: Role) -> str | None:
    """The account that these rules mean, None where nobody knows which."""
    with contextlib.suppress(UnmappableEvent):
        return profile.account_id(account(rules, role))
    return None


@pytest.mark.parametrize("twins", [0, 1])
async def test_the_file_means_what_the_chart_means(twins: int) -> None:
    """Role by role; where two accounts fit none is chosen, and the reason names both. Guard: `undecided`."""
    async with opened() as world:
        for number in range(twins):
            name = f"Sales {number} # é, 'B'"
            body = {"Name": name, "AccountType": "Income", "AccountSubType": "SalesOfProductIncome"}
            await world.by_hand("account", body)
        profile = profile_of(await load_basics(world.client))
    found = accounts_of(profile)
    rules = load_rules(rules_text("acme-us", "91", found), source="acme.rules.toml")
    for role in set(get_args(Role)) - LEFT_TO_GATEWAYS:
        assert meant(profile, rules, role) == meant(profile, MappingRules(), role)
        assert (role in found.undecided) == (meant(profile, rules, role) is None)
    assert ("sales" in found.undecided) == bool(twins)
    assert rules.accounts.deposit is None
