"""Writes the waves of a schedule: bind, pack, journal, send, unpack, remember. What failed is data, not an exception.

Only the world's trouble is raised (`Unavailable`, `AnswerMismatch`): then nothing is settled, the records come again,
and what was written meanwhile is found in the index.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from bridge.binding import Binder, expected
from bridge.books.books import Books
from bridge.index.index import Posted, order_of
from bridge.journal.requests import Unsettled, Written
from bridge.planning.steps import PlannedStep, Schedule, StepId
from bridge.quickbooks import requests
from bridge.quickbooks.batching import Answer, StepAnswer, WireStep, pack, unpack
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.fault_codes import Action
from bridge.quickbooks.faults import Fault, classify
from bridge.quickbooks.requests import Batch, Request
from bridge.quickbooks.verify import mismatch
from bridge.settlement.step_outcomes import Blocked, Done, Failed, Postponed, Recoverable, StepOutcome, rejection
from contracts.entities import Entity
from contracts.errors import AnswerMismatch, RecordError
from contracts.keys import SourceKey, step_request_id
from contracts.posting import Operation
from contracts.quickbooks import DepositDraft

RECOVERABLE = frozenset(
    {
        Action.STALE,
        Action.DUPLICATE_NAME,
        Action.DUPLICATE_NUMBER,
        Action.REFERENCE_GONE,
        Action.PERIOD_CLOSED,
    }
)
"""Faults that a second look at the books can cure."""


BUSINESS_RULE = "6000"
"""Fault 6000 says in words only what it means, and the words are localised."""
_REPEATED = Fault(code="610", message="the request was answered long ago with what has been made inactive since")
"""A known request id is answered with its first answer: a name that is made anew needs another id then."""

_WIRE: dict[Operation, requests.Operation] = {
    Operation.CREATE: "create",
    Operation.UPDATE: "sparse_update",
    Operation.VOID: "void",
    Operation.DELETE: "delete",
}


class RequestJournal(Protocol):
    """Where requests are written down before they go out."""

    async def append(self, requests: Sequence[Request], steps: Mapping[str, Written]) -> None:
        """Store the requests and their steps; they may be sent only after this has returned."""


Ready = dict[str, tuple[PlannedStep, WireStep]]
"""Bound steps by their own request id."""


class Poster:
    """Posts schedules for one company; `on_wave` hears the sizes of the requests of each wave."""

    def __init__(
        self,
        client: QuickBooksClient,
        books: Books,
        journal: RequestJournal,
        *,
        items_max: int,
        on_wave: Callable[[Iterable[int]], None],
    ) -> None:
        self._client = client
        self._on_wave = on_wave
        self._books = books
        self._journal = journal
        self._items_max = items_max
        self._done: dict[StepId, Done] = {}
        self._open: dict[str, tuple[Request, Ready]] = {}

    @property
    def done(self) -> Mapping[StepId, Done]:
        """Everything written that was not told yet, also when what came after it raised."""
        return self._done

    def mark_published(self, told: Iterable[StepId]) -> None:
        """These writes are told on the bus now."""
        for step_id in told:
            self._done.pop(step_id, None)

    def forget(self) -> None:
        """Know nothing of earlier requests: whoever owns the company next finds them in the journal."""
        self._done.clear()
        self._open.clear()

    async def post(
        self, schedule: Schedule, attempts: Mapping[StepId, int], failed: Mapping[StepId, Failed]
    ) -> dict[StepId, StepOutcome]:
        """Write all waves, one after the other, but for the steps that have `failed` for good.

        `attempts` counts earlier definitive faults of a step: each makes a new request id.
        """
        outcomes: dict[StepId, StepOutcome] = dict(failed)
        for wave in schedule.waves:
            binder = Binder(self._books.index, self._books.profile, schedule.drafts)
            ready: Ready = {}
            for step in wave:
                if step.id in failed:
                    continue
                if step.barred is not None:
                    outcomes[step.id] = Postponed(str(step.barred)) if step.held else Failed(step.barred)
                    continue
                try:
                    bound = self._bound(step, binder, attempts.get(step.id, 0) + 1, outcomes)
                except RecordError as error:
                    outcomes[step.id] = Failed(error)
                    continue
                if isinstance(bound, Blocked):
                    outcomes[step.id] = bound
                else:
                    ready[bound.request_id] = (step, bound)
            outcomes |= await self._send(ready, self._items_max)
        return outcomes

    def _bound(
        self, step: PlannedStep, binder: Binder, attempt: int, outcomes: Mapping[StepId, StepOutcome]
    ) -> WireStep | Blocked:
        """The step with every reference an Id; RecordError when the company lacks one of them."""
        blocker = next((need for need in step.needs if not isinstance(outcomes.get(need), Done)), None)
        return self._wire_step(step, binder, attempt, outcomes) if blocker is None else Blocked(blocker)

    def _wire_step(
        self, step: PlannedStep, binder: Binder, attempt: int, outcomes: Mapping[StepId, StepOutcome]
    ) -> WireStep:
        body = binder.bind(step)
        if step.id.part == "note":
            done = next(outcome for need in step.needs if isinstance(outcome := outcomes[need], Done))
            body["SyncToken"] = str(done.body["SyncToken"])
        named = SourceKey(step.id.key.system, step.id.key.kind, f"{step.id.key.id}@{step.id.part}")
        request_id = step_request_id(
            self._client.realm_id,
            named if step.id.part else step.id.key,
            step.id.entity,
            step.operation.value,
            sync_token=body.get("SyncToken"),
            attempt=attempt,
        )
        return WireStep(entity=step.id.entity, operation=_WIRE[step.operation], body=body, request_id=request_id)

    async def _send(self, ready: Ready, items_max: int) -> dict[StepId, StepOutcome]:
        packed = pack([wire_step for _, wire_step in ready.values()], items_max=items_max)
        if not packed:
            return {}
        steps = {request_id: Written(step.id, step.operation) for request_id, (step, _) in ready.items()}
        await self._journal.append(packed, steps)
        self._on_wave(len(request.items) if isinstance(request, Batch) else 1 for request in packed)
        self._open |= {request.request_id: (request, ready) for request in packed}
        return await self._deliver(packed)

    async def finish_open(self) -> None:
        """Send requests again whose outcome stayed unknown, the same bytes, before anything newer is planned."""
        if self._open:
            await self._deliver([request for request, _ in self._open.values()])

    async def resend(self, unsettled: Unsettled) -> None:
        """Send a request that an earlier owner journalled; what it writes is still to be told on the bus."""
        request = unsettled.request
        self._open.pop(request.request_id, None)
        answer = await self._client.send(request)
        named = _call_names(request)
        for request_id, step_answer in unpack(request, answer).items():
            if not isinstance(step_answer, Fault):
                written = unsettled.steps[request_id]
                self._done[written.step] = Done(
                    operation=written.operation,
                    entity=written.step.entity,
                    body=step_answer,
                    posted=None,
                    request_id=named[request_id],
                    intuit_tid=answer.intuit_tid,
                )

    async def _deliver(self, packed: Sequence[Request]) -> dict[StepId, StepOutcome]:
        """Send all; what one call fails with is raised only after the answers of the others are remembered.

        A batch that is refused as a whole says nothing of its items: they go again one by one.
        """
        answers = await asyncio.gather(*(self._client.send(each) for each in packed), return_exceptions=True)
        outcomes: dict[StepId, StepOutcome] = {}
        alone: Ready = {}
        for request, answer in zip(packed, answers, strict=True):
            if isinstance(answer, BaseException):
                continue
            ready = self._open.pop(request.request_id)[1]
            if isinstance(request, Batch) and answer.fault is not None:
                alone |= {item.request_id: ready[item.request_id] for item in request.items}
            else:
                outcomes |= self._outcomes(request, answer, ready)
        self._done |= {step_id: done for step_id, done in outcomes.items() if isinstance(done, Done)}
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        return {**outcomes, **await self._send(alone, items_max=1)}

    def _outcomes(self, request: Request, answer: Answer, ready: Ready) -> dict[StepId, StepOutcome]:
        named = _call_names(request)
        return {
            ready[request_id][0].id: self._outcome(*ready[request_id], step_answer, named[request_id], answer)
            for request_id, step_answer in unpack(request, answer).items()
        }

    def _outcome(
        self, step: PlannedStep, wire_step: WireStep, step_answer: StepAnswer, call: str, answer: Answer
    ) -> StepOutcome:
        if isinstance(step_answer, Fault):
            disposition = classify(step_answer)
            if disposition.action in RECOVERABLE or _is_overpaid(step, step_answer):
                return Recoverable(step, step_answer, disposition)
            return Failed(rejection(step, step_answer, disposition))
        different = mismatch(expected(step, wire_step.body), step_answer)
        if different is not None:
            raise AnswerMismatch(f"QBO's answer to the {step.id} is not what was sent: {different}")
        if step.operation is Operation.CREATE and self._books.is_dropped(step.id.entity, str(step_answer.get("Id"))):
            return Recoverable(step, _REPEATED, classify(_REPEATED))
        posted = self._remember(step, step_answer)
        self._note_moves(step)
        return Done(
            operation=step.operation,
            entity=step.id.entity,
            body=step_answer,
            posted=posted,
            request_id=call,
            intuit_tid=answer.intuit_tid,
        )

    def _remember(self, step: PlannedStep, answer: Entity) -> Posted | None:
        """What the books hold after the write: nothing any more of what we deleted ourselves."""
        if step.operation is Operation.DELETE:
            self._books.index.forget(step.id.entity, step.id.key)
            return None
        return self._books.remember(step.id.entity, answer)

    def _note_moves(self, step: PlannedStep) -> None:
        """Linking or unlinking moves the SyncToken of the other side, and nobody tells."""
        index = self._books.index
        credited = step.id.entity == "CreditMemo" and self._books.profile.applies_credits
        if step.sale is not None and (step.id.entity == "Payment" or credited):
            index.mark_stale("Invoice", step.sale)
            if step.target is not None:
                index.mark_stale("Invoice", order_of(step.target))
            index.mark_stale("CreditMemo", step.id.key)
            if step.operation is Operation.DELETE and step.target is not None:
                index.mark_stale_with(step.target)
        elif isinstance(step.draft, DepositDraft):
            for deposited in step.draft.payments:
                index.mark_stale("Payment", deposited.payment)


def _is_overpaid(step: PlannedStep, fault: Fault) -> bool:
    """True when a payment may be more than its invoice asks for by now: a person, or a credit, may be on it as well."""
    return fault.code == BUSINESS_RULE and step.id.entity == "Payment" and bool(step.applied)


def _call_names(request: Request) -> dict[str, str]:
    if isinstance(request, Batch):
        return {item.request_id: f"{request.request_id}/{item.b_id}" for item in request.items}
    return {request.request_id: request.request_id}
