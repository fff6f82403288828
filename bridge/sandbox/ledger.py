"""Double entry: every transaction is a set of postings whose home amounts add up to zero.

The ledger knows accounts and names only by id. Debits are positive. An account in a foreign currency (its own A/R,
its own bank) keeps the foreign amount beside the home one. All changes go through an undo log, so a refused write
leaves nothing.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bridge.sandbox.wire import ZERO

_REMOVED = object()
Key = tuple[str, str]


class UndoLog:
    """Remembers what a write overwrote, so that a fault in its middle takes everything back."""

    def __init__(self) -> None:
        self._entries: list[tuple[dict[Any, Any], Hashable, Any]] = []

    def set(self, table: dict[Any, Any], key: Hashable, value: Any) -> None:
        """Put a value and remember the old one."""
        self._entries.append((table, key, table.get(key, _REMOVED)))
        table[key] = value

    def drop(self, table: dict[Any, Any], key: Hashable) -> None:
        """Take a value away and remember it."""
        if key in table:
            self._entries.append((table, key, table.pop(key)))

    def rollback(self) -> None:
        """Back to the last commit."""
        for table, key, old in reversed(self._entries):
            if old is _REMOVED:
                table.pop(key, None)
            else:
                table[key] = old
        self._entries.clear()

    def commit(self) -> None:
        """What was done stays."""
        self._entries.clear()


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry; `name_id` is the customer or vendor of a receivable or payable."""

    account_id: str
    home: Decimal
    foreign: Decimal
    name_id: str | None = None


class Ledger:
    """Postings by transaction, and the sums that everybody asks for."""

    def __init__(self, undo: UndoLog) -> None:
        self._undo = undo
        self.postings: dict[Key, tuple[Posting, ...]] = {}
        self.home: dict[str, Decimal] = {}
        self.foreign: dict[str, Decimal] = {}
        self.by_name: dict[tuple[str, str], Decimal] = {}
        self.moved_at: dict[str, str] = {}

    def post(self, key: Key, postings: Iterable[Posting], at: str) -> None:
        """Replace the transaction's postings; an unbalanced set is a bug of the sandbox."""
        new = tuple(posting for posting in postings if posting.home or posting.foreign)
        if sum((posting.home for posting in new), ZERO):
            raise AssertionError(f"{key} does not balance: {new}")
        old = self.postings.get(key, ())
        if new == old:
            return
        for posting in old:
            self._add(posting, -1, at)
        for posting in new:
            self._add(posting, 1, at)
        if new:
            self._undo.set(self.postings, key, new)
        else:
            self._undo.drop(self.postings, key)

    def _add(self, posting: Posting, sign: int, at: str) -> None:
        undo, account = self._undo, posting.account_id
        undo.set(self.home, account, self.home.get(account, ZERO) + sign * posting.home)
        undo.set(self.foreign, account, self.foreign.get(account, ZERO) + sign * posting.foreign)
        undo.set(self.moved_at, account, at)
        if posting.name_id is not None:
            key = (account, posting.name_id)
            undo.set(self.by_name, key, self.by_name.get(key, ZERO) + sign * posting.foreign)

    def balance(self, account_id: str) -> Decimal:
        """The account's balance in its own currency, debits positive."""
        return self.foreign.get(account_id, ZERO)

    def name_balance(self, account_ids: Iterable[str], name_id: str) -> Decimal:
        """What a customer owes over those accounts."""
        return sum((self.by_name.get((account, name_id), ZERO) for account in account_ids), ZERO)
