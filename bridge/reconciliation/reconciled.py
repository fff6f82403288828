"""Events against books over a span of days: every row of the table, and every document that differs. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bridge.index.company_profile import Account, CompanyProfile
from bridge.reconciliation.consequences import without_consequences
from bridge.reconciliation.control_kinds import ControlKind
from bridge.reconciliation.controls import AccountBalance, ControlAccount, Given, control_accounts
from bridge.reconciliation.days import DayRow, KnownAccounts, day_rows
from bridge.reconciliation.differences import Difference
from bridge.reconciliation.facts import gateway_of
from bridge.reconciliation.lines import BothSides, DocumentLine, lines_of
from bridge.reconciliation.rows import BookRow
from bridge.reconciliation.strangers import shop_documents, stranger_of
from contracts.errors import UnmappableEvent
from contracts.lists import AccountSelector
from mappings.accounts import CLEARING, LiabilityRole, account, deposit_account, liability_line
from mappings.rules import MappingRules
from mappings.start import opening_of

_LIABILITIES: Mapping[ControlKind, LiabilityRole] = {
    ControlKind.GIFT_CARDS: "gift_cards",
    ControlKind.MARKETPLACE_TAX: "marketplace_tax",
}


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
    controls: Sequence[ControlAccount] = ()

    @property
    def agrees(self) -> bool:
        """True when no document differs, and every account comes to what the events say is open."""
        return not self.differences and not any(each.difference for each in self.controls)


def reconciled(
    sides: BothSides, rules: MappingRules, first: date, last: date, given: Given | None = None
) -> Reconciled:
    """Compare what is dated `first` to `last`, both included, on either side; `given` is what a file says was open."""
    accounts, balances = known_accounts(rules, sides.profile)
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
        controls=control_accounts([*every, *by_hand], sides, accounts, balances, (first, last), given or {}),
    )


def known_accounts(rules: MappingRules, profile: CompanyProfile) -> tuple[KnownAccounts, Mapping[str, AccountBalance]]:
    """The accounts of fees, the banks, and the clearing accounts and liabilities with what lies on them now."""
    fees: set[str] = set()
    clearing: dict[str, AccountBalance] = {}
    owed: dict[str, AccountBalance] = {}
    for shop in rules.of_each_shop():
        for role in ("fees", "dispute_fees"):
            fees |= _found(profile, account(shop, role))
        for gateway in (*CLEARING, *sorted(shop.gateways)):
            where = deposit_account(shop, gateway)
            for ident in _found(profile, where):
                one = profile.accounts[ident]
                if one.account_type == "Other Current Asset" and one.sub_type != "UndepositedFunds":
                    currency = one.currency or profile.home_currency
                    clearing[ident] = AccountBalance(
                        kind=ControlKind.CLEARING,
                        name=one.full_name,
                        gateway=gateway_of(where) or gateway,
                        currency=currency,
                        amount=one.balance,
                    )
        for kind, where in _liabilities(shop):
            owed |= {each: _owed(kind, profile.accounts[each], profile) for each in _found(profile, where)}
    banks = {ident for ident, one in profile.accounts.items() if one.account_type == "Bank"}
    named = {ident: each.gateway for ident, each in clearing.items()}
    kinds = {ident: each.kind for ident, each in owed.items()}
    return KnownAccounts(fees=fees, banks=banks, clearing=named, liabilities=kinds), clearing | owed


def _liabilities(rules: MappingRules) -> Iterator[tuple[ControlKind, AccountSelector]]:
    """What is owed to others, and what is owed for gift cards of before the start where a rule names it."""
    for kind, role in _LIABILITIES.items():
        yield kind, liability_line(rules, role)
    opening = opening_of(rules)
    if opening is not None:
        yield ControlKind.GIFT_CARDS, opening.gift_cards


def _owed(kind: ControlKind, account: Account, profile: CompanyProfile) -> AccountBalance:
    """QBO shows what is owed below zero."""
    owed = None if account.balance is None else -account.balance
    currency = account.currency or profile.home_currency
    return AccountBalance(kind=kind, name=account.full_name, gateway="", currency=currency, amount=owed)


def _found(profile: CompanyProfile, selector: AccountSelector) -> set[str]:
    try:
        return {profile.account_id(selector)}
    except UnmappableEvent:  # because `doctor` says so, and what was never booked has moved nothing
        return set()


def _in_clearing(
    rows: Iterable[DayRow], books: Iterable[BookRow], balances: Mapping[str, AccountBalance]
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
            is_of_day = (balance.gateway, balance.currency) == (each.gateway, each.currency)
            if is_of_day and balance.kind is ControlKind.CLEARING:
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
