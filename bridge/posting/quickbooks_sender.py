"""Sends to QBO: pack, journal, send, unpack. What is not journalled is not sent.

A request that QBO answers with 5xx each time, although it takes other writes meanwhile, is no outage: a batch is cut
down to the item that it fails at, and that one is given up after a look that it is not in the books. It keeps its id
and its bytes, because QBO has been seen to apply writes hours later: when its record comes again, the books are looked
at first and the same bytes go out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog

from bridge.books.books import Books
from bridge.journal.requests import JournalledWrite, Refusal, Unsettled, WriteAhead
from bridge.posting.computing import computed
from bridge.posting.looking import find_written
from bridge.posting.probe import WriteProbe
from bridge.posting.sending import BoundStep, Replies, ResentStep, SentStep, StepReply
from bridge.quickbooks import faults
from bridge.quickbooks.batching import CallAnswer, bodies, pack, split, unpack
from bridge.quickbooks.client import QuickBooksClient
from bridge.quickbooks.faults import Fault
from bridge.quickbooks.requests import Batch, Request, Single
from bridge.quickbooks.retry import FailedEachTime

TRIES_MAX = 10
"""How often a request that QBO fails at by itself goes out before it is given up, in a batch or alone."""
TRIES_AGAIN = 3
"""How often of these once QBO is known to take other writes."""
TRIES_AT_TAKE_OVER = 2
"""How often before the books are read: nobody can say yet whether QBO takes other writes."""
LEFT_FOR_LATER = 3
"""Of the ten: one more of a batch, and two of the item alone."""

log = structlog.get_logger(__name__)


Steps = Mapping[str, SentStep]
"""Steps by their own request id."""


@dataclass(slots=True)
class _Open:
    """A request whose outcome is not known.

    `written_before` is how many writes QBO had taken when it first went out; `again` once it took others since then.
    """

    request: Request
    steps: Steps
    written_before: int
    tries: int = 0
    tries_max: int | None = None
    again: bool = False


@dataclass(slots=True)
class _Kept:
    """A request that was given up, not sent again until its record is `published`; `said` once a reply says so."""

    request: Single
    written: JournalledWrite
    fault: Fault
    published: bool
    said: bool = False


class QuickBooksSender:
    """The `Sender` of a company whose books are written; `on_wave` hears the sizes of the requests of each wave."""

    moves_unseen = True

    def __init__(
        self,
        client: QuickBooksClient,
        journal: WriteAhead,
        books: Books,
        *,
        items_max: int,
        on_wave: Callable[[Iterable[int]], None],
    ) -> None:
        self._client = client
        self._journal = journal
        self._probe = WriteProbe(client, books)
        self._items_max = items_max
        self._on_wave = on_wave
        self._written = 0
        self._open: dict[str, _Open] = {}
        self._kept: dict[str, _Kept] = {}

    async def send(self, steps: Sequence[BoundStep]) -> Replies:
        """Write the wave as the limits let it end soonest; what was given up before is looked for first."""
        kept = [(bound, self._kept.get(bound.wire.request_id)) for bound in steps]
        current = [bound for bound, before in kept if before is None]
        async for each in self._deliver(await self._journalled(current, items_max=self._items_max)):
            yield each
        for bound, before in kept:
            if before is not None:
                async for each in self._send_kept(bound, before):
                    yield each

    async def send_open(self) -> Replies:
        """Send the requests whose outcome stayed unknown."""
        async for each in self._deliver([opened.request for opened in self._open.values()]):
            yield each

    async def resend(self, unsettled: Unsettled) -> Replies:
        """Send what an earlier owner, maybe this process, had journalled, under the same request id."""
        request = unsettled.request
        tries_max = min(TRIES_AT_TAKE_OVER, TRIES_MAX - LEFT_FOR_LATER - unsettled.tries)
        opened = self._open[request.request_id] = _Open(request, _resent(unsettled), self._written, unsettled.tries, 1)
        if tries_max <= 0:
            # because owners that come and go would try it without end, its last tries are for when the books are read
            return
        try:
            answer = await self._client.send(request, tries_max=tries_max)
        except FailedEachTime as error:
            # because one payload that fails would keep the company from ever being taken over
            await self._failed_again(opened, error)
            opened.tries_max = _tries_left(opened)
            return
        for each in self._replies(opened, answer):
            yield each

    def is_open(self, unsettled: Unsettled) -> bool:
        """True while nobody knows what became of it."""
        return unsettled.request.request_id in self._open

    def keep(self, unsettled: Unsettled) -> None:
        """What an earlier owner gave up: its entry stays in the journal until the same bytes have gone through."""
        request, refusal = unsettled.request, unsettled.refusal
        if isinstance(request, Single) and refusal is not None:
            fault = _given_up(refusal.fault_code, refusal.message, refusal.intuit_tid)
            written = unsettled.steps[request.request_id]
            self._kept[request.request_id] = _Kept(request, written, fault, unsettled.is_published)

    def mark_published(self) -> None:
        """The records of what was given up have their results: whoever brings them again has redriven them."""
        for kept in self._kept.values():
            kept.published |= kept.said

    def forget(self) -> None:
        """Drop the open requests and those that were given up."""
        self._open.clear()
        self._kept.clear()

    async def _journalled(self, steps: Sequence[BoundStep], *, items_max: int) -> Sequence[Request]:
        """The requests for `steps`, written down: from here on each of them is open until its answer is known."""
        wires = [bound.wire for bound in steps]
        alone = self._client.alone(len(wires))
        packed = await computed(partial(pack, wires, items_max=items_max, alone=alone), steps=len(wires))
        if not packed:
            return ()
        by_id: dict[str, SentStep] = {bound.wire.request_id: bound for bound in steps}
        # because a crash may come at any moment after the send: the next owner must be able to send the same bytes
        await self._journal.append(packed, _written(by_id))
        self._on_wave(len(request.items) if isinstance(request, Batch) else 1 for request in packed)
        for request in packed:
            self._open[request.request_id] = _Open(request, by_id, self._written)
        return packed

    async def _deliver(self, requests: Sequence[Request]) -> Replies:
        """Send all at once; what a call fails with is raised after the replies to the others were taken in."""
        if not requests:
            return
        answers = await self._answers(requests)
        refused: list[BoundStep] = []
        failing: list[tuple[_Open, FailedEachTime]] = []
        for request, answer in zip(requests, answers, strict=True):
            opened = self._open[request.request_id]
            if isinstance(answer, FailedEachTime):
                await self._failed_again(opened, answer)
                failing.append((opened, answer))
            if isinstance(answer, BaseException):
                continue
            if isinstance(request, Batch) and answer.fault is not None:
                # because a batch that is refused as a whole says nothing of its items, they go again one by one
                del self._open[request.request_id]
                steps = [opened.steps[item.request_id] for item in request.items]
                refused += [step for step in steps if isinstance(step, BoundStep)]
                continue
            for each in self._replies(opened, answer):
                yield each
        for answer in answers:
            if isinstance(answer, BaseException) and not isinstance(answer, FailedEachTime):
                raise answer
        async for each in self._deliver(await self._journalled(refused, items_max=1)):
            yield each
        async for each in self._insist(failing):
            yield each

    async def _failed_again(self, opened: _Open, error: FailedEachTime) -> None:
        """Count the tries, in the journal too: whoever owns the company next has no ten of its own."""
        opened.tries += error.tries
        await self._journal.note_tries(opened.request, _written(opened.steps), opened.tries)

    async def _answers(self, requests: Sequence[Request]) -> list[CallAnswer | BaseException]:
        calls = (self._client.send(each, tries_max=self._open[each.request_id].tries_max) for each in requests)
        return await asyncio.gather(*calls, return_exceptions=True)

    def _replies(self, opened: _Open, answer: CallAnswer) -> Iterable[tuple[SentStep, StepReply]]:
        """The reply to each step of an answered request, which is open no more."""
        request = opened.request
        del self._open[request.request_id]
        calls = _call_names(request)
        for request_id, step_answer in unpack(request, answer).items():
            self._written += not isinstance(step_answer, Fault)
            yield opened.steps[request_id], StepReply(step_answer, calls[request_id], answer.intuit_tid)

    async def _insist(self, failing: Sequence[tuple[_Open, FailedEachTime]]) -> Replies:
        """What became of requests that QBO failed at each time. Their own error when it takes no other write either."""
        if not failing:
            return
        if not await self._takes_others([opened for opened, _ in failing]):
            raise failing[0][1]
        again: list[Request] = []
        for opened, error in failing:
            if opened.again and isinstance(opened.request, Single):
                yield await self._give_up(opened, opened.request, error.fault)
                continue
            async for each in self._cut(opened, again):
                yield each
        async for each in self._deliver(again):
            yield each

    async def _takes_others(self, failing: Sequence[_Open]) -> bool:
        """True when QBO has taken another write since the first try of these, or takes one now.

        Where there is nothing to ask with, the items of a batch are the other writes.
        """
        if self._written > max(opened.written_before for opened in failing):
            return True
        if not self._probe.is_possible:
            return any(isinstance(opened.request, Batch) for opened in failing)
        taken = await self._probe.passes()
        self._written += taken
        return taken

    async def _cut(self, opened: _Open, again: list[Request]) -> Replies:
        """A request alone goes again; of a batch what is in the books is answered, and each other item goes alone."""
        request = opened.request
        if isinstance(request, Single):
            # because the outage may have ended between the last try and the other write
            opened.again, opened.written_before = True, self._written
            opened.tries_max = _tries_left(opened)
            again.append(request)
            return
        sent, names = bodies(request), _call_names(request)
        singles: list[Single] = []
        for single in split(request):
            # because the batch may have been applied: under its own id the item would be written a second time
            found = await find_written(self._client, single, sent[single.request_id])
            if found is None:
                singles.append(single)
            else:
                yield opened.steps[single.request_id], StepReply(found, names[single.request_id], None)
        steps = {single.request_id: opened.steps[single.request_id] for single in singles}
        await self._journal.append(singles, _written(steps), instead_of=request)
        del self._open[request.request_id]
        for single in singles:
            alone = _Open(single, steps, opened.written_before, opened.tries)
            alone.tries_max = _tries_left(alone)
            self._open[single.request_id] = alone
        again += singles

    async def _give_up(self, opened: _Open, request: Single, fault: Fault) -> tuple[SentStep, StepReply]:
        """The reply to a request that QBO fails at by itself: what the books hold of it, else the fault for good."""
        step = opened.steps[request.request_id]
        found = await find_written(self._client, request, bodies(request)[request.request_id])
        if found is not None:
            del self._open[request.request_id]
            return step, StepReply(found, request.request_id, fault.intuit_tid)
        fault = replace(_given_up(_code(fault), fault.message, fault.intuit_tid), detail=fault.detail)
        written = _written({request.request_id: step})[request.request_id]
        await self._journal.refuse(request, written, _refusal(fault))
        log.warning("request.given_up", request_id=request.request_id, step=str(written.step), tries=opened.tries)
        del self._open[request.request_id]
        self._kept[request.request_id] = _Kept(request, written, fault, published=False, said=True)
        return step, StepReply(fault, request.request_id, fault.intuit_tid)

    async def _send_kept(self, bound: BoundStep, kept: _Kept) -> Replies:
        """A record that was given up comes again: the books are looked at, then the same bytes go out once more."""
        request, request_id = kept.request, kept.request.request_id
        if not kept.published:
            # because its owner died before the result was out, the record comes again and nobody has redriven it
            kept.said = True
            self._journal.publish(request, kept.written, _refusal(kept.fault))
            yield bound, StepReply(kept.fault, request_id, kept.fault.intuit_tid)
            return
        (planned,) = pack([bound.wire])
        sent = bodies(request)[request_id]
        step = bound if planned.body == request.body else ResentStep(kept.written, sent, bound.step)
        # because the entry that gave it up is never resent: from here on it is an open request like any other
        await self._journal.append([request], {request_id: kept.written})
        del self._kept[request_id]
        found = await find_written(self._client, request, sent)
        if found is not None:
            yield step, StepReply(found, request_id, None)
            return
        self._open[request_id] = _Open(request, {request_id: step}, self._written, TRIES_MAX - 1, 1, again=True)
        async for each in self._deliver([request]):
            yield each


def _tries_left(opened: _Open) -> int:
    """How often it goes out before it is looked at again: once at least, because the outage may be over."""
    for_its_items = isinstance(opened.request, Batch)
    for_the_look = not opened.again
    return max(1, min(TRIES_AGAIN, TRIES_MAX - for_its_items - for_the_look - opened.tries))


def _written(steps: Steps) -> dict[str, JournalledWrite]:
    """What the journal keeps of each step."""
    return {request_id: step.written for request_id, step in steps.items()}


def _resent(unsettled: Unsettled) -> dict[str, SentStep]:
    sent = bodies(unsettled.request)
    return {request_id: ResentStep(written, sent[request_id]) for request_id, written in unsettled.steps.items()}


def _code(fault: Fault) -> str:
    """QBO's own code, else the HTTP status."""
    return f"http_{fault.http_status}" if fault.code == faults.UNREADABLE else fault.code


def _refusal(fault: Fault) -> Refusal:
    return Refusal("rejected", fault.code, fault.message, fault.intuit_tid)


def _given_up(code: str | None, message: str, tid: str | None) -> Fault:
    """The fault of a request that QBO fails at by itself; a status of 500 keeps anybody from curing it."""
    said = message or "QBO fails at this request each time, and takes others meanwhile"
    return Fault(code=code or "http_500", message=said, http_status=500, intuit_tid=tid)


def _call_names(request: Request) -> dict[str, str]:
    if isinstance(request, Batch):
        return {item.request_id: f"{request.request_id}/{item.b_id}" for item in request.items}
    return {request.request_id: request.request_id}
