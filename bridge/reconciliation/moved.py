"""What one document moves on the accounts that are tied, once by its events and once by the books. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bridge.index.company_profile import CompanyProfile
from bridge.reconciliation.control_kinds import ControlKind
from bridge.reconciliation.days import KnownAccounts
from bridge.reconciliation.lines import ENTRY, BothSides, DocumentLine, payout_moves
from bridge.reconciliation.payouts import DatedMove
from bridge.reconciliation.rows import BookRow
from contracts.errors import UnmappableEvent
from contracts.lists import AccountSelector
from contracts.marker import CREDITS, SALES

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Moved:
    """`amount` more lies on a clearing account, or is owed more of a liability. `account` is an Id for clearing."""

    day: date
    kind: ControlKind
    currency: str
    account: str
    amount: Decimal


def moved_by_books(row: BookRow, accounts: KnownAccounts, items: Mapping[str, ControlKind]) -> Iterator[Moved]:
    """What a transaction of the books moves; nothing stands in them without a day."""
    if row.day is None:
        return
    sign = -1 if row.entity in CREDITS else 1
    if row.entity in (*SALES, *CREDITS) and row.tax:
        yield Moved(row.day, ControlKind.SALES_TAX, row.currency, "", sign * row.tax)
    for item, amount in row.items.items():
        if item in items:
            yield Moved(row.day, items[item], row.currency, "", sign * amount)
    for account, amount in row.moves.items():
        yield from _on_account(row.day, account, amount, row.currency, accounts)


def moved_by_events(line: DocumentLine, sides: BothSides, accounts: KnownAccounts) -> list[Moved] | None:
    """What the events say a document moves; None where they do not tell it, and the books alone know."""
    facts, day = line.facts, line.source_day
    if line.key is not None and line.key in sides.facts.payouts:
        source_moves = payout_moves(line.key, sides)
        found = (
            None if source_moves is None else list(_of_selectors(source_moves, line.currency, accounts, sides.profile))
        )
        return None if found is None or _stands_elsewhere(line, found, accounts) else found
    if not line.lasts:
        return []
    if facts is None or day is None or not line.is_known_from_events:
        return None
    found = list(_of_form(line, day, sides))
    if line.entity == ENTRY:
        source_moves = [DatedMove(day, account, amount) for account, amount in facts.moves]
    else:
        sign = -1 if line.entity == "RefundReceipt" else 1
        source_moves = [DatedMove(day, account, sign * (line.source or ZERO)) for account, _ in facts.moves[:1]]
    by_account = list(_of_selectors(source_moves, line.currency, accounts, sides.profile))
    if line.row is not None and _stands_elsewhere(line, by_account, accounts):
        by_account = _accounts_of(line.row, accounts)
    return [*found, *by_account]


def _of_form(line: DocumentLine, day: date, sides: BothSides) -> Iterator[Moved]:
    facts = line.facts
    if facts is None:
        return
    sign = -1 if line.entity in CREDITS else 1
    if facts.tax:
        yield Moved(day, ControlKind.SALES_TAX, line.currency, "", sign * facts.tax)
    for kind, amount in facts.on_liabilities.items():
        yield Moved(day, kind, line.currency, "", sign * amount)
    redeemed = sides.events.paid_by_card(line.key) if line.entity in SALES and line.key is not None else ZERO
    if redeemed:
        yield Moved(day, ControlKind.GIFT_CARDS, line.currency, "", -redeemed)


def _stands_elsewhere(line: DocumentLine, source_moves: list[Moved], accounts: KnownAccounts) -> bool:
    """True where both agree on a document and the rules of today name other accounts than those of its day did."""
    if not line.agrees or line.row is None:
        return False
    return _names(source_moves) != _names(_accounts_of(line.row, accounts))


def _accounts_of(row: BookRow, accounts: KnownAccounts) -> list[Moved]:
    return [each for each in moved_by_books(row, accounts, {}) if each.kind is not ControlKind.SALES_TAX]


def _names(moved: list[Moved]) -> set[tuple[ControlKind, str]]:
    sums: defaultdict[tuple[ControlKind, str], Decimal] = defaultdict(Decimal)
    for each in moved:
        sums[each.kind, each.account] += each.amount
    return {place for place, amount in sums.items() if amount}


def _of_selectors(
    source_moves: list[DatedMove], currency: str, accounts: KnownAccounts, profile: CompanyProfile
) -> Iterator[Moved]:
    for each in source_moves:
        ident = _account_id(each.account, profile)
        if ident is not None:
            yield from _on_account(each.day, ident, each.amount, currency, accounts)


def _account_id(selector: AccountSelector, profile: CompanyProfile) -> str | None:
    try:
        return profile.account_id(selector)
    except UnmappableEvent:  # because what was never booked has moved nothing, and `doctor` names the rule
        return None


def _on_account(day: date, account: str, amount: Decimal, currency: str, accounts: KnownAccounts) -> Iterator[Moved]:
    if account in accounts.clearing:
        yield Moved(day, ControlKind.CLEARING, currency, account, amount)
    if account in accounts.liabilities:
        yield Moved(day, accounts.liabilities[account], currency, "", -amount)
