"""What lies in the clearing accounts and was not paid out yet: what is open, the oldest first. Pure.

A deposit takes the sum of a payout's rows out of the account, not one payment after the other. So what was drawn is set
against what came first, as in an aged list of receivables; and what came until the last payout is one sum, because
naming one of its documents would say of a payment that was paid out that it is open.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from bridge.commands.doctor.finding import Finding
from bridge.index.company_profile import CompanyProfile
from bridge.reconciliation.rows import moves_of
from contracts.entities import Entity, part
from contracts.errors import UnmappableEvent
from contracts.money import plain
from mappings.accounts import CLEARING, deposit_account
from mappings.rules import MappingRules

LATE = timedelta(days=10)
"""Processors pay out within days: what is open for longer was paid out in a way that the books do not know."""
SHOWN_MAX = 5
MOVERS = ("Payment", "SalesReceipt", "RefundReceipt", "Deposit", "JournalEntry")
"""The types of transaction that are read; what others moved is one sum, told as such."""


@dataclass(frozen=True, slots=True)
class ClearingMovement:
    """What one transaction brought into the account, or below zero drew from it; `pays_out` of that of a payout."""

    day: date
    amount: Decimal
    what: str
    pays_out: bool = False


@dataclass(frozen=True, slots=True)
class Clearing:
    """One clearing account: its Id, its name and currency, and what QBO says lies in it."""

    id: str
    name: str
    currency: str
    balance: Decimal


def clearing_accounts(rules: MappingRules, profile: CompanyProfile, accounts: Iterable[Entity]) -> list[Clearing]:
    """The accounts between buyers and the bank that the rules send money of gateways to, as far as they are there."""
    balances = {str(row.get("Id")): row.get("CurrentBalance") for row in accounts}
    found: dict[str, Clearing] = {}
    several = [(each, name) for each in rules.of_each_shop() for name in (*CLEARING, *sorted(each.gateways), None)]
    for each, gateway in several:
        try:
            one = profile.accounts[profile.account_id(deposit_account(each, gateway))]
        except UnmappableEvent:  # because the examination of the rules says so already
            continue
        balance = balances.get(one.id)
        if one.account_type == "Other Current Asset" and one.sub_type != "UndepositedFunds" and balance is not None:
            currency = one.currency or profile.home_currency
            found[one.id] = Clearing(one.id, one.full_name, currency, Decimal(str(balance)))
    return list(found.values())


def examine_clearing(
    clearing: Clearing, rows: Mapping[str, Sequence[Entity]], since: date, today: date
) -> Iterator[Finding]:
    """The balance as the list of what is open, and which of it is older than ten days.

    `rows` are the transactions since `since`, by type.
    """
    about = f"clearing: {clearing.name}"
    moved = list(_movements(clearing, rows))
    before = clearing.balance - sum((each.amount for each in moved), Decimal(0))
    if before:
        moved.append(
            ClearingMovement(since - timedelta(days=1), before, f"before {since}, or by transactions of other types")
        )
    opened = still_open(moved)
    paid_on = max((each.day for each in moved if each.pays_out), default=None)
    if not opened:
        yield Finding(about, "nothing is open")
        return
    said = f"{plain(clearing.balance, clearing.currency)} {clearing.currency} open: {_list(opened, paid_on)}"
    yield Finding(about, said, open_since=opened[0].day)
    late = [each for each in opened if today - each.day > LATE]
    if late:
        amount = plain(sum((each.amount for each in late), Decimal(0)), clearing.currency)
        said = f"{amount} {clearing.currency} are open for more than {LATE.days} days: {_list(late, paid_on)}"
        remedy = "look on the processor's page which payout brought it; send that payout's event, or book it by hand"
        yield Finding(about, said, remedy, rare=True)


def still_open(movements: Iterable[ClearingMovement]) -> list[ClearingMovement]:
    """What is left of the movements when what was drawn is set against what came first; the oldest first.

    Draws that nothing came for are left as what they are, below zero.
    """
    ordered = sorted(movements, key=lambda each: each.day)
    came = deque(each for each in ordered if each.amount > 0)
    overdrawn: list[ClearingMovement] = []
    for drawn in (each for each in ordered if each.amount < 0):
        left = -drawn.amount
        while left and came:
            first = came.popleft()
            if first.amount > left:
                came.appendleft(replace(first, amount=first.amount - left))
            left -= min(first.amount, left)
        if left:
            overdrawn.append(replace(drawn, amount=-left))
    return sorted((*came, *overdrawn), key=lambda each: each.day)


def _movements(clearing: Clearing, rows: Mapping[str, Sequence[Entity]]) -> Iterator[ClearingMovement]:
    for entity, found in rows.items():
        for row in found:
            amount = _moved(clearing, entity, row)
            if amount:
                day = date.fromisoformat(str(row["TxnDate"]))
                yield ClearingMovement(day, amount, _called(entity, row), pays_out=_is_payout(entity, row, amount))


def _is_payout(entity: str, row: Entity, amount: Decimal) -> bool:
    """True for a deposit that draws on the account, and for the entry of a payout below zero."""
    if entity == "Deposit":
        return amount < 0
    return entity == "JournalEntry" and ":payout:" in str(row.get("PrivateNote", ""))


def _moved(clearing: Clearing, entity: str, row: Entity) -> Decimal:
    """What a transaction moved on the account; nothing where it is in another currency than the account."""
    if part(row, "CurrencyRef").get("value", clearing.currency) != clearing.currency:
        return Decimal(0)
    return moves_of(entity, row).get(clearing.id, Decimal(0))


def _called(entity: str, row: Entity) -> str:
    number = row.get("DocNumber") or row.get("PaymentRefNum")
    return f"{entity} {row.get('Id')}" + (f" ({number})" if number else "")


def _list(opened: Sequence[ClearingMovement], paid_on: date | None) -> str:
    """What is open, the documents named of which it is certain; `paid_on` is the day of the last payout."""
    uncertain = [each for each in opened if paid_on is not None and each.amount > 0 and each.day <= paid_on]
    if uncertain:
        amount = sum((each.amount for each in uncertain), Decimal(0))
        said = f"what came until the payout of {paid_on} and was not in one: of which documents, no deposit says"
        rest = [each for each in opened if each not in uncertain]
        opened = [ClearingMovement(uncertain[0].day, amount, said), *rest]
    listed = [f"{each.amount} of {each.day}, {each.what}" for each in opened[:SHOWN_MAX]]
    more = len(opened) - len(listed)
    return "; ".join((*listed, f"and {more} more" if more else "")).removesuffix("; ")
