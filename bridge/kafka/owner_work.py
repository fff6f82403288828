"""What an owner does: fence and take over, then micro-batch after micro-batch, each settled with its offsets.

It works only while the assignment is stable, and holds `busy` only while it works on something that it will settle.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from bridge.kafka.convert import next_offsets
from bridge.kafka.errors import Fenced, cause_of, may_be_a_records
from bridge.kafka.heap import spare_what_was_read, visit_everything_again
from bridge.kafka.inbox import Inbox, MicroBatch
from bridge.kafka.outage import OutageWait
from bridge.kafka.owner import CompanyOwner
from bridge.kafka.publisher import CompanyPublisher
from bridge.kafka.settings import IntakeSettings
from contracts.containment import trace_of
from contracts.errors import AnswerMismatch, BatchTooLarge, Unavailable, UnreadableJournal
from contracts.lifecycle import Lifecycle, Phase
from contracts.records import InboundRecord, OutboundRecord

SOON_S = 0.02
"""Between two turns of work that nobody waits for: so long a poll may bring records that go first."""

log = structlog.get_logger(__name__)


class OwnerWork:
    """The work of one company's owner, as long as this process owns the company."""

    def __init__(
        self,
        *,
        company: str,
        owner: CompanyOwner,
        publisher: CompanyPublisher,
        lifecycle: Lifecycle,
        settings: IntakeSettings,
        inbox: Inbox,
        outage: OutageWait,
        clock: Callable[[], float],
    ) -> None:
        self.busy = asyncio.Lock()
        """Held while a micro-batch, or what waits, is at work."""
        self.assignment_stable = asyncio.Event()
        """Set between rebalances: nothing is begun while it is not."""
        self.committed: dict[tuple[str, int], int] = {}
        """Where this owner has settled, by topic and partition."""
        self._company = company
        self._owner = owner
        self._publisher = publisher
        self._lifecycle = lifecycle
        self._settings = settings
        self._inbox = inbox
        self._outage = outage
        self._clock = clock

    async def run(self, epoch: int) -> None:
        """Own the company until cancelled. Raises only what would do harm if the company went on."""
        self._lifecycle.enter(Phase.WARMING, epoch=epoch)
        while True:
            try:
                await self._take_over(epoch)
                await self._work()
            except (AnswerMismatch, UnreadableJournal):
                raise
            except Exception as error:  # noqa: BLE001 - a bug of ours as well must not end the company
                await self._give_back(error, epoch)

    async def _give_back(self, error: Exception, epoch: int) -> None:
        """Release everything after `error`, and wait before the company is taken over again."""
        # because nobody knows whether the last transaction was committed, nor who owns the company by now, what is
        # committed is read again
        cause = cause_of(error)
        is_lost = isinstance(error, Fenced)
        in_vain = self._owner.failed(cause, by_record=may_be_a_records(error), lost=is_lost)
        log.warning("company.taken_over_again", company=self._company, epoch=epoch, reason=cause, trace=trace_of(error))
        self._inbox.close()
        try:
            await self.release()
        except Exception as again:  # noqa: BLE001 - a bug in letting go must not end the company either
            # because the owner drops what it still knows before it takes over, or fails there, nothing stale is used
            log.error("company.release_failed", company=self._company, reason=cause_of(again), trace=trace_of(again))  # noqa: TRY400 - its words may quote a payload
            self._lifecycle.enter(Phase.STANDBY)
        # because a company whose owner works at it is no standby
        self._lifecycle.enter(Phase.WARMING, reason=f"taken over again after {cause}", epoch=epoch)
        await asyncio.sleep(self._retake_wait_s(in_vain))

    async def release(self) -> None:
        """Write nothing more for this ownership, and tell the owner."""
        visit_everything_again()
        await self._publisher.close()
        await self._owner.released()

    async def _take_over(self, epoch: int) -> None:
        """Fence, then read what is committed, then let the owner prepare; repeated for as long as it is unavailable."""
        log.info("company.taking_over", company=self._company, epoch=epoch)
        while True:
            await self.assignment_stable.wait()
            try:
                if not self._publisher.is_open:
                    await self._open_publisher()
                spare_what_was_read()  # because a collection amid a take-over holds up every company of the process
                await self._owner.take_over(epoch)
            except Unavailable as error:
                await self._wait_out(error)
            else:
                break
        spare_what_was_read()
        self._outage.answered()
        log.info("company.owned", company=self._company, epoch=epoch)

    async def _open_publisher(self) -> None:
        """Fence the old owner, and only then read where to go on."""
        consumer = self._inbox.consumer
        await self._publisher.open(consumer.commit)
        # because the offsets that came with the assignment may be older than the old owner's last transaction
        self.committed.clear()
        for partition in sorted(consumer.assignment()):
            committed = await consumer.committed(partition)
            if committed is None:
                await consumer.seek_to_beginning(partition)
            else:
                self._inbox.seek({(partition.topic, partition.partition): committed})

    async def _work(self) -> None:
        """Micro-batch after micro-batch, and a look at what waits at least once a second between them."""
        idle_at = self._clock()
        while True:
            await self.assignment_stable.wait()
            batch = await self._micro_batch(idle_at)
            try:
                if batch is not None:
                    await self._settle_batch(batch)
                if self._clock() >= idle_at:
                    await self._settle_idle()
                    wait_s = self._settings.idle_interval_s
                    idle_at = self._clock() + (min(SOON_S, wait_s) if self._owner.has_more else wait_s)
            except Unavailable as error:
                await self._wait_out(error)

    async def _micro_batch(self, until_s: float) -> MicroBatch | None:
        """The next micro-batch, None when there is none by then; an owner that consumes nothing only waits."""
        wait_s = max(0.0, until_s - self._clock())
        if not self._settings.consumes:
            await asyncio.sleep(wait_s)
            return None
        arrival = self._inbox.open()
        await asyncio.wait({arrival}, timeout=wait_s)
        return self._inbox.take() if arrival.done() else None

    async def _settle_batch(self, batch: MicroBatch) -> None:
        async with self.busy:
            if batch.generation != self._inbox.generation or not self.assignment_stable.is_set():
                return
            try:
                taken, outbound = await self._process(batch.records)
            except BaseException:
                # because the position has moved past the batch, without this the next commit would skip it
                self._inbox.rewind(batch)
                raise
            offsets = self._inbox.still_ours(next_offsets(taken))
            await self._publisher.settle(outbound, offsets)
            self._owner.committed()
            self.committed.update(offsets)
            self._outage.answered()
            self._inbox.rewind(MicroBatch(records=batch.records[len(taken) :], generation=batch.generation))

    async def _process(
        self, records: tuple[InboundRecord, ...]
    ) -> tuple[tuple[InboundRecord, ...], tuple[OutboundRecord, ...]]:
        """What was taken of *records*, from the first one on, and what it led to."""
        try:
            return records, await self._owner.process(records)
        except BatchTooLarge as asked:
            first = records[: asked.records]
            return first, await self._owner.process(first)

    async def _settle_idle(self) -> None:
        async with self.busy:
            if self.assignment_stable.is_set():
                await self._publisher.settle(await self._owner.idle())
                self._owner.committed()

    async def _wait_out(self, error: Unavailable) -> None:
        """Let nothing flow until the outage may be over. Returns at once while the company is to be released."""
        # because a revocation waits for us, an outage must not make it wait longer
        if self.assignment_stable.is_set():
            self._inbox.close()
            await self._outage.wait(error)

    def _retake_wait_s(self, in_vain: int) -> float:
        """Long enough for a heartbeat to tell that we are not the owner at all; longer when tries change nothing."""
        heartbeats_s = 2 * self._settings.heartbeat_interval_ms / 1000
        return max(heartbeats_s, self._outage.wait_after_s(in_vain - 1)) if in_vain > 1 else heartbeats_s
