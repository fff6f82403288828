"""The planner's own words: a planned step is one write; a resolution what became of one step of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from bridge.index.company_profile import DayRate
from bridge.index.posted import Posted, Shipping
from contracts.entities import Entity, EntityName
from contracts.errors import RecordError
from contracts.keys import SourceKey
from contracts.posting import Caution, Operation, PostingPlan, PostingStep, Version
from contracts.quickbooks import DocumentDraft, Draft, RedemptionDraft


class StepId(NamedTuple):
    """One write to one entity; `part` keeps apart what shares a key (a customer's currency, a void and its note)."""

    entity: EntityName
    key: SourceKey
    part: str = ""

    def __str__(self) -> str:
        return f"{self.entity.lower()} {self.key}" + (f" ({self.part})" if self.part else "")


class Redeemed(NamedTuple):
    """A gift card that paid for a part of a sale: its transaction, its amount, and its line, new or as it stands."""

    key: SourceKey
    amount: Decimal
    line: RedemptionDraft | Entity


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedStep:
    """One write. `needs` must have gone out before; `owner` is the position of the plan that it is credited to.

    `target` is the entity that an update, a void or a delete changes. `marker_fields` go into the marker. `sale` is the
    document that money, a credit or a refund belongs to; `applied` is what a payment puts on its invoice, and with
    `keeps_customer` it stays with the customer that a person gave it. Of a sale
    `total` is what QBO must answer, `redemptions` are the gift cards on it and `shipping` how it went out; without a
    draft, or where it `keeps_lines`, its lines and its tax stay as they are. `note` is a sentence for people. What is
    `barred` is never sent; `held` says that its event waits. `notes` are versions of other documents that hold as soon
    as it is written, and not before.
    """

    id: StepId
    operation: Operation
    owner: int
    draft: Draft | None = None
    target: Posted | None = None
    marker_fields: Mapping[str, str] = field(default_factory=dict)
    needs: frozenset[StepId] = frozenset()
    sale: SourceKey | None = None
    applied: Decimal = Decimal(0)
    keeps_customer: bool = False
    keeps_lines: bool = False
    total: Decimal | None = None
    redemptions: tuple[Redeemed, ...] = ()
    shipping: Shipping | None = None
    note: str | None = None
    barred: RecordError | None = None
    held: bool = False
    came_back: SourceKey | None = None
    notes: Mapping[SourceKey, Version] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Write:
    """The step is (part of) a write; `credited` is true for the one event that it is posted for."""

    step: StepId
    credited: bool


@dataclass(frozen=True, slots=True)
class AlreadyPosted:
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


StepResolution = Write | AlreadyPosted | Superseded | Waiting | Skipped | Refused


class Claim(NamedTuple):
    """A step of a plan, with the position of that plan in the micro-batch."""

    position: int
    plan: PostingPlan
    step: PostingStep


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleClaims:
    """What the events of one micro-batch tell of one sale, each claim once, in the order of their plans.

    `overpaid` is what refunds handed back of money paid too much, `earlier` money of before the start of the books.
    """

    bodies: tuple[Claim, ...] = ()
    received: tuple[Claim, ...] = ()
    payments: tuple[Claim, ...] = ()
    redemptions: tuple[Claim, ...] = ()
    change: tuple[Claim, ...] = ()
    credits: tuple[Claim, ...] = ()
    refunds: tuple[Claim, ...] = ()
    overpaid: tuple[Claim, ...] = ()
    shipments: tuple[Claim, ...] = ()
    earlier: tuple[Claim, ...] = ()

    @property
    def every(self) -> tuple[Claim, ...]:
        """All of them."""
        money = (*self.received, *self.payments, *self.redemptions, *self.change)
        return (*self.bodies, *money, *self.credits, *self.refunds, *self.overpaid, *self.shipments)

    @property
    def first(self) -> Claim:
        """The claim that a write which all of them may cause is credited to: what tells of money goes first."""
        money = (*self.received, *self.payments, *self.redemptions, *self.change)
        return next(iter((*money, *self.credits, *self.refunds, *self.overpaid, *self.bodies, *self.shipments)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """The form on which a sale stands: what is in the books, and what this micro-batch writes of it."""

    key: SourceKey
    entity: EntityName
    posted: Posted | None
    step: PlannedStep | None

    @property
    def counts(self) -> bool:
        """False for one that is void, or will be."""
        if self.step is not None:
            return self.step.operation is not Operation.VOID
        return self.posted is not None and not self.posted.voided

    def currency(self, otherwise: str) -> str:
        """Its currency; `otherwise` where nobody says (QBO names none where a company has only one)."""
        draft = self.step.draft if self.step else None
        written = draft.currency if isinstance(draft, DocumentDraft) else None
        return written or (self.posted.currency if self.posted else None) or otherwise

    @property
    def asked(self) -> Decimal:
        """What it asks for in the end."""
        if not self.counts:
            return Decimal(0)
        if self.step is not None and self.step.total is not None:
            return self.step.total
        return self.posted.total if self.posted else Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Waves to post, the resolutions of each plan by its position, and what else is known afterwards.

    `stale` are targets whose SyncToken must be read before the waves may go, `unknown` the Ids of payments of others
    that must, `rates` the exchange rates that QBO must be asked for; `looking` are the positions of the plans that ask
    for any of it. `versions` are newer versions of documents that need no write, `noted` says for which plans.
    `cautions` are what a person should know of each plan, `balances` the Ids of accounts on whose balance they rest.
    `drafts` resolves references to name-list entities. `replanning` are the plans that ask for another plan after these
    waves: what QBO does with them by itself decides the rest. `adopted_by_id` are documents of people that become ours
    without a write.
    """

    waves: tuple[tuple[PlannedStep, ...], ...]
    resolutions: tuple[tuple[StepResolution, ...], ...]
    stale: tuple[Posted, ...]
    versions: Mapping[SourceKey, Version]
    drafts: Mapping[SourceKey, Draft]
    unknown: tuple[str, ...] = ()
    rates: tuple[DayRate, ...] = ()
    cautions: tuple[tuple[Caution, ...], ...] = ()
    balances: tuple[str, ...] = ()
    adopted_by_id: tuple[PlannedStep, ...] = ()
    looking: frozenset[int] = frozenset()
    replanning: frozenset[int] = frozenset()
    noted: Mapping[SourceKey, frozenset[int]] = field(default_factory=dict)
    planned: frozenset[int] = frozenset()
    """The plans that these waves are of; what the others wrote has gone out before."""

    @property
    def must_replan(self) -> bool:
        """True when anything has to be planned once more after these waves."""
        return bool(self.replanning)


@dataclass(frozen=True, slots=True)
class Again:
    """The plans, by position, that are planned once more; for all others `before` stands, which `is_written` or not.

    `done` are those all of whose writes were carried out.
    """

    positions: frozenset[int]
    before: Schedule
    is_written: bool = False
    done: frozenset[int] = frozenset()
