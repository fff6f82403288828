"""Intuit's limits for one company, kept by ourselves: a 429 that we cause is time that we waste.

`Budget` is arithmetic over the times of past calls: a call may go when, counted from now, no window holds too many.
Sliding windows mean that no window anywhere, however it is laid, sees more than its limit. `Limiter` adds waiting,
priorities and the number of calls in flight.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from bridge.clock import Clock
from contracts.errors import BridgeError

Kind = Literal["read", "write", "batch"]

MARGIN = 0.02
"""Windows are kept this much longer than published, for calls whose way to Intuit takes unequal time."""
DEFAULT_PAUSE_S = 60.0
"""Intuit's advice after a 429 without Retry-After."""
PAUSE_MAX_S = 3600.0
"""Whatever is asked for or lasts, it is looked at once an hour."""
LONG_THROTTLE_S = 900.0
"""A 429 that lasts this long is no minute's limit (a monthly block, say): the pauses grow up to an hour."""
RECOVERY_HOLD_S = 60.0
RECOVERY_PER_S = 0.005
FRACTION_MIN = 0.1
READS_LEFT = 0.1
"""The part of the requests alone that is left to reads, and to calls of other programs."""
LEFT_TO_LIVE = 0.25
"""The part of a minute's batches that work which can wait leaves to work that cannot."""
NEW_OWNER_FRACTION = 0.5
"""Where a new owner starts: the old one may have spent the rest of this minute."""


class Priority(IntEnum):
    """Who goes first when the budget is short."""

    LIVE = 0
    BACKFILL = 1
    HOUSEKEEPING = 2


_highest: ContextVar[Priority] = ContextVar("highest", default=Priority.LIVE)


@contextlib.contextmanager
def at_most(priority: Priority) -> Iterator[None]:
    """No call that is asked for within the block goes before those of a higher priority, whatever it says itself."""
    token = _highest.set(priority)
    try:
        yield
    finally:
        _highest.reset(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Published limits of one company (Intuit, limits-and-throttles); a batch counts as one request."""

    requests_per_minute: int = 500
    requests_per_second: int = 10
    concurrent_requests: int = 10
    batches_per_minute: int = 40
    batch_items: int = 30


@dataclass(slots=True)
class _Window:
    """At most `calls_max` calls in any `length_s` seconds."""

    calls_max: int
    length_s: float
    times: deque[float] = field(default_factory=deque)

    def allowed(self, fraction: float) -> int:
        """How many calls this part of it is, one at least."""
        return max(1, math.floor(self.calls_max * fraction))

    def wait_s(self, now: float, fraction: float) -> float:
        allowed = self.allowed(fraction)
        while self.times and self.times[0] <= now - self.length_s:
            self.times.popleft()
        return self.times[-allowed] + self.length_s - now if len(self.times) >= allowed else 0.0

    def free(self, now: float, fraction: float) -> int:
        """How many calls may go at once at `now`."""
        self.wait_s(now, fraction)
        return self.allowed(fraction) - len(self.times)

    def wait_of(self, count: int, now: float, fraction: float) -> float:
        """The seconds after which the last of `count` further calls may go, when each goes as soon as it may."""
        allowed, whole = self.allowed(fraction), 0
        while count > allowed:
            count, whole = count - allowed, whole + 1
        over = len(self.times) + count - allowed if count else 0
        last = self.times[over - 1] + self.length_s - now if over > 0 else 0.0
        return max(0.0, last) + whole * self.length_s


class Budget:
    """What may still be called, by the clock of whoever asks. All times are seconds of one monotonic clock.

    After a 429 the company pauses and then works with half of what it used before (multiplicative decrease); after a
    quiet minute the fraction grows steadily to the whole (additive increase, 100 s from half to full).
    """

    def __init__(self, limits: Limits, *, now: float = 0.0) -> None:
        minute = 60.0 * (1 + MARGIN)
        # The second's window is stretched to the minute's pace: a backlog gains nothing by being faster, and calls
        # that take unequal time on the way still arrive within the limit.
        pace = max(1.0 + MARGIN, 60.0 * limits.requests_per_second / limits.requests_per_minute)
        self._requests = (
            _Window(limits.requests_per_minute, minute),
            _Window(limits.requests_per_second, pace),
        )
        self._of_batches = _Window(limits.batches_per_minute, minute)
        self._batches = (self._of_batches, *self._requests)
        # because a batch counts as a request too, as many as batches may go are left to them, and some to reads
        lane = limits.requests_per_minute - limits.batches_per_minute
        self._alone = _Window(math.floor(lane * (1 - READS_LEFT)), minute)
        self._limits = limits
        self._fraction = 1.0
        self._changed_at = now
        self._paused_until = now
        self._throttled_since: float | None = None

    def reserve(self, now: float, kind: Kind) -> float:
        """0.0 when the call may go at `now`, and then it is counted; else the seconds after which to ask again."""
        windows = self._batches if kind == "batch" else self._requests
        fraction = self.fraction(now)
        wait = max(self._paused_until - now, *(window.wait_s(now, fraction) for window in windows))
        if wait > 0:
            return wait
        for window in windows:
            window.times.append(now)
        if kind == "write":
            self._alone.times.append(now)
        return 0.0

    def alone(self, now: float, steps: int) -> int:
        """How many of `steps` writes are done sooner by requests of their own than by batches.

        None while all of them find room in batches that may go at once. Of the rest as many go alone as lets both lanes
        end soonest: the batches, each in the place that frees for it, and the requests at the pace of their limit.
        """
        fraction, items = self.fraction(now), self._limits.batch_items
        at_once = max(0, self._of_batches.free(now, fraction))
        left = steps - at_once * items
        if left <= 0:
            return 0
        free = max(0, self._alone.free(now, fraction))
        pace_s = 60.0 / (self._limits.requests_per_minute * fraction)
        splits = [
            (later, max(0, left - later * items))
            for later in range(math.ceil(left / items) + 1)
            if left - later * items <= free
        ]

        def ends_s(split: tuple[int, int]) -> float:
            batches, alone = at_once + split[0], split[1]
            return max(self._of_batches.wait_of(batches, now, fraction), (batches + alone) * pace_s)

        return min(splits, key=ends_s)[1]

    def has_room(self, now: float, batches: int) -> bool:
        """Whether work that can wait may begin, which needs so many batches: they go at once, and some are left."""
        fraction = self.fraction(now)
        allowed = self._of_batches.allowed(fraction)
        left = math.ceil(allowed * LEFT_TO_LIVE)
        wanted = max(1, min(batches + left, allowed - left))
        return now >= self._paused_until and self._of_batches.free(now, fraction) >= wanted

    def fraction(self, now: float) -> float:
        """The part of each limit that is used at `now`, between 0.1 and 1."""
        quiet = now - self._changed_at - RECOVERY_HOLD_S
        return min(1.0, self._fraction + max(0.0, quiet) * RECOVERY_PER_S)

    def used(self, now: float) -> float:
        """The part of the fullest limit of a minute that the last minute has used, as published: 1 when it is spent."""
        of_minute = (self._requests[0], self._of_batches)
        return max(1 - window.free(now, 1.0) / window.calls_max for window in of_minute)

    def taken_over(self, now: float) -> None:
        """Note that somebody else called until `now`: half of each limit at most, growing as after a 429."""
        self._fraction = min(NEW_OWNER_FRACTION, self.fraction(now))
        self._changed_at = now

    def throttled(self, now: float, retry_after_s: float | None, extra_s: float = 0.0) -> float:
        """Note a 429 at `now`; the seconds of the pause, for everything of this company.

        The pause is what QBO asks for, else a minute; while the throttling lasts it grows up to an hour. `extra_s`
        (jitter) is added.
        """
        if self._throttled_since is None:
            self._throttled_since = now
        pause = DEFAULT_PAUSE_S if retry_after_s is None else min(PAUSE_MAX_S, retry_after_s)
        lasting = now - self._throttled_since
        if lasting > LONG_THROTTLE_S:
            # because QBO that throttles for so long does not mean a burst: asking each minute only adds to it
            pause = max(pause, min(PAUSE_MAX_S, lasting / 4))
        pause += extra_s
        if now >= self._paused_until:
            # because several calls in flight hit the same wall, they are one decrease together
            self._fraction = max(FRACTION_MIN, self.fraction(now) / 2)
        self._changed_at = now + pause
        self._paused_until = max(self._paused_until, now + pause)
        return pause

    def answered(self) -> None:
        """Note an answer that is not a 429: the throttling is over."""
        self._throttled_since = None

    def pause_left_s(self, now: float) -> float:
        """Seconds until anything may be called again; 0 when nothing is paused."""
        return max(0.0, self._paused_until - now)


@dataclass(slots=True, eq=False)
class _Ticket:
    priority: Priority
    number: int
    kind: Kind
    granted: bool = False
    refused: bool = False
    woken: asyncio.Event = field(default_factory=asyncio.Event)


class GateClosed(BridgeError):
    """Nothing more is let through: whoever waits here is to finish what is under way, and to begin nothing."""


class Limiter:
    """One company's gate: `async with limiter.slot("batch"): …` for every call, resends included."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self.limits = limits
        self._clock = clock
        self._budget = Budget(limits, now=clock.monotonic())
        self._in_flight = 0
        self._count = 0
        self._closed = False
        self._waiting: list[_Ticket] = []

    @contextlib.asynccontextmanager
    async def slot(self, kind: Kind, priority: Priority = Priority.LIVE) -> AsyncIterator[None]:
        """Wait until a call of `kind` may go, and hold its place among the calls in flight meanwhile.

        GateClosed for one that has not gone when the gate is closed.
        """
        if self._closed:
            raise GateClosed("the gate is closed")
        ticket = _Ticket(max(priority, _highest.get()), self._count, kind)
        self._count += 1
        self._waiting.append(ticket)
        self._waiting.sort(key=lambda waiting: (waiting.priority, waiting.number))
        try:
            await self._granted(ticket)
            yield
        finally:
            if ticket.granted:
                self._in_flight -= 1
            else:
                self._waiting.remove(ticket)
            self._wake_first()

    @property
    def waiting(self) -> int:
        """How many calls wait to be let through."""
        return len(self._waiting)

    def fraction(self) -> float:
        """The part of each limit that is used now."""
        return self._budget.fraction(self._clock.monotonic())

    def used(self) -> float:
        """The part of the fullest limit of a minute that is used now."""
        return self._budget.used(self._clock.monotonic())

    def alone(self, steps: int) -> int:
        """How many of `steps` writes are done sooner by requests of their own than by batches."""
        return self._budget.alone(self._clock.monotonic(), steps)

    def has_room(self, batches: int) -> bool:
        """Whether work that can wait, and needs so many batches, finds them now and leaves some to the live work."""
        return self._budget.has_room(self._clock.monotonic(), batches)

    def close(self) -> None:
        """Let nothing more through; who waits is sent away at once, who is through finishes."""
        self._closed = True
        for ticket in self._waiting:
            ticket.refused = True
            ticket.woken.set()

    def open(self) -> None:
        """Let calls through again."""
        self._closed = False

    def taken_over(self) -> None:
        """Another process called until now."""
        self._budget.taken_over(self._clock.monotonic())

    def throttled(self, retry_after_s: float | None, extra_s: float = 0.0) -> float:
        """Pause the whole company for a 429; the length of the pause in seconds."""
        return self._budget.throttled(self._clock.monotonic(), retry_after_s, extra_s)

    def answered(self) -> None:
        """QBO answered something else than 429."""
        self._budget.answered()

    def pause_left_s(self) -> float:
        """Seconds until the pause after a 429 ends."""
        return self._budget.pause_left_s(self._clock.monotonic())

    async def _granted(self, ticket: _Ticket) -> None:
        """Return when `ticket` may go. Only the first in the queue minds the time; it lets everyone go who may."""
        while True:
            if ticket.refused:
                raise GateClosed("the gate was closed while this call waited")
            wait = self._grant()
            if ticket.granted:
                break
            ticket.woken.clear()
            waits = [asyncio.ensure_future(ticket.woken.wait())]
            if wait is not None and ticket is self._waiting[0]:
                waits.append(asyncio.ensure_future(self._true_after(wait)))
            try:
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pending in waits:
                    pending.cancel()
        self._wake_first()

    async def _true_after(self, seconds: float) -> Literal[True]:
        await self._clock.sleep(seconds)
        return True

    def _wake_first(self) -> None:
        if self._waiting:
            self._waiting[0].woken.set()

    def _grant(self) -> float | None:
        """Let everyone go who may, in order; the seconds until somebody else might, None when a slot must free.

        All kinds share the windows of requests: when one that is no batch must wait, so must all behind it.
        """
        batches_wait: float | None = None
        for ticket in tuple(self._waiting):
            if self._in_flight >= self.limits.concurrent_requests:
                return None
            if ticket.kind == "batch" and batches_wait is not None:
                continue
            wait = self._budget.reserve(self._clock.monotonic(), ticket.kind)
            if wait > 0 and ticket.kind != "batch":
                return wait if batches_wait is None else min(wait, batches_wait)
            if wait > 0:
                batches_wait = wait
                continue
            self._waiting.remove(ticket)
            self._in_flight += 1
            ticket.granted = True
            ticket.woken.set()
        return batches_wait
