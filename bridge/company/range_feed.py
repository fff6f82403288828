"""The records of a range, read ahead by one piece in a task of its own, so that nobody waits for a long scan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable

from bridge.journal.jobs import Ends, Job
from contracts.records import InboundRecord

Records = tuple[InboundRecord, ...]
RangeRecords = Callable[[Job, Ends], AsyncGenerator[Records, None]]
"""The records of a job that lie between these ends and in its span, piece by piece in their order."""


class RangeFeed:
    """What of a range lies ready; nothing more is read after `close`."""

    def __init__(self, records: AsyncGenerator[Records, None]) -> None:
        self.is_over = False
        """True once there is nothing more to take."""
        self._ready: asyncio.Queue[Records | Exception | None] = asyncio.Queue(maxsize=1)
        self._task = asyncio.create_task(self._read(records))

    @property
    def is_ready(self) -> bool:
        """Whether `take` has something to say."""
        return not self._ready.empty()

    def take(self) -> Records:
        """What lies ready, nothing where nothing does; raises what the reading failed with."""
        if self._ready.empty():
            return ()
        found = self._ready.get_nowait()
        if isinstance(found, Exception):
            raise found
        self.is_over = found is None
        return found or ()

    def close(self) -> None:
        """Read no further."""
        self._task.cancel()

    async def _read(self, records: AsyncGenerator[Records, None]) -> None:
        try:
            async for piece in records:
                await self._ready.put(piece)
            await self._ready.put(None)
        except Exception as error:  # noqa: BLE001 - whoever takes raises it
            await self._ready.put(error)
        finally:
            await records.aclose()
