"""How money is booked that moves after the start of the books for a sale from before it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from contracts.keys import SourceKey
from contracts.money import plain
from contracts.posting import Caution, Version
from contracts.quickbooks import AccountSelector, CustomerDraft, ItemDraft

BEFORE_BOOKS_START = "before_books_start"
"""The reason code of what is dated before the start of the books."""
OF_EARLIER_BOOKS = Version(0, 0, "before-start")
"""The version of a sale that is dated before the start: it is never booked, whatever touches it."""


OWED_NO_MORE = "opening_receivable_left"
"""The warning of what was owed for an earlier sale and is neither paid nor owed any more: no event moves that."""


def owed_no_more(amount: Decimal | None, currency: str) -> Caution:
    """What is said where `amount` (None: nobody knows how much) of an earlier sale is not owed any more."""
    much = "What" if amount is None else f"{plain(amount, currency)} {currency}"
    return Caution(
        OWED_NO_MORE,
        f"{much} of an order from before the start of the books is neither paid nor owed any more: where it was owed "
        "at the start, a person takes it out of accounts.opening_receivables, against returns and sales tax.",
    )


ADDED_SINCE = "opening_addition_unknown"
"""The warning of what an earlier sale owes beside money that came: perhaps an item was added to it after the start."""


def added_since(amount: Decimal, currency: str) -> Caution:
    """What is said where an earlier sale, of which something was paid, owes `amount`."""
    return Caution(
        ADDED_SINCE,
        f"{plain(amount, currency)} {currency} of an order from before the start of the books is owed beside what was "
        "paid: where it is for an item that was added after the start, neither these books nor the old ones hold its "
        "income and tax, and a person enters them against accounts.opening_receivables.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningAccounts:
    """Late payments go against `receivables`, those by gift card or store credit out of `gift_cards`.

    Refunds are of `item`, to the walk-in `customer` of the same key. `tracks`: the rules give classes or locations.
    """

    receivables: AccountSelector
    gift_cards: AccountSelector
    item: tuple[SourceKey, ItemDraft]
    customer: tuple[SourceKey, CustomerDraft]
    tracks: bool = False


PLACE_UNKNOWN = Caution(
    "tracking_unknown",
    "A refund of an order from before the start of the books has no class and no location: those of its sale are in "
    "other books, and a person adds them.",
)
