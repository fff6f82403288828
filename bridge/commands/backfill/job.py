"""A backfill beside a live service: asked for in the company's journal, followed there, and ended there."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bridge.commands.backfill.job_report import print_job_report
from bridge.commands.backfill.pace import pace
from bridge.commands.backfill.report import print_left
from bridge.commands.backfill.running import BackfillRequest, until_stopped
from bridge.commands.output import answer
from bridge.commands.progress import ProgressBar
from bridge.commands.reading import company_journal
from bridge.config.settings import Settings
from bridge.journal.job_lines import JobLine, read_left
from bridge.journal.jobs import (
    Job,
    JobState,
    cancel_key,
    cancel_value,
    digest_of,
    is_job_entry,
    job_key,
    job_value,
    piece_key,
    pieces_of,
    read_jobs,
)
from bridge.journal.pause import PAUSED_KEY, Pauses
from bridge.kafka.errors import BrokerError
from bridge.kafka.range import Missing, open_range
from bridge.kafka.reader import publish
from bridge.service.settings import kafka_connection
from contracts.errors import BridgeError
from contracts.records import Place

KAFKA_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """What of a plan a job is held to: its lines, the rules that it was made with, and the records it leaves out."""

    lines: Collection[JobLine] = ()
    rules_version: str | None = None
    left_out: Collection[Place] = ()


EVERYTHING = Accepted()
"""Whatever the range says, without a plan."""


async def ask_for_job(
    settings: Settings, request: BackfillRequest, stopping: asyncio.Event, accepted: Accepted = EVERYTHING
) -> Mapping[str, str]:
    """Ask the company's owner for the range, or for what is accepted of a plan, and follow it; errors as there.

    The documents of the plan that the owner has left, each with why.
    """
    connection = kafka_connection(settings.kafka)
    async with open_range(connection, settings.topics.events, request.span, request.bounds) as reader:
        ends, missing = reader.bounds, reader.missing
    pieces = pieces_of(accepted.left_out, (line.as_json() for line in accepted.lines))
    job = Job(
        id=secrets.token_hex(4),
        asked_at=datetime.now(UTC),
        since_ms=request.span.since_ms,
        until_ms=request.span.until_ms,
        ends=ends,
        pieces=len(pieces),
        digest=digest_of(pieces),
        rules_version=accepted.rules_version,
    )
    journal = company_journal(settings, request.company)
    open_before = [each for each in read_jobs(await journal.read()) if not each.state.is_over]
    parts = [journal.journal_record(piece_key(job.id, number), piece) for number, piece in enumerate(pieces)]
    await publish(connection, parts)
    await publish(connection, [journal.journal_record(job_key(job.id), job_value(job))])
    answer({"job": job.id}, f"job {job.id}", as_json=request.as_json)
    for each in open_before:
        said = f"It is begun when job {each.id} is over, which was asked for before."
        answer({"job": job.id, "after": each.id}, said, as_json=request.as_json)
    return await follow_job(settings, request, job.id, stopping, missing)


async def follow_job(
    settings: Settings,
    request: BackfillRequest,
    ident: str,
    stopping: asyncio.Event,
    missing: Collection[Missing] = (),
) -> Mapping[str, str]:
    """Show how the job gets on until it is over, then print what came of it; what it has left of its plan, with why.

    BridgeError when there is no such job, when it was ended before its end, and when this command is told to stop: then
    the job goes on.
    """
    bar = ProgressBar(request.company)
    with bar:
        job = await until_stopped(_followed(settings, request.company, ident, bar), stopping)
    if job is None:
        company = f"--company {request.company}"
        raise BridgeError(
            f"Job {ident} goes on without this command. See how it gets on: qbo-bridge backfill {company} --follow "
            f"{ident}; end it: qbo-bridge backfill {company} --cancel {ident}"
        )
    await print_job_report(settings, request, job, missing)
    left = read_left(await company_journal(settings, request.company).read(), ident)
    if job.rules_version is not None:
        print_left(left, as_json=request.as_json)
    if job.state is JobState.CANCELLED:
        raise BridgeError(f"Job {ident} was ended before the end of its range; {job.records} records are settled")
    return left


async def cancel_job(
    settings: Settings, request: BackfillRequest, ident: str, stopping: asyncio.Event, *, is_served: bool
) -> None:
    """End the job, and return once nothing more of it will be written.

    BridgeError when there is no such job, and when this command is told to stop: the job is ended all the same.
    """
    company = request.company
    journal = company_journal(settings, company)
    job = _job_in(await journal.read(), ident)
    if job.state.is_over:
        said = f"Job {ident} is {job.state.value} already; {job.records} records are settled."
        answer(_facts(job), said, as_json=request.as_json)
        return
    wish = journal.journal_record(cancel_key(ident), cancel_value(datetime.now(UTC)))
    await publish(kafka_connection(settings.kafka), [wish])
    if not is_served:
        said = f"No service runs for {company} now: nothing more of job {ident} is written, its next owner ends it."
        answer(_facts(job), said, as_json=request.as_json)
        return
    with ProgressBar(company) as bar:
        over = await until_stopped(_followed(settings, company, ident, bar), stopping)
    if over is None:
        raise BridgeError(f"Job {ident} is ended by its owner as soon as it can, without this command")
    said = f"Job {ident} is {over.state.value}; {over.records} records are settled, and stay in the books."
    answer(_facts(over), said, as_json=request.as_json)


@dataclass(slots=True)
class _Progress:
    """What is shown of a job, from where it stood when this command saw it first."""

    bar: ProgressBar
    began_at: float
    first: Job | None = None
    is_paused: bool = False

    def show(self, job: Job, pauses: Pauses) -> None:
        first = self.first = self.first or job
        total, done = job.offsets - first.passed, job.passed - first.passed
        seconds = time.monotonic() - self.began_at
        how = pace(job.records - first.records, seconds=seconds, done=done, total=total, reads=job.reads)
        self.bar.show(job.passed, job.offsets, f"{job.records} records settled, {how}")
        if (pauses.since is not None) != self.is_paused:
            self.is_paused = not self.is_paused
            self.bar.say("The company is paused, and its job with it." if self.is_paused else "The company goes on.")


async def _followed(settings: Settings, company: str, ident: str, bar: ProgressBar) -> Job:
    """The job once it is over. BridgeError when there is none; later Kafka being away is waited for."""
    progress = _Progress(bar, time.monotonic())
    while True:
        try:
            async with contextlib.aclosing(_changes(settings, company, ident, progress)) as changes:
                async for job in changes:
                    if job.state.is_over:
                        return job
        except (OSError, BrokerError):
            if progress.first is None:
                raise
            bar.say("Waiting for Kafka, which does not answer.")
            await asyncio.sleep(KAFKA_WAIT_S)


async def _changes(settings: Settings, company: str, ident: str, progress: _Progress) -> AsyncGenerator[Job, None]:
    journal = company_journal(settings, company)
    async with contextlib.aclosing(journal.changes_of(lambda key: key == PAUSED_KEY or is_job_entry(key))) as changes:
        async for entries in changes:
            job = _job_in(entries, ident)
            progress.show(job, Pauses.from_bytes(entries.get(PAUSED_KEY)))
            yield job


def _job_in(entries: dict[str, bytes], ident: str) -> Job:
    found = {job.id: job for job in read_jobs(entries)}
    if ident in found:
        return found[ident]
    known = ", ".join(f"{job.id} ({job.state.value})" for job in found.values())
    raise BridgeError(f"There is no job {ident}" + (f"; there are {known}" if known else ""))


def _facts(job: Job) -> dict[str, object]:
    return {"job": job.id, "state": job.state.value, "records": job.records}
