"""One company's owner: what happens with its records from the moment this process owns it until it lets go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bridge.books import Books
from bridge.clock import Clock
from bridge.judging import Judged
from bridge.pipeline import Pipeline, Processed, Settled
from bridge.reporting import Reporter
from bridge.settlement import Outcome, refused
from bridge.status import CompanyBoard, Phase
from bridge.waiting import Parked, WaitingRoom, fits, journal_key, journal_value
from bridge.write_ahead import WriteAhead, unsettled_requests
from contracts.errors import RecordError, Unauthorised, Unavailable
from contracts.keys import SourceKey
from contracts.posting import PostingPlan, Version
from contracts.records import InboundRecord, OutboundRecord
from contracts.results import ResultStatus

VERSION_PREFIX = "version:"
LOOK_BACK_AFTER = timedelta(minutes=10)
"""Money that has waited this long for its order belongs to an old one: the index reaches back a year then."""
LOOK_BACK = timedelta(days=365)

log = structlog.get_logger(__name__)


class CompanyJournal(Protocol):
    """The company's part of the journal topic."""

    async def append(self, entries: Sequence[tuple[str, bytes | None]]) -> None:
        """Store entries now, in a transaction of their own; a null value takes an entry out."""

    async def read(self) -> Mapping[str, bytes]:
        """All live entries."""

    def journal_record(self, key: str, value: bytes | None) -> OutboundRecord:
        """An entry as a record, to be settled together with others."""


class Orphan(RecordError):
    """What the record waited for never came."""

    code = "orphan"


class TooLarge(RecordError):
    """The record is larger than what can be kept of it."""

    code = "too_large"


class Company:
    """Takes over, processes, and lets go; the Kafka side drives it (`bridge.kafka.owner.CompanyOwner`)."""

    def __init__(
        self,
        *,
        books: Books,
        pipeline: Pipeline,
        reporter: Reporter,
        journal: CompanyJournal,
        write_ahead: WriteAhead,
        waiting: WaitingRoom,
        board: CompanyBoard,
        clock: Clock,
    ) -> None:
        self._books = books
        self._pipeline = pipeline
        self._reporter = reporter
        self._journal = journal
        self._write_ahead = write_ahead
        self._waiting = waiting
        self._board = board
        self._clock = clock
        self._look_again = False

    async def take_over(self, epoch: int) -> None:
        """Send again what is unsettled, warm the books, take in what waits. Unavailable when QBO is away."""
        self._board.enter(Phase.WARMING, epoch=epoch)
        try:
            entries = await self._journal.read()
            await self._resend(entries)
            await self._books.warm()
        except Unavailable as error:
            self._away(error)
            raise
        for key, value in entries.items():
            if key.startswith(VERSION_PREFIX):
                self._books.index.note_version(SourceKey.parse(key.removeprefix(VERSION_PREFIX)), _version(value))
        self._waiting.load(entries)
        self._look_again = True
        self._board.enter(Phase.RUNNING, epoch=epoch)
        self._show()

    async def process(self, records: tuple[InboundRecord, ...]) -> tuple[OutboundRecord, ...]:
        """Everything to settle with `records`. Unavailable when QBO is away: nothing is settled then."""
        newest_ms = max(record.timestamp_ms for record in records)
        self._board.took(len(records), self._clock.now().timestamp() - newest_ms / 1000)
        judged = self._pipeline.judge(records)
        lanes = {each.verdict.lane for each in judged if isinstance(each.verdict, PostingPlan)}
        woken = [each for each in self._judged_waiting(records) if _lane(each) in lanes]
        return await self._settle([*judged, *woken])

    async def idle(self) -> tuple[OutboundRecord, ...]:
        """What became of parked records meanwhile: after a take-over, after ten minutes, and when time is up."""
        now = self._clock.now()
        expired = {parked.key for parked in self._waiting.expired(now)}
        parked = self._judged_waiting(())
        overdue = [each for each in parked if now - self._since(each) >= LOOK_BACK_AFTER]
        if overdue and await self._reached_back(overdue):
            self._look_again = True
        if not (expired or (self._look_again and parked)):
            self._look_again = False
            return ()
        self._look_again = False
        return await self._settle(parked, expired)

    async def released(self) -> None:
        """The company is another process's now, or nobody's."""
        self._board.enter(Phase.STANDBY)

    async def _settle(self, judged: Sequence[Judged], expired: Iterable[str] = ()) -> tuple[OutboundRecord, ...]:
        started = self._clock.monotonic()
        received_at = self._clock.now()
        try:
            processed = await self._pipeline.process(judged)
        except Unavailable as error:
            self._away(error)
            raise
        finally:
            self._show()
        self._board.recovered()
        records = self._records(processed, received_at, frozenset(expired))
        self._pipeline.told(processed)
        self._write_ahead.settled()
        told = ((each.outcome.status, _code(each.outcome)) for each in processed.settled)
        self._board.settled(told, self._clock.monotonic() - started)
        return records

    def _records(
        self, processed: Processed, received_at: datetime, expired: frozenset[str]
    ) -> tuple[OutboundRecord, ...]:
        now = self._clock.now()
        records: list[OutboundRecord] = []
        for settled in processed.settled:
            records += self._told(settled, received_at, now, expired)
        for key, version in processed.versions.items():
            entry = f"{version.updated_at}.{version.rank}.{version.content}".encode()
            records.append(self._journal.journal_record(f"{VERSION_PREFIX}{key}", entry))
        records += [self._journal.journal_record(key, value) for key, value in self._write_ahead.tombstones()]
        return tuple(records)

    def _told(
        self, settled: Settled, received_at: datetime, now: datetime, expired: frozenset[str]
    ) -> list[OutboundRecord]:
        """The result of one record, and what its waiting changes in the journal; who goes on waiting says no more."""
        judged, outcome, record = settled.judged, settled.outcome, settled.judged.record
        key = journal_key(record)
        since = self._waiting.since(record)
        parked = Parked(record, received_at)
        if outcome.status is ResultStatus.WAITING and key in expired:
            outcome = refused(Orphan(f"waited too long: {_message(outcome)}"))
        elif outcome.status is ResultStatus.WAITING and since is None and not fits(parked):
            outcome = refused(TooLarge(f"too large to be kept while it waits: {_message(outcome)}"))
        told = list(self._reporter.records(judged, outcome, received_at=since or received_at, now=now))
        if outcome.status is not ResultStatus.WAITING:
            self._waiting.release(record)
            return [*told, self._journal.journal_record(key, None)] if since else told
        if since is not None:
            return []
        self._waiting.park(parked)
        return [*told, self._journal.journal_record(key, journal_value(parked))]

    def _judged_waiting(self, delivered: Iterable[InboundRecord]) -> list[Judged]:
        return self._pipeline.judge(parked.record for parked in self._waiting.without(delivered))

    def _since(self, judged: Judged) -> datetime:
        return self._waiting.since(judged.record) or self._clock.now()

    async def _reached_back(self, overdue: Sequence[Judged]) -> bool:
        """Widen the index by a year for money whose order is older than the index; True when that was news."""
        created = [each.verdict.document_created_at for each in overdue if isinstance(each.verdict, PostingPlan)]
        before = self._books.index.complete_since
        if created:
            await self._books.reach_back(min(created) - LOOK_BACK)
        return self._books.index.complete_since < before

    async def _resend(self, entries: Mapping[str, bytes]) -> None:
        """Requests whose outcome nobody settled go out again as they are; the warm-up shows what they did."""
        for unsettled in unsettled_requests(entries):
            log.info("journal.resend", company=self._board.name, request_id=unsettled.request.request_id)
            await self._pipeline.resend(unsettled)
            await self._journal.append([(unsettled.key, None)])
        self._write_ahead.settled()

    def _away(self, error: Unavailable) -> None:
        if isinstance(error, Unauthorised):
            self._board.enter(Phase.NEEDS_RECONNECT, reason=str(error))
        else:
            self._board.outage(error.retry_after_s or 0.0, str(error))
        log.warning("company.paused", company=self._board.name, reason=str(error), wait_s=error.retry_after_s)

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


def _lane(judged: Judged) -> SourceKey | None:
    return judged.verdict.lane if isinstance(judged.verdict, PostingPlan) else None


def _code(outcome: Outcome) -> str | None:
    return outcome.reason.code if outcome.reason else None


def _message(outcome: Outcome) -> str:
    return outcome.reason.message if outcome.reason else "what it depends on is not there"


def _version(value: bytes) -> Version:
    seconds, rank, content = value.decode().split(".", 2)
    return Version(int(seconds), int(rank), content)
