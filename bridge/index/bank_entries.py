"""What people brought to an account by hand, or took from it: deposits, transfers, journal entries. Pure.

A payout is compared with them before it is booked, so they are found by account, amount and day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from bridge.index.posted import Posted
from bridge.index.unmarked import Place
from contracts.entities import Entity, number

BANK_ENTITIES = frozenset({"Deposit", "Transfer", "JournalEntry"})
"""The types in which a person enters a payout."""

_Key = tuple[str, Decimal, date | None]


@dataclass(frozen=True, slots=True)
class _BankEntry:
    document: Posted
    moved: Mapping[str, Decimal]


class BankEntries:
    """Entries without our marker, by what they move; each is kept once, as it was seen last."""

    def __init__(self) -> None:
        self._entries: dict[Place, _BankEntry] = {}
        self._by_move: dict[_Key, set[Place]] = {}

    def remember(self, document: Posted, body: Entity) -> None:
        """Take in an entry as QBO shows it; `document` says what is known of it."""
        self.forget(document.entity, document.id)
        if document.voided or document.deleted:
            return
        entry = _BankEntry(document, moved_by(document.entity, body))
        self._entries[document.entity, document.id] = entry
        for key in _keys(entry):
            self._by_move.setdefault(key, set()).add((document.entity, document.id))

    def forget(self, entity: str, ident: str) -> None:
        """It is deleted, or ours by now."""
        entry = self._entries.pop((entity, ident), None)
        for key in _keys(entry) if entry is not None else ():
            self._by_move[key].discard((entity, ident))
            if not self._by_move[key]:
                del self._by_move[key]

    def get(self, entity: str, ident: str) -> Posted | None:
        """The entry of this Id, None for one that is not here."""
        entry = self._entries.get((entity, ident))
        return entry.document if entry is not None else None

    def of_move(self, account: str, amount: Decimal, day: date, days: int) -> list[Posted]:
        """Those that brought exactly `amount` to the account (below zero: took it) at most `days` days from `day`."""
        around = (day + timedelta(days=number) for number in range(-days, days + 1))
        places = sorted({place for each in around for place in self._by_move.get((account, amount, each), ())})
        return [self._entries[place].document for place in places]


def moved_by(entity: str, body: Entity) -> dict[str, Decimal]:
    """By account how much an entry brought to it, in its own currency; what is not said is left out."""
    moved: dict[str, Decimal] = {}
    for account, amount in _moves(entity, body):
        if account is not None and amount is not None:
            moved[account] = moved.get(account, Decimal(0)) + amount
    return moved


def _moves(entity: str, body: Entity) -> Iterator[tuple[str | None, Decimal | None]]:
    if entity == "Deposit":
        yield _ref(body, "DepositToAccountRef"), number(body.get("TotalAmt"))
    elif entity == "Transfer":
        amount = number(body.get("Amount"))
        yield _ref(body, "ToAccountRef"), amount
        yield _ref(body, "FromAccountRef"), -amount if amount is not None else None
    elif entity == "JournalEntry":
        for line in body.get("Line") or ():
            detail, amount = line.get("JournalEntryLineDetail") or {}, number(line.get("Amount"))
            is_credit = detail.get("PostingType") == "Credit"
            yield _ref(detail, "AccountRef"), -amount if amount is not None and is_credit else amount


def _ref(body: Entity, name: str) -> str | None:
    found = body.get(name)
    value = found.get("value") if isinstance(found, Mapping) else None
    return str(value) if value else None


def _keys(entry: _BankEntry) -> Iterator[_Key]:
    for account, amount in entry.moved.items():
        yield account, amount, entry.document.txn_date
