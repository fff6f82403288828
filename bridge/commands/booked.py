"""When each company booked something last, as far as results tell it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bridge.commands.glance import ResultGlance


@dataclass(slots=True)
class LastBooked:
    """By company the newest time at which a result of it was posted; `is_whole` once all results were looked at."""

    at: dict[str, datetime] = field(default_factory=dict)
    is_whole: bool = False

    def take(self, result: ResultGlance) -> None:
        """Take in one result; what it says of its time and is no time says nothing."""
        try:
            at = datetime.fromisoformat(result.posted_at)
        except ValueError:
            return
        known = self.at.get(result.company)
        if known is None or known < at:
            self.at[result.company] = at
