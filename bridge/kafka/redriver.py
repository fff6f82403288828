"""Publishing dead letters to their topics again, each with its mark in the journal: in one transaction, or neither.

A redrive has a transactional id of its own, so that it fences another redrive and never a company's owner. A broker
without transactions gets the events first and the marks then: a redrive that dies between them repeats the events.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import InvalidProducerEpoch, ProducerFenced

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.journal import entry_record, home_partition
from bridge.kafka.producing import producer_options, send
from bridge.kafka.topics import partitions_of
from contracts.errors import BridgeError
from contracts.records import OutboundRecord

TRANSACTION_TIMEOUT_MS = 10_000
"""A redrive that is killed holds back the readers of the event topics for no longer than this."""

Marked = tuple[OutboundRecord, str, str, Callable[[int, int], bytes]]
"""An event; the company and the key of its mark; the mark's value for the partition and offset that the event got."""


class Redriver:
    """Publishes events and their marks."""

    def __init__(self, producer: AIOKafkaProducer, connection: KafkaConnection, journal: str) -> None:
        self._producer = producer
        self._connection = connection
        self._journal = journal
        self._partitions: dict[str, list[int]] = {}

    async def redrive(self, events: Sequence[Marked]) -> None:
        """Publish all of *events* and their marks, or none. BridgeError when another redrive has begun since."""
        transaction = self._producer.transaction() if self._connection.transactions else contextlib.nullcontext()
        try:
            async with transaction:
                answers = await self._sent([await self._where_it_was(event) for event, *_ in events])
                entries = [
                    await self._mark(company, key, value(answer.partition, answer.offset))
                    for (_, company, key, value), answer in zip(events, answers, strict=True)
                ]
                await self._sent(entries)
        except (ProducerFenced, InvalidProducerEpoch):
            raise BridgeError("Another redrive of these dead letters has begun; this one ends here.") from None

    async def _sent(self, records: Sequence[OutboundRecord]) -> list[Any]:
        return list(await asyncio.gather(*[await send(self._producer, record) for record in records]))

    async def _where_it_was(self, event: OutboundRecord) -> OutboundRecord:
        """In its own partition, unless the topic has fewer now."""
        if event.partition in await self._partitions_of(event.topic):
            return event
        return OutboundRecord(topic=event.topic, key=event.key, value=event.value, headers=event.headers)

    async def _mark(self, company: str, key: str, value: bytes) -> OutboundRecord:
        home = home_partition(company, len(await self._partitions_of(self._journal)))
        return entry_record(self._journal, company, key, value, partition=home)

    async def _partitions_of(self, topic: str) -> list[int]:
        if topic not in self._partitions:
            self._partitions[topic] = await partitions_of(self._connection, topic)
            if not self._partitions[topic]:
                raise BridgeError(f"The topic {topic} does not exist.")
        return self._partitions[topic]


@contextlib.asynccontextmanager
async def open_redriver(connection: KafkaConnection, *, dead_letters: str, journal: str) -> AsyncIterator[Redriver]:
    """A redriver until the block ends; it ends any other of the same dead letters."""
    options = producer_options(connection)
    if connection.transactions:
        options |= {
            "transactional_id": connection.redrive_id(dead_letters),
            "transaction_timeout_ms": TRANSACTION_TIMEOUT_MS,
        }
    async with AIOKafkaProducer(**options) as producer:
        yield Redriver(producer, connection, journal)
