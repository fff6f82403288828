"""What the bridge books beside the documents of the events, and that is in the books no more. Pure.

A late change's credit memo, the difference of an exchange, how much of a credit lies on its invoice, the payments of a
charge on its other invoices: no event names them, so only the record of Ids says that they were there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from bridge.index.identities import Identity
from bridge.index.index import Index
from bridge.index.payment_links import charge_of_share
from contracts.keys import SourceKey
from contracts.marker import MarkerField, amount_in

CREDIT = "CreditMemo"
SEPARATOR = "."
"""Between the id of a document and the word for what stands beside it."""


@dataclass(frozen=True, slots=True)
class DeletedDocument:
    """A document that the bridge booked beside `of`, and that somebody deleted."""

    entity: str
    key: SourceKey
    of: SourceKey
    identity: Identity

    @property
    def total(self) -> Decimal | None:
        """The total that the bridge wrote; None where nobody noted it."""
        return amount_in(self.identity.fields, MarkerField.TOTAL)

    @property
    def own_day(self) -> date | None:
        """The day of the body that made a late change; None for what stands on the day of the document beside it."""
        word = self.key.id.removeprefix(f"{self.of.id}{SEPARATOR}")
        return datetime.fromtimestamp(int(word), UTC).date() if self.key != self.of and word.isdecimal() else None


def deleted_companions(asked: Collection[SourceKey], index: Index) -> Iterator[DeletedDocument]:
    """What is recorded beside the documents `asked`, or under their keys, and is in the books no more.

    What a person made and the bridge took for its own is a document of theirs, and so is its end.
    """
    for key in index.identities.documents():
        of = _asked_for(key, asked)
        for entity in index.identities.types_of(key) if of is not None else ():
            identity = index.identities.of(entity, key)
            if of is not None and identity is not None and _is_missed(entity, key, identity, index):
                yield DeletedDocument(entity, key, of, identity)


def late_credits(sale: SourceKey, index: Index) -> list[Decimal]:
    """What late changes took off a sale by credit memos of their own, those that somebody deleted with them."""
    found = [each.total for each in index.credits_of(sale) if each.key.kind == sale.kind]
    for entity, key in index.identities.of_sale(sale):
        if (entity, key.kind) == (CREDIT, sale.kind) and index.get(entity, key) is None:
            identity = index.identities.of(entity, key)
            found.append((amount_in(identity.fields, MarkerField.TOTAL) if identity else None) or Decimal(0))
    return found


def _is_missed(entity: str, key: SourceKey, identity: Identity, index: Index) -> bool:
    return MarkerField.ADOPTED not in identity.fields and index.get(entity, key) is None


def _asked_for(key: SourceKey, asked: Collection[SourceKey]) -> SourceKey | None:
    document = SourceKey(key.system, key.kind, key.id.partition(SEPARATOR)[0])
    return next((of for of in (key, document, charge_of_share(key)) if of in asked), None)
