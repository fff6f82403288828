"""The consumer under FastStream's subscriber: aiokafka's own, watched and filled.

* Watched: one unexpected group error ends aiokafka's coordinator for good, while FastStream's ping stays green and the
  assignment is still shown. So polls are remembered: how long ago the last good one was, and whether one failed.
* Filled: `getmany` answers with whatever lies in its buffer, in a backlog perhaps the last three records of a fetch.
  Poorly filled micro-batches make poorly filled QBO batches, so it is asked again until the batch is full or the
  records stop coming; a lone record waits for no more than `lone_quiet_ms`.
* Waiting: FastStream sleeps after an empty poll for as long as it lets a poll wait, deaf to what comes meanwhile. It is
  told a short time, and a poll waits for `poll_timeout_ms`, or until a record comes.
* Dated: records that were fetched under one assignment must not be handed out under the next.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from bridge.kafka.lenient import read_leniently_after
from bridge.kafka.settings import IntakeSettings

Polled = dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]

LEAVE_TIMEOUT_S = 3.0

POLL_ERROR_SHOWN_S = 60.0
"""A poll that failed is told until records come again, or for this long: what cannot be read fails again by then."""

log = structlog.get_logger(__name__)


class PollHealth:
    """What the watchdog and `/livez` look at; it outlives the consumers that write into it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.last_good: float | None = None
        self.is_broken = False
        self._error: str | None = None
        self._failed_at = 0.0

    def good(self, *, records: bool = False) -> None:
        """A poll came back, with or without records."""
        self.last_good = self.clock()
        if records:
            self._error = None

    def failed(self, error: BaseException) -> None:
        """A poll raised; only a new consumer helps."""
        self.is_broken = True
        self._error, self._failed_at = repr(error), self.clock()

    @property
    def error(self) -> str | None:
        """What the newest failed poll said, for `/readyz`; it outlives the consumers that are rebuilt because of it."""
        return self._error if self.clock() - self._failed_at < POLL_ERROR_SHOWN_S else None

    def renewed(self) -> None:
        """A new consumer has joined."""
        self.last_good, self.is_broken = self.clock(), False

    def ended(self) -> None:
        """Nothing polls: Kafka is away, or was never there. A process that waits for it is alive."""
        self.last_good = None

    def age_s(self) -> float | None:
        """Seconds since the last good poll; None while there is no consumer."""
        return None if self.last_good is None else self.clock() - self.last_good


class WatchedConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """See the module's docstring. *generation* names the current assignment; it changes with every rebalance."""

    def __init__(
        self,
        *args: Any,
        health: PollHealth,
        generation: Callable[[], int],
        settings: IntakeSettings,
        on_built: Callable[[WatchedConsumer], None],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        on_built(self)
        self._health = health
        self._generation = generation
        self._settings = settings
        self._broken: KafkaError | None = None
        self.polled_in = -1
        """The generation that the last handed-out records belong to."""

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None) -> Polled:
        """Poll, then fill up to *max_records*."""
        waits_ms = max(timeout_ms, self._settings.poll_timeout_ms)
        polled = await self._poll(*partitions, timeout_ms=waits_ms, max_records=max_records)
        self._health.good(records=bool(polled))
        self.polled_in = self._generation()
        return await self._fill(polled, max_records) if polled and max_records else polled

    async def _poll(self, *partitions: TopicPartition, timeout_ms: int, max_records: int | None) -> Polled:
        """One poll, the last one if it fails.

        A dead coordinator stays dead; and what the failed call had drained of other partitions is lost, though their
        positions have moved, so going on would skip it.
        """
        if self._broken is not None:
            raise self._broken
        try:
            polled: Polled = await super().getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
        except Exception as error:
            log.warning("kafka.poll_failed", group=self._group_id, error=repr(error))
            self._health.failed(error)
            read_leniently_after(error)
            # FastStream's loop survives Kafka's own errors only.
            self._broken = error if isinstance(error, KafkaError) else KafkaError(repr(error))
            raise self._broken from error
        return polled

    async def _fill(self, polled: Polled, max_records: int) -> Polled:
        deadline = self._health.clock() + self._settings.fill_max_s
        came = sum(map(len, polled.values()))
        missing = max_records - came
        quiet_ms = self._settings.lone_quiet_ms if came <= self._settings.few else self._settings.quiet_ms
        while missing > 0 and self._health.clock() < deadline:
            try:
                more = await self._poll(timeout_ms=quiet_ms, max_records=missing)
            except KafkaError:
                # The next poll raises it again; what was polled before it is sound.
                return polled
            if self._generation() != self.polled_in:
                self.polled_in = self._generation()
                return more
            if not more:
                return polled
            quiet_ms = self._settings.quiet_ms
            for partition, records in more.items():
                polled.setdefault(partition, []).extend(records)
                missing -= len(records)
        return polled

    async def stop(self) -> None:
        """Leave the group, or where that hangs, be gone all the same.

        A join is answered only when the other members have rejoined too, which may take as long as they work.
        A consumer that was left behind half stopped could still be elected owner, with nobody at work.
        """
        try:
            await asyncio.wait_for(super().stop(), LEAVE_TIMEOUT_S)
        except TimeoutError:
            log.warning("kafka.left_without_goodbye", group=self._group_id)
            await self._abandon()

    async def _abandon(self) -> None:
        """The rest of aiokafka's own `stop`: the wait that was cut short has cancelled the coordination task."""
        if self._coordinator is not None:
            await self._coordinator._stop_heartbeat_task()  # noqa: SLF001
            await self._coordinator._stop_commit_offsets_refresh_task()  # noqa: SLF001
        if self._fetcher is not None:
            await self._fetcher.close()
        await self._client.close()
