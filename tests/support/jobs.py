"""A backfill beside a company's live work, in a small world: asked for as the command does, done in quiet moments."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from bridge.journal.job_lines import JobLine
from bridge.journal.jobs import Job, cancel_key, cancel_value, digest_of, job_key, job_value, piece_key, pieces_of
from bridge.journal.jobs import read_jobs as jobs_in
from contracts.records import InboundRecord, Place
from contracts.results import Result
from tests.support.clocks import settle
from tests.support.world import SHOPIFY, World


def asked_for(
    world: World,
    records: Sequence[InboundRecord],
    *,
    ident: str = "7",
    left_out: Iterable[Place] = (),
    lines: Iterable[JobLine] = (),
    rules_version: str | None = None,
) -> Job:
    """These records of the topic as a job, as the command writes it and the owner hears of it."""
    world.topic += records
    pieces = pieces_of(left_out, (line.as_json() for line in lines))
    job = Job(
        id=ident,
        asked_at=world.clock.now(),
        since_ms=None,
        until_ms=None,
        ends={SHOPIFY: {0: (records[0].offset, records[-1].offset + 1)}},
        pieces=len(pieces),
        digest=digest_of(pieces),
        rules_version=rules_version,
    )
    for number, piece in enumerate(pieces):
        world.journal.put(piece_key(job.id, number), piece)
    world.journal.put(job_key(job.id), job_value(job))
    world.company.jobs_are(world.journal.entries)
    return job


def cancel(world: World, job: Job) -> None:
    """As the command writes it, and the owner hears of it."""
    world.journal.put(cancel_key(job.id), cancel_value(world.clock.now()))
    world.company.jobs_are(world.journal.entries)


def job_now(world: World, job: Job) -> Job:
    """As the journal has it."""
    (found,) = [each for each in jobs_in(world.journal.entries) if each.id == job.id]
    return found


async def one_slice(world: World, job: Job) -> list[Result]:
    """Quiet moments until the job has got on; what it published then."""
    before = job_now(world, job)
    told: list[Result] = []
    for _ in range(1_000):
        told += await world.idle()
        if job_now(world, job) != before:
            return told
        await _moment(world)
    raise AssertionError("the job does not get on")


async def until_over(world: World, job: Job) -> list[Result]:
    """Quiet moments until nothing more of the job will be written; what it published."""
    told: list[Result] = []
    while not job_now(world, job).state.is_over:
        told += await one_slice(world, job)
    return told


async def _moment(world: World) -> None:
    """The reader of the range gets on; now and then a second has passed."""
    await settle()
    await asyncio.sleep(0)
    if not world.company.has_more:
        await world.clock.advance(1.0)
