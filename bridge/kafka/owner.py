"""The seam between Kafka and the machine: what a company's owner is asked to do, and when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from contracts.records import InboundRecord, OutboundRecord


class CompanyOwner(Protocol):
    """Implemented by the machine, driven by `bridge.kafka.ownership_session`, one call at a time.

    It reports to the company's `Lifecycle` how its work stands: running once it has taken over, outages, stops, and
    standby when it is released.
    What it raises decides what happens: `Unavailable` pauses and repeats, `BatchTooLarge` splits the records,
    `AnswerMismatch` and `UnreadableJournal` end the intake, offsets untouched; all else takes the company over again
    (`failed`, `released`, then `take_over`), because nobody knows what is committed.
    """

    async def take_over(self, epoch: int) -> None:
        """Read the journal, resend what is unsettled, warm the index. The old owner is fenced already.

        May run again under the same epoch: after `Unavailable`, and after a settlement whose outcome is unknown.
        """

    async def process(self, records: tuple[InboundRecord, ...]) -> tuple[OutboundRecord, ...]:
        """Everything to publish in the one transaction that also commits the offsets of *records*."""

    async def idle(self) -> tuple[OutboundRecord, ...]:
        """Called about once a second between micro-batches; what it returns is settled without offsets."""

    @property
    def has_more(self) -> bool:
        """Whether `idle` would get on at once, when no records have come."""

    def committed(self) -> None:
        """What `process` or `idle` gave last is settled."""

    def failed(self, reason: str, *, by_record: bool, lost: bool = False) -> int:
        """Work was cut short by `reason`: by one of the records at work, maybe, or because the company was `lost`.

        How often in a row in vain.
        """

    async def released(self) -> None:
        """Not the owner any more, or shutting down. May come after a `take_over` that never finished."""


def _ignore(_: float) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """What is said to the machine beside its work, while that may be running."""

    paused: Callable[[float], None] = _ignore
    """An outage: the next try comes in so many seconds."""

    interrupt: Callable[[bool], None] = _ignore
    """True: the company is let go or may be, so begin nothing more and finish what is under way. False: go on."""


Jitter = Callable[[float, float], float]
"""A number between two bounds: `random.uniform`, or something predictable in a test."""
