"""The port between the poster and whoever answers: bound steps out, one reply for each of them back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.journal.requests import Unsettled
from bridge.planning.steps import PlannedStep
from bridge.quickbooks.batching import StepAnswer, WireStep


@dataclass(frozen=True, slots=True)
class BoundStep:
    """A planned step and what goes over the wire for it, every reference an Id."""

    step: PlannedStep
    wire: WireStep


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReply:
    """The entity as it stands in QBO now, or the fault; `call` names the request, and within a batch the item."""

    answer: StepAnswer
    call: str
    intuit_tid: str | None


Replies = AsyncIterator[tuple[BoundStep, StepReply]]


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

    async def resend(self, unsettled: Unsettled) -> Mapping[str, StepReply]:
        """Send a request of an earlier owner again; the replies by the request ids of its steps."""

    def forget(self) -> None:
        """Drop what is open: the next owner finds it in the journal."""
