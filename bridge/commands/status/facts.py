"""What `status` tells of a company. What cannot be known from here is `Unknown` with its reason, and never a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from bridge.commands.status.phase import ShownPhase
from bridge.commands.status.unknown import UNKNOWN, Unknown
from bridge.journal.jobs import Job
from bridge.journal.reads import FREE_READS
from bridge.kafka.backlog import Backlog
from contracts.money import plain

DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLetters:
    """Dead letters that are open, what their sales are worth by currency, and of how many nobody knows it."""

    count: int
    amounts: Mapping[str, Decimal]
    unknown_amounts: int

    def as_json(self) -> dict[str, object]:
        """Amounts as text in the currency's own decimals."""
        amounts = {currency: plain(amount, currency) for currency, amount in sorted(self.amounts.items())}
        return {"open": self.count, "amounts": amounts, "unknown_amounts": self.unknown_amounts}


@dataclass(frozen=True, slots=True)
class WaitingEvents:
    """How many events wait for another one, and since when the oldest does."""

    count: int
    oldest: datetime | None

    def as_json(self) -> dict[str, object]:
        """Times in ISO 8601."""
        return {"events": self.count, "oldest_since": self.oldest}


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplesChanges:
    """Documents of ours that people took out of the books, or whose totals they changed, as known until a time."""

    removed: int | Unknown
    changed: int | Unknown
    known_until: datetime | Unknown | None

    def as_json(self) -> dict[str, object]:
        """Counts are numbers."""
        known = {"removed": self.removed, "changed": self.changed, "known_until": self.known_until}
        return {name: _json(each) for name, each in known.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyStatus:
    """All of one company; times are aware, `last_booked` is None where no result of the topic tells of any."""

    company: str
    realm_id: str
    now: datetime
    phase: ShownPhase
    backlog: Backlog | Unknown
    last_booked: datetime | Unknown | None
    letters: OpenLetters | Unknown
    waiting: WaitingEvents | Unknown
    jobs: Sequence[Job] | Unknown
    changes: PeoplesChanges
    token_until: datetime | Unknown
    reads: int | Unknown
    limits: Mapping[str, Any] | Unknown
    version: str
    service_version: str | Unknown

    @property
    def seconds_behind(self) -> float | Unknown:
        """How long the oldest record that was not consumed has been there."""
        if isinstance(self.backlog, Unknown):
            return self.backlog
        return round(self.backlog.seconds(self.now.timestamp()), 1)

    @property
    def token_days(self) -> float | Unknown:
        """Days until the token ends if nobody uses it; negative once it has ended."""
        until = self.token_until
        return until if isinstance(until, Unknown) else round((until - self.now).total_seconds() / DAY_S, 1)

    def as_json(self) -> dict[str, object]:
        """What is not known is the word `unknown`, and `unknown` says why."""
        records = self.backlog if isinstance(self.backlog, Unknown) else self.backlog.records
        facts: dict[str, object] = {
            "records_behind": records,
            "seconds_behind": self.seconds_behind,
            "last_booked_at": self.last_booked,
            "dead_letters": self.letters,
            "waiting": self.waiting,
            "jobs": self.jobs if isinstance(self.jobs, Unknown) else [job.shown() for job in self.jobs],
            "token_expires_at": self.token_until,
            "token_days_left": self.token_days,
            "reads_this_month": self.reads,
            "reads_share": share_of_reads(self.reads),
            "limits": self.limits,
            "service_version": self.service_version,
        }
        changed = {f"people_changes.{name}": each for name, each in vars_of(self.changes).items()}
        why = {name: each.why for name, each in (facts | changed).items() if isinstance(each, Unknown)}
        return {
            "company": self.company,
            "realm_id": self.realm_id,
            **self.phase.as_json(),
            **{name: _json(each) for name, each in facts.items()},
            "people_changes": self.changes.as_json(),
            "version": self.version,
            "at": self.now,
            "unknown": why,
        }


def share_of_reads(reads: int | Unknown) -> float | Unknown:
    """The part of the month's free reads that is used."""
    return reads if isinstance(reads, Unknown) else round(reads / FREE_READS, 4)


def vars_of(changes: PeoplesChanges) -> dict[str, object]:
    """Its parts by name."""
    return {"removed": changes.removed, "changed": changes.changed, "known_until": changes.known_until}


def _json(value: object) -> object:
    if isinstance(value, Unknown):
        return UNKNOWN
    return value.as_json() if isinstance(value, OpenLetters | WaitingEvents) else value
