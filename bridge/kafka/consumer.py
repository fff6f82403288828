"""The consumer under FastStream's subscriber: aiokafka's own, watched and filled.

* Watched: one unexpected group error ends aiokafka's coordinator for good, while FastStream's ping stays green and the
  assignment is still shown. So polls are remembered: how long ago the last good one was, and how many failed since.
* Filled: `getmany` answers with whatever lies in its buffer, in a backlog perhaps the last three records of a fetch.
  Poorly filled micro-batches make poorly filled QBO batches, so it is asked again until the batch is full or the
  records stop coming; a lone record waits for no more than *quiet_ms*.
* Dated: records that were fetched under one assignment must not be handed out under the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

Polled = dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]

FILL_MAX_S = 0.1
"""However steadily records trickle in, a micro-batch is handed out after this long."""

log = structlog.get_logger(__name__)


class PollHealth:
    """What the watchdog and `/livez` look at; it outlives the consumers that write into it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.last_good: float | None = None
        self.failures = 0

    def good(self) -> None:
        """A poll came back, with or without records."""
        self.last_good, self.failures = self._clock(), 0

    def failed(self) -> None:
        """A poll raised an error of the group or the broker."""
        self.failures += 1

    def age_s(self) -> float | None:
        """Seconds since the last good poll; None before the first."""
        return None if self.last_good is None else self._clock() - self.last_good


class WatchedConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """See the module's docstring. *generation* names the current assignment; it changes with every rebalance."""

    def __init__(
        self,
        *args: Any,
        health: PollHealth,
        generation: Callable[[], int],
        quiet_ms: int,
        on_built: Callable[[WatchedConsumer], None],
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        on_built(self)
        self._health = health
        self._generation = generation
        self._quiet_ms = quiet_ms
        self.polled_in = -1
        """The generation that the last handed-out records belong to."""

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None) -> Polled:
        """Poll, then fill up to *max_records*."""
        try:
            polled: Polled = await super().getmany(*partitions, timeout_ms=timeout_ms, max_records=max_records)
        except KafkaError as error:
            self._health.failed()
            log.warning("kafka.poll_failed", group=self._group_id, error=repr(error))
            raise
        self._health.good()
        self.polled_in = self._generation()
        return await self._fill(polled, max_records) if polled and max_records else polled

    async def _fill(self, polled: Polled, max_records: int) -> Polled:
        deadline = time.monotonic() + FILL_MAX_S
        missing = max_records - sum(map(len, polled.values()))
        while missing > 0 and time.monotonic() < deadline:
            try:
                more: Polled = await super().getmany(timeout_ms=self._quiet_ms, max_records=missing)
            except KafkaError:
                # What was polled already must be handed out: the consumer's position has moved past it.
                return polled
            if self._generation() != self.polled_in:
                self.polled_in = self._generation()
                return more
            if not more:
                return polled
            for partition, records in more.items():
                polled.setdefault(partition, []).extend(records)
                missing -= len(records)
        return polled
