"""What is said where the books are left as they are: a person changed, voided or deleted something."""

from __future__ import annotations

from decimal import Decimal

from bridge.index.posted import Posted
from bridge.planning.steps import AlreadyPosted, Skipped
from contracts.errors import RejectedPosting
from contracts.money import plain
from contracts.posting import Caution

_WORDS = {
    "SalesReceipt": "sales receipt",
    "RefundReceipt": "refund receipt",
    "CreditMemo": "credit memo",
    "JournalEntry": "journal entry",
}

OTHER_FIGURES = "other_figures"
"""The warning of a fact that is told once more and otherwise."""
DID_NOT_LAST = Skipped("skipped_by_rule", "its source has taken it back: it failed or was cancelled")
"""The resolution of a fact that arrives after it was undone."""


def words(entity: str) -> str:
    """What a person calls an entity."""
    return _WORDS.get(entity, entity.lower())


def stays_void(posted: Posted) -> Skipped:
    """The resolution of what would write again what a person took back."""
    message = f"the {words(posted.entity)} was voided or deleted in QuickBooks and stays so"
    return Skipped("deleted_in_qbo", message, posted)


def known(posted: Posted) -> AlreadyPosted | Skipped:
    """The resolution of a fact that the books know already: they hold it, or a person took it back."""
    return stays_void(posted) if posted.voided else AlreadyPosted(posted)


def conflict(posted: Posted) -> RejectedPosting:
    """What a document is refused with whose total a person has changed since we wrote it."""
    if not posted.marker_known:
        # because what was paid by gift card, say, would be taken out of it once more
        return rejected(posted, "has lost its marker in QuickBooks, and with it what the bridge wrote")
    written, now = (plain(each, posted.currency) for each in (posted.written, posted.total))
    return rejected(posted, f"was changed in QuickBooks: its total is {now}, the bridge wrote {written}")


def other_figures(entity: str, booked: Decimal, now: Decimal, currency: str) -> Caution:
    """What is said of a fact that is told once more with another amount: it is booked once, so the first one stays."""
    before, after = plain(booked, currency), plain(now, currency)
    return Caution(
        OTHER_FIGURES,
        f"The {words(entity)} is booked over {before} {currency}, as it was told first, and is told over {after} "
        f"{currency} now: it stays as it is, and a person looks which is right.",
    )


def rejected(posted: Posted, why: str) -> RejectedPosting:
    """A conflict between the source and what the books have: a person must settle it."""
    return RejectedPosting(
        f"{posted.entity} {posted.id} {why}",
        reason_code="conflict",
        step=posted.entity.lower(),
    )
