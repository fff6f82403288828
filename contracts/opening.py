"""How money is booked that moves after the start of the books for a sale from before it."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.keys import SourceKey
from contracts.posting import Version
from contracts.quickbooks import AccountSelector, CustomerDraft, ItemDraft

BEFORE_BOOKS_START = "before_books_start"
"""The reason code of what is dated before the start of the books."""
OF_EARLIER_BOOKS = Version(0, 0, "before-start")
"""The version of a sale that is dated before the start: it is never booked, whatever touches it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningAccounts:
    """Late payments go against `receivables`, those by gift card or store credit out of `gift_cards`.

    Refunds are of `item`, to the walk-in `customer` of the same key.
    """

    receivables: AccountSelector
    gift_cards: AccountSelector
    item: tuple[SourceKey, ItemDraft]
    customer: tuple[SourceKey, CustomerDraft]
