"""Where a company stands in one process: its phases, and which of them can follow which.

Two report into one `Lifecycle`: Kafka's side, whether this process owns the company, and the company's owner, how its
work stands. Health pages, status and metrics only read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """Where a company stands in this process."""

    JOINING = "joining"
    """Kafka has not answered yet, or the group has not decided who owns the company."""
    STANDBY = "standby"
    """Another process owns it; this one would take over."""
    WARMING = "warming"
    """Owned here; the journal is resent and the index is being filled."""
    RUNNING = "running"
    PAUSED = "paused"
    """QBO was lost after warm-up; the group membership stays, nothing is dead-lettered."""
    NEEDS_RECONNECT = "needs_reconnect"
    """The connection to QBO needs a person; offsets are kept."""
    STOPPED = "stopped"
    """Stopped by itself (too many dead letters, a wrong answer of QBO, a newer journal); offsets are kept."""


OWNED = frozenset(Phase) - {Phase.JOINING, Phase.STANDBY}
"""The phases of a process that owns the company."""

NEXT: Mapping[Phase, frozenset[Phase]] = {
    Phase.JOINING: frozenset({Phase.STANDBY, Phase.WARMING, Phase.STOPPED}),
    Phase.STANDBY: frozenset({Phase.WARMING, Phase.STOPPED}),
    # because a company that was never warm must not become ready by losing QBO, WARMING leads to no pause
    Phase.WARMING: frozenset({Phase.RUNNING, Phase.NEEDS_RECONNECT, Phase.STOPPED, Phase.STANDBY}),
    Phase.RUNNING: frozenset({Phase.PAUSED, Phase.NEEDS_RECONNECT, Phase.STOPPED, Phase.STANDBY}),
    Phase.PAUSED: frozenset({Phase.RUNNING, Phase.NEEDS_RECONNECT, Phase.STOPPED, Phase.STANDBY}),
    Phase.NEEDS_RECONNECT: frozenset({Phase.RUNNING, Phase.WARMING, Phase.STOPPED, Phase.STANDBY}),
    Phase.STOPPED: frozenset({Phase.RUNNING, Phase.WARMING, Phase.STANDBY}),
}
"""The phases that can follow each phase. Work begins with a warm-up whenever the owner changes."""


class ImpossibleTransitionError(RuntimeError):
    """A phase was reported that cannot follow the one before: a bug of whoever reported it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A phase, why, and the epoch of the ownership; None for who does not own the company."""

    phase: Phase = Phase.JOINING
    reason: str | None = None
    epoch: int | None = None

    def entered(self, phase: Phase, *, reason: str | None = None, epoch: int | None = None) -> Standing:
        """The standing after `phase` was reported. ImpossibleTransitionError when it cannot come next."""
        if phase is not self.phase and phase not in NEXT[self.phase]:
            raise ImpossibleTransitionError(f"a company that is {self.phase} cannot be {phase} next")
        kept = self.epoch if epoch is None else epoch
        return Standing(phase, reason, kept if phase in OWNED else None)


class Lifecycle:
    """The standing of one company; `on_change` hears of each report, with the standing before it."""

    def __init__(self, on_change: Callable[[Standing], None] = lambda _: None) -> None:
        self._standing = Standing()
        self._on_change = on_change

    @property
    def standing(self) -> Standing:
        """What was reported last."""
        return self._standing

    @property
    def phase(self) -> Phase:
        """The phase that was entered last."""
        return self._standing.phase

    def enter(self, phase: Phase, *, reason: str | None = None, epoch: int | None = None) -> None:
        """The company is in `phase` from now on; entering the same phase again renews the reason."""
        before, self._standing = self._standing, self._standing.entered(phase, reason=reason, epoch=epoch)
        self._on_change(before)

    def outage(self, reason: str) -> None:
        """QBO cannot answer: a running company pauses, any other stays where it is."""
        self.enter(Phase.PAUSED if self.phase is Phase.RUNNING else self.phase, reason=reason)

    def recovered(self) -> None:
        """QBO answers again, after an outage or because a person has connected the company anew."""
        waited = self.phase in {Phase.PAUSED, Phase.NEEDS_RECONNECT}
        self.enter(Phase.RUNNING if waited else self.phase)
