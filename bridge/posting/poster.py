"""Posts the waves of a schedule, one after the other. What failed is data, not an exception.

Only the world's trouble is raised (`Unavailable`, `AnswerMismatch`): then nothing is settled, the records come again,
and what was written meanwhile is found in the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bridge.binding import Binder
from bridge.books.books import Books
from bridge.journal.requests import Unsettled
from bridge.planning.steps import Schedule, StepId
from bridge.posting.moves import mark_moved
from bridge.posting.outcomes import outcome_of, outcome_of_resent, outdated, refusal
from bridge.posting.sending import BoundStep, Replies, ResentStep, Sender, SentStep, StepReply
from bridge.posting.wave_binding import bind_wave
from bridge.quickbooks.faults import Fault
from bridge.settlement.step_outcomes import Done, Failed, StepOutcome
from contracts.posting import Operation


class Poster:
    """Posts schedules for one company through its `sender`."""

    def __init__(self, sender: Sender, books: Books, *, realm_id: str) -> None:
        self._sender = sender
        self._books = books
        self._realm_id = realm_id
        self._done: dict[StepId, Done] = {}

    @property
    def done(self) -> Mapping[StepId, Done]:
        """All writes whose results are not published yet, also when what came after them raised."""
        return self._done

    @property
    def deleted(self) -> frozenset[StepId]:
        """What was deleted, of the writes whose results are not published yet."""
        return frozenset(step for step, done in self._done.items() if done.operation is Operation.DELETE)

    def mark_published(self, written: Iterable[StepId]) -> None:
        """The results of these writes are published."""
        for step_id in written:
            self._done.pop(step_id, None)
        self._sender.mark_published()

    def forget(self) -> None:
        """Drop open requests and unpublished writes, because another owner may settle them from the journal."""
        self._done.clear()
        self._sender.forget()

    async def post(
        self, schedule: Schedule, attempts: Mapping[StepId, int], failed: Mapping[StepId, Failed]
    ) -> dict[StepId, StepOutcome]:
        """Write all waves, one after the other, but for the steps that have `failed` for good.

        `attempts` counts earlier definitive faults of a step: each makes a new request id.
        """
        outcomes: dict[StepId, StepOutcome] = dict(failed)
        for wave in schedule.waves:
            binder = Binder(self._books.index, self._books.profile, schedule.drafts)
            steps = [step for step in wave if step.id not in failed]
            bound, unsent = bind_wave(steps, binder, self._realm_id, attempts, outcomes)
            outcomes |= unsent
            outcomes |= await self._take(self._sender.send(bound))
        return outcomes

    async def finish_open(self) -> None:
        """Send requests again whose outcome stayed unknown, the same bytes, before anything newer is planned."""
        await self._take(self._sender.send_open())

    async def resend(self, unsettled: Unsettled) -> bool:
        """Send a request that an earlier owner journalled; the results of its writes are still to be published.

        Call it before the books are read. False when its entry has to stay in the journal: its outcome is not known
        yet, or it was given up.
        """
        if unsettled.refusal is not None:
            self._sender.keep(unsettled)
            return False
        async for sent, reply in self._sender.resend(unsettled):
            if isinstance(sent, ResentStep):
                self._take_resent(sent, reply, warm=False)
        return not self._sender.is_open(unsettled)

    async def _take(self, replies: Replies) -> dict[StepId, StepOutcome]:
        """The outcome of each reply, remembered at once, because the next one may be an error that ends the wave."""
        outcomes: dict[StepId, StepOutcome] = {}
        async for sent, reply in replies:
            outcome = self._outcome(sent, reply) if isinstance(sent, BoundStep) else self._take_resent(sent, reply)
            if outcome is not None:
                outcomes[_step_id(sent)] = outcome
        return outcomes

    def _outcome(self, bound: BoundStep, reply: StepReply) -> StepOutcome:
        outcome = outcome_of(bound, reply, self._books)
        if isinstance(outcome, Done):
            self._done[bound.step.id] = outcome
            if self._sender.moves_unseen:
                mark_moved(bound.step, self._books.index, applies_credits=self._books.profile.applies_credits)
        return outcome

    def _take_resent(self, sent: ResentStep, reply: StepReply, *, warm: bool = True) -> StepOutcome | None:
        """What an earlier owner's step has become; an outcome only where it is planned now."""
        planned = sent.planned
        if isinstance(reply.answer, Fault):
            return refusal(planned, reply.answer) if planned is not None else None
        books = self._books if warm else None
        self._done[sent.written.step] = outcome_of_resent(sent, reply.answer, reply, books)
        return outdated(planned) if planned is not None else None


def _step_id(sent: SentStep) -> StepId:
    return sent.step.id if isinstance(sent, BoundStep) else sent.written.step
