"""Where a company stands, put together from its service, its consumer group and its journal. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from bridge.commands.status.unknown import UNKNOWN, Unknown
from bridge.journal.pause import Pauses
from bridge.journal.stop import Stop
from bridge.kafka.membership import GroupMember
from contracts.lifecycle import Phase

ELSEWHERE, NONE = "elsewhere", "none"
"""Owned by a process whose own word was not heard; owned by none."""
WITHOUT_COMPANY = frozenset({Phase.STANDBY, Phase.JOINING})
"""Phases in which a service has nothing to say of the company itself: another process may own it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPhase:
    """A phase of the service, or `paused`, `stopped`, `elsewhere`, `none`, `unknown`; why, and whose it is."""

    phase: str
    reason: str | None = None
    since: str | None = None
    owner: str | None = None
    host: str | None = None

    def as_json(self) -> dict[str, object]:
        """All of it; null for what nobody is or says."""
        return {
            "phase": self.phase,
            "reason": self.reason,
            "since": self.since,
            "owner": self.owner,
            "owner_host": self.host,
        }


def of_the_owner(word: Mapping[str, Any] | None, members: Sequence[GroupMember] | Unknown) -> Mapping[str, Any] | None:
    """A service's word on a company (its part of /status), where no other process owns the company; else None."""
    if word is None or word.get("phase") in WITHOUT_COMPANY:
        return None
    owner = _owner(members)
    # because a service that has given up stays stopped while another process owns the company under a later epoch
    return word if owner is None or owner.owned is None or owner.owned.epoch == word.get("epoch") else None


def phase_of(
    word: Mapping[str, Any] | None,
    members: Sequence[GroupMember] | Unknown,
    stop: Stop | Unknown | None,
    pauses: Pauses | Unknown,
) -> ShownPhase:
    """What the owner itself says (`word`, of its /status), where it was heard; otherwise what group and journal tell.

    A stop ends with the next process that takes over, a pause does not: so a company that nobody runs may be paused,
    and is not stopped.
    """
    owner = _owner(members)
    process = owner.owned.process if owner is not None and owner.owned is not None else None
    named = partial(ShownPhase, owner=process, host=owner.host if owner is not None else None)
    if word is not None:
        return named(phase=str(word.get("phase")), reason=word.get("reason"), since=word.get("since"))
    runs = f"owned by {process} on {owner.host}" if owner is not None else _who(members)
    if isinstance(pauses, Pauses) and pauses.since is not None:
        return named(phase=Phase.PAUSED, reason=f"paused by a person; {runs}", since=pauses.since.isoformat())
    if isinstance(stop, Stop) and owner is not None:
        return named(phase=Phase.STOPPED, reason=f"{stop}; {runs}", since=stop.at)
    unread = "".join(f"; its journal is {each}" for each in (stop,) if isinstance(each, Unknown))
    if isinstance(members, Unknown):
        return ShownPhase(phase=UNKNOWN, reason=members.why)
    if owner is not None:
        return named(phase=ELSEWHERE, reason=f"{runs}, whose own word was not heard{unread}")
    ended = f"; it had {stop}" if isinstance(stop, Stop) else unread
    return ShownPhase(phase=Phase.JOINING if members else NONE, reason=f"{runs}{ended}")


def _owner(members: Sequence[GroupMember] | Unknown) -> GroupMember | None:
    return None if isinstance(members, Unknown) else next((each for each in members if each.is_owner), None)


def _who(members: Sequence[GroupMember] | Unknown) -> str:
    if isinstance(members, Unknown):
        return f"who owns it is {members}"
    return f"{len(members)} processes elect an owner" if members else "no process runs it"
