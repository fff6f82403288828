"""One member of a company's consumer group owns all its partitions; Kafka's own group protocol elects it.

Rule 1: the owner stays the owner while it lives, so a rebalance that moves nothing changes nothing.
Rule 2: every change of owner raises the epoch, so that "still mine" and "mine again" can be told apart.
Rule 3: a claim counts only under the member id that it was given to. A member that was frozen, thrown out and comes
        back has a new member id: it owns nothing, even if nobody owned the company meanwhile.
Rule 4: without a valid claim the members are ranked by a hash of company and process (rendezvous), each company
        differently, so that many companies spread over many processes.

What a member knows travels to the group's leader in the user data of its subscription, and what the leader decided
comes back in the user data of every assignment, a standby's too: the epoch outlives each single member.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata

PROTOCOL_VERSION = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipClaim:
    """Who owns the company, as one member knows it. `process` is the one that speaks, `owner` a group member id."""

    process: str
    epoch: int = 0
    owner: str | None = None

    def to_bytes(self) -> bytes:
        """For the user data of the group protocol."""
        return orjson.dumps(asdict(self))

    @classmethod
    def from_bytes(cls, raw: bytes | None) -> OwnershipClaim:
        """Unreadable user data, of a stranger in our group, claims nothing."""
        try:
            fields = orjson.loads(raw or b"")
            return cls(process=str(fields["process"]), epoch=int(fields["epoch"]), owner=fields["owner"])
        except (ValueError, TypeError, KeyError):
            return cls(process="")


def elect(company: str, claims: Mapping[str, OwnershipClaim]) -> OwnershipClaim:
    """The owner among the members (by member id) and its epoch."""
    epoch = max(claim.epoch for claim in claims.values())
    # because an owner that is kept must keep its epoch too: a higher one makes it release and read its books anew
    held = [member for member, claim in claims.items() if claim.epoch == epoch and claim.owner == member]
    if held:
        return OwnershipClaim(process=claims[held[0]].process, epoch=epoch, owner=held[0])
    # because any member may be the leader that decides, all must come to the same owner from the same claims
    owner = max(sorted(claims), key=lambda member: rank(company, claims[member].process))
    return OwnershipClaim(process=claims[owner].process, epoch=epoch + 1, owner=owner)


def rank(company: str, process: str) -> bytes:
    """Rendezvous hashing: the process with the highest rank takes the company."""
    return hashlib.sha256(f"{company}\0{process}".encode()).digest()


class Ownership:
    """What this process knows about one company's owner; the assignor keeps it, the intake reads it."""

    def __init__(self, company: str, process: str) -> None:
        self.company = company
        self.claim = OwnershipClaim(process=process)

    @property
    def epoch(self) -> int:
        """The epoch of the newest assignment."""
        return self.claim.epoch

    def take_decision(self, decided: OwnershipClaim) -> None:
        """Remember the leader's decision, still speaking for our own process."""
        self.claim = OwnershipClaim(process=self.claim.process, epoch=decided.epoch, owner=decided.owner)

    def assignor(self) -> type[AbstractPartitionAssignor]:
        """A class for `partition_assignment_strategy`; its methods are class methods, so one class a company."""
        return type(f"OneOwner[{self.company}]", (OneOwner,), {"ownership": self})


class OneOwner(AbstractPartitionAssignor):  # type: ignore[misc]
    """Everything to one member (see the rules above)."""

    name = "qbo-bridge-one-owner"
    ownership: Ownership

    @classmethod
    def metadata(cls, topics: Iterable[str]) -> ConsumerProtocolMemberMetadata:
        """What we tell the leader when we join."""
        return ConsumerProtocolMemberMetadata(PROTOCOL_VERSION, list(topics), cls.ownership.claim.to_bytes())

    @classmethod
    def assign(
        cls, cluster: ClusterMetadata, members: Mapping[str, ConsumerProtocolMemberMetadata]
    ) -> dict[str, ConsumerProtocolMemberAssignment]:
        """Run by the group's leader: all partitions of all topics to the elected owner, none to the others."""
        decided = elect(
            cls.ownership.company, {m: OwnershipClaim.from_bytes(meta.user_data) for m, meta in members.items()}
        )
        topics = sorted({topic for metadata in members.values() for topic in metadata.subscription})
        everything = [(topic, sorted(cluster.partitions_for_topic(topic) or ())) for topic in topics]
        shares: dict[str, list[Any]] = {member: [] for member in members} | {str(decided.owner): everything}
        return {
            member: ConsumerProtocolMemberAssignment(PROTOCOL_VERSION, share, decided.to_bytes())
            for member, share in shares.items()
        }

    @classmethod
    def on_assignment(cls, assignment: ConsumerProtocolMemberAssignment) -> None:
        """What the leader decided; runs before the listener's `on_partitions_assigned`."""
        cls.ownership.take_decision(OwnershipClaim.from_bytes(assignment.user_data))
