"""What the brokers say about our topics and rights, asked without writing anything or disturbing any group.

Rights are asked with librdkafka's admin client: aiokafka's requests are too old to carry them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from aiokafka import codec
from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import CoordinatorNotAvailableError, TransactionalIdAuthorizationFailed
from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.diagnosis import reach
from bridge.kafka.topics import partitions_of

TIMEOUT_S = 15.0
NOT_DESCRIBED = "_TIMED_OUT"
"""librdkafka's word for a question that was not answered in time."""
_POLL_S = 0.5

READERS: Mapping[str, Callable[[], bool]] = {
    "uncompressed": lambda: True,
    "gzip": codec.has_gzip,
    "snappy": codec.has_snappy,
    "lz4": codec.has_lz4,
    "zstd": codec.has_zstd,
}
"""Each codec of Kafka, and whether it can be read here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicConfig:
    """What decides which records a topic takes and how long it keeps them; a retention of -1 is for ever."""

    cleanup: str
    message_bytes: int
    retention_ms: int
    retention_bytes: int
    compression: str

    @property
    def is_readable(self) -> bool:
        """Whether our consumers can read what the broker compresses; `producer` leaves the choice to producers."""
        return READERS.get(self.compression, lambda: all(can() for can in READERS.values()))()


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicState:
    """One topic: how many partitions (0 for none), its configuration and what we may do (None: nobody says)."""

    name: str
    partitions: int
    config: TopicConfig | None
    rights: frozenset[str] | None
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What we may do with a company's group and its transactional id."""

    group: frozenset[str] | None
    transactions: bool


async def inspect_topics(connection: KafkaConnection, names: Iterable[str]) -> list[TopicState]:
    """The facts of each topic; KafkaError when no broker can be reached."""
    client = AIOKafkaClient(**connection.client_options())
    try:
        await reach(connection, client.bootstrap())
    finally:
        await client.close()
    found = await asyncio.to_thread(_topics, connection, list(names))
    return [await _from_metadata(connection, each.name) if each.refused == NOT_DESCRIBED else each for each in found]


async def inspect_rights(connection: KafkaConnection, company: str) -> Rights:
    """What we may do as this company's owner; KafkaError or TimeoutError when the brokers do not say.

    Where the connection uses no transactions, nothing is asked about them.
    """
    name = connection.group_id(company)
    group = await asyncio.to_thread(_group_rights, connection, name)
    return Rights(
        group=group, transactions=not connection.transactions or await _may_write_in_transactions(connection, name)
    )


async def _from_metadata(connection: KafkaConnection, name: str) -> TopicState:
    """What a broker that describes no topics, as the embedded one, tells everybody of a topic: its partitions."""
    return TopicState(name=name, partitions=len(await partitions_of(connection, name)), config=None, rights=None)


def _topics(connection: KafkaConnection, names: list[str]) -> list[TopicState]:
    admin = AdminClient(_options(connection))
    asked = admin.describe_topics(TopicCollection(names), include_authorized_operations=True, request_timeout=TIMEOUT_S)
    return [_topic(admin, name, asked[name]) for name in names]


def _topic(admin: AdminClient, name: str, asked: Future[Any]) -> TopicState:
    try:
        description = asked.result(TIMEOUT_S)
    except KafkaException as error:
        refused = error.args[0].name()
        missing = refused == "UNKNOWN_TOPIC_OR_PART"
        return TopicState(name=name, partitions=0, config=None, rights=None, refused=None if missing else refused)
    except TimeoutError:
        return TopicState(name=name, partitions=0, config=None, rights=None, refused=NOT_DESCRIBED)
    return TopicState(
        name=name,
        partitions=len(description.partitions),
        config=_config(admin, name),
        rights=_words(description.authorized_operations),
    )


def _config(admin: AdminClient, name: str) -> TopicConfig | None:
    resource = ConfigResource(ResourceType.TOPIC, name)
    try:
        found: Mapping[str, Any] = admin.describe_configs([resource], request_timeout=TIMEOUT_S)[resource].result()
    except KafkaException:
        return None  # to describe configurations is a right of its own
    return TopicConfig(
        cleanup=str(found["cleanup.policy"].value),
        message_bytes=int(found["max.message.bytes"].value),
        retention_ms=int(found["retention.ms"].value),
        retention_bytes=int(found["retention.bytes"].value),
        compression=str(found["compression.type"].value),
    )


def _group_rights(connection: KafkaConnection, group: str) -> frozenset[str] | None:
    admin = AdminClient(_options(connection))
    asked = admin.describe_consumer_groups([group], include_authorized_operations=True, request_timeout=TIMEOUT_S)
    try:
        return _words(asked[group].result(TIMEOUT_S).authorized_operations)
    except KafkaException as error:
        return frozenset() if error.args[0].name() == "GROUP_AUTHORIZATION_FAILED" else None
    except TimeoutError:
        return None  # the embedded broker describes no groups and does not answer


async def _may_write_in_transactions(connection: KafkaConnection, name: str) -> bool:
    """Looking up its coordinator needs the right to describe the id, which the right to write includes."""
    client = AIOKafkaClient(**connection.client_options())
    try:
        await client.bootstrap()
        async with asyncio.timeout(TIMEOUT_S):
            return await _has_coordinator(client, name)
    finally:
        await client.close()


async def _has_coordinator(client: AIOKafkaClient, name: str) -> bool:
    while True:
        try:
            await client.coordinator_lookup(CoordinationType.TRANSACTION, name)
        except TransactionalIdAuthorizationFailed:
            return False
        except CoordinatorNotAvailableError:  # a young cluster is making its topic of transactions
            await asyncio.sleep(_POLL_S)
        else:
            return True


def _words(operations: Iterable[AclOperation] | None) -> frozenset[str] | None:
    return frozenset(each.name for each in operations) if operations is not None else None


def _options(connection: KafkaConnection) -> dict[str, str | int | float | bool]:
    """The connection in librdkafka's words."""
    named: dict[str, str | int | float | bool] = {
        "bootstrap.servers": connection.bootstrap_servers,
        "security.protocol": connection.security_protocol,
        "client.id": connection.client_id,
        "log_level": "0",
    }
    if connection.uses_sasl:
        named |= {
            "sasl.mechanism": connection.sasl_mechanism,
            "sasl.username": connection.sasl_plain_username or "",
            "sasl.password": connection.sasl_plain_password or "",
        }
    if connection.uses_ssl:
        check = "https" if connection.ssl_check_hostname else "none"
        given = {
            "ssl.ca.location": connection.ssl_cafile,
            "ssl.certificate.location": connection.ssl_certfile,
            "ssl.key.location": connection.ssl_keyfile,
            "ssl.key.password": connection.ssl_password,
            "ssl.endpoint.identification.algorithm": check,
        }
        named |= {name: value for name, value in given.items() if value is not None}
    return named
