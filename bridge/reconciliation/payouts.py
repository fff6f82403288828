"""What the events say of each payout: how often it was told, in how many parts, and what it moves. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from contracts.keys import SourceKey
from contracts.lists import AccountSelector
from contracts.quickbooks import DepositDraft


@dataclass(frozen=True, slots=True)
class DatedMove:
    """What is brought to an account on a day; below zero what it gives."""

    day: date
    account: AccountSelector
    amount: Decimal


class PayoutRecords:
    """Every telling of each payout."""

    def __init__(self) -> None:
        self._drafts: dict[SourceKey, list[DepositDraft]] = {}

    def add(self, key: SourceKey, draft: DepositDraft) -> None:
        """One more telling."""
        self._drafts.setdefault(key, []).append(draft)

    def __contains__(self, key: object) -> bool:
        """True for a payout that an event tells."""
        return key in self._drafts

    def is_returned(self, key: SourceKey) -> bool:
        """True where its newest word is that the money came back, or never went out."""
        return any(each.returned is not None for each in self._drafts.get(key, ()))

    def moves_nothing(self, key: SourceKey) -> bool:
        """True for one that came back and whose rows are all booked by their own events."""
        moves = self.moves(key) if self.is_returned(key) else None
        if moves is None:
            return False
        sums: defaultdict[AccountSelector, Decimal] = defaultdict(Decimal)
        for each in moves:
            sums[each.account] += each.amount
        return not any(sums.values())

    def moves(self, key: SourceKey) -> list[DatedMove] | None:
        """What it moves in all; None while parts of it, or which books hold its rows, are not told."""
        drafts = self._drafts.get(key, ())
        parts = _whole(drafts)
        if parts is None or any(each.near_start or each.clearing is None for each in parts):
            return None
        return list(_moves(parts, drafts))


def _whole(drafts: Sequence[DepositDraft]) -> list[DepositDraft] | None:
    """The telling with all rows, or all parts of it."""
    rows = [each for each in drafts if each.payments or each.lines or each.near_start]
    alone = [each for each in rows if each.part is None]
    if alone:
        return [alone[0]]
    parts = {each.part: each for each in rows if each.part is not None}
    of = max((number for _, number in parts), default=0)
    found = [parts[number, of] for number in range(1, of + 1) if (number, of) in parts]
    return found if of and len(found) == of else None


def _moves(parts: Sequence[DepositDraft], drafts: Sequence[DepositDraft]) -> Iterator[DatedMove]:
    """One that came back lies in the clearing account again; one that never went out has lain there all the time."""
    first = parts[0]
    clearing = first.clearing or first.deposit_to
    returned = next((each.returned for each in drafts if each.returned is not None), None)
    went_out = any(each.returned is None for each in drafts)
    if returned is None or went_out:
        yield DatedMove(first.txn_date, first.deposit_to, first.total)
    for part in parts:
        brought = sum((each.amount for each in part.payments), Decimal(0))
        yield DatedMove(first.txn_date, clearing, -brought)
        yield from (DatedMove(first.txn_date, line.account, -line.amount) for line in part.lines)
    if returned is not None and went_out:
        yield DatedMove(returned, first.deposit_to, -first.total)
    if returned is not None:
        yield DatedMove(returned if went_out else first.txn_date, clearing, first.total)
