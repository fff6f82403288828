"""The one place that tries again.

An outcome that is not known (timeout, reset, 5xx, an answer that is not whole) is asked for again with the same bytes
under the same request id, so that QBO either does it once or says what it did. That is bounded; then the company is
`Unavailable` and the caller comes back later, again with the same bytes. Refusals that are certain are values.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

import structlog

from bridge.clock import Clock
from bridge.quickbooks import faults
from bridge.quickbooks.batching import CallAnswer
from bridge.quickbooks.fault_codes import Action
from bridge.quickbooks.faults import Disposition, Fault
from bridge.quickbooks.limiter import GateClosed, Kind, Limiter, Priority
from bridge.quickbooks.retry_policy import CallState, Next, RetryPolicy, backoff_s, next_after
from contracts.errors import Interrupted, Unauthorised, Unavailable

BLOCKED_RETRY_S = 900.0
"""How long a company rests that takes no writes until a person has acted."""

JITTER_S = 5.0
"""Up to this much is added to a pause, so that apps which were throttled together do not come back together."""

log = structlog.get_logger(__name__)


class FailedEachTime(Unavailable):
    """QBO answered each of `tries` and failed at each: this request may be what it fails at, or it fails at all."""

    def __init__(self, message: str, *, fault: Fault, tries: int, retry_after_s: float | None) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.fault = fault
        self.tries = tries


class TokenSource(Protocol):
    """Whoever hands out access tokens."""

    async def access_token(self) -> str:
        """A token that should work."""
        ...

    async def renewed(self, refused: str) -> str:
        """Another token than the one that was refused."""
        ...

    def forget(self) -> None:
        """What was handed out belongs to a connection that is dead."""


class RetryingSender:
    """Carries calls of one company: limits, tokens, resends; `highest` is the priority that none of them exceeds."""

    def __init__(
        self,
        realm_id: str,
        *,
        limiter: Limiter,
        tokens: TokenSource,
        clock: Clock,
        policy: RetryPolicy,
        jitter: Callable[[], float],
        highest: Priority = Priority.LIVE,
    ) -> None:
        self.limiter = limiter
        self._highest = highest
        self._realm_id = realm_id
        self._tokens = tokens
        self._clock = clock
        self._policy = policy
        self._jitter = jitter
        self._interrupted = asyncio.Event()
        self._disconnected = False
        self.under_way = 0
        """Calls that were asked for and are not answered: at work, waiting for the limits, or for another try."""

    async def deliver(
        self,
        attempt: Callable[[str], Awaitable[CallAnswer]],
        open_question: Callable[[CallAnswer], Disposition | None],
        *,
        kind: Kind,
        priority: Priority = Priority.LIVE,
        tries_max: int | None = None,
    ) -> CallAnswer:
        """Call `attempt(access token)` until `open_question` of its answer is None, `tries_max` times at most.

        Unavailable when that takes too long (with the seconds after which to come back, where QBO says so),
        FailedEachTime when QBO did answer each try, with a failure of its own, Interrupted when it was told to begin
        nothing more, Unauthorised when the connection to QBO is dead.
        """
        policy = self._policy if tries_max is None else replace(self._policy, attempts_max=tries_max)
        self.under_way += 1
        try:
            return await self._deliver(attempt, open_question, kind=kind, priority=priority, policy=policy)
        except GateClosed:
            raise Interrupted(f"company {self._realm_id} is let go") from None
        finally:
            self.under_way -= 1

    def interrupt(self) -> None:
        """Begin nothing more: calls that wait for their turn or for another try end at once, the others finish."""
        self._interrupted.set()
        self.limiter.close()

    def go_on(self) -> None:
        """Calls may begin again."""
        self._interrupted.clear()
        self.limiter.open()

    async def _deliver(
        self,
        attempt: Callable[[str], Awaitable[CallAnswer]],
        open_question: Callable[[CallAnswer], Disposition | None],
        *,
        kind: Kind,
        priority: Priority,
        policy: RetryPolicy,
    ) -> CallAnswer:
        state = CallState(began_at=self._clock.monotonic())
        token = await self._first_token()
        while True:
            self._refuse_long_pause()
            async with self.limiter.slot(kind, max(priority, self._highest)):
                state.attempts += 1
                answer = await attempt(token)
            question = open_question(answer)
            self._note(question, answer, state)
            match next_after(question, state, policy, self._clock.monotonic()):
                case Next.DONE:
                    self._disconnected = False
                    return replace(answer, attempts=state.attempts)
                case Next.RESEND:
                    await self._pause(self._wait_s(question, state))
                case Next.RENEW:
                    token = await self._renewed(token)
                case Next.GIVE_UP:
                    raise self._unavailable(answer, question, state)
                case Next.DISCONNECTED:
                    self._tokens.forget()
                    raise self._report(Unauthorised(_sentence(self._realm_id, "must be connected again", answer)))
                case Next.PAUSE:
                    continue  # the limiter holds everything back until the pause is over

    def _note(self, question: Disposition | None, answer: CallAnswer, state: CallState) -> None:
        """Count what a question means for the rest of this call, and tell the limiter of throttling and its end."""
        action = question.action if question else None
        if question is not None and action is Action.THROTTLED:
            state.throttles += 1
            pause = self.limiter.throttled(question.retry_after_s, JITTER_S * self._jitter())
            log.warning("qbo.throttled", realm_id=self._realm_id, wait_s=round(pause, 1))
        elif answer.http_status:
            self.limiter.answered()
        state.refusals += action is Action.REFRESH_TOKEN
        state.failures += action is Action.RETRY_SAME and bool(answer.http_status)

    async def _first_token(self) -> str:
        try:
            return await self._tokens.access_token()
        except Unauthorised as error:
            raise self._report(error) from None

    async def _renewed(self, refused: str) -> str:
        try:
            return await self._tokens.renewed(refused)
        except Unauthorised as error:
            raise self._report(error) from None

    async def _pause(self, seconds: float) -> None:
        """Wait before the next try, unless there is to be none: then the gate is closed."""
        waits = [asyncio.ensure_future(each) for each in (self._clock.sleep(seconds), self._interrupted.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pending in waits:
                pending.cancel()

    def _wait_s(self, question: Disposition | None, state: CallState) -> float:
        asked = question.retry_after_s if question else None
        wait = backoff_s(self._policy, state.attempts, self._jitter())
        return max(wait, min(asked or 0.0, self._policy.wait_max_s))

    def _refuse_long_pause(self) -> None:
        left = self.limiter.pause_left_s()
        if left > self._policy.pause_max_s:
            raise Unavailable(f"QBO throttles company {self._realm_id}", retry_after_s=left)

    def _unavailable(self, answer: CallAnswer, question: Disposition | None, state: CallState) -> Unavailable:
        """The error for a call that is given up; when to come back is QBO's to say, else the caller's back-off."""
        asked = (question.retry_after_s if question else None) or 0.0
        if question and question.action is Action.BLOCKED:
            asked = BLOCKED_RETRY_S
        asked = max(asked, self.limiter.pause_left_s())
        code = answer.fault.code if answer.fault else faults.UNREADABLE
        log.info(
            "qbo.unavailable",
            realm_id=self._realm_id,
            fault_code=code,
            intuit_tid=answer.intuit_tid,
            attempts=state.attempts,
        )
        sentence = _sentence(self._realm_id, "gets no answer that counts", answer)
        fault = answer.fault or Fault(code=faults.UNREADABLE, http_status=answer.http_status)
        # because a batch is answered with 200 although QBO failed at each of its items
        failed = fault.http_status >= 500 or (question is not None and question.suspect)
        if failed and state.failures == state.attempts:
            return FailedEachTime(sentence, fault=fault, tries=state.attempts, retry_after_s=asked or None)
        return Unavailable(sentence, retry_after_s=asked or None)

    def _report(self, error: Unauthorised) -> Unauthorised:
        """Say it once, not with every call that is turned away."""
        if not self._disconnected:
            log.error("qbo.disconnected", realm_id=self._realm_id, reason=str(error))
        self._disconnected = True
        return error


def _sentence(realm_id: str, what: str, answer: CallAnswer) -> str:
    said = f": {faults.describe(answer.fault)}" if answer.fault else ""
    return f"company {realm_id} {what}{said}"
