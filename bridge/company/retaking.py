"""Taking over again after a failure reads the books again, which Intuit meters: it has a budget by the hour."""

from __future__ import annotations

import math
from collections import deque

from contracts.errors import Unavailable

READS_MAX = 1_000
"""The metered reads of an hour: a failure that lasts a whole day takes 24,000 of the 500,000 that are free a month."""
HOUR_S = 3_600.0


class ReadsSpent(Unavailable):
    """Nothing is wrong with QBO: what may be read of it within an hour after failures is spent."""

    def __init__(self, why: str, wait_s: float) -> None:
        minutes = math.ceil(wait_s / 60)
        said = f"{why}; the reads of this hour for that are spent, so it waits {minutes} min"
        super().__init__(said, retry_after_s=wait_s)


class ReadBudget:
    """What the take-overs of one company after failures have read within the last hour. Times are seconds."""

    def __init__(self, reads_max: int = READS_MAX) -> None:
        self._reads_max = reads_max
        self._spent: deque[tuple[float, int]] = deque()

    def spend(self, reads: int, now_s: float) -> None:
        """So many reads were made by now."""
        self._spent.append((now_s, reads))

    def wait_s(self, now_s: float) -> float:
        """How long the next take-over has to wait; 0 while anything is left."""
        left, wait_s = self._reads_max, 0.0
        for at_s, reads in reversed(self._spent):
            if at_s <= now_s - HOUR_S:
                break
            left -= reads
            if left <= 0:
                # because from then on what is left of the hour is within the budget again
                wait_s = at_s + HOUR_S - now_s
                break
        while self._spent and self._spent[0][0] <= now_s - HOUR_S:
            self._spent.popleft()
        return wait_s
