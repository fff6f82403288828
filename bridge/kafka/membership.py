"""Who is in a company's consumer group, asked from outside: a backfill does not even knock while a service is there."""

from __future__ import annotations

import asyncio

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupIdNotFound,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
    for_code,
)

from bridge.kafka.connection import KafkaConnection

TRIES = 20
WAIT_S = 0.5
_PASSING = (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError)


async def hosts_in_group(connection: KafkaConnection, company: str) -> tuple[str, ...]:
    """The host of each member of the company's group, sorted; a killed member counts until its session has ended.

    KafkaError when the broker cannot be reached or will not say.
    """
    admin = AIOKafkaAdminClient(**connection.client_options())
    try:
        await admin.start()
        for _ in range(TRIES - 1):
            try:
                return await _hosts(admin, connection.group_id(company))
            except _PASSING:
                await asyncio.sleep(WAIT_S)
        return await _hosts(admin, connection.group_id(company))
    finally:
        await admin.close()


async def _hosts(admin: AIOKafkaAdminClient, group: str) -> tuple[str, ...]:
    (answer,) = await admin.describe_consumer_groups([group])
    ((code, _, _, _, _, members, *_rest),) = answer.groups
    error = for_code(code)
    if error is GroupIdNotFound:
        return ()
    if error.errno:
        raise error(f"the consumer group {group}")
    return tuple(sorted(client_host.lstrip("/") for _, _, client_host, *_ in members))
