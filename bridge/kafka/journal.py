"""The write-ahead journal: what is about to be sent, before it is sent, and what waits, in a compacted topic.

All entries of a company lie in one partition (a stable hash of its name), so they have one order and a new owner reads
one partition. Keys carry the company's name, since several companies share a partition. The contents are the machine's;
here they are bytes.

`append` is a Kafka transaction of its own, through the company's one producer: an owner that was fenced cannot journal,
and what is not journalled is not sent. Entries end as tombstones inside the settlement (`journal_record`), in the same
transaction as the results that they led to.

The number of partitions decides where a company lives: it must not change while entries are unsettled.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import AsyncGenerator, Callable, Sequence

from aiokafka.errors import UnknownTopicOrPartitionError

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.publisher import CompanyPublisher
from bridge.kafka.reader import read_topic
from bridge.kafka.topics import partitions_of
from contracts.records import InboundRecord, OutboundRecord


def home_partition(company: str, partitions: int) -> int:
    """The same in every process and version, which Python's own `hash` is not."""
    return zlib.crc32(company.encode()) % partitions


def entry_record(topic: str, company: str, key: str, value: bytes | None, *, partition: int) -> OutboundRecord:
    """An entry of a company, or with None its end, in the company's home partition."""
    return OutboundRecord(topic=topic, key=f"{company}:{key}".encode(), value=value, partition=partition)


class KafkaJournal:
    """One company's entries, as `bridge.journal.entries.Journal` asks for them.

    `read` comes first: it finds the company's partition. A `view` is only looked at: nothing is ever written to it, and
    a topic that it does not find is empty.
    """

    def __init__(
        self, *, company: str, topic: str, connection: KafkaConnection, publisher: CompanyPublisher, view: bool = False
    ) -> None:
        self._company = company
        self._topic = topic
        self._connection = connection
        self._publisher = publisher
        self._view = view
        self._partition: int | None = None
        self._read_to = 0

    async def read(self) -> dict[str, bytes]:
        """The live entries, oldest key first. Called by a new owner after it has fenced the old one.

        It reads past what *other* companies have open in the same partition: an entry of ours that was committed
        behind their open transaction must not be missed, so their transaction is waited for.
        """
        try:
            return await self._read_to_the_end()
        except UnknownTopicOrPartitionError:
            if not self._view:
                raise
            self._partition = 0
            return {}

    async def _read_to_the_end(self) -> dict[str, bytes]:
        entries: dict[str, bytes] = {}
        async with contextlib.aclosing(self.history()) as records:
            async for key, value, _ in records:
                entries.pop(key, None)
                if value is not None:
                    entries[key] = value
        return entries

    async def history(self) -> AsyncGenerator[tuple[str, bytes | None, int], None]:
        """All of our records that are left, in their order: key, value (None ends an entry), timestamp in ms."""
        partition = await self._find_home()
        async for record in read_topic(
            self._connection, self._topic, partitions=(partition,), past_open_transactions=True
        ):
            self._read_to = record.offset + 1
            key = self._own_key(record)
            if key is not None:
                yield key, record.value, record.timestamp_ms

    async def read_on(self) -> dict[str, bytes]:
        """The entries that were written since this or `read` was asked last, by us or by a command."""
        try:
            partition = await self._find_home()
        except UnknownTopicOrPartitionError:
            if not self._view:
                raise
            return {}
        written: dict[str, bytes] = {}
        records = read_topic(
            self._connection,
            self._topic,
            partitions=(partition,),
            start={partition: self._read_to},
            past_open_transactions=True,
        )
        async with contextlib.aclosing(records):
            async for record in records:
                self._read_to = record.offset + 1
                key = self._own_key(record)
                if key is not None and record.value is not None:
                    written[key] = record.value
        return written

    async def until_changed(self, key: str, value: bytes | None) -> bytes | None:
        """Wait until the entry *key* is not *value* any more, whoever changed or ended it; what it is then."""
        async with contextlib.aclosing(self.changes_of(key.__eq__)) as changes:
            async for entries in changes:
                if entries.get(key) != value:
                    return entries.get(key)
        return value

    async def changes_of(self, wanted: Callable[[str], bool]) -> AsyncGenerator[dict[str, bytes], None]:
        """The live entries whose keys are `wanted`: as they are now, and again after each change of one of them."""
        entries = {key: value for key, value in (await self.read()).items() if wanted(key)}
        yield dict(entries)
        if self._partition is None:
            return
        following = read_topic(
            self._connection,
            self._topic,
            partitions=(self._partition,),
            start={self._partition: self._read_to},
            follow=True,
        )
        async with contextlib.aclosing(following) as records:
            async for record in records:
                key = self._own_key(record)
                if key is None or not wanted(key):
                    continue
                entries.pop(key, None)
                if record.value is not None:
                    entries[key] = record.value
                yield dict(entries)

    async def append(
        self, entries: Sequence[tuple[str, bytes | None]], *, together_with: Sequence[OutboundRecord] = ()
    ) -> None:
        """Write *entries* ahead, all or none; when this returns they survive us. A null value ends an entry.

        *together_with* are records of other topics that go into the same transaction.
        """
        if not self._view:
            await self._publisher.settle([*(self.journal_record(key, value) for key, value in entries), *together_with])

    async def _find_home(self) -> int:
        """The company's partition. UnknownTopicOrPartitionError where there is no topic."""
        partitions = await partitions_of(self._connection, self._topic)
        if not partitions:
            raise UnknownTopicOrPartitionError(f"the topic {self._topic} does not exist")
        self._partition = home_partition(self._company, len(partitions))
        return self._partition

    def _own_key(self, record: InboundRecord) -> str | None:
        """An entry's key as this company knows it, None for an entry of another one."""
        key, prefix = (record.key or b"").decode(errors="replace"), f"{self._company}:"
        return key.removeprefix(prefix) if key.startswith(prefix) else None

    def journal_record(self, key: str, value: bytes | None) -> OutboundRecord:
        """An entry, or with None its end, as a record for the settlement's transaction."""
        if self._partition is None:
            raise RuntimeError("the journal was not read yet, so its partition is not known")
        return entry_record(self._topic, self._company, key, value, partition=self._partition)
