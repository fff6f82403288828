"""A posting plan says what must be in the books because of one event.

Events carry a document's state, not a command: the plan of `orders/paid` is "this order, as of this version, is in
the books": customer, items, invoice, money. What exists already costs nothing, so paid-before-create, duplicates
and replays need no special case. Plans of one `lane` (one order, one charge) are settled together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from contracts.entities import EntityName
from contracts.keys import SourceKey
from contracts.quickbooks import Draft, EarlierMoneyDraft


class Intent(StrEnum):
    """How a step relates to what the books already hold."""

    ENSURE = "ensure"
    """A name-list entity: created unless it can be found."""
    STATE = "state"
    """A document at a version: created, or brought up to date when the version is newer and the content differs."""
    FACT = "fact"
    """Something that happened, most often money: booked once, never superseded."""
    RECEIVED = "received"
    """Money known only from an order's body: the amount that the order's own transactions do not account for yet."""
    VOID = "void"
    """A document that must not count: voided when it is in the books and no money is on it; never created."""
    WITHDRAWN = "withdrawn"
    """A document that is gone at its source: like VOID, but money on it is a conflict that a person must settle."""
    LEFT_OUT = "left_out"
    """A document that the rules leave out: never booked, and what belongs to it is not waited for."""
    BEFORE_START = "before_start"
    """A sale from before the start of the books, or its money of then: never booked; what moves later is."""
    UNDONE = "undone"
    """A fact that did not last (a refund or payout that failed): taken out of the books again, never booked later."""
    REVERSED = "reversed"
    """Money that was received and lost again (a bank debit that failed): what takes it back is booked once. Of a sale
    that was never booked nothing is booked later either."""


class HeldBack(StrEnum):
    """What the rules wait for before they book a sale (`orders.post_when`); the content of its remembered version."""

    NOT_PAID = "not-paid"
    """Nothing of it was received: money that is told of it means that it is about to be booked."""
    PAID_IN_PART = "paid-in-part"
    NOT_FULFILLED = "not-fulfilled"


ClosedPeriod = Literal["reject", "redate", "hold"]
"""What becomes of a write that would change closed books."""


class Operation(StrEnum):
    """What is done to a QBO entity; `none` when it is already as it should be."""

    CREATE = "create"
    UPDATE = "sparse_update"
    VOID = "void"
    DELETE = "delete"
    ADOPT = "adopt"
    """What a person made carries our marker from now on; nothing else of it is changed."""
    NONE = "none"


AHEAD_MAX = timedelta(days=1)
"""Clocks of sources, brokers and offsets may disagree by this much."""


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """Which of two states of a document is newer: whole seconds tie, so the rank of the status and the content decide.

    `updated_at` is in seconds since the epoch. `rank` grows as a document moves on in its life.
    """

    updated_at: int
    rank: int
    content: str

    def __str__(self) -> str:
        return f"{self.updated_at}.{self.rank}"

    def known_at(self, moment: datetime) -> Version:
        """The version as a record of `moment` can know it: one of more than a day later counts as of `moment`."""
        if self == TAKEN_BACK_FOR_GOOD or self.updated_at <= (moment + AHEAD_MAX).timestamp():
            return self
        # because a version of the year 2199 would otherwise supersede every true one for ever
        return replace(self, updated_at=int(moment.timestamp()))


ONCE = Version(0, 0, "once")
"""The version of a document that never changes: whichever event tells it first is the one that counts."""
TAKEN_BACK_FOR_GOOD = Version(2**53, 0, "void")
"""The version of what its source took back for good: nothing that is told of it later counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingStep:
    """One entity that must be in QBO.

    `key` becomes the marker (or finds the name-list entity); `name` is what a person calls the step. `late_change` is
    the day of this state where the rules keep a reduction out of the earlier month that its document is of.
    """

    key: SourceKey
    entity: EntityName
    intent: Intent
    draft: Draft | None = None
    version: Version | None = None
    name: str = ""
    late_change: date | None = None
    held_back: HeldBack | None = None
    """What the rules wait for: the sale is only changed where the books have it. None where they wait for nothing."""
    said: str | None = None
    """The hash of what the source says, where rules add to the draft or take from it; None where the draft is that."""


@dataclass(frozen=True, slots=True)
class Caution:
    """What an event does not tell and a person should know; it becomes a warning of the result."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingPlan:
    """Everything that one event puts into the books.

    `document` is what the event is about; `lane` is what must stay together (its order or charge);
    `document_created_at` is the earliest time at which the document can have existed at its source: the index must
    reach back that far before anything is written. `version` is that of the body, when the event carries one.
    `notes` are sentences for people: what was skipped and why; `warnings` say what the event leaves open. `links` say
    what is part of what: a payment intent ended in a charge, a charge or an intent pays a Stripe invoice or a shop's
    order; `shares` how much of it is that document's own, where it may pay several. `wakes` are other lanes on which it
    depends: while it waits, an event of one of them has it looked at again.
    """

    document: SourceKey
    lane: SourceKey
    steps: tuple[PostingStep, ...]
    document_created_at: datetime
    version: Version | None = None
    notes: tuple[str, ...] = ()
    warnings: tuple[Caution, ...] = ()
    links: tuple[tuple[SourceKey, SourceKey], ...] = ()
    shares: tuple[tuple[SourceKey, SourceKey, Decimal], ...] = ()
    wakes: tuple[SourceKey, ...] = ()

    @property
    def books_since(self) -> datetime | None:
        """Since when the books must be known before this is planned (aware).

        None for customers and items alone: QBO's name lists are read whole, however old they are. None, too, for money
        from before the start of the books, which is never written.
        """
        nothing = all(step.intent is Intent.ENSURE or isinstance(step.draft, EarlierMoneyDraft) for step in self.steps)
        return None if nothing else self.document_created_at

    def known_at(self, moment: datetime) -> PostingPlan:
        """The plan of a record of `moment`: no version in it is from that record's future."""
        versions = (self.version, *(step.version for step in self.steps))
        if all(version is None or version.known_at(moment) is version for version in versions):
            return self
        steps = tuple(
            replace(step, version=step.version.known_at(moment)) if step.version else step for step in self.steps
        )
        return replace(self, steps=steps, version=self.version.known_at(moment) if self.version else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Nothing to book, by rule: a reason code of the results contract and one sentence."""

    code: str
    message: str
    document: SourceKey | None = None
    warnings: tuple[Caution, ...] = ()
