"""Putting many records on one topic: some at a time, all of those or none, by one writer at a time.

A writer has a transactional id of its own for each topic, so that it fences another writer of the same and never a
company's owner: whoever looks what the topic holds after it was opened, and writes the rest, writes nothing twice. A
broker without transactions takes them as they come.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, ProducerFenced

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.diagnosis import reach
from bridge.kafka.producing import producer_options, send
from contracts.errors import BridgeError
from contracts.records import OutboundRecord

TRANSACTION_TIMEOUT_MS = 10_000
"""A writer that is killed holds back the readers of its topic for no longer than this."""


class TopicWriter:
    """Made by `open_topic_writer`."""

    def __init__(self, producer: AIOKafkaProducer, topic: str, *, transactions: bool) -> None:
        self._producer = producer
        self._topic = topic
        self._transactions = transactions

    async def write(self, records: Sequence[OutboundRecord]) -> None:
        """Acknowledged together. BridgeError when another writer of the topic has begun since."""
        try:
            async with self._producer.transaction() if self._transactions else contextlib.nullcontext():
                await asyncio.gather(*[await send(self._producer, record) for record in records])
        except (ProducerFenced, InvalidProducerEpoch):
            raise BridgeError(f"Another `produce` to the topic {self._topic} has begun; this one ends here.") from None


@contextlib.asynccontextmanager
async def open_topic_writer(connection: KafkaConnection, topic: str) -> AsyncIterator[TopicWriter]:
    """A writer until the block ends; it ends any other of the same topic, what that one had open included."""
    options = producer_options(connection)
    if connection.transactions:
        options |= {
            "transactional_id": connection.produce_id(topic),
            "transaction_timeout_ms": TRANSACTION_TIMEOUT_MS,
        }
    producer = AIOKafkaProducer(**options)
    try:
        await reach(connection, producer.start())
        yield TopicWriter(producer, topic, transactions=connection.transactions)
    finally:
        await producer.stop()
