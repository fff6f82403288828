"""One company's time as owner: take over, work micro-batch by micro-batch, pause in an outage, let go.

Theory of operation. FastStream's loop polls for ever, so the group membership lives however long the work takes. It
hands a micro-batch in through `offer`; from then on the partitions are paused, and one task (`_serve`) works: process,
settle, resume. A batch that cannot be taken is rewound, which is the only other ending: aiokafka's position has moved
past it already, and the next commit would skip it.

Rule 1: partitions flow only while the inbox is open. Everything else (taking over, working, an outage) is paused, and
        paused again on reassignment, because a rebalance forgets pauses.
Rule 2: a revocation waits for the running micro-batch, at most `drain_timeout_s`, then abandons it.
Rule 3: `_busy` is never held while waiting for the inbox or for a rebalance to end: the revocation waits for it.
Rule 4: records of an older generation are dropped without a rewind: the reassignment has reset the positions.
Rule 5: after an error whose outcome nobody knows the company is taken over again, which reads what is committed.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable, Iterable

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from bridge.kafka.convert import Offsets, first_offsets, next_offsets, partitions
from bridge.kafka.errors import Fenced
from bridge.kafka.microbatch import MicroBatch, Phase
from bridge.kafka.owner import CompanyOwner, Jitter, Signals
from bridge.kafka.publisher import CompanyPublisher
from bridge.kafka.settings import IntakeSettings
from contracts.errors import BatchTooLarge, Unauthorised, Unavailable
from contracts.records import InboundRecord, OutboundRecord

log = structlog.get_logger(__name__)


class OwnershipSession:
    """Drives one `CompanyOwner`; its consumer comes and goes with the rebalances.

    One that does not consume owns the company without taking anything from the group: it works while it is `idle`.
    """

    def __init__(
        self,
        *,
        company: str,
        owner: CompanyOwner,
        publisher: CompanyPublisher,
        settings: IntakeSettings,
        signals: Signals | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Jitter = random.uniform,
    ) -> None:
        self.company = company
        self.phase = Phase.JOINING
        self.generation = 0
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done with the exception that nobody can work on from: a bug, or an answer that was not what was sent."""
        self._owner = owner
        self._publisher = publisher
        self._settings = settings
        self._signals = signals or Signals()
        self._clock = clock
        self._jitter = jitter
        self._consumer: AIOKafkaConsumer | None = None
        self._epoch: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._busy = asyncio.Lock()
        self._assignment_stable = asyncio.Event()
        self._resumed = asyncio.Event()
        self._inbox: asyncio.Future[MicroBatch] | None = None
        self._settled: dict[tuple[str, int], int] = {}
        self._outages = 0
        self._stopping = False

    # What the group says -----------------------------------------------------------------------------------------

    async def revoked(self) -> None:
        """A rebalance began: nothing newer is started, and what runs may finish while we are still the owner."""
        self.generation += 1
        self._assignment_stable.clear()
        if not await self._drained():
            await self.end()

    async def assigned(self, consumer: AIOKafkaConsumer, assigned: Iterable[TopicPartition], epoch: int) -> None:
        """A rebalance ended. Returns soon: heartbeats begin only after the group's listener has returned."""
        self._consumer = consumer
        self._signals.interrupt(False)
        owned = set(assigned)
        if self._stopping or self.failure.done():
            consumer.pause(*owned)
            return
        if not owned:
            await self.end()
            self.phase = Phase.STANDBY
            log.info("company.standby", company=self.company, epoch=epoch)
        elif epoch == self._epoch and self._task is not None and not self._task.done():
            self._seek(self._settled)
            if self._inbox is None:
                consumer.pause(*owned)
        else:
            await self.end()
            consumer.pause(*owned)
            self._epoch = epoch
            self._task = asyncio.create_task(self._serve(epoch), name=f"tenure {self.company} {epoch}")
        self._assignment_stable.set()

    async def end(self) -> None:
        """Own nothing any more: stop working, write nothing more, tell the owner."""
        task, self._task = self._task, None
        self._epoch = None
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._close_inbox()
        await self._release()

    async def drain(self) -> None:
        """Let the running micro-batch finish, within the limit, and start no other: for a graceful stop.

        A rebalance may still come before the group is left; it begins nothing any more.
        """
        self._stopping = True
        self._assignment_stable.clear()
        await self._drained()
        await self.end()
        self.phase = Phase.STOPPED

    def resume(self) -> None:
        """End a pause early: somebody reconnected the company, or told it to go on."""
        self._resumed.set()

    async def _drained(self) -> bool:
        """Wait for the running micro-batch; one that takes longer than a moment is told to begin nothing more."""
        limit_s = self._settings.drain_timeout_s
        grace_s = min(self._settings.drain_grace_s, limit_s)
        if await self._free_within(grace_s):
            return True
        self._signals.interrupt(True)
        if await self._free_within(limit_s - grace_s):
            return True
        log.warning("company.batch_abandoned", company=self.company, after_s=limit_s)
        return False

    async def _free_within(self, limit_s: float) -> bool:
        try:
            async with asyncio.timeout(limit_s), self._busy:
                return True
        except TimeoutError:
            return False

    # What the poll brings ----------------------------------------------------------------------------------------

    def offer(self, batch: MicroBatch) -> None:
        """Take the micro-batch, or rewind it so that it comes again. Either way nothing is skipped."""
        if batch.generation != self.generation:
            log.debug("company.stale_batch", company=self.company, records=len(batch.records))
            return
        if self._inbox is None or self._inbox.done():
            self._rewind(batch)
        else:
            self._inbox.set_result(batch)
        self._pause_all()

    def _open_inbox(self) -> asyncio.Future[MicroBatch]:
        """Let the partitions flow until one micro-batch has come; an owner that consumes nothing waits in vain."""
        if not self._settings.consumes:
            return asyncio.get_running_loop().create_future()
        if self._inbox is None:
            self._inbox = asyncio.get_running_loop().create_future()
            self._owned_consumer().resume(*self._owned_consumer().assignment())
        return self._inbox

    def _close_inbox(self) -> None:
        """Stop the flow; a micro-batch that nobody has taken out comes again."""
        inbox, self._inbox = self._inbox, None
        if inbox is not None and inbox.done():
            self._rewind(inbox.result())
        self._pause_all()

    # Work --------------------------------------------------------------------------------------------------------

    async def _serve(self, epoch: int) -> None:
        """Own the company until cancelled; a failure that is nobody's outage ends the intake."""
        try:
            while True:
                try:
                    await self._take_over(epoch)
                    await self._work()
                except (Fenced, KafkaError, OSError) as error:
                    self.phase = Phase.TAKING_OVER
                    log.warning("company.taken_over_again", company=self.company, epoch=epoch, error=repr(error))
                    self._close_inbox()
                    await self._release()
                    await asyncio.sleep(self._retake_wait_s())
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a bug, or an answer that must not be believed
            self.fail(error)

    async def _take_over(self, epoch: int) -> None:
        """Fence, then read what is committed, then let the owner prepare; repeated for as long as it is unavailable."""
        self.phase = Phase.TAKING_OVER
        log.info("company.taking_over", company=self.company, epoch=epoch)
        while True:
            await self._assignment_stable.wait()
            try:
                if not self._publisher.is_open:
                    await self._open_publisher()
                await self._owner.take_over(epoch)
            except Unavailable as error:
                await self._wait_out(error)
            else:
                break
        self.phase = Phase.OWNER
        self._outages = 0
        log.info("company.owned", company=self.company, epoch=epoch)

    async def _open_publisher(self) -> None:
        """The offsets that came with the assignment may be older than the old owner's last transaction."""
        consumer = self._owned_consumer()
        await self._publisher.open(consumer.commit)
        self._settled.clear()
        for partition in sorted(consumer.assignment()):
            committed = await consumer.committed(partition)
            if committed is None:
                await consumer.seek_to_beginning(partition)
            else:
                self._seek({(partition.topic, partition.partition): committed})

    async def _work(self) -> None:
        """Micro-batch after micro-batch, and a look at what waits at least once a second between them."""
        idle_at = self._clock()
        while True:
            await self._assignment_stable.wait()
            inbox = self._open_inbox()
            await asyncio.wait({inbox}, timeout=max(0.0, idle_at - self._clock()))
            try:
                if inbox.done():
                    self._inbox = None
                    await self._settle_batch(inbox.result())
                if self._clock() >= idle_at:
                    await self._settle_idle()
                    idle_at = self._clock() + self._settings.idle_interval_s
            except Unavailable as error:
                await self._wait_out(error)

    async def _settle_batch(self, batch: MicroBatch) -> None:
        async with self._busy:
            if batch.generation != self.generation or not self._assignment_stable.is_set():
                return
            try:
                taken, outbound = await self._process(batch.records)
            except BaseException:
                self._rewind(batch)
                raise
            offsets = self._still_ours(next_offsets(taken))
            await self._publisher.settle(outbound, offsets)
            self._settled.update(offsets)
            self._outages = 0
            self._rewind(MicroBatch(records=batch.records[len(taken) :], generation=batch.generation))

    async def _process(
        self, records: tuple[InboundRecord, ...]
    ) -> tuple[tuple[InboundRecord, ...], tuple[OutboundRecord, ...]]:
        """What was taken of *records*, from the first one on, and what it led to."""
        try:
            return records, await self._owner.process(records)
        except BatchTooLarge as asked:
            fewer = records[: asked.records]
            return fewer, await self._owner.process(fewer)

    async def _settle_idle(self) -> None:
        async with self._busy:
            if self._assignment_stable.is_set():
                await self._publisher.settle(await self._owner.idle())

    async def _wait_out(self, error: Unavailable) -> None:
        """An outage: nothing flows, polling goes on, the same work is tried again. None while we are to let go."""
        if not self._assignment_stable.is_set():
            return
        wait_s = error.retry_after_s if error.retry_after_s is not None else self._backoff_s()
        self._outages += 1
        phase, self.phase = self.phase, Phase.PAUSED
        self._close_inbox()
        self._resumed.clear()
        self._signals.paused(wait_s)
        shown_s = None if math.isinf(wait_s) else round(wait_s, 1)  # JSON has no word for it
        told = isinstance(error, Unauthorised) and self._outages > 1  # a dead connection is said once
        say = log.debug if told else log.warning
        say("company.paused", company=self.company, wait_s=shown_s, reason=str(error))
        try:
            async with asyncio.timeout(None if math.isinf(wait_s) else wait_s):
                await self._resumed.wait()
        except TimeoutError:
            (log.debug if isinstance(error, Unauthorised) else log.info)("company.resumed", company=self.company)
        self.phase = phase

    async def _release(self) -> None:
        await self._publisher.close()
        await self._owner.released()

    def fail(self, error: Exception) -> None:
        """Nothing more is started, nothing more is committed, and `failure` is done."""
        log.error("company.failed", company=self.company, epoch=self._epoch, exc_info=error)
        self.phase = Phase.STOPPED
        self._close_inbox()
        if not self.failure.done():
            self.failure.set_exception(error)

    # Positions ---------------------------------------------------------------------------------------------------

    def _rewind(self, batch: MicroBatch) -> None:
        """Every partition of the batch, not the first one only."""
        if batch.generation == self.generation:
            self._seek(first_offsets(batch.records))

    def _seek(self, offsets: Offsets) -> None:
        consumer = self._owned_consumer()
        for partition, offset in partitions(self._still_ours(offsets)).items():
            consumer.seek(partition, offset)

    def _pause_all(self) -> None:
        if self._consumer is not None:
            self._consumer.pause(*self._consumer.assignment())

    def _still_ours(self, offsets: Offsets) -> dict[tuple[str, int], int]:
        """A commit or a seek that names one lost partition fails whole."""
        ours = self._owned_consumer().assignment()
        return {position: offset for position, offset in offsets.items() if TopicPartition(*position) in ours}

    def _owned_consumer(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            raise Fenced(self.company)
        return self._consumer

    def _backoff_s(self) -> float:
        """Doubling from the minimum to the maximum, with jitter so that companies do not knock in step."""
        ceiling = min(self._settings.backoff_max_s, self._settings.backoff_min_s * 2 ** min(self._outages, 16))
        return self._jitter(max(self._settings.backoff_min_s, ceiling / 2), ceiling)

    def _retake_wait_s(self) -> float:
        """Long enough for a heartbeat to tell that we are not the owner at all."""
        return 2 * self._settings.heartbeat_interval_ms / 1000
