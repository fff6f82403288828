"""The topics: what there is, and creating ours where they are missing.

`cleanup.policy=compact` makes the journal a table of what is under way; results and dead letters are logs. The limit on
a record's size is raised, since a whole event, or a whole QBO batch, must fit into one record.

A broker without admin requests (the embedded one) creates a topic when somebody asks for its metadata.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.diagnosis import reach
from contracts.sizes import RECORD_BYTES_MAX

MESSAGE_BYTES = "max.message.bytes"

PARTITIONS = 6
REPLICAS_MAX = 3
"""aiokafka's request is too old to ask for the cluster's own defaults, so these are stated; fewer brokers, fewer."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpec:
    """A topic that we may create."""

    name: str
    partitions: int = PARTITIONS
    config: Mapping[str, str] = field(default_factory=dict)


def log_topic(name: str) -> TopicSpec:
    """Results, dead letters and events: kept as long as the cluster keeps things, large records allowed."""
    return TopicSpec(name=name, config={MESSAGE_BYTES: str(RECORD_BYTES_MAX)})


def table_topic(name: str) -> TopicSpec:
    """The journal and the token store: the newest record of each key.

    Segments close early, since Kafka compacts closed ones only, and a new owner reads all that is left.
    """
    config = {
        "cleanup.policy": "compact",
        MESSAGE_BYTES: str(RECORD_BYTES_MAX),
        "segment.ms": str(60 * 60 * 1000),
        "min.cleanable.dirty.ratio": "0.1",
    }
    return TopicSpec(name=name, config=config)


async def partitions_of(connection: KafkaConnection, topic: str) -> list[int]:
    """The partitions of *topic*; none when it does not exist (asking does not create it)."""
    client = AIOKafkaClient(**connection.client_options())
    try:
        await reach(connection, client.bootstrap())
        cluster = await client.fetch_all_metadata()
        return sorted(cluster.partitions_for_topic(topic) or ())
    finally:
        await client.close()


async def create_missing(connection: KafkaConnection, wanted: Iterable[TopicSpec]) -> tuple[str, ...]:
    """Create those of *wanted* that do not exist; their names. Two processes may do so at once."""
    client = AIOKafkaClient(**connection.client_options())
    try:
        await reach(connection, client.bootstrap())
        cluster = await client.fetch_all_metadata()
        missing = [spec for spec in wanted if spec.name not in cluster.topics()]
        replicas = min(REPLICAS_MAX, len(cluster.brokers()))
        if missing and cluster.controller is not None:
            await _create(connection, missing, replicas)
        else:
            await _ask_for(client, missing)
    finally:
        await client.close()
    created = tuple(spec.name for spec in missing)
    if created:
        log.info("kafka.topics_created", topics=created)
    return created


async def _ask_for(client: AIOKafkaClient, missing: Iterable[TopicSpec]) -> None:
    """Asking creates, unless this is a cluster that has no controller just now: then somebody must try again."""
    await asyncio.gather(*(client.add_topic(spec.name) for spec in missing))
    present = (await client.fetch_all_metadata()).topics()
    absent = [spec.name for spec in missing if spec.name not in present]
    if absent:
        raise UnknownTopicOrPartitionError(f"could not create the topics {', '.join(absent)}")


async def _create(connection: KafkaConnection, missing: Iterable[TopicSpec], replicas: int) -> None:
    """Through the admin API, which only a cluster with a controller has."""
    admin = AIOKafkaAdminClient(**connection.client_options())
    try:
        await admin.start()
        answer = await admin.create_topics(
            [
                NewTopic(
                    name=spec.name,
                    num_partitions=spec.partitions,
                    replication_factor=replicas,
                    topic_configs=dict(spec.config),
                )
                for spec in missing
            ]
        )
    finally:
        await admin.close()
    for topic, code, *reason in answer.topic_errors:
        error = for_code(code)
        if error.errno and error is not TopicAlreadyExistsError:
            raise error(f"{topic}: {' '.join(str(part) for part in reason)}")


async def record_limit(connection: KafkaConnection, topic: str) -> int | None:
    """The largest record batch that *topic* takes, in bytes; None where the broker does not tell us."""
    admin = AIOKafkaAdminClient(**connection.client_options())
    try:
        await admin.start()
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic, {MESSAGE_BYTES: ""})])
    except (KafkaError, OSError):
        return None
    finally:
        await admin.close()
    configured = {name: value for _, _, _, _, entries in answer.resources for name, value, *_ in entries}
    return int(configured[MESSAGE_BYTES]) if MESSAGE_BYTES in configured else None
