"""What is in the books once, with its total, may differ all the same: another tax, account, day or customer. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from bridge.index.posted import Posted, order_of, taken_off_by_hand
from bridge.reconciliation.differences import DifferenceKind
from bridge.reconciliation.documents import DIFFERS, Document, Verdict
from bridge.reconciliation.events import EntityKey
from bridge.reconciliation.lines import BothSides, DocumentLine, line_of, stands_for
from contracts.marker import SALES
from contracts.money import plain

TAKEN_OFF = "{} of it was taken off its invoice, or put on another one, by a person"


def compared_in_full(sides: BothSides, unused: Collection[str] = ()) -> list[Document]:
    """The documents of `sides`, those that differ by more than their total too.

    `unused` are customers, by Id, that nobody uses any more: what was theirs went to those that they were merged with.
    """
    lines = [(each, line_of(each, sides)) for each in sides.found]
    found = [(_compared(document, line, sides, unused), line) for document, line in lines]
    causes = [(document, line.sale) for document, line in found if _is_cause(document, line)]
    return [_without_consequence(document, line, causes) for document, line in found]


def written_customers(sides: BothSides) -> set[str]:
    """The Ids of customers that documents were written for and that they are not with any more."""
    moved = (_moved_from(posted, sides) for each in sides.found if (posted := stands_for(each, sides.index)))
    return {customer for customer in moved if customer is not None}


def right_by_either(found: Iterable[Document], ahead: Mapping[EntityKey, Document]) -> list[Document]:
    """`found` without what is right by all events, `ahead`: the books may be ahead of what is said to be consumed.

    Because offsets are committed after the books are written, an owner that was killed between the two has booked
    events that nobody has consumed.
    """
    return [_ahead(each, ahead.get((each.entity, each.key))) for each in found]


def _ahead(document: Document, ahead: Document | None) -> Document:
    if document.verdict not in DIFFERS or (ahead is not None and ahead.verdict in DIFFERS):
        return document
    later = Verdict.POSTED if document.ids else Verdict.CANCELLED
    return replace(ahead or replace(document, verdict=later, expected=None), why="by an event that is not reached yet")


def _compared(document: Document, line: DocumentLine, sides: BothSides, unused: Collection[str]) -> Document:
    if document.verdict is not Verdict.POSTED:
        return document
    posted = stands_for(document, sides.index)
    moved_from = _moved_from(posted, sides) if posted is not None else None
    if moved_from is not None and moved_from not in unused:
        return replace(document, verdict=Verdict.DRIFTED, why="it is with another customer than it was booked for")
    if posted is not None and (taken_off := _taken_off(posted, sides)):
        return replace(document, verdict=Verdict.DRIFTED, why=TAKEN_OFF.format(plain(taken_off, posted.currency)))
    if line.difference is None:
        return document
    return replace(document, verdict=Verdict.DRIFTED, why=line.difference.why)


def _taken_off(posted: Posted, sides: BothSides) -> Decimal:
    """What a person took off the invoice that a payment was put on."""
    if posted.entity != "Payment":
        return Decimal(0)
    sale = order_of(posted)
    own = (each for each in sides.index.payments_of(sale) if each.key == posted.key)
    return next((taken_off_by_hand(each, sides.index.sale(sale)) for each in own), Decimal(0))


def _moved_from(posted: Posted, sides: BothSides) -> str | None:
    """The customer that a document was booked for where it is with another one; money is with that of its sale."""
    if posted.customer_id is None or posted.was_adopted:
        return None
    sale = None if posted.entity in SALES else sides.index.sale(order_of(posted))
    booked_for = sale.customer_id if sale is not None else posted.written_customer_id
    return booked_for if booked_for != posted.customer_id else None


def _is_cause(document: Document, line: DocumentLine) -> bool:
    return document.verdict in DIFFERS and not _is_of_balance(line)


def _is_of_balance(line: DocumentLine) -> bool:
    return line.difference is not None and line.difference.kind is DifferenceKind.BALANCE


def _without_consequence(document: Document, line: DocumentLine, causes: Sequence[tuple[Document, object]]) -> Document:
    """A sale of which only the balance differs, because of money that is named by itself, is not named as well."""
    is_explained = _is_of_balance(line) and any(sale == line.sale for _, sale in causes)
    return replace(document, verdict=Verdict.POSTED, why="") if is_explained else document
