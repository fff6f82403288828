"""Under which type and key the books have a document that is not booked as its event names it."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.index.index import Index
from bridge.index.posted import Posted
from bridge.reconciliation.payouts import key_of_return
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.opening import OF_EARLIER_BOOKS

ENTRY = "JournalEntry"
PAYOUT, NEVER_PAID = "payout", "failed"
_BY_ENTRY = frozenset({"Payment", "RefundReceipt"})
"""What may stand on an entry under its own key instead."""
_IN_BANK = ("Deposit", "Transfer", ENTRY)


def booked_as(entity: str, key: SourceKey, index: Index) -> Posted | None:
    """What stands for the document `key`, rather live than void; None when nothing does."""
    found = [posted for place in _places(entity, key) if (posted := index.get(*place)) is not None]
    return min((each for each in found if _stands_for(each, entity)), key=lambda each: each.voided, default=None)


def _stands_for(posted: Posted, entity: str) -> bool:
    """False for the entry of a debit that failed beside its payment: it stands for what took the money back."""
    is_late_money = MarkerField.SALE in posted.marker_fields
    return posted.entity != ENTRY or entity not in _BY_ENTRY or is_late_money == (entity == "Payment")


def was_booked(entity: str, key: SourceKey, index: Index) -> bool:
    """True where something stood for the document `key` once, or the entry of its coming back still does."""
    places = [*_places(entity, key), (ENTRY, key_of_return(key))]
    return any(_is_known(place, index) for place in places)


def deleted_since(entity: str, key: SourceKey, index: Index) -> bool:
    """True for what the bridge has booked and QuickBooks has no more: nobody but a person takes it away."""
    return index.get(entity, key) is None and index.identities.of(entity, key) is not None


def came_back(payout: SourceKey, index: Index) -> bool:
    """True for a payout that lay in the bank before it came back: an entry of its own says that it did."""
    in_bank = (index.get(entity, payout) for entity in _IN_BANK)
    is_in_bank = any(posted is not None and not posted.voided for posted in in_bank)
    return is_in_bank or _is_known((ENTRY, key_of_return(payout)), index)


def never_went_out(payout: SourceKey, index: Index) -> bool:
    """True for a payout that came back before it was told as paid: only its rows are booked."""
    return any(_is_known(place, index) for place in _never_paid(payout))


def _is_known(place: tuple[str, SourceKey], index: Index) -> bool:
    """True for what is in the books, or was once."""
    return index.get(*place) is not None or index.identities.of(*place) is not None


def _places(entity: str, key: SourceKey) -> Iterator[tuple[str, SourceKey]]:
    """Late money of a sale of earlier books is an entry, and so is a payout that brought nothing.

    So is a debit that failed of a sale that stands, which is owed again.
    Of a payout that came back before it was told as paid only its rows are booked, beside its own key.
    """
    yield entity, key
    if entity in _BY_ENTRY:
        yield ENTRY, key
    if key.kind == PAYOUT:
        yield from ((each, key) for each in _IN_BANK)
        yield from _never_paid(key)


def _never_paid(payout: SourceKey) -> Iterator[tuple[str, SourceKey]]:
    key = SourceKey(payout.system, payout.kind, f"{payout.id}.{NEVER_PAID}")
    yield from (("Deposit", key), (ENTRY, key))


def is_of_earlier_books(order: SourceKey, index: Index) -> bool:
    """True for a sale that is known to be dated before the start of the books."""
    version = index.newest(order)
    return version is not None and version.content == OF_EARLIER_BOOKS.content
