"""What the intake hands to a company's tenure, and where that stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contracts.records import InboundRecord


class Phase(StrEnum):
    """Where a company stands in this process."""

    JOINING = "joining"
    STANDBY = "standby"
    TAKING_OVER = "taking_over"
    OWNER = "owner"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class MicroBatch:
    """The records of one poll and the assignment that they were polled under."""

    records: tuple[InboundRecord, ...]
    generation: int
