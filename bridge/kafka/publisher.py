"""Everything that a company's owner writes to Kafka goes through here, in Kafka transactions.

There is one transactional id per company. Opening a producer under it fences whoever had it before, waits until that
one's last transaction has ended, and makes its every later write fail: a frozen owner that wakes up can neither journal
nor settle. `settle` puts results, dead letters, journal records and the consumed offsets into ONE transaction, so a
`read_committed` reader sees all of them or none.

A broker without transactions (the embedded one) gets the plain order instead: publish idempotently, await every
acknowledgement, only then commit the offsets. That is at least once.

FastStream's own producer cannot run transactions through its public surface, and its `publish_batch` puts keyed records
on one partition, so this is an `AIOKafkaProducer` of our own, its sends gathered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    InvalidProducerEpoch,
    MessageSizeTooLargeError,
    ProducerFenced,
)

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.convert import Offsets, partitions
from bridge.kafka.errors import Fenced
from bridge.kafka.producing import drop, producer_options, send
from bridge.kafka.topics import record_limit
from contracts.dead_letters import fit_dead_letter
from contracts.records import OutboundRecord
from contracts.sizes import RECORD_BYTES_MAX, TOPIC_BYTES_DEFAULT, record_bytes

Commit = Callable[[Mapping[TopicPartition, int]], Awaitable[None]]
"""Commits offsets on behalf of the consumer group: `AIOKafkaConsumer.commit`."""

TRANSACTION_TIMEOUT_MS = 30_000
"""A transaction whose owner was killed holds back `read_committed` readers for no longer than this."""

log = structlog.get_logger(__name__)


class CompanyPublisher:
    """The one writer of one company. Not open (never opened, fenced or failed): every write raises `Fenced`."""

    def __init__(self, *, company: str, connection: KafkaConnection, dead_letters: str) -> None:
        self.company = company
        self._connection = connection
        self._dead_letters = dead_letters
        self._producer: AIOKafkaProducer | None = None
        self._commit: Commit | None = None
        self._one_at_a_time = asyncio.Lock()
        self._letter_bytes_max = RECORD_BYTES_MAX

    @property
    def is_open(self) -> bool:
        """Whether the last write, if any, left the producer usable."""
        return self._producer is not None

    async def open(self, commit: Commit) -> None:
        """Become the writer, fencing the one before; returns when that one's last transaction has ended."""
        await self.close()
        producer = AIOKafkaProducer(**self._producer_options())
        try:
            await producer.start()
        except BaseException:
            await drop(producer)
            raise
        self._producer, self._commit = producer, commit

    async def close(self) -> None:
        """Write nothing more. A transaction that was cut short is aborted by the broker or by the next `open`."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await drop(producer)

    async def settle(self, records: Sequence[OutboundRecord], offsets: Offsets | None = None) -> None:
        """Publish *records* and commit *offsets*, all or nothing; an error leaves the publisher closed.

        After an error (other than `Fenced`) nobody knows whether it was written: open again and read the committed
        offsets and the journal.
        """
        async with self._one_at_a_time:
            producer = self._producer
            if producer is None:
                raise Fenced(self.company)
            if not records and not offsets:
                return
            try:
                await self._write(producer, records, partitions(offsets or {}))
            except (ProducerFenced, InvalidProducerEpoch) as error:
                log.warning("kafka.fenced", company=self.company)
                await self.close()
                raise Fenced(self.company) from error
            except BaseException:
                await self.close()
                raise

    async def _write(
        self, producer: AIOKafkaProducer, records: Sequence[OutboundRecord], offsets: Mapping[TopicPartition, int]
    ) -> None:
        if self._connection.transactions:
            await self._write_transaction(producer, records, offsets)
            return
        await self._send_all(producer, records)
        if offsets and self._commit is not None:
            await self._commit(offsets)

    async def _write_transaction(
        self, producer: AIOKafkaProducer, records: Sequence[OutboundRecord], offsets: Mapping[TopicPartition, int]
    ) -> None:
        await producer.begin_transaction()
        await self._send_all(producer, records)
        if offsets:
            await producer.send_offsets_to_transaction(offsets, self._connection.group_id(self.company))
        await producer.commit_transaction()

    async def _send_all(self, producer: AIOKafkaProducer, records: Sequence[OutboundRecord]) -> None:
        """Send, and await every acknowledgement."""
        fitting = [self._fitting(record) for record in records]
        acknowledgements: list[Awaitable[Any]] = []
        try:
            for record in fitting:
                acknowledgements.append(await _handed_over(producer, record))  # noqa: PERF401 - those sent count, if one fails
        finally:
            answers = await asyncio.gather(*acknowledgements, return_exceptions=True)
        for record, answer in zip(fitting, answers, strict=True):
            if isinstance(answer, MessageSizeTooLargeError) and record.topic == self._dead_letters:
                await self._lower_limit(record)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    def _fitting(self, record: OutboundRecord) -> OutboundRecord:
        """A dead letter degrades to what its topic takes; nothing else is ever cut here."""
        return fit_dead_letter(record, self._letter_bytes_max) if record.topic == self._dead_letters else record

    async def _lower_limit(self, record: OutboundRecord) -> None:
        """Trying again in the same producer would break its sequence numbers, so the next `open` knows better.

        The topic's own limit where we may ask for it, else Kafka's default, else half of what was refused.
        """
        size = record_bytes(record)
        configured = await record_limit(self._connection, record.topic)
        guessed = TOPIC_BYTES_DEFAULT if size > TOPIC_BYTES_DEFAULT else size // 2
        # because what was refused must be smaller the next time, whatever the broker says, or it is refused for ever
        self._letter_bytes_max = min(
            self._letter_bytes_max, configured if configured and configured < size else guessed
        )
        log.warning("kafka.dead_letter_too_large", company=self.company, topic=record.topic, bytes=size)

    def _producer_options(self) -> dict[str, Any]:
        options = producer_options(self._connection)
        if self._connection.transactions:
            options |= {
                "transactional_id": self._connection.group_id(self.company),
                "transaction_timeout_ms": TRANSACTION_TIMEOUT_MS,
            }
        return options


async def _handed_over(producer: AIOKafkaProducer, record: OutboundRecord) -> Awaitable[Any]:
    """The acknowledgement of a record; a refusal by the client itself is one like the broker's."""
    try:
        acknowledgement: Awaitable[Any] = await send(producer, record)
    except MessageSizeTooLargeError as error:
        refused = asyncio.get_running_loop().create_future()
        refused.set_exception(error)
        return refused
    return acknowledgement
