"""A company's part of a compacted topic that grows with its documents, kept in memory and followed.

Who stands by has read it long before it takes over; a take-over reads on from there to the end, which is nothing or
little. What was read is kept: a compacted topic is a table, and the newest record of a key is all that counts.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import structlog
from aiokafka.errors import KafkaError

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.journal import KafkaJournal
from bridge.kafka.publisher import CompanyPublisher
from bridge.kafka.reader import read_topic
from contracts.records import InboundRecord

RETRY_S = 15.0

log = structlog.get_logger(__name__)


class FollowedTable(KafkaJournal):
    """One company's entries, as `bridge.journal.entries.Journal` asks for them; `follow` keeps them near their end.

    `taken` hears of each entry that is read.
    """

    def __init__(
        self, *, company: str, topic: str, connection: KafkaConnection, publisher: CompanyPublisher, view: bool = False
    ) -> None:
        super().__init__(company=company, topic=topic, connection=connection, publisher=publisher, view=view)
        self._entries: dict[str, bytes] = {}
        self.taken: Callable[[str, bytes | None], None] = _nobody

    @property
    def known(self) -> dict[str, bytes]:
        """The live entries as far as they were read."""
        return dict(self._entries)

    async def _read_to_the_end(self) -> dict[str, bytes]:
        await self._read_on(past_open_transactions=True)
        return self.known

    async def follow(self) -> None:
        """Read what is written until cancelled. Kafka being away, or the topic missing, is waited for."""
        while True:
            try:
                await self._read_on(follow=True)
            except (OSError, KafkaError) as error:
                log.debug("kafka.not_followed", company=self._company, topic=self._topic, error=type(error).__name__)
                await asyncio.sleep(RETRY_S)

    async def _read_on(self, *, follow: bool = False, past_open_transactions: bool = False) -> None:
        partition = await self._find_home()
        records = read_topic(
            self._connection,
            self._topic,
            partitions=(partition,),
            start={partition: self._read_to} if self._read_to else None,
            follow=follow,
            past_open_transactions=past_open_transactions,
        )
        async with contextlib.aclosing(records):
            async for record in records:
                self._take(record)

    def _take(self, record: InboundRecord) -> None:
        if record.offset < self._read_to:  # because a take-over reads beside the follower
            return
        self._read_to = record.offset + 1
        key = self._own_key(record)
        if key is not None and record.value is not None:
            self._entries[key] = record.value
        elif key is not None:
            self._entries.pop(key, None)
        if key is not None:
            self.taken(key, record.value)


def _nobody(key: str, value: bytes | None) -> None:
    """Nobody wants to hear of entries."""
