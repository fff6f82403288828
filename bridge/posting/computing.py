"""Computing that may take long is done beside the event loop, so that nothing else of the process has to wait for it.

The loop carries the heartbeats of every company's group, the probes and the other companies. An order of thousands of
lines is mapped, planned and bound in seconds, on a machine that others use in more than a group's session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from contracts.records import InboundRecord

STEPS_AT_ONCE = 200
"""So many posting steps are planned or bound in about 20 ms: no more of them are computed in the loop itself."""
BYTES_OF_A_STEP = 200
"""A body of so many bytes is mapped in about the time in which one step is planned."""

Computed = TypeVar("Computed")


async def computed(compute: Callable[[], Computed], *, steps: int) -> Computed:
    """What `compute` gives or raises; it is pure and about so many posting steps large.

    Whoever waits for it changes nothing that it reads. When that wait is cancelled, what it gives is dropped.
    """
    if steps <= STEPS_AT_ONCE:
        return compute()
    # because a thread gives way to the loop every few milliseconds, however large one piece of the work is
    return await asyncio.to_thread(compute)


def steps_of(records: Iterable[InboundRecord]) -> int:
    """About how many posting steps take as long as mapping these."""
    return sum(len(record.value or b"") for record in records) // BYTES_OF_A_STEP
