"""The story of a micro-batch: decode, map, schedule, post, settle. One record in, one outcome out.

Planning looks at the books and never at what was tried before: after a fault that knowledge can cure, the books are
read once more and the same plans are scheduled again. What was written meanwhile is then found in the index.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from functools import partial

from bridge.books.books import Books
from bridge.company.isolation import SettledPlans, isolated
from bridge.decoding.decision import EventMapper, MappedRecord
from bridge.journal.requests import Unsettled
from bridge.matching.there import AlreadyThere
from bridge.planning.gift_cards import redeeming
from bridge.planning.sale.orders_ahead import RangeOrders
from bridge.planning.schedule import schedule
from bridge.planning.steps import Again, AlreadyPosted, Refused, Schedule, StepId, Write
from bridge.posting.computing import computed
from bridge.posting.poster import Poster, Resent
from bridge.posting.remedies import recover
from bridge.settlement.outcome import Outcome, ignored, outcome_of, refused, stopped_by, waiting, written_by
from bridge.settlement.step_outcomes import Done, Failed, Recoverable, StepOutcome
from contracts.containment import contained
from contracts.entities import Entity, EntityName
from contracts.errors import InternalFault, RecordError, RejectedPosting, UnmappableEvent
from contracts.keys import SourceKey
from contracts.marker import SALES
from contracts.matching import Matching
from contracts.posting import Caution, Ignored, Operation, PostingPlan, Version
from contracts.quickbooks import CustomerDraft, DocumentDraft, RedemptionDraft
from contracts.records import InboundRecord
from contracts.results import POSSIBLE_DUPLICATE

HELD_AGE_MAX_S = 600.0
"""How old preferences may be while something waits for the books to be opened."""
REPLANS_MAX = 4
"""How often the same plans are scheduled before a fault that knowledge should have cured counts as definitive."""
KnownThere = Callable[[Matching], AlreadyThere]
"""What is known, by the rules, of orders that the books may hold already."""
REREADS_MAX = 4
"""How often what a schedule asks for is read: a credit, the payments on it, then its invoice."""


class Foreseen(Enum):
    """What would become of the sale that a record tells of."""

    NOTHING = "nothing new"
    CREATE = "create"
    ADOPT = "adopt"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Foresight:
    """What would become of a record: of its sale, and which documents of people it would adopt, as `payment/145`."""

    sale: Foreseen = Foreseen.NOTHING
    adopted: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledRecord:
    """One record with its outcome."""

    mapped: MappedRecord
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Processed:
    """A micro-batch: its outcomes in order, and versions of documents that no entity in QBO says.

    `written` are the steps that are told by it, `ended` the entries of the journal that are settled beside its own.
    """

    settled: tuple[SettledRecord, ...]
    versions: Mapping[SourceKey, Version]
    written: frozenset[StepId]
    ended: tuple[str, ...] = ()


class Pipeline:
    """Takes the records of one company to outcomes."""

    def __init__(self, mapper: EventMapper, books: Books, poster: Poster, there: KnownThere) -> None:
        self._mapper = mapper
        self._there = there
        self._held_at: _CloseDate | None = None
        self._books = books
        self._poster = poster
        self._range = RangeOrders()

    @property
    def matches(self) -> bool:
        """Whether orders are compared with what the books hold already."""
        return self._mapper.matching.mode != "off"

    def read_ahead(self, mapped: Iterable[MappedRecord]) -> None:
        """Know the orders of these records from now on: they will come."""
        self._range.add(each.decision for each in mapped if isinstance(each.decision, PostingPlan))

    def forget_range(self) -> None:
        """What was read ahead is in the books, or is read ahead again."""
        self._range = RangeOrders()

    def map_records(self, records: Iterable[InboundRecord]) -> Iterator[MappedRecord]:
        """What each record means for this company, one by one; records of other companies are left out."""
        mapped = (self._mapper.map_record(record) for record in records)
        return (each for each in mapped if each is not None)

    async def foresee(self, mapped: Sequence[MappedRecord]) -> list[Foresight]:
        """What would become of each record if they were processed now; nothing is written.

        Unavailable when QBO is away. Where a bug of ours is met, nothing is foreseen: processing meets it and tells.
        """
        plans = [each.decision for each in mapped if isinstance(each.decision, PostingPlan)]
        await self._books.read_recorded(_documents_of(plans))
        try:
            planned = await self._schedule(plans, None) if plans else None
        except InternalFault:
            planned = None
        found = iter([Foresight()] * len(plans) if planned is None else _foreseen(planned, len(plans)))
        return [next(found) if isinstance(each.decision, PostingPlan) else Foresight() for each in mapped]

    async def process(self, mapped: Sequence[MappedRecord]) -> Processed:
        """Put everything that `mapped` says into the books.

        Unavailable when QBO cannot: nothing is settled then, and the same records may be given again.
        """
        # because what is settled ends the entries of all requests: none may be open then
        await self._poster.finish_open()
        plans = [each.decision for each in mapped if isinstance(each.decision, PostingPlan)]
        await self._books.reach(_earliest(plans))
        plans = [plan for plan in plans if self._books.reaches(plan.books_since)]
        part = await isolated(plans, partial(self._part, Counter()), self._failed_at)
        booked = iter(part.outcomes)
        settled = tuple(SettledRecord(mapped=each, outcome=self._outcome(each, booked)) for each in mapped)
        conflicts = {step_id: each for plan in plans for step_id, each in self._poster.conflicts_of(plan).items()}
        return Processed(
            settled=settled,
            versions=part.versions,
            written=part.written | conflicts.keys(),
            ended=tuple(each.key for each in conflicts.values() if each.key is not None),
        )

    async def _part(
        self, attempts: Counter[StepId], plans: Sequence[PostingPlan], credited_before: Collection[StepId]
    ) -> SettledPlans:
        """Put `plans` into the books together; writes that are `credited_before` already are not credited once more."""
        if not plans:
            return SettledPlans()
        posted = await self._post(plans, attempts, credited_before)
        outcomes = [
            replace(self._outcome_of(plan, position, posted), attempts=1 + _refusals(plan, attempts))
            for position, plan in enumerate(plans)
        ]
        written = frozenset(step_id for steps in posted.written_for.values() for step_id in steps)
        return SettledPlans(outcomes, self._note_versions(posted), written)

    def _outcome_of(self, plan: PostingPlan, position: int, posted: _Posted) -> Outcome:
        credited = posted.written_for.get(position, ())
        try:
            with contained():
                outcome = outcome_of(plan, posted.planned.resolutions[position], posted.outcomes, credited)
        except InternalFault as fault:
            return self._broken(plan, fault, credited)
        return self._uncontradicted(plan, replace(outcome, cautions=posted.planned.cautions[position]))

    def _failed_at(self, plan: PostingPlan, fault: InternalFault, credited_before: Collection[StepId]) -> SettledPlans:
        """One plan that a bug of ours meets alone: what it has written all the same is told with it."""
        written = self._poster.done_of(plan).keys() - set(credited_before)
        return SettledPlans([self._broken(plan, fault, written)], self.noted, frozenset(written))

    def _broken(self, plan: PostingPlan, fault: InternalFault, credited: Iterable[StepId]) -> Outcome:
        done = self._poster.done
        try:
            with contained():
                entities = written_by(done[step_id] for step_id in credited)
        except InternalFault:
            entities = ()
        # because a document over another total is void by now, whatever else became of the record
        return self._uncontradicted(plan, refused(fault, entities))

    def _uncontradicted(self, plan: PostingPlan, outcome: Outcome) -> Outcome:
        """The outcome, unless QBO made a document of the plan over another total: it is void now, and no success."""
        conflict = next(iter(self._poster.conflicts_of(plan).values()), None)
        return outcome if conflict is None else refused(conflict.error, outcome.entities)

    async def resend(self, unsettled: Unsettled) -> Resent:
        """Send a request of an earlier owner again, as it is; what it did shows when the books are read."""
        return await self._poster.resend(unsettled)

    def changed_by(self, operation: Operation) -> Collection[tuple[EntityName, SourceKey]]:
        """What we deleted, voided and so on ourselves and have published no result of."""
        return self._poster.changed_by(operation)

    @property
    def noted(self) -> dict[SourceKey, Version]:
        """What holds since the writes whose results are not published yet, for the journal."""
        return {key: version for done in self._poster.done.values() for key, version in done.notes.items()}

    @property
    def answered(self) -> list[tuple[str, Entity]]:
        """What QBO has answered to writes whose results are not published yet, by the type of the entity."""
        return [(done.entity, done.body) for done in self._poster.done.values()]

    def mark_published(self, processed: Processed) -> None:
        """The outcomes are on the bus: what was written for them need not be credited to anybody any more."""
        self._poster.mark_published(processed.written)

    def forget(self) -> None:
        """Drop unpublished results: another owner may publish them."""
        self._poster.forget()

    def _outcome(self, mapped: MappedRecord, booked: Iterator[Outcome]) -> Outcome:
        match mapped.decision:
            case Ignored(code=code, message=message):
                return ignored(code, message)
            case RecordError() as error:
                return refused(error)
            case PostingPlan(books_since=since) if since is not None and not self._books.reaches(since):
                # because a document that the index does not know yet would be made a second time
                return waiting(f"the books since {self._books.needed_since(since).date()} are being read for it")
        return next(booked)

    async def _post(
        self, plans: Sequence[PostingPlan], attempts: Counter[StepId], credited_before: Collection[StepId]
    ) -> _Posted:
        await self._reread_profile(plans)
        await self._books.read_recorded(_documents_of(plans))
        await self._books.read_rates(())
        owners: dict[StepId, int] = {}
        conflicts = (each for plan in plans for each in self._poster.conflicts_of(plan).items())
        outcomes: dict[StepId, StepOutcome] = {step_id: Failed(each.error) for step_id, each in conflicts}
        # because what is written is known to the next plan, and nobody would be warned of it
        cautions: list[dict[Caution, None]] = [{} for _ in plans]
        again: Again | None = None
        for _ in range(REPLANS_MAX):
            planned = await self._schedule(plans, again)
            for known, found_now in zip(cautions, planned.cautions, strict=True):
                known.update(dict.fromkeys(found_now))
            owners |= {step.id: step.owner for wave in planned.waves for step in wave}
            owners |= {step.id: step.owner for step in planned.adopted_by_id}
            failed = {step_id: each for step_id, each in outcomes.items() if isinstance(each, Failed)}
            found = await self._poster.post(planned, attempts, failed)
            stands = {step_id: each for step_id, each in outcomes.items() if owners.get(step_id) not in planned.planned}
            outcomes = {**stands, **failed, **found, **self._poster.done, **self._adopted(planned)}
            # because what was written as it was planned long ago is done and has to be planned again
            recoverables = {step_id: each for step_id, each in found.items() if isinstance(each, Recoverable)}
            unmapped = {step_id for step_id, outcome in outcomes.items() if _lacks_something(outcome)}
            if unmapped and await self._books.reread_profile():
                outcomes = {step_id: outcome for step_id, outcome in outcomes.items() if step_id not in unmapped}
            elif not recoverables and not planned.must_replan:
                break
            else:
                unmapped = set()
            for recoverable in recoverables.values():
                attempts[recoverable.step.id] += 1
                await recover(self._books, recoverable)
            asking = planned.replanning | _concerned(recoverables.keys() | unmapped, planned, outcomes, owners)
            again = Again(asking, planned, is_written=True, done=_done(planned, outcomes))
        with contained():
            written_for = _written_for(plans, owners, outcomes, credited_before)
        return _Posted(replace(planned, cautions=tuple(tuple(each) for each in cautions)), outcomes, written_for)

    async def _schedule(self, plans: Sequence[PostingPlan], again: Again | None) -> Schedule:
        """What is to be written for `plans`; what was planned `again` only where a look at the books asks for it."""
        planned = await self._planned(plans, again)
        for _ in range(REREADS_MAX):
            if not (planned.stale or planned.unknown or planned.rates):
                break
            await self._books.refresh(planned.stale)
            await self._books.read_payments(planned.unknown)
            await self._books.read_rates(planned.rates)
            planned = await self._planned(plans, Again(planned.looking, planned))
        if (_is_barred(planned) or _lacks_an_account(planned)) and await self._books.reread_profile():
            planned = await self._planned(plans, again)
        if self._held_at is None and self._mapper.closed_period == "hold" and _is_barred(planned):
            self._held_at = _CloseDate(self._books.profile.close_date)
        if planned.balances and await self._books.read_balances(planned.balances):
            planned = await self._planned(plans, Again(redeeming(plans) & planned.planned, planned))
        return planned

    async def _planned(self, plans: Sequence[PostingPlan], again: Again | None) -> Schedule:
        books, mapper = self._books, self._mapper
        there = replace(self._there(mapper.matching), ahead=self._range.ahead)
        scheduled = partial(schedule, plans, books.index, books.profile, mapper.closed_period, mapper.opening, there)
        with contained():
            return await computed(partial(scheduled, again), steps=sum(len(plan.steps) for plan in plans))

    def _adopted(self, planned: Schedule) -> dict[StepId, StepOutcome]:
        """What takes no change becomes ours by its Id alone; as long as it is not told, who told of it is credited."""
        for step in planned.adopted_by_id:
            if step.target is not None:
                self._books.index.adopt(step.target)
                self._poster.adopted_by_id(step, step.target)
        return dict(self._poster.done) if planned.adopted_by_id else {}

    async def reopened(self) -> bool:
        """True when something is held for books that were closed to another day than now; asked every ten minutes.

        Whoever reads the profile in between learns of the new day, so what is held remembers the day that held it.
        """
        if self._held_at is None:
            return False
        await self._books.reread_profile(age_max_s=HELD_AGE_MAX_S)
        if self._books.profile.close_date == self._held_at.day:
            return False
        self._held_at = None
        return True

    async def _reread_profile(self, plans: Sequence[PostingPlan]) -> None:
        """A currency that the company could not hold may have been switched on since."""
        drafts = (step.draft for plan in plans for step in plan.steps)
        own_money = DocumentDraft | CustomerDraft | RedemptionDraft
        currencies = {draft.currency for draft in drafts if isinstance(draft, own_money)}
        if not all(self._books.profile.can_book(currency) for currency in currencies):
            await self._books.reread_profile()

    def _note_versions(self, posted: _Posted) -> dict[SourceKey, Version]:
        """Newer versions that needed no write are remembered, so that an older one cannot come back later.

        So are those that hold since something was written, by an earlier owner too.
        """
        noted = self.noted
        outcomes = posted.outcomes.items()
        deleted = {each.key for each, done in outcomes if isinstance(done, Done) and done.operation is Operation.DELETE}
        # because what is deleted stays away, whatever became of the payment of nothing that had put it on its invoice
        unwritten = {each.key for each, outcome in outcomes if not isinstance(outcome, Done)} - deleted
        for key, version in posted.planned.versions.items():
            newest = self._books.index.newest(key)
            if key not in unwritten and (newest is None or newest < version):
                self._books.index.note_version(key, version)
                noted[key] = version
        return noted


@dataclass(frozen=True, slots=True)
class _CloseDate:
    """Up to when the books were closed when something was held; None: they were open."""

    day: date | None


@dataclass(frozen=True, slots=True)
class _Posted:
    planned: Schedule
    outcomes: Mapping[StepId, StepOutcome]
    written_for: Mapping[int, Sequence[StepId]]


def _foreseen(planned: Schedule, plans: int) -> list[Foresight]:
    """What a schedule does with each plan."""
    found = [Foreseen.NOTHING] * plans
    adopted: list[set[str]] = [set() for _ in range(plans)]
    for step in (*(step for wave in planned.waves for step in wave), *planned.adopted_by_id):
        if step.operation is Operation.ADOPT and step.target is not None:
            adopted[step.owner].add(f"{step.id.entity.lower()}/{step.target.id}")
        if step.id.entity in SALES and step.operation is Operation.ADOPT:
            found[step.owner] = Foreseen.ADOPT
        elif step.id.entity in SALES and step.operation is Operation.CREATE and step.barred is None:
            found[step.owner] = Foreseen.CREATE
    for position, resolutions in enumerate(planned.resolutions):
        refusals = (each.error for each in resolutions if isinstance(each, Refused))
        if any(getattr(error, "reason_code", None) == POSSIBLE_DUPLICATE for error in refusals):
            found[position] = Foreseen.ASK
    return [Foresight(sale, frozenset(names)) for sale, names in zip(found, adopted, strict=True)]


def _documents_of(plans: Iterable[PostingPlan]) -> set[SourceKey]:
    """The source documents that `plans` are about."""
    return {key for plan in plans for key in (plan.document, plan.lane, *(step.key for step in plan.steps))}


def _earliest(plans: Iterable[PostingPlan]) -> datetime | None:
    """Since when the books must be known for all of `plans`."""
    return min((since for plan in plans if (since := plan.books_since) is not None), default=None)


def _is_barred(planned: Schedule) -> bool:
    """True when the closing date keeps something out of the books."""
    barred = (step.barred for wave in planned.waves for step in wave)
    return any(isinstance(error, RejectedPosting) and error.reason_code == "period_closed" for error in barred)


def _lacks_an_account(planned: Schedule) -> bool:
    """True when something was refused before it was sent, which a person may have mended since."""
    return any(
        isinstance(each, Refused) and isinstance(each.error, UnmappableEvent)
        for resolutions in planned.resolutions
        for each in resolutions
    )


def _lacks_something(outcome: StepOutcome) -> bool:
    """True when the company has no such account, tax or feature, which a person may have mended since."""
    return isinstance(outcome, Failed) and isinstance(outcome.error, UnmappableEvent)


def _refusals(plan: PostingPlan, attempts: Mapping[StepId, int]) -> int:
    """How often QBO refused a step of `plan` before it took it, or for good."""
    own = {(step.entity, step.key) for step in plan.steps}
    return max((times for step_id, times in attempts.items() if (step_id.entity, step_id.key) in own), default=0)


def _written_for(
    plans: Sequence[PostingPlan],
    owners: Mapping[StepId, int],
    outcomes: Mapping[StepId, StepOutcome],
    credited_before: Collection[StepId],
) -> dict[int, list[StepId]]:
    """The writes credited to each plan. One that an interrupted earlier try made belongs to the plan that names it."""
    named = {
        StepId(step.entity, step.key): position
        for position, plan in reversed(list(enumerate(plans)))
        for step in plan.steps
    }
    written: dict[int, list[StepId]] = {}
    for step_id, outcome in outcomes.items():
        owner = owners.get(step_id, named.get(step_id._replace(part="")))
        if owner is not None and isinstance(outcome, Done) and step_id not in credited_before:
            written.setdefault(owner, []).append(step_id)
    return written


def _done(planned: Schedule, outcomes: Mapping[StepId, StepOutcome]) -> frozenset[int]:
    """The plans that only write or know what is there, and all of whose writes were carried out."""
    return frozenset(
        position
        for position, resolutions in enumerate(planned.resolutions)
        if resolutions
        and all(
            isinstance(each, AlreadyPosted) or (isinstance(each, Write) and isinstance(outcomes.get(each.step), Done))
            for each in resolutions
        )
    )


def _concerned(
    curable: Set[StepId], planned: Schedule, outcomes: Mapping[StepId, StepOutcome], owners: Mapping[StepId, int]
) -> frozenset[int]:
    """The plans that write something curable, or something that could not go out for want of it."""
    stuck = {step_id for step_id in outcomes if stopped_by(step_id, outcomes) in curable} | curable
    writing = {
        position
        for position, resolutions in enumerate(planned.resolutions)
        for each in resolutions
        if isinstance(each, Write) and stopped_by(each.step, outcomes) in curable
    }
    return frozenset(writing | {owners[step_id] for step_id in stuck if step_id in owners})
