"""How far a company has consumed, asked of its group without joining it."""

from __future__ import annotations

from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.diagnosis import reach
from bridge.kafka.topics import partitions_of


async def committed_offsets(
    connection: KafkaConnection, company: str, topics: Iterable[str]
) -> dict[tuple[str, int], int]:
    """The first offset that `company` has not consumed, by topic and partition; none where it has committed nothing."""
    found: dict[tuple[str, int], int] = {}
    consumer = AIOKafkaConsumer(
        **connection.client_options(), group_id=connection.group_id(company), enable_auto_commit=False
    )
    try:
        await reach(connection, consumer.start())
        for topic in topics:
            for number in await partitions_of(connection, topic):
                offset = await consumer.committed(TopicPartition(topic, number))
                if offset is not None:
                    found[topic, number] = offset
    finally:
        await consumer.stop()
    return found
