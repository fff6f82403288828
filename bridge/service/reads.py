"""The metered reads of a process, kept in the company's journal while it makes them: `qbo-bridge status` adds them up.

Written beside every transaction and without one, because nothing rests on them: whoever may not write the journal, or
meets no broker, reads all the same, and the count is short by its reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import structlog

from bridge.config.settings import Settings
from bridge.journal.reads import MonthlyReads
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.errors import BrokerError
from bridge.kafka.journal import entry_record, home_partition
from bridge.kafka.reader import publish
from bridge.kafka.topics import partitions_of
from bridge.quickbooks.client import QuickBooksClient

KEPT_EVERY_S = 60.0
"""What a crash loses of the count is at most what was read in this time."""
LAST_WAIT_S = 5.0
"""So long whoever ends waits for a broker that does not answer."""

log = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def counting_reads(
    settings: Settings, connection: KafkaConnection, company: str, client: QuickBooksClient
) -> AsyncIterator[None]:
    """The reads that `client` makes while the block runs count for the month in the company's journal."""
    counted = _CountedReads(settings.topics.journal, connection, company, client)
    task = asyncio.create_task(counted.keep_on())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if not await counted.keep(LAST_WAIT_S):
            log.warning("reads.not_counted", company=company)


class _CountedReads:
    def __init__(self, topic: str, connection: KafkaConnection, company: str, client: QuickBooksClient) -> None:
        self._topic = topic
        self._connection = connection
        self._company = company
        self._client = client
        self._month = MonthlyReads(secrets.token_hex(6))

    async def keep_on(self) -> None:
        while True:
            await asyncio.sleep(KEPT_EVERY_S)
            await self.keep(KEPT_EVERY_S)

    async def keep(self, wait_s: float) -> bool:
        """Write what was read since the last time; False when that could not be done within `wait_s`."""
        entry = self._month.entry(datetime.now(UTC), self._client.counts.reads)
        if entry is None:
            return True
        try:
            async with asyncio.timeout(wait_s):
                partitions = await partitions_of(self._connection, self._topic)
                if not partitions:
                    return False
                home = home_partition(self._company, len(partitions))
                await publish(self._connection, [entry_record(self._topic, self._company, *entry, partition=home)])
        except (BrokerError, OSError, TimeoutError):
            return False
        self._month.written()
        return True
