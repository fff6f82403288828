"""Who is in a company's consumer group, asked from outside: a backfill does not even knock while a service is there."""

from __future__ import annotations

import asyncio
import struct
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import (
    GroupCoordinatorNotAvailableError,
    GroupIdNotFound,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
    for_code,
)

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.ownership import OwnershipClaim

TRIES = 20
WAIT_S = 0.5
_PASSING = (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError)


@dataclass(frozen=True, slots=True)
class GroupMember:
    """One member of a company's group; `owned` is what it was told of who owns the company, None before that."""

    member: str
    host: str
    owned: OwnershipClaim | None
    client_id: str = ""

    @property
    def is_owner(self) -> bool:
        """Whether the group has elected this one."""
        return self.owned is not None and self.owned.owner == self.member


async def hosts_in_group(connection: KafkaConnection, company: str, *, apart_from: str = "") -> tuple[str, ...]:
    """The host of each member of the company's group, sorted; a killed member counts until its session has ended.

    Members with the client id `apart_from` do not count.

    KafkaError when the broker cannot be reached or will not say.
    """
    members = await members_of(connection, company)
    return tuple(sorted(each.host for each in members if each.client_id != apart_from))


async def members_of(connection: KafkaConnection, company: str) -> tuple[GroupMember, ...]:
    """The members of the company's group, a killed one too until its session has ended. KafkaError as above."""
    admin = AIOKafkaAdminClient(**connection.client_options())
    try:
        await admin.start()
        for _ in range(TRIES - 1):
            try:
                return await _members(admin, connection.group_id(company))
            except _PASSING:
                await asyncio.sleep(WAIT_S)
        return await _members(admin, connection.group_id(company))
    finally:
        await admin.close()


async def _members(admin: AIOKafkaAdminClient, group: str) -> tuple[GroupMember, ...]:
    (answer,) = await admin.describe_consumer_groups([group])
    ((code, _, _, _, _, members, *_rest),) = answer.groups
    error = for_code(code)
    if error is GroupIdNotFound:
        return ()
    if error.errno:
        raise error(f"the consumer group {group}")
    return tuple(
        GroupMember(member, host.lstrip("/"), _claim(assignment), client_id)
        for member, client_id, host, _, assignment, *_ in members
    )


def _claim(assignment: bytes | None) -> OwnershipClaim | None:
    """What the group's leader has said of the owner; None while it is deciding, and of a stranger in our group."""
    try:
        decided = ConsumerProtocolMemberAssignment.decode(assignment or b"")
    except (ValueError, struct.error):
        return None
    return OwnershipClaim.from_bytes(decided.user_data)
