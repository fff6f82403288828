"""What every producer of ours has in common: durable, idempotent, and able to send any record that Kafka allows."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from bridge.kafka.connection import KafkaConnection
from contracts.records import OutboundRecord
from contracts.sizes import REQUEST_BYTES_MAX

BATCH_BYTES_MAX = 128 * 1024

CLOSE_TIMEOUT_S = 3.0

log = structlog.get_logger(__name__)


def producer_options(connection: KafkaConnection) -> dict[str, Any]:
    """The defaults of aiokafka are `acks=1` and no idempotence: a lost answer would be a record twice.

    No linger: it delays every awaited send, and aiokafka batches by itself while a request is under way.
    """
    return connection.client_options() | {
        "acks": "all",
        "enable_idempotence": True,
        "linger_ms": 0,
        "max_request_size": REQUEST_BYTES_MAX,
        "max_batch_size": BATCH_BYTES_MAX,
    }


async def send(producer: AIOKafkaProducer, record: OutboundRecord) -> Any:
    """Hand one record to the producer; the answer is a future, its acknowledgement."""
    headers = list(record.headers)
    if record.key is not None or record.value is not None:
        return await producer.send(record.topic, record.value, record.key, partition=record.partition, headers=headers)
    # aiokafka's `send` refuses a record without key and value, which Kafka allows: an emptied dead letter.
    batch = producer.create_batch()
    batch.append(timestamp=None, key=None, value=None, headers=headers)
    partition = record.partition
    if partition is None:
        partition = random.choice(sorted(await producer.partitions_for(record.topic)))  # noqa: S311 - load, not secrecy
    return await producer.send_batch(batch, record.topic, partition=partition)


async def drop(producer: AIOKafkaProducer) -> None:
    """Stopping flushes, which never ends while the broker is away: a producer that we drop does not deserve that."""
    try:
        _forget_transaction(producer)
        await asyncio.wait_for(producer.stop(), CLOSE_TIMEOUT_S)
    except (KafkaError, TimeoutError, AssertionError) as error:
        log.debug("kafka.producer_dropped", error=repr(error))


def _forget_transaction(producer: AIOKafkaProducer) -> None:
    """Look at how a failed transaction ended, or asyncio complains that nobody did. Its waiter has no public name."""
    manager = producer._txn_manager  # noqa: SLF001
    ended = manager.wait_for_transaction_end() if manager is not None else None
    if ended is not None and ended.done() and not ended.cancelled():
        ended.exception()
