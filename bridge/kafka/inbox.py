"""One micro-batch at a time: partitions flow until it has come, and what is not taken is rewound.

aiokafka's position has moved past a micro-batch when it is handed in, so the next commit would skip one that is neither
settled nor rewound.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from bridge.kafka.convert import Offsets, first_offsets, partitions
from bridge.kafka.errors import Fenced
from contracts.records import InboundRecord

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class MicroBatch:
    """The records of one poll and the assignment that they were polled under."""

    records: tuple[InboundRecord, ...]
    generation: int


class Inbox:
    """The place for one micro-batch of one company, and the positions of its consumer."""

    def __init__(self, company: str) -> None:
        self.generation = 0
        """Counts the rebalances: positions of an older generation mean nothing any more."""
        self._company = company
        self._consumer: AIOKafkaConsumer | None = None
        self._place: asyncio.Future[MicroBatch] | None = None

    @property
    def consumer(self) -> AIOKafkaConsumer:
        """The consumer of the newest assignment; Fenced before the first one."""
        if self._consumer is None:
            raise Fenced(self._company)
        return self._consumer

    @property
    def is_open(self) -> bool:
        """True while partitions flow, or a micro-batch waits to be taken."""
        return self._place is not None

    def attach(self, consumer: AIOKafkaConsumer) -> None:
        """Partitions come from this consumer from now on."""
        self._consumer = consumer

    def offer(self, batch: MicroBatch) -> None:
        """Take the micro-batch, or rewind it so that it comes again. Either way nothing is skipped."""
        if batch.generation != self.generation:
            # because the reassignment has reset the positions, these records come again without a rewind
            log.debug("company.stale_batch", company=self._company, records=len(batch.records))
            return
        if self._place is None or self._place.done():
            self.rewind(batch)
        else:
            self._place.set_result(batch)
        self._pause()

    def open(self) -> asyncio.Future[MicroBatch]:
        """Let the partitions flow until one micro-batch has come: the future is done with it then."""
        if self._place is None:
            self._place = asyncio.get_running_loop().create_future()
            self.consumer.resume(*self.consumer.assignment())
        return self._place

    def take(self) -> MicroBatch:
        """The micro-batch that has come; the caller settles or rewinds it."""
        place, self._place = self._place, None
        if place is None:
            raise RuntimeError("no micro-batch has come")
        return place.result()

    def close(self) -> None:
        """Stop the flow; a micro-batch that nobody has taken comes again."""
        place, self._place = self._place, None
        if place is not None and place.done():
            self.rewind(place.result())
        self._pause()

    def lose(self) -> None:
        """Take nothing more, and rewind nothing: positions mean nothing any more."""
        self.generation += 1
        self._place = None

    def rewind(self, batch: MicroBatch) -> None:
        """Let the records come again: every partition of the batch, not the first one only."""
        if batch.generation == self.generation:
            self.seek(first_offsets(batch.records))

    def seek(self, offsets: Offsets) -> None:
        """Go on at these offsets, where the partitions are still ours."""
        for partition, offset in partitions(self.still_ours(offsets)).items():
            self.consumer.seek(partition, offset)

    def still_ours(self, offsets: Offsets) -> dict[tuple[str, int], int]:
        """The part of `offsets` that is assigned here, because a commit or a seek that names a lost one fails whole."""
        ours = self.consumer.assignment()
        return {position: offset for position, offset in offsets.items() if TopicPartition(*position) in ours}

    def _pause(self) -> None:
        if self._consumer is not None:
            self._consumer.pause(*self._consumer.assignment())
