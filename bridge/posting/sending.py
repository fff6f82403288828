"""The port between the poster and whoever answers: bound steps out, one reply for each of them back.

What an earlier owner had sent comes back as `ResentStep`: its plan is gone, only its bytes are known.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bridge.binding import expected
from bridge.index.company_profile import CompanyProfile
from bridge.index.index import Index, Posted
from bridge.journal.requests import JournalledWrite, Unsettled
from bridge.planning.steps import PlannedStep
from bridge.quickbooks.batching import StepAnswer, WireStep
from contracts.entities import Entity, number
from contracts.posting import Operation


@dataclass(frozen=True, slots=True)
class BoundStep:
    """A planned step and what goes over the wire for it, every reference an Id."""

    step: PlannedStep
    wire: WireStep

    @property
    def expects(self) -> Mapping[str, Any]:
        """What the answer must agree with."""
        return expected(self.step, self.wire.body)

    @property
    def written(self) -> JournalledWrite:
        """What the journal keeps of it."""
        total = number(self.expects.get("TotalAmt"))
        return JournalledWrite(self.step.id, self.step.operation, total, self.step.notes)


@dataclass(frozen=True, slots=True)
class ResentStep:
    """A step of an earlier owner: what it does, and the entity that its bytes send.

    `planned` is the same step as it is planned now, where its record comes again and says more than it did then.
    """

    written: JournalledWrite
    sent: Mapping[str, Any]
    planned: PlannedStep | None = None

    @property
    def expects(self) -> Mapping[str, Any]:
        """What the answer must agree with."""
        if self.written.operation is Operation.DELETE:
            return {"Id": self.sent["Id"]}
        return self.sent if self.written.total is None else {**self.sent, "TotalAmt": self.written.total}


@dataclass(frozen=True, slots=True)
class StepReply:
    """The entity as it stands in QBO now, or the fault; `call` names the request, and within a batch the item."""

    answer: StepAnswer
    call: str
    intuit_tid: str | None


SentStep = BoundStep | ResentStep
Replies = AsyncIterator[tuple[SentStep, StepReply]]


class KnownBooks(Protocol):
    """The books as far as posting needs them: what is known of them, and that they take in what was written."""

    @property
    def is_warm(self) -> bool:
        """False while nothing is known."""

    @property
    def index(self) -> Index:
        """What is in the books."""

    @property
    def profile(self) -> CompanyProfile:
        """What the company itself decides."""

    def is_dropped(self, entity: str, ident: str) -> bool:
        """True for a customer or an item that is known to be gone or inactive."""

    def remember(self, entity: str, body: Entity, sent: Mapping[str, Any]) -> Posted | None:
        """Take in the answer to one of our writes, whose body was `sent`."""


class Sender(Protocol):
    """Takes the steps of a wave to QBO, or answers them as QBO would. The steps of a wave do not need each other."""

    @property
    def moves_unseen(self) -> bool:
        """True when a write changes other entities of the index and nobody says to what: they must be read again."""

    def send(self, steps: Sequence[BoundStep]) -> Replies:
        """Each step with its reply. The caller takes in a reply before it asks for the next one.

        Unavailable, after all replies that came, when the outcome of a request stays unknown: it is open then.
        """

    def send_open(self) -> Replies:
        """Send the open requests once more, the same bytes; replies and errors as in `send`."""

    def resend(self, unsettled: Unsettled) -> Replies:
        """Send a request of an earlier owner again. One that QBO fails at stays open, without a reply."""

    def is_open(self, unsettled: Unsettled) -> bool:
        """True while the outcome of a request of an earlier owner is not known."""

    def keep(self, unsettled: Unsettled) -> None:
        """Take note of a request that QBO failed at by itself: it goes out again only with its record."""

    def mark_published(self) -> None:
        """The results of all that was answered so far are published."""

    def forget(self) -> None:
        """Drop what is open or kept: the next owner finds it in the journal."""
