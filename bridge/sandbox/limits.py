"""Intuit's throttles, as sliding windows over a scaled minute.

A refused request does not count; a batch counts as one request (switch: as many as it has items).
"""

from collections import deque

from bridge.sandbox.clock import SandboxClock
from bridge.sandbox.settings import SandboxLimits

MINUTE_S = 60.0


class Window:
    """At most `most` in any span of `span_s` seconds."""

    def __init__(self, most: int, span_s: float) -> None:
        self.most = most
        self.span_s = span_s
        self._taken: deque[float] = deque()

    def room(self, now: float, count: int = 1) -> bool:
        """Whether that many more would fit."""
        while self._taken and now - self._taken[0] >= self.span_s:
            self._taken.popleft()
        return len(self._taken) + count <= self.most

    def take(self, now: float, count: int = 1) -> None:
        """Count them."""
        self._taken.extend([now] * count)


class Throttle:
    """All limits of one realm; those per app are kept by client id."""

    def __init__(self, limits: SandboxLimits, clock: SandboxClock, time_scale: float) -> None:
        self._limits = limits
        self._clock = clock
        self._minute_s = MINUTE_S / time_scale
        self._realm = Window(limits.requests_per_minute, self._minute_s)
        self._realm_batches = Window(limits.batches_per_minute_realm, self._minute_s)
        self._app_bursts: dict[str, Window] = {}
        self._app_batches: dict[str, Window] = {}
        self._in_flight: dict[str, int] = {}
        self.emails = Window(limits.emails_per_day, MINUTE_S * 60 * 24)

    def enter(self, app: str, batch_items: int | None) -> bool:
        """Whether a request may go on; if so it is counted and in flight until `leave`."""
        limits, now = self._limits, self._clock.monotonic()
        if not limits.enforced:
            self._in_flight[app] = self._in_flight.get(app, 0) + 1
            return True
        weight = batch_items if batch_items is not None and limits.batch_counts_items else 1
        burst = self._app_bursts.setdefault(app, Window(limits.requests_per_second, self._minute_s / 60))
        windows = [(self._realm, weight), (burst, 1)]
        if batch_items is not None:
            mine = self._app_batches.setdefault(app, Window(limits.batches_per_minute_app, self._minute_s))
            windows += [(mine, 1), (self._realm_batches, 1)]
        if self._in_flight.get(app, 0) >= limits.concurrent_requests:
            return False
        if not all(window.room(now, count) for window, count in windows):
            return False
        for window, count in windows:
            window.take(now, count)
        self._in_flight[app] = self._in_flight.get(app, 0) + 1
        return True

    def leave(self, app: str) -> None:
        """The request was answered."""
        self._in_flight[app] -= 1

    def may_email(self) -> bool:
        """One of the day's e-mails, if one is left."""
        now = self._clock.monotonic()
        if self._limits.enforced and not self.emails.room(now):
            return False
        self.emails.take(now)
        return True
