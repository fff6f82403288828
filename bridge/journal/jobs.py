"""A backfill that the company's owner does beside its live work: what was asked for, and how far it is.

`qbo-bridge backfill` writes the pieces first and then the job, once; from then on the owner alone writes the job, its
progress in the transaction of the records that it settles. A person's wish to end it is an entry of its own, because
two writers of one entry would overwrite each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from bridge.journal.entries import JOB, JOB_CANCEL, JOB_PIECE
from contracts.errors import UnreadableJournal
from contracts.records import InboundRecord, Place

PIECE_BYTES_MAX = 256 * 1024
"""What one piece holds at most: a quarter of what a topic with Kafka's own defaults takes."""

Ends = Mapping[str, Mapping[int, tuple[int, int]]]
"""A range by offsets: of each partition of each topic the first one, and the one at which it ends."""


class JobState(StrEnum):
    """Where a job stands."""

    ASKED = "asked"
    RUNNING = "running"
    CANCELLED = "cancelled"
    DONE = "done"

    @property
    def is_over(self) -> bool:
        """Whether nothing more of it will be written."""
        return self in {JobState.CANCELLED, JobState.DONE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What was asked for at `asked_at` (aware), and how far it is.

    `since_ms` and `until_ms` are record timestamps as of a span, `ends` the offsets. Records at the places in its
    `pieces` are left out, and the lines in them are the plan that is done; `digest` is theirs. `rules_version` is that
    of the rules which the plan was made with, None without a plan; records before `compared` were held against it.
    `next` is the first offset of each partition that is not settled, `records` how many are; `reads`, `writes` and
    `batches` are what it asked QuickBooks. `changed_at` is when the owner wrote it last.
    """

    id: str
    asked_at: datetime
    since_ms: int | None
    until_ms: int | None
    ends: Ends
    pieces: int
    digest: str
    rules_version: str | None = None
    state: JobState = JobState.ASKED
    next: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    compared: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    records: int = 0
    reads: int = 0
    writes: int = 0
    batches: int = 0
    changed_at: datetime | None = None

    @property
    def rest(self) -> Ends:
        """What is left of the range."""
        return {
            topic: {each: (self.next.get(topic, {}).get(each, start), end) for each, (start, end) in of.items()}
            for topic, of in self.ends.items()
        }

    @property
    def offsets(self) -> int:
        """All offsets of the range."""
        return _length(self.ends)

    @property
    def passed(self) -> int:
        """The offsets of the range that are behind."""
        return _length(self.ends) - _length(self.rest)

    def shown(self) -> dict[str, object]:
        """How far it is, for people: `offsets` of its range in all, those that are `passed`, `records` settled."""
        return {
            "job": self.id,
            "state": self.state.value,
            "asked_at": self.asked_at.isoformat(),
            "offsets": self.offsets,
            "passed": self.passed,
            "records": self.records,
        }

    def settled(
        self, records: Collection[InboundRecord], now: datetime, *, reads: int, writes: int, batches: int
    ) -> Job:
        """The job once these records are settled, the next ones of their partitions; what that took of QuickBooks."""
        behind = {topic: dict(of) for topic, of in self.next.items()}
        for record in records:
            behind.setdefault(record.topic, {})[record.partition] = record.offset + 1
        return replace(
            self,
            state=JobState.RUNNING,
            next=behind,
            records=self.records + len(records),
            reads=self.reads + reads,
            writes=self.writes + writes,
            batches=self.batches + batches,
            changed_at=now,
        )

    def held_against_the_plan(self, records: Iterable[InboundRecord]) -> Job:
        """The job once these records, the next ones of their partitions, were held against its plan."""
        behind = {topic: dict(of) for topic, of in self.compared.items()}
        for record in records:
            behind.setdefault(record.topic, {})[record.partition] = record.offset + 1
        return replace(self, compared=behind)

    def over(self, state: JobState, now: datetime) -> Job:
        """The job as it ends: done, with its whole range behind, or cancelled where it is."""
        if state is not JobState.DONE:
            return replace(self, state=state, changed_at=now)
        done = {topic: {each: end for each, (_, end) in of.items()} for topic, of in self.ends.items()}
        return replace(self, state=state, next=done, changed_at=now)


def job_key(ident: str) -> str:
    """Where the journal keeps this job."""
    return JOB.key(ident)


def cancel_key(ident: str) -> str:
    """Where the journal keeps a person's wish to end it."""
    return JOB_CANCEL.key(ident)


def cancel_value(at: datetime) -> bytes:
    """The journal's entry of that wish."""
    return JOB_CANCEL.value({"at": at.isoformat()})


def piece_key(ident: str, number: int) -> str:
    """Where the journal keeps a piece of this job, the first one being 0."""
    return JOB_PIECE.key(f"{ident}:{number}")


def pieces_of(places: Iterable[Place], lines: Iterable[Sequence[Any]] = ()) -> list[bytes]:
    """The journal's entries of records that a job leaves out and of its plan's lines, each of at most 256 KiB."""
    return [*_packed("left_out", sorted(map(str, places))), *_packed("planned", lines)]


def _packed(name: str, entries: Iterable[Any]) -> list[bytes]:
    pieces: list[list[Any]] = [[]]
    room = PIECE_BYTES_MAX - len(JOB_PIECE.value({name: []}))
    for entry in entries:
        size = len(orjson.dumps(entry)) + 1
        if size > room:
            pieces.append([])
            room = PIECE_BYTES_MAX - len(JOB_PIECE.value({name: []}))
        pieces[-1].append(entry)
        room -= size
    return [JOB_PIECE.value({name: piece}) for piece in pieces if piece]


def digest_of(pieces: Iterable[bytes]) -> str:
    """What a job says of its pieces, so that it is never done with others."""
    return hashlib.sha256(b"\n".join(pieces)).hexdigest()


def job_value(job: Job) -> bytes:
    """The journal's entry of it."""
    span = {"since_ms": job.since_ms, "until_ms": job.until_ms}
    called = {"reads": job.reads, "writes": job.writes, "batches": job.batches}
    return JOB.value(
        {
            "asked_at": job.asked_at.isoformat(),
            "changed_at": job.changed_at.isoformat() if job.changed_at else None,
            "state": job.state.value,
            **span,
            "ends": {topic: {str(each): list(ends) for each, ends in of.items()} for topic, of in job.ends.items()},
            "next": _by_text(job.next),
            "compared": _by_text(job.compared),
            "pieces": job.pieces,
            "digest": job.digest,
            "rules_version": job.rules_version,
            "records": job.records,
            **called,
        }
    )


def read_jobs(journal: Mapping[str, bytes]) -> list[Job]:
    """Every job that is kept, the one that was asked for first in front. UnreadableJournal for an unknown format."""
    return sorted(JOB.read_all(journal, _job), key=lambda job: (job.asked_at, job.id))


def read_cancelled(journal: Mapping[str, bytes]) -> frozenset[str]:
    """The jobs that a person wants to end. UnreadableJournal for an unknown format."""
    return frozenset(JOB_CANCEL.read_all(journal, lambda ident, _: ident))


def left_out(journal: Mapping[str, bytes], job: Job) -> frozenset[Place]:
    """The records that a job leaves out. UnreadableJournal where its pieces are not what it was asked for with."""
    return frozenset(Place.parse(each) for each in in_pieces(journal, job, "left_out"))


def in_pieces(journal: Mapping[str, bytes], job: Job, name: str) -> list[Any]:
    """What the pieces of a job hold under this name; errors as `left_out`."""
    keys = [piece_key(job.id, number) for number in range(job.pieces)]
    pieces = [journal[key] for key in keys if key in journal]
    if digest_of(pieces) != job.digest:
        raise UnreadableJournal(
            f"the pieces of job {job.id} are not what it was asked for with: nothing of it is done, end it with "
            f"qbo-bridge backfill --cancel {job.id}"
        )
    found = (JOB_PIECE.fields(key, piece).get(name, ()) for key, piece in zip(keys, pieces, strict=True))
    return [each for entries in found for each in entries]


def keys_ending_with(job: Job) -> list[str]:
    """The entries that end with a job."""
    return [*(piece_key(job.id, number) for number in range(job.pieces)), cancel_key(job.id)]


def is_job_entry(key: str) -> bool:
    """Whether an entry is a job, or a wish to end one; pieces and what was left are not followed."""
    return JOB.holds(key) or JOB_CANCEL.holds(key)


def _length(ends: Ends) -> int:
    return sum(max(0, end - start) for of in ends.values() for start, end in of.values())


def _by_text(offsets: Mapping[str, Mapping[int, int]]) -> dict[str, dict[str, int]]:
    return {topic: {str(each): at for each, at in of.items()} for topic, of in offsets.items()}


def _offsets(by_topic: Mapping[str, Mapping[str, int]]) -> dict[str, dict[int, int]]:
    return {topic: {int(each): int(at) for each, at in of.items()} for topic, of in by_topic.items()}


def _job(ident: str, fields: Mapping[str, Any]) -> Job:
    changed_at = fields["changed_at"]
    ends = {
        topic: {int(each): (int(start), int(end)) for each, (start, end) in of.items()}
        for topic, of in fields["ends"].items()
    }
    return Job(
        id=ident,
        asked_at=datetime.fromisoformat(fields["asked_at"]),
        since_ms=fields["since_ms"],
        until_ms=fields["until_ms"],
        ends=ends,
        pieces=int(fields["pieces"]),
        digest=str(fields["digest"]),
        rules_version=fields.get("rules_version"),
        state=JobState(fields["state"]),
        next=_offsets(fields["next"]),
        compared=_offsets(fields.get("compared", {})),
        records=int(fields["records"]),
        reads=int(fields["reads"]),
        writes=int(fields["writes"]),
        batches=int(fields["batches"]),
        changed_at=datetime.fromisoformat(changed_at) if changed_at else None,
    )
