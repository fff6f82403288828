"""Posts the waves of a schedule, one after the other. What failed is data, not an exception.

Only the world's trouble is raised (`Unavailable`, `AnswerMismatch`): then nothing is settled, the records come again,
and what was written meanwhile is found in the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from functools import partial
from typing import TypeVar

from bridge.binding import Binder
from bridge.index.posted import Posted
from bridge.journal.requests import Unsettled
from bridge.planning.steps import PlannedStep, Schedule, StepId
from bridge.posting.computing import computed
from bridge.posting.contradiction import as_it_stood, conflict, moved_by_adoption, taking_back, totals_apart
from bridge.posting.moves import mark_stale_by
from bridge.posting.outcomes import outcome_of, outcome_of_resent, outdated, refusal
from bridge.posting.sending import BoundStep, KnownBooks, Replies, ResentStep, Sender, StepReply
from bridge.posting.wave_binding import bind_wave, prove
from bridge.quickbooks.faults import Fault, describe
from bridge.settlement.step_outcomes import Done, Failed, StepOutcome
from contracts.containment import contained
from contracts.entities import Entity, EntityName
from contracts.errors import RejectedPosting
from contracts.keys import SourceKey
from contracts.posting import Operation, PostingPlan


class Resent(Enum):
    """What became of a request that an earlier owner had journalled."""

    ANSWERED = auto()
    OPEN = auto()
    KEPT = auto()


@dataclass(frozen=True, slots=True)
class Conflict:
    """A document that QBO made over another total, until its record is told; `key` is its entry of the journal."""

    error: RejectedPosting
    key: str | None


OfStep = TypeVar("OfStep", Conflict, Done)


class Poster:
    """Posts schedules for one company through its `sender`."""

    def __init__(self, sender: Sender, books: KnownBooks, *, realm_id: str) -> None:
        self._sender = sender
        self._books = books
        self._realm_id = realm_id
        self._done: dict[StepId, Done] = {}
        self._conflicts: dict[StepId, Conflict] = {}

    @property
    def done(self) -> Mapping[StepId, Done]:
        """All writes whose results are not published yet, also when what came after them raised."""
        return self._done

    def changed_by(self, operation: Operation) -> frozenset[tuple[EntityName, SourceKey]]:
        """What was deleted, voided and so on, of the writes whose results are not published yet."""
        found = (step for step, done in self._done.items() if done.operation is operation)
        return frozenset((step.entity, step.key) for step in found)

    def conflicts_of(self, plan: PostingPlan) -> dict[StepId, Conflict]:
        """What contradicts `plan`: documents of its own that QBO made over another total."""
        if not self._conflicts:
            return {}
        return _of(plan, self._conflicts)

    def done_of(self, plan: PostingPlan) -> dict[StepId, Done]:
        """The writes of `plan`'s own steps whose results are not published yet."""
        return _of(plan, self._done)

    def adopted_by_id(self, step: PlannedStep, document: Posted) -> None:
        """A document of a person has become ours without a write: whoever told of it is credited all the same."""
        body: dict[str, object] = {"Id": document.id, "SyncToken": document.sync_token, "TotalAmt": document.total}
        named = {"DocNumber": document.doc_number, "Balance": document.balance}
        currency = {"CurrencyRef": {"value": document.currency}} if document.currency else {}
        self._done[step.id] = Done(
            operation=step.operation,
            entity=step.id.entity,
            body=body | {name: value for name, value in named.items() if value is not None} | currency,
            posted=document,
            request_id=None,
            intuit_tid=None,
        )

    def mark_published(self, written: Iterable[StepId]) -> None:
        """The results of these writes are published."""
        for step_id in written:
            self._done.pop(step_id, None)
            self._conflicts.pop(step_id, None)
        self._sender.mark_published()

    def forget(self) -> None:
        """Drop open requests and unpublished writes, because another owner may settle them from the journal."""
        self._done.clear()
        self._conflicts.clear()
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
            with contained():
                bound, unsent = await computed(
                    partial(bind_wave, steps, binder, self._realm_id, attempts, outcomes), steps=len(steps)
                )
                # because a bug that showed only while the sender is at work could leave some of them sent
                await computed(partial(prove, bound), steps=len(bound))
            outcomes |= unsent
            outcomes |= await self._take(self._sender.send(bound))
        return outcomes

    async def finish_open(self) -> None:
        """Send requests again whose outcome stayed unknown, the same bytes, before anything newer is planned."""
        await self._take(self._sender.send_open())

    async def resend(self, unsettled: Unsettled) -> Resent:
        """Send a request that an earlier owner journalled; the results of its writes are still to be published.

        Call it before the books are read. AnswerMismatch for an answer about something else.
        """
        if unsettled.refusal is not None:
            self._sender.keep(unsettled)
            return Resent.KEPT
        known = set(self._conflicts)
        async for sent, reply in self._sender.resend(unsettled):
            if isinstance(sent, ResentStep):
                await self._take_resent(sent, reply, key=unsettled.key)
        if self._conflicts.keys() - known:
            return Resent.KEPT
        return Resent.OPEN if self._sender.is_open(unsettled) else Resent.ANSWERED

    async def _take(self, replies: Replies) -> dict[StepId, StepOutcome]:
        """The outcome of each reply, remembered at once, because the next one may be an error that ends the wave."""
        outcomes: dict[StepId, StepOutcome] = {}
        async for sent, reply in replies:
            if isinstance(sent, BoundStep):
                outcomes[sent.step.id] = await self._outcome(sent, reply)
            elif (outcome := await self._take_resent(sent, reply)) is not None:
                outcomes[sent.written.step] = outcome
        return outcomes

    async def _outcome(self, bound: BoundStep, reply: StepReply) -> StepOutcome:
        answer = reply.answer
        if isinstance(answer, Fault):
            # because QBO has been seen to apply a write hours after it was given up
            self._books.index.expect(bound.step.id.entity, bound.wire.body)
            return refusal(bound.step, answer)
        totals = totals_apart(bound.step.id, bound.step.operation, bound.expects, answer)
        if totals and bound.step.operation is Operation.ADOPT:
            return await self._put_back(bound, totals, answer)
        if totals:
            return await self._contradicted(bound.step.id, totals, answer, None)
        outcome = outcome_of(bound, answer, reply, self._books)
        if isinstance(outcome, Done):
            self._keep(bound.step.id, outcome)
            if self._sender.moves_unseen:
                mark_stale_by(bound.step, self._books.index, applies_credits=self._books.profile.applies_credits)
        return outcome

    async def _take_resent(self, sent: ResentStep, reply: StepReply, key: str | None = None) -> StepOutcome | None:
        """What an earlier owner's step has become; an outcome only where it is planned now."""
        planned, written, answer = sent.planned, sent.written, reply.answer
        if isinstance(answer, Fault):
            return refusal(planned, answer) if planned is not None else None
        totals = totals_apart(written.step, written.operation, sent.expects, answer)
        if totals and written.operation is Operation.ADOPT:
            return self._moved(written.step, totals, answer, key)
        if totals:
            return await self._contradicted(written.step, totals, answer, key)
        books = self._books if self._books.is_warm else None
        self._keep(written.step, outcome_of_resent(sent, answer, reply, books))
        return outdated(planned) if planned is not None else None

    def _keep(self, step: StepId, done: Done) -> None:
        """Remember what was written until it is published, and at once what holds since then."""
        self._done[step] = done
        for document, version in done.notes.items() if self._books.is_warm else ():
            self._books.index.note_version(document, version)

    async def _put_back(self, bound: BoundStep, totals: tuple[Decimal, ...], answer: Entity) -> StepOutcome:
        """Our marker has moved the total of what a person made: its lines and its tax are written as they stood."""
        restored = as_it_stood(bound.step, answer)
        binder = Binder(self._books.index, self._books.profile, {})
        steps, _ = bind_wave([restored], binder, self._realm_id, {}, {})
        async for sent, reply in self._sender.send(steps):
            back = reply.answer
            if isinstance(sent, BoundStep) and not isinstance(back, Fault):
                totals = totals_apart(bound.step.id, Operation.ADOPT, sent.expects, back)
                if not totals:
                    outcome = outcome_of(bound, back, reply, self._books)
                    if isinstance(outcome, Done):
                        self._keep(bound.step.id, outcome)
                    return outcome
        return self._moved(bound.step.id, totals, answer, None)

    def _moved(self, step: StepId, totals: tuple[Decimal, ...], answer: Entity, key: str | None) -> Failed:
        """What a person made has another total since our marker is on it: it is never voided for that."""
        error = moved_by_adoption(step, totals, answer)
        self._conflicts[step] = Conflict(error, key)
        return Failed(error)

    async def _contradicted(
        self, step: StepId, totals: tuple[Decimal, ...], answer: Entity, key: str | None
    ) -> StepOutcome:
        """QBO made the document over another total: it is taken back, and the step has failed for good."""
        # because income that nobody earned would stand in the books until a person sees it
        refused = "QBO does not say"
        async for _, reply in self._sender.send([taking_back(step, answer, self._realm_id)]):
            refused = describe(reply.answer) if isinstance(reply.answer, Fault) else ""
        error = conflict(step, totals, answer, refused or None)
        self._conflicts[step] = Conflict(error, key)
        return Failed(error)


def _of(plan: PostingPlan, found: Mapping[StepId, OfStep]) -> dict[StepId, OfStep]:
    """What concerns the steps that `plan` itself names."""
    own = {(step.entity, step.key) for step in plan.steps}
    return {step_id: each for step_id, each in found.items() if step_id[:2] in own}
