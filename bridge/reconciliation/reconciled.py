"""Events against books over a span of days: every row of the table, and every document that differs. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bridge.index.company_profile import CompanyProfile
from bridge.reconciliation.days import DayRow, KnownAccounts, day_rows
from bridge.reconciliation.differences import Difference
from bridge.reconciliation.facts import gateway_of
from bridge.reconciliation.lines import BothSides, DocumentLine, lines_of, without_consequences
from bridge.reconciliation.rows import BookRow
from bridge.reconciliation.strangers import shop_documents, stranger_of
from contracts.errors import UnmappableEvent
from contracts.lists import AccountSelector
from mappings.accounts import CLEARING, account, deposit_account
from mappings.rules import MappingRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What was found. `in_clearing` is what lay in each gateway's account at the end of a day, by the books.

    It is None where QBO does not say the balance. `unrelated` counts documents of the books that have nothing to do
    with the shop.
    """

    rows: Sequence[DayRow]
    differences: Sequence[Difference]
    in_clearing: Mapping[tuple[date, str, str], Decimal | None]
    unrelated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearingBalance:
    """What QBO says lies in a clearing account now, in the account's currency; None where it does not say."""

    gateway: str
    currency: str
    amount: Decimal | None


def reconciled(sides: BothSides, rules: MappingRules, profile: CompanyProfile, first: date, last: date) -> Reconciled:
    """Compare what is dated `first` to `last`, both included, on either side."""
    accounts, balances = known_accounts(rules, profile)
    every = lines_of(sides)
    ours = without_consequences([line for line in every if _is_in(line.days, first, last)])
    shop = shop_documents(
        every,
        accounts.clearing,
        days=rules.matching.days,
        by_customers=rules.customers.policy == "person",
    )
    copies = {(each.entity, each.id) for several in sides.index.duplicates().values() for each in several}
    known = {(line.row.entity, line.row.id) for line in every if line.row is not None} | copies
    others = [row for place, row in sides.rows.items() if place not in known]
    strangers = [row for row in others if _is_stranger(row, sides, first, last)]
    by_hand = [line for row in strangers if (line := stranger_of(row, shop)) is not None]
    lines = [*ours, *by_hand]
    found = day_rows(lines, accounts, first, last)
    return Reconciled(
        rows=found,
        differences=sorted(_differences(lines), key=_order),
        in_clearing=_in_clearing(found, sides.rows.values(), balances),
        unrelated=len(strangers) - len(by_hand),
    )


def known_accounts(rules: MappingRules, profile: CompanyProfile) -> tuple[KnownAccounts, Mapping[str, ClearingBalance]]:
    """The accounts of fees, the banks, and the clearing account of each gateway with what lies in it now."""
    fees, clearing = set(), {}
    for shop in rules.of_each_shop():
        for role in ("fees", "dispute_fees"):
            fees |= _found(profile, account(shop, role))
        for gateway in (*CLEARING, *sorted(shop.gateways)):
            where = deposit_account(shop, gateway)
            for ident in _found(profile, where):
                one = profile.accounts[ident]
                if one.account_type == "Other Current Asset" and one.sub_type != "UndepositedFunds":
                    currency = one.currency or profile.home_currency
                    clearing[ident] = ClearingBalance(
                        gateway=gateway_of(where) or gateway, currency=currency, amount=one.balance
                    )
    banks = {ident for ident, one in profile.accounts.items() if one.account_type == "Bank"}
    named = {ident: each.gateway for ident, each in clearing.items()}
    return KnownAccounts(fees=fees, banks=banks, clearing=named), clearing


def _found(profile: CompanyProfile, selector: AccountSelector) -> set[str]:
    try:
        return {profile.account_id(selector)}
    except UnmappableEvent:  # because `doctor` says so, and what was never booked has moved nothing
        return set()


def _in_clearing(
    rows: Iterable[DayRow], books: Iterable[BookRow], balances: Mapping[str, ClearingBalance]
) -> dict[tuple[date, str, str], Decimal | None]:
    """The balance of now, less what moved after the day; None where QBO does not say one of the balances."""
    moves: defaultdict[str, list[tuple[date, Decimal]]] = defaultdict(list)
    for row in books:
        for ident, amount in row.moves.items():
            if ident in balances and row.day is not None and row.currency == balances[ident].currency:
                moves[ident].append((row.day, amount))
    found: dict[tuple[date, str, str], Decimal | None] = {}
    for each in rows:
        place = (each.day, each.currency, each.gateway)
        for ident, balance in balances.items():
            if (balance.gateway, balance.currency) == (each.gateway, each.currency):
                later = sum((amount for day, amount in moves[ident] if day > each.day), Decimal(0))
                before = found.get(place, Decimal(0))
                if balance.amount is None or before is None:
                    found[place] = None
                else:
                    found[place] = before + balance.amount - later
    return found


def _is_stranger(row: BookRow, sides: BothSides, first: date, last: date) -> bool:
    in_days = row.day is not None and first <= row.day <= last
    return in_days and row.total != 0 and not sides.index.knows(row.entity, row.id)


def _is_in(days: set[date], first: date, last: date) -> bool:
    return any(first <= day <= last for day in days)


def _differences(lines: Iterable[DocumentLine]) -> list[Difference]:
    return [line.difference for line in lines if line.difference is not None]


def _order(each: Difference) -> tuple[date, str, str]:
    return each.day or date.min, each.entity, each.name
