"""A backfill is the company's owner for a while: a bounded range through the same pipeline, results told as ever.

It owns the company as a service does, fence, journal, unsettled requests and waiting events included, but it takes
nothing from the group: the group's offsets stay what they are. The range comes from a reader of its own, which reads
ahead by one micro-batch in a task of its own, so that a rebalance never waits for a long scan.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from bridge.clock import Clock
from bridge.commands.backfill.counts import BackfillCounts
from bridge.company.waiting_room import WaitingRoom
from bridge.kafka.owner import CompanyOwner
from bridge.kafka.range import RangeBatch
from contracts.errors import BatchTooLarge, Paused, Unauthorised, Unavailable
from contracts.records import InboundRecord, OutboundRecord
from contracts.results import Result, read_result, result_id

FEED_WAIT_S = 0.5
"""So long the next micro-batch is waited for at once; then the group may have its turn."""
IDLE_EVERY_S = 1.0


class Publisher(Protocol):
    """The company's one writer."""

    async def settle(self, records: Sequence[OutboundRecord]) -> None:
        """Publish all or nothing."""


class ProgressListener(Protocol):
    """Who is told what happens."""

    def results(self, results: Sequence[Result]) -> None:
        """These are on the bus now."""

    def away(self, error: Unavailable) -> None:
        """QBO does not answer, or not to us; the same is tried again."""

    def paused(self, reason: str) -> None:
        """A person has paused the company."""

    def back(self) -> None:
        """QBO answers, and nobody has paused the company."""


Kept = Callable[[tuple[InboundRecord, ...]], Awaitable[tuple[InboundRecord, ...]]]
"""Those of these records that may be settled now; Unavailable when QBO is away."""


class Feed:
    """The micro-batches of a range, read ahead by one."""

    def __init__(self, batches: AsyncIterator[RangeBatch]) -> None:
        self.failure: Exception | None = None
        """What reading failed with; nothing comes any more."""
        self.at_end = False
        """True once the last micro-batch was handed out."""
        self._queue: asyncio.Queue[RangeBatch | None] = asyncio.Queue(maxsize=1)
        self._task = asyncio.create_task(self._read(batches))

    async def next(self) -> RangeBatch | None:
        """The next micro-batch; None when it is not there yet, or there is none."""
        if self.at_end:
            await asyncio.sleep(FEED_WAIT_S)
            return None
        try:
            async with asyncio.timeout(FEED_WAIT_S):
                batch = await self._queue.get()
        except TimeoutError:
            return None
        self.at_end = batch is None
        return batch

    @property
    def is_waiting(self) -> bool:
        """Whether nothing lies ready: what the reader has passed over is all that it has done."""
        return self._queue.empty()

    async def close(self) -> None:
        """Read no further."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self, batches: AsyncIterator[RangeBatch]) -> None:
        try:
            async for batch in batches:
                await self._queue.put(batch)
            await self._queue.put(None)
        except Exception as error:  # noqa: BLE001 - whoever runs the backfill raises it
            self.failure = error


class BackfillOwner:
    """A `CompanyOwner` that works through a feed whenever it is idle; `company` is the machine that does the work."""

    def __init__(  # noqa: PLR0913 - the parts of one run
        self,
        company: CompanyOwner,
        *,
        feed: Feed,
        publisher: Publisher,
        waiting: WaitingRoom,
        counts: BackfillCounts,
        results_topic: str,
        listener: ProgressListener,
        clock: Clock,
        kept: Kept | None = None,
    ) -> None:
        """`kept` decides, micro-batch by micro-batch, what of the range is settled; without it all is."""
        self.finished = False
        """True once every record of the range has its outcome."""
        self.refused: Unauthorised | None = None
        """A person must connect the company: waiting does not help."""
        self.passed = 0
        """Offsets of the range whose records are settled."""
        self._company = company
        self._feed = feed
        self._publisher = publisher
        self._waiting = waiting
        self._counts = counts
        self._results_topic = results_topic
        self._listener = listener
        self._clock = clock
        self._kept = kept
        self._batch: RangeBatch | None = None
        self._idle_at = clock.monotonic()

    @property
    def is_busy(self) -> bool:
        """Whether a micro-batch is at work."""
        return self._batch is not None

    async def take_over(self, epoch: int) -> None:
        """As a service does."""
        with self._telling():
            await self._company.take_over(epoch)

    async def process(self, records: tuple[InboundRecord, ...]) -> tuple[OutboundRecord, ...]:
        """Nobody may give a backfill records of the group: that would commit their offsets."""
        raise RuntimeError(f"a backfill was given {len(records)} records of the group")

    async def idle(self) -> tuple[OutboundRecord, ...]:
        """Settle one micro-batch of the range; one that could not be settled is tried again."""
        if self._batch is None:
            self._batch = await self._feed.next()
        with self._telling():
            if self._batch is not None:
                self._batch = await self._settle_some(self._batch)
            if self._feed.at_end or self._clock.monotonic() >= self._idle_at:
                await self._settle((), await self._company.idle())
                self._idle_at = self._clock.monotonic() + IDLE_EVERY_S
                self.finished = self._feed.at_end and not self._waiting.is_anybody_called
        return ()

    @property
    def has_more(self) -> bool:
        """Never: it is idle all the time."""
        return False

    def committed(self) -> None:
        """Said to the company with each of our own settlements; there is nothing else to settle."""

    def failed(self, reason: str, *, by_record: bool, lost: bool = False) -> int:
        """As a service does."""
        return self._company.failed(reason, by_record=by_record, lost=lost)

    async def _settle_some(self, batch: RangeBatch) -> RangeBatch | None:
        """Settle a micro-batch, or as much of it as may be taken at once; what is left of it."""
        records = batch.records
        # because a plan was rehearsed in the same micro-batches, what comes of one does not depend on where it is cut
        kept = records if self._kept is None else await self._kept(records)
        try:
            outbound = await self._company.process(kept) if kept else ()
        except BatchTooLarge as asked:
            kept = kept[: asked.records]
            records = records[: 1 + records.index(kept[-1])]
            outbound = await self._company.process(kept)
        await self._settle(kept, outbound)
        if len(records) < len(batch.records):
            return replace(batch, records=batch.records[len(records) :])
        self.passed = batch.passed
        return None

    async def released(self) -> None:
        """As a service does; what was not settled comes again."""
        await self._company.released()

    async def _settle(self, records: Sequence[InboundRecord], outbound: Sequence[OutboundRecord]) -> None:
        """Tell the bus, and only then everybody else. An error leaves the micro-batch to be done again."""
        await self._publisher.settle(outbound)
        self._company.committed()
        results = results_in(outbound, self._results_topic)
        self._counts.add(records, results, parked_ids(self._counts.company, records, self._waiting))
        self._listener.results(results)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except Unauthorised as error:
            self.refused = error
            raise
        except Paused as error:
            self._listener.paused(str(error))
            raise
        except Unavailable as error:
            self._listener.away(error)
            raise
        self._listener.back()


def results_in(outbound: Iterable[OutboundRecord], results_topic: str) -> list[Result]:
    """The results among what is published."""
    return [read_result(record.value) for record in outbound if record.topic == results_topic and record.value]


def parked_ids(company: str, records: Iterable[InboundRecord], waiting: WaitingRoom) -> set[str]:
    """The result ids of those of `records` that wait."""
    return {
        result_id(company, *record.position, record.offset) for record in records if waiting.since(record) is not None
    }
