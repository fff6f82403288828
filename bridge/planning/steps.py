"""The planner's own words: a planned step is one write; a fate says what became of one step of one event's plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from bridge.index import Posted
from contracts.errors import RecordError
from contracts.keys import SourceKey
from contracts.posting import Operation, PostingPlan, PostingStep, Version
from contracts.quickbooks import Draft, EntityName


class StepId(NamedTuple):
    """One write to one entity; `part` keeps apart what shares a key (a customer's currency, a void and its note)."""

    entity: EntityName
    key: SourceKey
    part: str = ""

    def __str__(self) -> str:
        return f"{self.entity.lower()} {self.key}" + (f" ({self.part})" if self.part else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One write. `needs` must have gone out before; `owner` is the position of the plan that it is credited to.

    `target` is the entity that an update or a void changes. `facts` go into the marker. `applied` is what a payment
    puts on its invoice.
    """

    id: StepId
    operation: Operation
    owner: int
    draft: Draft | None = None
    target: Posted | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    needs: frozenset[StepId] = frozenset()
    applied: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Work:
    """The step is (part of) a write; `credited` is true for the one event that it is posted for."""

    step: StepId
    credited: bool


@dataclass(frozen=True, slots=True)
class Held:
    """The books already have it."""

    posted: Posted


@dataclass(frozen=True, slots=True)
class Superseded:
    """A newer version of the document is in the books, or in this same micro-batch."""

    posted: Posted | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """It depends on something that does not exist yet."""

    message: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nothing to book, by rule."""

    code: str
    message: str
    posted: Posted | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """It cannot be booked; a person must act."""

    error: RecordError
    posted: Posted | None = None


Fate = Work | Held | Superseded | Waiting | Skipped | Refused


class Claim(NamedTuple):
    """A step of a plan, with the position of that plan in the micro-batch."""

    position: int
    plan: PostingPlan
    step: PostingStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Waves to post, the fates of each plan by its position, and what else is known afterwards.

    `stale` are targets whose SyncToken must be read before the waves may go. `versions` are newer versions of
    documents that need no write. `drafts` resolves references to name-list entities.
    """

    waves: tuple[tuple[PlannedStep, ...], ...]
    fates: tuple[tuple[Fate, ...], ...]
    stale: tuple[Posted, ...]
    versions: Mapping[SourceKey, Version]
    drafts: Mapping[SourceKey, Draft]
