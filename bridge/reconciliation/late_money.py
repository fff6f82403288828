"""Money that moves after the start of the books for a sale from before it: the books have an entry for it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from bridge.index.index import Index
from bridge.index.posted import Posted
from bridge.reconciliation.booked import ENTRY, is_of_earlier_books
from bridge.reconciliation.events import Events, ExpectedDocument
from contracts.keys import BODY_MONEY, SourceKey
from contracts.marker import MarkerField, amount_in

TRANSACTION = "transaction"
IsOld = Callable[[SourceKey | None], bool]


@dataclass(frozen=True, slots=True)
class LateEntry:
    """One entry that has to be there, and over how much."""

    wanted: ExpectedDocument
    amount: Decimal


def of_earlier_books(events: Events, index: Index) -> IsOld:
    """Whether a sale is known to be dated before the start, by the events or by what was noted, and is in no books."""

    def is_old(order: SourceKey | None) -> bool:
        if order is None or index.sale(order) is not None:
            return False
        return order in events.before_start or is_of_earlier_books(order, index)

    return is_old


def late_entries(events: Events, index: Index) -> dict[SourceKey, LateEntry]:
    """Every entry that late money of earlier sales asks for, by the key of that money.

    What only a body tells asks for what exceeds the money of before the start, until a transaction tells it.
    """
    is_old = of_earlier_books(events, index)
    found = {each.wanted.key: each for each in _by_themselves(events, is_old)}
    by_themselves = {each.wanted.invoice for each in found.values() if not each.wanted.taken_back}
    for wanted in _by_bodies(events, is_old):
        posted = index.get(ENTRY, wanted.key)
        amount = _of_body(wanted, posted, index)
        if posted is not None or (amount and wanted.invoice not in by_themselves):
            found[wanted.key] = LateEntry(_as_entry(wanted), amount)
    return found


def is_taken_over(entry: ExpectedDocument, index: Index) -> bool:
    """True for the entry of a body's money beside one that a transaction tells: the transaction takes it over."""
    if entry.entity != ENTRY or entry.key.kind != BODY_MONEY or entry.invoice is None:
        return False
    return any(each.key.kind == TRANSACTION for each in index.entries_of(entry.invoice))


def _by_themselves(events: Events, is_old: IsOld) -> Iterator[LateEntry]:
    """Payments and redemptions that transactions tell; change that was given back out of one makes it smaller."""
    for wanted in (*events.wanted.values(), *events.cards.values()):
        if wanted.key.kind != BODY_MONEY and wanted.total is not None and is_old(wanted.invoice):
            change = sum(events.change.get(wanted.key, {}).values(), Decimal(0))
            yield LateEntry(_as_entry(wanted), wanted.total - change)


def _by_bodies(events: Events, is_old: IsOld) -> Iterator[ExpectedDocument]:
    """The body of each sale that says most was received, by money or by gift card."""
    newest: dict[SourceKey, ExpectedDocument] = {}
    for wanted in (*events.received.values(), *events.cards.values()):
        if wanted.key.kind == BODY_MONEY and is_old(wanted.invoice):
            known = newest.get(wanted.key)
            newest[wanted.key] = wanted if known is None or _said(wanted) > _said(known) else known
    yield from newest.values()


def _said(wanted: ExpectedDocument) -> tuple[Decimal, tuple[int, int]]:
    return wanted.total or Decimal(0), wanted.age


def _of_body(wanted: ExpectedDocument, posted: Posted | None, index: Index) -> Decimal:
    """What a body's entry is over; one that is newer than those that were read may have said more."""
    written = amount_in(posted.marker_fields, MarkerField.RECEIVED) if posted is not None else None
    received = max(wanted.total or Decimal(0), written or Decimal(0))
    before = index.earlier_money.of(wanted.invoice) if wanted.invoice is not None else Decimal(0)
    return max(received - before, Decimal(0))


def _as_entry(wanted: ExpectedDocument) -> ExpectedDocument:
    """QBO names no total of an entry: what its lines come to is compared."""
    return replace(wanted, entity=ENTRY, total=None)
