"""Backfills beside the live work: one at a time, in slices that are each settled with their progress.

A job's range is read twice: first for its orders and its age, because whether an order is in the books already depends
on all others and on books that go back far enough; then to book it. What is settled stands in the journal; all else is
done again by the next owner.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

import structlog

from bridge.books.books import Books
from bridge.clock import Clock
from bridge.company.held_to_plan import HeldToPlan
from bridge.company.pipeline import Pipeline
from bridge.company.range_feed import RangeFeed, RangeRecords, Records
from bridge.journal.entries import Journal
from bridge.journal.job_lines import left_key, left_keys, left_value, lines_of, read_left
from bridge.journal.jobs import (
    Ends,
    Job,
    JobState,
    job_key,
    job_value,
    keys_ending_with,
    left_out,
    read_cancelled,
    read_jobs,
)
from bridge.posting.computing import computed, steps_of
from contracts.errors import UnreadableJournal
from contracts.posting import PostingPlan
from contracts.records import OutboundRecord, Place

SLICE_S = 4.0
"""A slice that took longer was too large, because live records wait for its end."""
SLICE_MIN, SLICE_MAX = 30, 120
"""Records. A smaller slice takes as long: each of its waves is a batch, which takes 30 steps."""
SLICE_BATCHES = 8
"""What the first slice is taken to need; later ones need what the last one took."""
MINUTE_S = 61.0
"""QuickBooks counts the calls of a minute."""
KEPT_FOR = timedelta(days=1)
"""So long a job that is over can be asked for."""
AGAIN_AFTER_S = 15.0
"""When a range that could not be read is read again."""

SettleSlice = Callable[[Records], Awaitable[tuple[Records, tuple[OutboundRecord, ...]]]]
"""Books the first of these records: which were taken, and all that is published of them."""

log = structlog.get_logger(__name__)


class JobStage(Enum):
    """What is done of a job now."""

    READING_AHEAD = auto()
    REACHING_BACK = auto()
    BOOKING = auto()


@dataclass(slots=True)
class JobAtWork:
    """The one job that is done now, as far as this process has got."""

    job: Job
    left_out: Collection[Place]
    plan: HeldToPlan | None
    """What it is held to; None for one that does whatever its range says."""
    slices_left: int
    """Of how many slices something was left."""
    feed: RangeFeed
    reads: int
    """At first those of the process when it began, then those that reading the books back has taken."""
    stage: JobStage = JobStage.READING_AHEAD
    books_since: datetime | None = None
    ready: Records = ()


@dataclass(frozen=True, slots=True)
class HandedOut:
    """What is true once the records that were handed out are committed."""

    job: Job
    ready: Records


class Jobs:
    """The jobs of one company. `quietly` makes calls to QuickBooks wait for those of the live work.

    Without `records` none is ever done here: a command that owns the company for a while has work of its own.
    """

    def __init__(
        self,
        *,
        company: str,
        journal: Journal,
        books: Books,
        pipeline: Pipeline,
        clock: Clock,
        rules_version: str,
        records: RangeRecords | None,
        quietly: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._company = company
        self._journal = journal
        self._books = books
        self._pipeline = pipeline
        self._clock = clock
        self._rules_version = rules_version
        self._records = records
        self._quietly = quietly
        self._open: dict[str, Job] = {}
        self._over: set[str] = set()
        self._cancelled: frozenset[str] = frozenset()
        self._at_work: JobAtWork | None = None
        self._handed_out: HandedOut | None = None
        self._slice = SLICE_MIN
        self._slice_batches = SLICE_BATCHES
        self._again_at_s = self._in_any_case_at_s = -math.inf

    async def load(self, journal: Mapping[str, bytes]) -> None:
        """Go on where the journal says, and end what nobody asks for any more. UnreadableJournal as ever."""
        self.clear()
        self.hear(journal)
        self._open = {job.id: job for job in read_jobs(journal) if not job.state.is_over}
        # because what the owner before has called for it still counts against the limits of this minute
        last = max((job.changed_at for job in self._open.values() if job.changed_at), default=None)
        if last is not None:
            left_s = MINUTE_S - (self._clock.now() - last).total_seconds()
            self._again_at_s = self._clock.monotonic() + min(MINUTE_S, max(0.0, left_s))
        before = self._clock.now() - KEPT_FOR
        old = [job for job in read_jobs(journal) if job.state.is_over and (job.changed_at or job.asked_at) < before]
        if old:
            ended = [key for job in old for key in (job_key(job.id), *keys_ending_with(job))]
            ended += left_keys(journal, [job.id for job in old])
            await self._journal.append([(key, None) for key in ended])

    def clear(self) -> None:
        """Another process's company now."""
        if self._at_work is not None:
            self._at_work.feed.close()
            self._pipeline.forget_range()
        self._open.clear()
        self._at_work = self._handed_out = None
        self._again_at_s = -math.inf

    def hear(self, journal: Mapping[str, bytes]) -> None:
        """Jobs that were asked for, and wishes to end them. UnreadableJournal for an unknown format."""
        self._cancelled = read_cancelled(journal)
        for job in read_jobs(journal):
            if job.state is JobState.ASKED and job.id not in self._over:
                # because the owner itself has written every other state, and knows better than what is read of it later
                self._open.setdefault(job.id, job)

    @property
    def shown(self) -> list[dict[str, object]]:
        """Those that are not over, in their order, and how far each is."""
        return [job.shown() for job in sorted(self._open.values(), key=lambda job: (job.asked_at, job.id))]

    @property
    def are_ready(self) -> bool:
        """Whether a turn would get on now."""
        if self._records is None:
            return False
        if any(ident in self._cancelled for ident in self._open):
            return True
        if not self._open or self._clock.monotonic() < self._again_at_s:
            return False
        at_work = self._at_work
        if at_work is None:
            return True
        if at_work.stage is JobStage.REACHING_BACK:
            return self._books.reaches(at_work.books_since)
        if not (at_work.ready or at_work.feed.is_ready):
            return at_work.feed.is_over
        return at_work.stage is not JobStage.BOOKING or self._has_room

    @property
    def _has_room(self) -> bool:
        """Whether a slice would wait for no limit in its middle, and live records with it; or it waits for a minute."""
        return self._books.has_room(self._slice_batches) or self._clock.monotonic() >= self._in_any_case_at_s

    async def turn(self, settle: SettleSlice) -> tuple[OutboundRecord, ...]:
        """Get on with the job that was asked for first; `committed` says that what this gives is settled.

        Unavailable when QBO is away: the same is done again then.
        """
        self._handed_out = None
        for job in self._open.values():
            if job.id in self._cancelled:
                return self._end(job, JobState.CANCELLED)
        try:
            at_work = self._at_work or await self._begin()
            with self._quietly():
                return await self._get_on(at_work, settle)
        except UnreadableJournal as error:
            log.error("job.refused", company=self._company, reason=str(error))  # noqa: TRY400 - a sentence for a person
            return self._end(self._first(), JobState.CANCELLED)

    def committed(self) -> None:
        """What the last turn gave is settled."""
        handed_out, self._handed_out = self._handed_out, None
        if handed_out is None:
            return
        at_work, job = self._at_work, handed_out.job
        if not job.state.is_over:
            self._open[job.id] = job
        else:
            self._open.pop(job.id, None)
            self._over.add(job.id)
            log.info("job.over", company=self._company, job=job.id, state=job.state.value, settled=job.records)
        if at_work is None or at_work.job.id != job.id:
            return
        at_work.job, at_work.ready, at_work.reads = job, handed_out.ready, 0
        if job.state.is_over:
            self._drop()

    def _drop(self) -> None:
        if self._at_work is not None:
            self._at_work.feed.close()
        self._at_work = None
        self._pipeline.forget_range()

    def _first(self) -> Job:
        return min(self._open.values(), key=lambda job: (job.asked_at, job.id))

    async def _begin(self) -> JobAtWork:
        job = self._first()
        journal = await self._journal.read() if job.pieces else {}
        skipped, plan = (left_out(journal, job), self._plan(journal, job)) if job.pieces else (frozenset(), None)
        slices_left = len(left_keys(journal, [job.id]))
        self._in_any_case_at_s = self._clock.monotonic() + MINUTE_S
        log.info("job.begun", company=self._company, job=job.id, settled=job.records)
        self._at_work = JobAtWork(job, skipped, plan, slices_left, self._feed(job, job.ends), self._books.calls.reads)
        return self._at_work

    def _plan(self, journal: Mapping[str, bytes], job: Job) -> HeldToPlan | None:
        lines = lines_of(journal, job)
        if not lines:
            return None
        refusal, now = "", self._rules_version
        if job.rules_version not in {None, now}:
            refusal = f"the service has other rules ({now}) than the plan ({job.rules_version})"
        return HeldToPlan(lines, read_left(journal, job.id), compared=job.compared, refusal=refusal)

    def _feed(self, job: Job, ends: Ends) -> RangeFeed:
        if self._records is None:
            raise RuntimeError("jobs are not done here")
        return RangeFeed(self._records(job, ends))

    async def _get_on(self, at_work: JobAtWork, settle: SettleSlice) -> tuple[OutboundRecord, ...]:
        if not at_work.ready and at_work.stage is not JobStage.REACHING_BACK:
            at_work.ready = self._taken(at_work)
        match at_work.stage:
            case JobStage.READING_AHEAD:
                await self._read_ahead(at_work)
            case JobStage.REACHING_BACK if self._books.reaches(at_work.books_since):
                at_work.stage, at_work.feed = JobStage.BOOKING, self._feed(at_work.job, at_work.job.rest)
                at_work.reads = self._books.calls.reads - at_work.reads
            case JobStage.BOOKING if at_work.ready:
                return await self._book(at_work, settle)
            case JobStage.BOOKING if at_work.feed.is_over:
                return self._end(at_work.job, JobState.DONE)
        return ()

    def _taken(self, at_work: JobAtWork) -> Records:
        """What lies ready of the range; what cannot be read is read again later."""
        try:
            taken = at_work.feed.take()
        except Exception as error:  # noqa: BLE001 - Kafka's trouble: the live work meets it too, and says more
            log.warning("job.not_read", company=self._company, job=at_work.job.id, error=type(error).__name__)
            self._again_at_s = self._clock.monotonic() + AGAIN_AFTER_S
            self._drop()
            return ()
        return tuple(record for record in taken if record.place not in at_work.left_out)

    async def _read_ahead(self, at_work: JobAtWork) -> None:
        records, at_work.ready = at_work.ready, ()
        mapped = await computed(lambda: list(self._pipeline.map_records(records)), steps=steps_of(records))
        if self._pipeline.matches:
            self._pipeline.read_ahead(mapped)
        ages = [each.decision.books_since for each in mapped if isinstance(each.decision, PostingPlan)]
        at_work.books_since = min((age for age in (*ages, at_work.books_since) if age is not None), default=None)
        if at_work.feed.is_over:
            # because an order that is older than the books that are known would wait, and fill the journal
            at_work.stage = JobStage.REACHING_BACK
            await self._books.reach(at_work.books_since)

    async def _book(self, at_work: JobAtWork, settle: SettleSlice) -> tuple[OutboundRecord, ...]:
        before, began_s = self._books.calls, self._clock.monotonic()
        taken, outbound = await self._settle_as_planned(at_work, at_work.ready[: self._slice], settle)
        calls, took_s = self._books.calls, self._clock.monotonic() - began_s
        if took_s > SLICE_S:
            self._slice = max(SLICE_MIN, self._slice // 2)
        elif took_s < 0.75 * SLICE_S:
            self._slice = min(SLICE_MAX, 2 * self._slice)
        self._slice_batches = max(1, calls.batches - before.batches)
        self._in_any_case_at_s = self._clock.monotonic() + MINUTE_S
        job = at_work.job.settled(
            taken,
            self._clock.now(),
            reads=calls.reads - before.reads + at_work.reads,
            writes=calls.writes - before.writes,
            batches=calls.batches - before.batches,
        )
        self._handed_out = HandedOut(job, at_work.ready[len(taken) :])
        return (*outbound, self._journal.journal_record(job_key(job.id), job_value(job)))

    async def _settle_as_planned(
        self, at_work: JobAtWork, records: Records, settle: SettleSlice
    ) -> tuple[Records, tuple[OutboundRecord, ...]]:
        """Settle the first of these records but for what is left; which are behind then, and what is published."""
        plan = at_work.plan
        if plan is None:
            return await settle(records)
        await self._compare(at_work, plan, records)
        kept = plan.kept(records)
        taken, outbound = await settle(kept) if kept else ((), ())
        if len(taken) == len(kept):
            return records, outbound
        return records[: 1 + records.index(taken[-1])], outbound

    async def _compare(self, at_work: JobAtWork, plan: HeldToPlan, records: Records) -> None:
        """Leave what is not as it was planned; the journal says so before anything of it is sent."""
        left = await plan.compare(records, self._books, self._pipeline)
        if left is None:
            return
        job = at_work.job.held_against_the_plan(records)
        entries = [(job_key(job.id), job_value(job))]
        if left:
            log.info("job.left", company=self._company, job=job.id, documents=len(left))
            entries.append((left_key(job.id, at_work.slices_left), left_value(left)))
        await self._journal.append(entries)
        at_work.job, at_work.slices_left = job, at_work.slices_left + bool(left)

    def _end(self, job: Job, state: JobState) -> tuple[OutboundRecord, ...]:
        over = job.over(state, self._clock.now())
        self._handed_out = HandedOut(over, ())
        entries = [(job_key(job.id), job_value(over)), *((key, None) for key in keys_ending_with(job))]
        return tuple(self._journal.journal_record(*entry) for entry in entries)
