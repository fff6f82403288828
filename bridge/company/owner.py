"""One company's owner: what happens with its records from the moment this process owns it until it lets go."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from bridge.books.books import Books
from bridge.clock import Clock
from bridge.company.breaker import Breaker, EndedRecord
from bridge.company.doubts import Doubts
from bridge.company.endings import Endings, Orphan, bare
from bridge.company.jobs import Jobs
from bridge.company.parked import SLICE, ParkedEvents, bodiless
from bridge.company.pipeline import Pipeline, Processed, SettledRecord
from bridge.company.progress import Progress
from bridge.company.refused_documents import RefusedDocuments
from bridge.company.retaking import ReadBudget, ReadsSpent
from bridge.company.sentinel import Sentinel
from bridge.company.shares import kind_of
from bridge.company.waiting_room import ParkedEvent
from bridge.decoding.decision import MappedRecord
from bridge.index.identities import Identities
from bridge.journal.entries import Journal, check_formats
from bridge.journal.identities import RecordOfIds, identity_value
from bridge.journal.pause import PAUSED_KEY, Pauses
from bridge.journal.reads import outdated_reads
from bridge.journal.requests import WriteAhead, unsettled_requests
from bridge.journal.stop import STOPPED_KEY
from bridge.journal.versions import read_versions, version_key, version_value
from bridge.journal.waiting import Parked, journal_value
from bridge.posting.computing import computed, steps_of
from bridge.posting.poster import Resent
from bridge.settlement.outcome import refused
from bridge.settlement.reporting import Reporter, document_key, warnings_of
from bridge.telemetry.status import CompanyBoard
from contracts.containment import contained
from contracts.errors import BatchTooLarge, InternalFault, Interrupted, Paused, Stopped, Unauthorised, Unavailable
from contracts.keys import SourceKey
from contracts.lifecycle import Phase
from contracts.posting import Operation
from contracts.records import InboundRecord, OutboundRecord, Place, RecordId
from contracts.results import ResultStatus

LEFT_OUT = frozenset({"booked_by_shop", "skipped_by_rule", "before_books_start"})
"""Reasons for which nothing is booked for a document, whatever comes of it later."""
ASK_EVERY_S = 2.0
"""How often the journal is asked for people's decisions while an order is in doubt."""
IDLE_EVERY_S = 1.0
"""How often it is looked what else is to be done while a job is at work."""
REFUSED_NAMED_MAX = 5
"""How many dead letters of a micro-batch its log line names."""
REACH_BACK = timedelta(days=365)
"""How far before the money that waits for it the index looks for an old order."""

log = structlog.get_logger(__name__)


class BooksOwner:
    """Takes over, processes, and lets go; the Kafka side drives it (`bridge.kafka.owner.CompanyOwner`)."""

    def __init__(  # noqa: PLR0913 - the parts of one company
        self,
        *,
        books: Books,
        pipeline: Pipeline,
        reporter: Reporter,
        journal: Journal,
        ids: RecordOfIds,
        write_ahead: WriteAhead,
        waiting: ParkedEvents,
        breaker: Breaker,
        doubts: Doubts,
        jobs: Jobs,
        board: CompanyBoard,
        clock: Clock,
        rehearses: bool = False,
    ) -> None:
        self._books = books
        self._rehearses = rehearses
        self._pipeline = pipeline
        self._reporter = reporter
        self._journal = journal
        self._ids = ids
        self._write_ahead = write_ahead
        self._waiting = waiting
        self._breaker = breaker
        self._doubts = doubts
        self._jobs = jobs
        self._asked_at = self._idle_at = -math.inf
        self._stopped = asyncio.Event()
        self._board = board
        self._clock = clock
        self._sentinel = Sentinel(board)
        self._refused = RefusedDocuments(waiting.room.wait_max)
        self._endings = Endings(books, waiting.room, self._refused)
        self._progress = Progress(board)
        self._budget = ReadBudget()
        self._asked_before: tuple[int, ...] = ()
        self._epoch: int | None = None
        self._looked_since: datetime | None = None
        self._is_away_in_idle = False
        self._is_released = True
        self._pauses = Pauses()

    async def take_over(self, epoch: int) -> None:
        """Send again what is unsettled, warm the books, take in what waits.

        Unavailable when QBO is away, UnreadableJournal when a newer release has left what this one does not know:
        nothing was sent or written then.
        """
        if not self._is_released:
            # because what a bug has kept from being dropped is of another ownership, and may be told by another process
            await self.released()
        if epoch != self._epoch:
            self._epoch = epoch
            self._progress.reset()
        self._board.enter(Phase.WARMING, reason=self._progress.retaken_after, epoch=epoch)
        entries, ids = await self._read_tables()
        check_formats(entries)
        self.paused_as(entries.get(PAUSED_KEY))
        self._refuse_while_paused()
        await self._stay_stopped_or_go_on(entries.get(STOPPED_KEY))
        with self._telling_outages():
            self._refuse_beyond_the_budget()
            with self._counting_reads():
                answered = await self._resend(entries)
                await self._books.warm(
                    entries,
                    ids,
                    own_deletions=self._pipeline.changed_by(Operation.DELETE),
                    own_voids=self._pipeline.changed_by(Operation.VOID),
                    answers=self._pipeline.answered,
                )
        if answered:
            # because a write of ours is taken for a person's by whoever has neither its request nor its record
            ended: list[tuple[str, bytes | None]] = [(key, None) for key in answered]
            noted = [(version_key(key), version_value(version)) for key, version in self._pipeline.noted.items()]
            await self._journal.append([*ended, *noted], together_with=self._recorded_ids())
        for document, version in (*read_versions(entries).items(), *self._pipeline.noted.items()):
            self._books.index.note_version(document, version)
        self._refused.load(entries)
        self._doubts.load(entries)
        await self._jobs.load(entries)
        self._board.backfills(self._jobs.shown)
        await self._waiting.load(entries, self._clock.now())
        if outdated := outdated_reads(entries, self._clock.now()):
            await self._journal.append([(key, None) for key in outdated])
        self._looked_since = self._books.index.complete_since
        self._sentinel.report(self._books.index)
        self._board.enter(Phase.RUNNING, epoch=epoch)
        self._show()

    async def _read_tables(self) -> tuple[Mapping[str, bytes], Identities]:
        """The journal and the record of Ids, side by side: each is read to the end that its topic has now."""
        entries, ids = await asyncio.gather(self._journal.read(), self._ids.read(), return_exceptions=True)
        if isinstance(entries, BaseException):
            raise entries
        if isinstance(ids, BaseException):
            raise ids
        return entries, ids

    async def process(self, records: tuple[InboundRecord, ...]) -> tuple[OutboundRecord, ...]:
        """Everything to settle with `records`.

        Unavailable when QBO is away, Stopped while the company is, BatchTooLarge for too many: nothing is settled then.
        """
        with self._telling_outages():
            return await self._process(records)

    async def read_ahead(self, records: Sequence[InboundRecord]) -> bool:
        """Know the orders of these records before any of them is processed; False where no order is looked for."""
        if self._pipeline.matches:
            mapped = await computed(lambda: list(self._pipeline.map_records(records)), steps=steps_of(records))
            self._pipeline.read_ahead(mapped)
        return self._pipeline.matches

    async def idle(self) -> tuple[OutboundRecord, ...]:
        """What people changed in QBO, and a slice of what waits and is due to be looked at; or one of a job."""
        now_s = self._clock.monotonic()
        is_jobs_turn = self._jobs.are_ready and now_s < self._idle_at
        if not is_jobs_turn:
            self._idle_at = now_s + IDLE_EVERY_S
        try:
            with self._telling_outages():
                records = await (self._job_turn() if is_jobs_turn else self._idle())
        except Unavailable:
            self._is_away_in_idle = True
            raise
        if self._is_away_in_idle:
            # because nothing may be due that would ask QBO once more and tell that it answers
            self._is_away_in_idle = False
            self._board.recovered()
        return records

    async def _process(self, records: tuple[InboundRecord, ...]) -> tuple[OutboundRecord, ...]:
        self._refuse_while_stopped()
        self._refuse_while_paused()
        limit = self._progress.limit_of(records)
        taken = records[:limit]
        self._begin(each.place for each in taken)
        mapped, is_whole = await computed(partial(self._mapped, taken), steps=steps_of(taken))
        if not is_whole:
            raise BatchTooLarge(1 + records.index(mapped[-1].record))
        if len(taken) < len(records):
            raise BatchTooLarge(len(taken))
        newest_ms = max(record.timestamp_ms for record in records)
        self._board.took(len(records), self._clock.now().timestamp() - newest_ms / 1000)
        woken = await self._woken_by(mapped, records, limit)
        self._begin(each.place for each in (*records, *(each.record for each in woken)))
        return await self._process_mapped([*mapped, *woken])

    def _mapped(self, records: Iterable[InboundRecord]) -> tuple[list[MappedRecord], bool]:
        """What may be settled at once of `records`, from the first one on, and whether that is all of them."""
        coming = map(self._progress.or_refusal, self._pipeline.map_records(records))
        return list(self._breaker.allowed_prefix(coming)), next(coming, None) is None

    def _begin(self, places: Iterable[Place]) -> None:
        """These are at work from now on."""
        self._progress.begin(places)
        self._asked_before = self._asked

    @property
    def _asked(self) -> tuple[int, ...]:
        """Counts what QBO was asked to write, and what it did not answer or did not take."""
        counts = self._books.calls
        return counts.writes, counts.batches, counts.unanswered, counts.throttled

    async def _woken_by(
        self, mapped: Sequence[MappedRecord], records: Sequence[InboundRecord], limit: int | None
    ) -> list[MappedRecord]:
        links = self._books.index.payment_links
        if limit is None:
            return await self._waiting.woken_by(mapped, links, except_for=records)
        # because one of them may be what fails, they are looked at by themselves, between two micro-batches
        self._waiting.call_for(mapped, links)
        return []

    async def _idle(self) -> tuple[OutboundRecord, ...]:
        self._refuse_while_stopped()
        self._refuse_while_paused()
        self._begin(())
        changed = self._books.catch_up()
        self._books.take_slice()
        if changed is not None:
            self._waiting.call_for_changes(changed, self._books.index.payment_links)
            self._sentinel.report(self._books.index)
            self._show()
        if decided := await self._decided():
            self._progress.begin(each.record for each in decided)
            return await self._process_mapped([self._progress.or_refusal(each) for each in decided])
        if not len(self._waiting):
            return self._kept()
        now, room = self._clock.now(), self._waiting.room
        await self._call_all_if_anything_may_have_become_possible(now)
        due = room.due(now, SLICE)
        due = due[: self._progress.limit_of(ident.place for ident in due)]
        if not due:
            return self._kept()
        self._begin(ident.place for ident in due)
        over = frozenset(ident for ident in due if room.is_over(ident, now))
        mapped = [self._progress.or_refusal(each) for each in await self._waiting.mapped(due)]
        found = {each.record.id for each in mapped}
        lost = [ident for ident in due if ident not in found]
        ended = self._without_body(lost, over, now)
        return (*ended, *(await self._process_mapped(mapped, over) if mapped else self._kept()))

    @property
    def has_more(self) -> bool:
        """Whether a job would get on at once."""
        return self._jobs.are_ready

    async def _job_turn(self) -> tuple[OutboundRecord, ...]:
        self._refuse_while_stopped()
        self._refuse_while_paused()
        self._begin(())
        return await self._jobs.turn(self._settle_slice)

    async def _settle_slice(
        self, records: tuple[InboundRecord, ...]
    ) -> tuple[tuple[InboundRecord, ...], tuple[OutboundRecord, ...]]:
        """The first records of a job's slice, as many as may be at work at once, and all that is published of them."""
        limit = self._progress.limit_of(records)
        taken = records[:limit]
        self._begin(each.place for each in taken)
        coming = partial(map, self._progress.or_refusal, self._pipeline.map_records(taken))
        mapped = await computed(lambda: list(coming()), steps=steps_of(taken))
        woken = await self._woken_by(mapped, taken, limit)
        self._begin(each.place for each in (*taken, *(each.record for each in woken)))
        # because each record of a range is to have its outcome, dead letters in a row stop live work only
        return taken, await self._process_mapped([*mapped, *woken], is_live=False)

    def jobs_are(self, entries: Mapping[str, bytes]) -> None:
        """The journal's entries of jobs are these now. UnreadableJournal for what this release does not understand."""
        self._jobs.hear(entries)
        self._board.backfills(self._jobs.shown)

    def committed(self) -> None:
        """What `process` or `idle` gave last is on the bus."""
        self._progress.committed()
        self._jobs.committed()
        self._board.backfills(self._jobs.shown)

    def failed(self, reason: str, *, by_record: bool, lost: bool = False) -> int:
        """Work was cut short by something that is no outage of QBO; `take_over` comes again.

        `by_record`: one of the records at work may be to blame. `lost`: another process owns the company by now. How
        many times in a row nothing could be narrowed.
        """
        if lost:
            self._count_loss()
        return self._progress.failed(reason, by_record=by_record)

    async def _decided(self) -> list[MappedRecord]:
        """The events of orders that were in doubt, once a person has decided; the journal says so."""
        if not len(self._doubts) or self._clock.monotonic() - self._asked_at < ASK_EVERY_S:
            return []
        self._asked_at = self._clock.monotonic()
        self._doubts.hear(await self._journal.read_on())
        decided = self._doubts.decided(lambda order: self._books.index.sale(order) is not None)
        if not decided:
            return []
        records = self._doubts.events_of(decided, await self._journal.read())
        return list(self._pipeline.map_records(records))[:SLICE]

    async def released(self) -> None:
        """The company is another process's now, or nobody's: what is open or untold here is in the journal for it."""
        self._is_released = False
        self._count_loss()
        self._pipeline.forget()
        self._write_ahead.clear()
        self._books.release()
        self._waiting.clear()
        self._refused.clear()
        self._doubts.clear()
        self._jobs.clear()
        self._board.enter(Phase.STANDBY)
        self._board.pause(None)
        self._is_released = True

    def _count_loss(self) -> None:
        """What is at work comes to another process, or to this one once more."""
        if self._asked == self._asked_before:
            self._progress.lost()
        # because what waited for QBO, or got on there, was not kept up by what we compute of it
        self._progress.put_back()

    async def stopped(self) -> bytes:
        """Wait until the company has stopped itself; the journal's entry under `STOPPED_KEY` that says so."""
        while self._breaker.stop is None:
            self._stopped.clear()
            await self._stopped.wait()
        return self._breaker.stop.to_bytes()

    def go_on(self) -> None:
        """Somebody has ended the journal's entry; the owner's pause is ended by whoever calls this."""
        log.info("company.goes_on", company=self._board.name)
        self._breaker.reset()

    def paused_as(self, note: bytes | None) -> None:
        """The journal's entry under `PAUSED_KEY` is this now: work ends with what is under way, or may go on.

        UnreadableJournal for what this release does not understand.
        """
        self._pauses = Pauses.from_bytes(note)
        self._waiting.room.pauses(self._pauses)

    def _refuse_while_paused(self) -> None:
        since = self._pauses.since
        if since is None or self._rehearses:  # because a pause is of what is written
            self._board.pause(None)
            return
        company = self._board.name
        said = (
            f"paused by a person since {since.isoformat(timespec='seconds')}; offsets are kept, "
            f"`qbo-bridge resume --company {company}` goes on"
        )
        self._board.pause(said)
        raise Paused(said)

    async def _stay_stopped_or_go_on(self, note: bytes | None) -> None:
        """Another process's stop ends here: this one was started, or has taken over, since."""
        self._breaker.taken_over(note)
        self._refuse_while_stopped()
        if note is not None:
            log.info("company.goes_on", company=self._board.name)
            await self._journal.append([(STOPPED_KEY, None)])

    def _refuse_while_stopped(self) -> None:
        stop = self._breaker.stop
        if stop is not None:
            said = f"{stop}; offsets are kept, `qbo-bridge resume --company {self._board.name}` goes on"
            self._board.enter(Phase.STOPPED, reason=said)
            self._stopped.set()
            log.error("company.stopped", company=self._board.name, reason=said)
            raise Stopped(said)
        if self._board.phase is Phase.STOPPED:
            self._board.enter(Phase.RUNNING)

    async def _process_mapped(
        self, mapped: Sequence[MappedRecord], over: Collection[RecordId] = (), *, is_live: bool = True
    ) -> tuple[OutboundRecord, ...]:
        started = self._clock.monotonic()
        received_at = self._clock.now()
        try:
            processed = self._endings.final(await self._pipeline.process(mapped), over, self._clock.now())
            self._board.recovered()
            processed, records = self._records(processed, received_at)
        finally:
            self._show()
        self._pipeline.mark_published(processed)
        self._write_ahead.clear()
        self._log_bugs(processed)
        self._log_refused(processed)
        self._board.committed(_statuses(processed), self._clock.monotonic() - started)
        self._board.warned(_warnings(processed))
        if is_live:
            # because how old a job's records are says nothing of how fast the bridge is
            self._board.measures.booked(_booked_ms(processed))
        return (*records, *self._counted(processed)) if is_live else records

    def _without_body(
        self, lost: Iterable[RecordId], over: Collection[RecordId], now: datetime
    ) -> tuple[OutboundRecord, ...]:
        """Events whose bodies nobody has go on waiting for them, and end as others do that waited too long."""
        records: list[OutboundRecord] = []
        for ident in lost:
            if ident not in over:
                self._waiting.room.rechecked(ident, now)
                continue
            event = self._waiting.room.event(ident)
            outcome = refused(Orphan("waited too long, and neither its topic nor the journal holds its body any more"))
            records += self._reporter.records(bodiless(event), outcome, received_at=event.since, now=now)
            records.append(self._journal.journal_record(event.entry, None))
            self._waiting.release(ident)
            self._board.committed([(outcome.status, Orphan.code)], 0.0)
        self._board.waiting(len(self._waiting))
        return tuple(records)

    def _counted(self, processed: Processed) -> list[OutboundRecord]:
        """Dead letters are counted; the one too many leaves a note in the journal."""
        ended = (EndedRecord(*_status(each), kind_of(each.mapped)) for each in processed.settled)
        self._breaker.count(ended, self._clock.now())
        self._board.refused_in_a_row(self._breaker.row)
        stop = self._breaker.stop
        return [self._journal.journal_record(STOPPED_KEY, stop.to_bytes())] if stop else []

    def _refused_document(self, settled: SettledRecord) -> SourceKey | None:
        """The document that this record has just made a dead letter of."""
        key = document_key(settled.mapped)
        return key if key is not None and self._refused.place_of(key) == settled.mapped.record.place else None

    def _records(self, processed: Processed, received_at: datetime) -> tuple[Processed, tuple[OutboundRecord, ...]]:
        """Everything that is published of a micro-batch, and how its records ended: telling one may meet a bug too."""
        now = self._clock.now()
        woken = {each.mapped.record.place for each in processed.settled if self._since(each) is not None}
        each_records = [self._contained_records_of(settled, received_at, now) for settled in processed.settled]
        processed = replace(processed, settled=tuple(settled for settled, _ in each_records))
        records = [record for _, each in each_records for record in each]
        for settled in processed.settled:
            self._note_left_out(settled)
        ended = [each.mapped for each in processed.settled if _has_ended(each) and each.mapped.record.place in woken]
        self._waiting.call_for(ended, self._books.index.payment_links)
        in_doubt = self._doubts.note(processed.settled)
        self._waiting.call_for_changes(in_doubt, self._books.index.payment_links)
        in_vain = {key for each in processed.settled if (key := self._refused_document(each)) is not None}
        self._waiting.call_for_changes(in_vain, self._books.index.payment_links)
        for key, version in processed.versions.items():
            records.append(self._journal.journal_record(version_key(key), version_value(version)))
        for entry in processed.ended:
            self._write_ahead.end(entry)
        records += [self._journal.journal_record(key, value) for key, value in self._write_ahead.tombstones()]
        return processed, (*records, *self._kept())

    def _since(self, settled: SettledRecord) -> datetime | None:
        return self._waiting.room.since(settled.mapped.record)

    def _contained_records_of(
        self, settled: SettledRecord, received_at: datetime, now: datetime
    ) -> tuple[SettledRecord, list[OutboundRecord]]:
        try:
            with contained():
                return settled, self._records_of(settled, received_at, now)
        except InternalFault as fault:
            ended = bare(settled.mapped.record, fault)
            return ended, self._records_of(ended, received_at, now)

    def _log_bugs(self, processed: Processed) -> None:
        """One line for each record that a bug of ours has met: where, and nothing of what it holds."""
        for each in processed.settled:
            error = each.outcome.error
            if isinstance(error, InternalFault):
                place = str(each.mapped.record.place)
                log.error("record.internal", company=self._board.name, record=place, bug=error.said, trace=error.trace)

    def _log_refused(self, processed: Processed) -> None:
        """One line a micro-batch for its dead letters: how many of each reason, and where the first ones came from."""
        refused = [each for each in processed.settled if each.outcome.status is ResultStatus.DEAD_LETTERED]
        if refused:
            reasons = Counter(code for each in refused if (code := _status(each)[1]) is not None)
            places = [str(each.mapped.record.place) for each in refused[:REFUSED_NAMED_MAX]]
            log.warning(
                "records.refused",
                company=self._board.name,
                dead_letters=len(refused),
                reasons=dict(reasons.most_common()),
                records=places,
            )

    def _note_left_out(self, settled: SettledRecord) -> None:
        """A document for which nothing is booked by rule is recorded as such."""
        outcome, document = settled.outcome, document_key(settled.mapped)
        code = outcome.reason.code if outcome.status is ResultStatus.IGNORED and outcome.reason else None
        if document is not None and code is not None and code in LEFT_OUT:
            self._books.index.identities.leave_out(document, code)

    def _kept(self) -> tuple[OutboundRecord, ...]:
        """What the next owner has to know: of people's deletions, what was refused, and which Ids are ours."""
        kept = [self._journal.journal_record(*entry) for entry in self._books.pending_journal_entries().items()]
        kept += [self._journal.journal_record(*entry) for entry in self._refused.take_changed().items()]
        kept += [self._journal.journal_record(*entry) for entry in self._doubts.take_changed().items()]
        return (*kept, *self._recorded_ids())

    def _recorded_ids(self) -> list[OutboundRecord]:
        """What changed in the record of Ids since this was asked last."""
        records = []
        for key, recorded in self._books.index.identities.take_changed().items():
            value = identity_value(f"{self._board.name}:{key}", recorded) if recorded is not None else None
            records.append(self._ids.journal_record(str(key), value))
        return records

    def _records_of(self, settled: SettledRecord, received_at: datetime, now: datetime) -> list[OutboundRecord]:
        """The result of one record, and what its waiting changes in the journal; who goes on waiting says no more."""
        mapped, outcome, record = settled.mapped, settled.outcome, settled.mapped.record
        since = self._waiting.room.since(record)
        records = list(self._reporter.records(mapped, outcome, received_at=since or received_at, now=now))
        if outcome.status is not ResultStatus.WAITING:
            if since is None:
                return records
            entry = self._waiting.room.event(record.id).entry
            self._waiting.release(record.id)
            return [*records, self._journal.journal_record(entry, None)]
        if since is not None:
            self._waiting.room.rechecked(record.id, now)
            return []
        self._waiting.park(mapped, received_at, now)
        parked = Parked(record, received_at)
        return [*records, self._journal.journal_record(parked.key, journal_value(parked))]

    async def _call_all_if_anything_may_have_become_possible(self, now: datetime) -> None:
        """Older documents are known, or books that somebody waits for are open: whom it helps nobody can tell."""
        room = self._waiting.room
        reached: list[ParkedEvent] = []
        unread: list[ParkedEvent] = []
        for each in room.overdue(now):
            (reached if self._books.reaches(each.document_created_at) else unread).append(each)
        room.reach_back_later(unread, now)
        created = [event.document_created_at for event in reached if event.document_created_at is not None]
        if created:
            await self._books.reach(min(created) - REACH_BACK)
        room.reached_back(reached)
        if self._books.index.complete_since != self._looked_since:
            self._looked_since = self._books.index.complete_since
            self._waiting.room.call_all()
        if await self._pipeline.reopened():
            self._waiting.room.call_all()

    def _refuse_beyond_the_budget(self) -> None:
        """What fails again and again must not read the books again and again: reads are metered."""
        wait_s = self._budget.wait_s(self._clock.monotonic())
        if self._progress.retaken_after is not None and wait_s > 0:
            raise ReadsSpent(self._progress.retaken_after, wait_s)

    @contextlib.contextmanager
    def _counting_reads(self) -> Iterator[None]:
        before = self._books.calls.reads
        try:
            yield
        finally:
            if self._progress.retaken_after is not None:
                self._budget.spend(self._books.calls.reads - before, self._clock.monotonic())

    async def _resend(self, entries: Mapping[str, bytes]) -> list[str]:
        """Requests whose outcome nobody settled go out again as they are; the entries of those that were answered.

        The warm-up shows what they did.
        """
        answered: list[str] = []
        self._write_ahead.clear()
        for unsettled in unsettled_requests(entries):
            if not self._progress.resends(unsettled.key):
                # because a bug met each answer to it: it went out, and what it did shows when the books are read
                log.error("journal.not_resent", company=self._board.name, request_id=unsettled.request.request_id)
                self._write_ahead.end(unsettled.key)
                continue
            if unsettled.refusal is None:
                log.info("journal.resend", company=self._board.name, request_id=unsettled.request.request_id)
            match await self._pipeline.resend(unsettled):
                case Resent.ANSWERED:
                    answered.append(unsettled.key)
                case Resent.OPEN:
                    self._write_ahead.end(unsettled.key)
        self._progress.resent()
        return answered

    @contextlib.contextmanager
    def _telling_outages(self) -> Iterator[None]:
        """Whatever QBO was asked for: the board hears that it could not answer."""
        try:
            yield
        except Unavailable as error:
            self._away(error)
            raise

    def _away(self, error: Unavailable) -> None:
        if isinstance(error, Interrupted | Stopped | Paused):
            return  # because QBO has nothing to do with it
        # because whoever loses the company during an outage has not lost it by what these records hold
        self._progress.put_back()
        if isinstance(error, ReadsSpent):
            self._board.enter(Phase.WARMING, reason=str(error))
            return
        if isinstance(error, Unauthorised):
            self._board.enter(Phase.NEEDS_RECONNECT, reason=str(error))
        else:
            self._board.outage(error.retry_after_s or 0.0, str(error))

    def _show(self) -> None:
        counts = self._books.calls
        self._board.called(
            reads=counts.reads,
            writes=counts.writes,
            batches=counts.batches,
            throttled=counts.throttled,
            unanswered=counts.unanswered,
        )
        self._board.waiting(len(self._waiting))
        if self._board.phase is not Phase.WARMING:
            self._board.indexed(len(self._books.index))
            self._board.caught_up(self._books.known_until)


def _has_ended(settled: SettledRecord) -> bool:
    return settled.outcome.status is not ResultStatus.WAITING


def _statuses(processed: Processed) -> list[tuple[ResultStatus, str | None]]:
    """The status and reason code of each record."""
    return [_status(each) for each in processed.settled]


def _booked_ms(processed: Processed) -> list[int]:
    """The times of the records that were booked, in ms since the epoch."""
    booked = (each for each in processed.settled if each.outcome.status is ResultStatus.POSTED)
    return [each.mapped.record.timestamp_ms for each in booked]


def _status(settled: SettledRecord) -> tuple[ResultStatus, str | None]:
    outcome = settled.outcome
    return outcome.status, outcome.reason.code if outcome.reason else None


def _warnings(processed: Processed) -> list[str]:
    """The warnings of the records that have their terminal result."""
    ended = (each for each in processed.settled if _has_ended(each))
    return [warning.code for each in ended for warning in warnings_of(each.mapped, each.outcome)]
