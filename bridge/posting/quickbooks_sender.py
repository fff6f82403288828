"""Sends to QBO: pack, journal, send, unpack. What is not journalled is not sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from bridge.journal.requests import Unsettled, Written
from bridge.posting.sending import BoundStep, Replies, StepReply
from bridge.quickbooks.batching import Answer, pack, unpack
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.requests import Batch, Request


class RequestJournal(Protocol):
    """Where requests are written down before they go out."""

    async def append(self, requests: Sequence[Request], steps: Mapping[str, Written]) -> None:
        """Store the requests and their steps; they may be sent only after this has returned."""


Steps = Mapping[str, BoundStep]
"""Bound steps by their own request id."""


class QuickBooksSender:
    """The `Sender` of a company whose books are written; `on_wave` hears the sizes of the requests of each wave."""

    moves_unseen = True

    def __init__(
        self,
        client: QuickBooksClient,
        journal: RequestJournal,
        *,
        items_max: int,
        on_wave: Callable[[Iterable[int]], None],
    ) -> None:
        self._client = client
        self._journal = journal
        self._items_max = items_max
        self._on_wave = on_wave
        self._open: dict[str, tuple[Request, Steps]] = {}

    async def send(self, steps: Sequence[BoundStep]) -> Replies:
        """Write the wave in as few requests as its size allows."""
        async for bound, reply in self._deliver(await self._journalled(steps, items_max=self._items_max)):
            yield bound, reply

    async def send_open(self) -> Replies:
        """Send the requests whose outcome stayed unknown."""
        async for bound, reply in self._deliver([request for request, _ in self._open.values()]):
            yield bound, reply

    async def resend(self, unsettled: Unsettled) -> Mapping[str, StepReply]:
        """Send what an earlier owner, maybe this process, had journalled, under the same request id."""
        self._open.pop(unsettled.request.request_id, None)
        return _replies(unsettled.request, await self._client.send(unsettled.request))

    def forget(self) -> None:
        """Drop the open requests."""
        self._open.clear()

    async def _journalled(self, steps: Sequence[BoundStep], *, items_max: int) -> Sequence[Request]:
        """The requests for `steps`, written down: from here on each of them is open until its answer is known."""
        packed = pack([bound.wire for bound in steps], items_max=items_max)
        if not packed:
            return ()
        by_id = {bound.wire.request_id: bound for bound in steps}
        # because a crash may come at any moment after the send: the next owner must be able to send the same bytes
        await self._journal.append(
            packed, {each: Written(bound.step.id, bound.step.operation) for each, bound in by_id.items()}
        )
        self._on_wave(len(request.items) if isinstance(request, Batch) else 1 for request in packed)
        self._open |= {request.request_id: (request, by_id) for request in packed}
        return packed

    async def _deliver(self, requests: Sequence[Request]) -> Replies:
        """Send all at once; what a call fails with is raised after the replies to the others were taken in."""
        if not requests:
            return
        answers = await self._answers(requests)
        refused: list[BoundStep] = []
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, BaseException):
                continue
            steps = self._open.pop(request.request_id)[1]
            if isinstance(request, Batch) and answer.fault is not None:
                refused += [steps[item.request_id] for item in request.items]
                continue
            for request_id, reply in _replies(request, answer).items():
                yield steps[request_id], reply
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        # because a batch that is refused as a whole says nothing of its items, they go again one by one
        async for bound, reply in self._deliver(await self._journalled(refused, items_max=1)):
            yield bound, reply

    async def _answers(self, requests: Sequence[Request]) -> list[Answer | BaseException]:
        return await asyncio.gather(*(self._client.send(each) for each in requests), return_exceptions=True)


def _replies(request: Request, answer: Answer) -> dict[str, StepReply]:
    """The reply to each step of `request`, by the step's own request id."""
    calls = _call_names(request)
    return {
        request_id: StepReply(answer=step_answer, call=calls[request_id], intuit_tid=answer.intuit_tid)
        for request_id, step_answer in unpack(request, answer).items()
    }


def _call_names(request: Request) -> dict[str, str]:
    if isinstance(request, Batch):
        return {item.request_id: f"{request.request_id}/{item.b_id}" for item in request.items}
    return {request.request_id: request.request_id}
