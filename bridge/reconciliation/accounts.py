"""Whether a document stands on the accounts that the events and the rules give it. Pure.

A document that nobody has changed since it was made stands where the rules of its day said, whatever they say now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal

from bridge.index.company_profile import CompanyProfile
from bridge.reconciliation.facts import DocumentFacts
from bridge.reconciliation.rows import BookRow
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey

ENTRY = "JournalEntry"
_DEPOSITED = frozenset({"Payment", "SalesReceipt", "RefundReceipt", "Deposit"})
Moves = Mapping[str, Decimal]


def account_difference(
    facts: DocumentFacts, row: BookRow, profile: CompanyProfile, drawn_from: Callable[[SourceKey], Collection[str]]
) -> tuple[str, str] | None:
    """Where the events and where the books have the money of a document, in words; None where both agree.

    `drawn_from` says in which accounts the books have the money of a payout's rows, wherever its rules have it.
    """
    if row.is_first_version or not (facts.entity == row.entity or is_payout_by_entry(facts, row)):
        return None
    expected = moves_by_id(facts, profile)
    if expected is None:
        return None
    if row.entity == ENTRY:
        booked = {ident: amount for ident, amount in row.moves.items() if amount}
        moving = {ident: amount for ident, amount in expected.items() if amount}
        return None if moving == booked else (_said(moving, profile), _said(booked, profile))
    # because a payout that never went out lies where it was drawn from, which its moves name too
    if row.entity not in _DEPOSITED or row.deposit_to is None or not expected:
        return None
    if row.deposit_to not in expected:
        return _name(next(iter(expected)), profile), _name(row.deposit_to, profile)
    right = {*expected, *drawn_from(facts.key)}
    strange = {ident: amount for ident, amount in row.moves.items() if amount and ident not in right}
    return (_said(expected, profile), _said(strange, profile)) if strange else None


def is_payout_by_entry(facts: DocumentFacts, row: BookRow) -> bool:
    """True for a payout that brought nothing to the bank: an entry has its rows."""
    return (facts.entity, row.entity) == ("Deposit", ENTRY)


def moves_by_id(facts: DocumentFacts, profile: CompanyProfile) -> dict[str, Decimal] | None:
    """What the events say a document brings to each account in all, by Id; None where the company lacks one of them."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    try:
        for selector, amount in facts.moves:
            found[profile.account_id(selector)] += amount
    except UnmappableEvent:  # because `doctor` names the rule
        return None
    return dict(found)


def _said(moves: Moves, profile: CompanyProfile) -> str:
    return ", ".join(f"{_name(ident, profile)} {moves[ident]}" for ident in sorted(moves))


def _name(ident: str, profile: CompanyProfile) -> str:
    """As the chart of accounts calls it; an inactive account is not read by name."""
    account = profile.accounts.get(ident)
    return f'"{account.full_name}"' if account is not None else f"account {ident}"
