"""Under which type and key the books have a document that is not booked as its event names it."""

from __future__ import annotations

from collections.abc import Iterator

from bridge.index.index import Index
from bridge.index.posted import Posted
from contracts.keys import SourceKey
from contracts.opening import OF_EARLIER_BOOKS

ENTRY = "JournalEntry"
PAYOUT, NEVER_PAID = "payout", "failed"
RETURNED = ".returned"
"""Behind the id of a payout that came back stands the entry for it."""


def booked_as(entity: str, key: SourceKey, index: Index) -> Posted | None:
    """What stands for the document `key`, None when nothing does."""
    found = (index.get(*place) for place in _places(entity, key))
    return next((posted for posted in found if posted is not None), None)


def was_booked(entity: str, key: SourceKey, index: Index) -> bool:
    """True where something stood for the document `key` once, or the entry of its coming back still does."""
    returned = SourceKey(key.system, key.kind, f"{key.id}{RETURNED}")
    places = [*_places(entity, key), (ENTRY, returned)]
    return any(index.get(*place) is not None or index.identities.of(*place) is not None for place in places)


def _places(entity: str, key: SourceKey) -> Iterator[tuple[str, SourceKey]]:
    """Late money of a sale of earlier books is an entry, and so is a payout that brought nothing.

    Of a payout that came back before it was told as paid only its rows are booked, beside its own key.
    """
    yield entity, key
    if entity == "Payment":
        yield ENTRY, key
    if key.kind == PAYOUT:
        never_paid = SourceKey(key.system, key.kind, f"{key.id}.{NEVER_PAID}")
        yield from (("Deposit", key), (ENTRY, key), ("Deposit", never_paid), (ENTRY, never_paid))


def is_of_earlier_books(order: SourceKey, index: Index) -> bool:
    """True for a sale that is known to be dated before the start of the books."""
    version = index.newest(order)
    return version is not None and version.content == OF_EARLIER_BOOKS.content
