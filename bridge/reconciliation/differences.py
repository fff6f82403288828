"""What differs between the events and the books, as one sentence a document. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from bridge.reconciliation.documents import Verdict, path_of
from bridge.reconciliation.rows import BookRow
from contracts.keys import SourceKey
from contracts.money import plain
from contracts.records import Place


class DifferenceKind(StrEnum):
    """How one document differs."""

    NOT_BOOKED = "not_booked"
    """The events tell it, and the books have it not."""
    TWICE = "twice"
    TAKEN_BACK = "taken_back"
    """Its source took it back, and it still counts in the books."""
    AMOUNT = "amount"
    BALANCE = "balance"
    """Its total is right, and what is still owed of it is not."""
    TAX = "tax"
    DAY = "day"
    ACCOUNT = "account"
    """Its money lies on another account than the rules say, or an entry of equal sides has other lines."""
    VOIDED = "voided"
    """A person voided or deleted it."""
    BY_HAND = "by_hand"
    """A document without our marker that has to do with those of the shop."""
    WAITING = "waiting"
    DEAD_LETTERED = "dead_lettered"


OF_VERDICT = {
    Verdict.MISSING: DifferenceKind.NOT_BOOKED,
    Verdict.EXTRA: DifferenceKind.TWICE,
    Verdict.DRIFTED: DifferenceKind.AMOUNT,
    Verdict.VOIDED: DifferenceKind.VOIDED,
    Verdict.WAITING: DifferenceKind.WAITING,
    Verdict.DEAD_LETTERED: DifferenceKind.DEAD_LETTERED,
}
"""The verdicts that are a difference; with the others events and books agree."""
NOT_THERE = frozenset({DifferenceKind.NOT_BOOKED, DifferenceKind.WAITING, DifferenceKind.DEAD_LETTERED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One document that differs: `source` and `books` are what each side says of it, None for nothing.

    `with_it` are documents that are missing because this one is. `changed_at` and `changed_by` are QBO's own words.
    """

    kind: DifferenceKind
    entity: str
    key: SourceKey | None
    day: date | None
    currency: str
    gateway: str
    source: str | None
    books: str | None
    why: str
    ids: tuple[str, ...] = ()
    number: str = ""
    customer: str = ""
    changed_at: str | None = None
    changed_by: str | None = None
    with_it: tuple[str, ...] = ()
    records: tuple[Place, ...] = ()

    @property
    def name(self) -> str:
        """The document as a person finds it: its key, and what it is in the books."""
        there = " ".join(f"{self.entity.lower()}/{ident}" for ident in self.ids) or self.entity
        return f"{self.key} {there}" if self.key is not None else there

    def shown(self) -> dict[str, object]:
        """The difference as JSON."""
        return {
            "what": self.kind.value,
            "document": str(self.key) if self.key is not None else None,
            "entity": self.entity,
            "entities": [f"{self.entity.lower()}/{ident}" for ident in self.ids],
            "number": self.number or None,
            "customer": self.customer or None,
            "day": self.day.isoformat() if self.day else None,
            "currency": self.currency or None,
            "gateway": self.gateway or None,
            "source": self.source,
            "books": self.books,
            "why": self.why,
            "with_it": list(self.with_it),
            "changed_at": self.changed_at,
            "changed_by": self.changed_by,
            "records": [path_of(each) for each in self.records],
        }

    def about(self, row: BookRow | None) -> Difference:
        """The same with what QBO says of the document."""
        if row is None:
            return self
        return replace(
            self,
            number=row.number,
            customer=row.customer,
            changed_at=row.changed_at,
            changed_by=row.changed_by,
        )


def amount_of(amount: Decimal | None, currency: str) -> str | None:
    """An amount as the reports write it."""
    return None if amount is None else plain(amount, currency)


def sentence(kind: DifferenceKind, source: str | None, books: str | None, why: str, *, was_there: bool = False) -> str:
    """What differs, in words for a bookkeeper; `why` is what verification said, `was_there` that it had an Id once."""
    match kind:
        case DifferenceKind.NOT_BOOKED:
            return f"the events tell it, and QuickBooks {'has it no more' if was_there else 'does not have it'}"
        case DifferenceKind.AMOUNT | DifferenceKind.TAX | DifferenceKind.DAY | DifferenceKind.ACCOUNT:
            what = {"amount": "amount", "tax": "sales tax", "day": "date", "account": "account"}[kind.value]
            return f"another {what}: the events say {source}, QuickBooks says {books}"
        case DifferenceKind.WAITING:
            return f"it waits: {why}"
        case DifferenceKind.DEAD_LETTERED:
            return f"it is a dead letter ({why})"
    return why


def joined(differences: Sequence[Difference]) -> str:
    """The documents of several differences in one cell."""
    return "; ".join(f"{each.kind.value} {each.name}" for each in differences)
