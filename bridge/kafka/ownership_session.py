"""One company's time as owner: take over, work micro-batch by micro-batch, wait out an outage, release.

Theory of operation. FastStream's loop polls for ever, so the group membership lives however long the work takes. It
hands a micro-batch in through `offer`; from then on the partitions are paused, and one task works (`owner_work.py`):
process, settle, resume. A batch that cannot be taken is rewound, which is the only other ending (`inbox.py`).

Rule 1: partitions flow only while the inbox is open. Everything else (taking over, working, an outage) is paused, and
        paused again on reassignment, because a rebalance forgets pauses.
Rule 2: a revocation waits for the running micro-batch, at most `drain_timeout_s`, then abandons it.
Rule 3: `busy` is never held while waiting for the inbox or for a rebalance to end: the revocation waits for it.
Rule 4: records of an older generation are dropped without a rewind: the reassignment has reset the positions.
Rule 5: after any error but an outage the company is taken over again, which reads what is committed: with back-off, and
        with fewer records at once where one of them may be to blame. Only an answer about something else than was sent,
        and a journal that cannot be read, end the intake.

The session reports to the company's `Lifecycle` whether this process owns the company; its owner reports how the work
stands.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from bridge.kafka.inbox import Inbox, MicroBatch
from bridge.kafka.outage import OutageWait
from bridge.kafka.owner import CompanyOwner, Jitter, Signals
from bridge.kafka.owner_work import OwnerWork
from bridge.kafka.publisher import CompanyPublisher
from bridge.kafka.settings import IntakeSettings
from contracts.errors import UnreadableJournal
from contracts.lifecycle import Lifecycle, Phase

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
        lifecycle: Lifecycle,
        settings: IntakeSettings,
        signals: Signals | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Jitter = random.uniform,
    ) -> None:
        self.company = company
        self.owns: bool | None = None
        """What the newest assignment says; None until the group has decided."""
        self.failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done with the exception that nobody can work on from: an answer that was not what was sent, for one."""
        self._lifecycle = lifecycle
        self._settings = settings
        self._signals = signals or Signals()
        self._inbox = Inbox(company)
        self._outage = OutageWait(company, settings, self._signals, jitter)
        self._work = OwnerWork(
            company=company,
            owner=owner,
            publisher=publisher,
            lifecycle=lifecycle,
            settings=settings,
            inbox=self._inbox,
            outage=self._outage,
            clock=clock,
        )
        self._epoch: int | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def phase(self) -> Phase:
        """Where the company stands in this process."""
        return self._lifecycle.phase

    @property
    def generation(self) -> int:
        """Counts the rebalances; each micro-batch carries the one that it was polled in."""
        return self._inbox.generation

    # What the group says -----------------------------------------------------------------------------------------

    async def revoked(self) -> None:
        """A rebalance began: nothing newer is started, and what runs may finish while we are still the owner."""
        self._inbox.generation += 1
        self._work.assignment_stable.clear()
        if not await self._drained():
            await self.end()

    async def assigned(self, consumer: AIOKafkaConsumer, assigned: Iterable[TopicPartition], epoch: int) -> None:
        """A rebalance ended. Returns soon: heartbeats begin only after the group's listener has returned."""
        self._inbox.attach(consumer)
        self._signals.interrupt(False)
        owned = set(assigned)
        if self._stopping or self.failure.done():
            consumer.pause(*owned)
            return
        self.owns = bool(owned)
        if not owned:
            await self.end()
            self._lifecycle.enter(Phase.STANDBY)
            log.info("company.standby", company=self.company, epoch=epoch)
        elif epoch == self._epoch and self._task is not None and not self._task.done():
            # because the offsets that aiokafka fetched may be older than our last transaction
            self._inbox.seek(self._work.committed)
            if not self._inbox.is_open:
                consumer.pause(*owned)
        else:
            # because another member may have owned the company since our epoch, nothing that we know of it counts
            await self.end()
            consumer.pause(*owned)
            self._epoch = epoch
            self._task = asyncio.create_task(self._serve(epoch), name=f"ownership {self.company} {epoch}")
        self._work.assignment_stable.set()

    async def end(self) -> None:
        """Own nothing any more: stop working, write nothing more, tell the owner."""
        task, self._task = self._task, None
        self._epoch = None
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._inbox.close()
        await self._work.release()
        if self.failure.done():
            self._lifecycle.enter(Phase.STOPPED, reason=_reason(self.failure.exception()))

    async def drain(self) -> None:
        """Let the running micro-batch finish, within the limit, and start no other: for a graceful stop.

        A rebalance may still come before the group is left; it begins nothing any more.
        """
        self._stopping = True
        self._work.assignment_stable.clear()
        await self._drained()
        await self.end()

    def resume(self) -> None:
        """End a pause early: somebody reconnected the company, or told it to go on."""
        self._outage.resume()

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
            async with asyncio.timeout(limit_s), self._work.busy:
                return True
        except TimeoutError:
            return False

    def lose_positions(self) -> None:
        """Nobody knows where the consumer stands: begin nothing until the group has assigned to another one."""
        self._work.assignment_stable.clear()
        self._inbox.lose()

    # What the poll brings ----------------------------------------------------------------------------------------

    def offer(self, batch: MicroBatch) -> None:
        """Take the micro-batch, or rewind it so that it comes again. Either way nothing is skipped."""
        self._inbox.offer(batch)

    # Ends --------------------------------------------------------------------------------------------------------

    async def _serve(self, epoch: int) -> None:
        """Own the company until cancelled; what would do harm ends the intake."""
        try:
            await self._work.run(epoch)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - an answer that must not be believed, or a bug in letting go
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Nothing more is started, nothing more is committed, and `failure` is done."""
        traced = None if isinstance(error, UnreadableJournal) else error
        log.error("company.failed", company=self.company, epoch=self._epoch, reason=_reason(error), exc_info=traced)
        self._lifecycle.enter(Phase.STOPPED, reason=_reason(error))
        self._inbox.close()
        if not self.failure.done():
            self.failure.set_exception(error)


def _reason(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}"
