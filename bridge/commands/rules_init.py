"""`qbo-bridge rules init`: a first rules file, with the accounts that the company's own chart has for each role."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import orjson

from bridge.books.books import profile_of
from bridge.commands.output import answer, screen
from bridge.config.settings import CompanySettings, Settings
from bridge.index.company_profile import CompanyProfile
from bridge.quickbooks.warmup import load_basics
from bridge.service.connections import open_reader
from bridge.telemetry.logs import silence_logs
from contracts.errors import BridgeError, UnmappableEvent
from mappings.accounts import Role, account
from mappings.rules import MappingRules

LEFT_TO_GATEWAYS = frozenset({"deposit"})
"""A named account would replace the clearing accounts of the processors too, so the person names it who wants that."""
HEAD = """# Accounting rules of {company} (realm {realm}), begun from its own chart of accounts.
# Each account below is what the bridge would choose by itself; name another one where the books want it otherwise.
# Every key is explained in deploy/rules.example.toml. `qbo-bridge rules check FILE` reads this file, and
# `qbo-bridge doctor` compares it with the books.

# The first day of these books; sales of before it are left out. Not set: every sale is booked, however old.
# books_start = 2026-01-01

# Times of Stripe become dates in this zone.
# time_zone = "America/New_York"

[accounts]
"""


@dataclass(frozen=True, slots=True)
class FoundAccounts:
    """By role the account that the chart has for it, and why there is no single one."""

    named: Mapping[str, str]
    undecided: Mapping[str, str]


def accounts_of(profile: CompanyProfile) -> FoundAccounts:
    """What each role's default means in this company. Pure."""
    named: dict[str, str] = {}
    undecided: dict[str, str] = {}
    for role in get_args(Role):
        if role in LEFT_TO_GATEWAYS:
            undecided[role] = "Undeposited Funds; a clearing account of its own for shopify_payments and for stripe"
            continue
        try:
            named[role] = profile.accounts[profile.account_id(account(MappingRules(), role))].full_name
        except UnmappableEvent as error:
            undecided[role] = str(error)
    return FoundAccounts(named, undecided)


def rules_text(company: str, realm_id: str, found: FoundAccounts) -> str:
    """The rules file: what is found as it counts, what is not as a comment with the reason. Pure."""
    lines = [f"{role} = {orjson.dumps(name).decode()}" for role, name in found.named.items()]
    lines += [f'# {role} = "..."   # {" ".join(why.split())}' for role, why in found.undecided.items()]
    return HEAD.format(company=company, realm=realm_id) + "\n".join(lines) + "\n"


def begin_rules(settings: Settings, company: str, out: Path | None, *, as_json: bool) -> None:
    """Read the chart of accounts and write a rules file, or print it. BridgeError where the file is there already."""
    if out is not None and out.exists():
        raise BridgeError(f"{out} is there already; nothing was written.")
    silence_logs()
    chosen = settings.company(company)
    found = asyncio.run(_read(settings, chosen))
    text = rules_text(company, chosen.realm_id, found)
    if out is not None:
        out.write_text(text, encoding="utf-8")
    elif not as_json:
        screen().out(text, end="")
        return
    facts = {"company": company, "accounts": found.named, "undecided": found.undecided}
    answer(
        {**facts, "file": str(out) if out is not None else None, "rules": text},
        f"{out}: {len(found.named)} accounts named, {len(found.undecided)} left open.",
        f"Name it in the configuration: rules = {orjson.dumps(str(out)).decode()}",
        as_json=as_json,
    )


async def _read(settings: Settings, company: CompanySettings) -> FoundAccounts:
    async with open_reader(settings, company) as client:
        return accounts_of(profile_of(await load_basics(client)))
