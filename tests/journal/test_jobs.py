"""A job as the journal keeps it: what was asked for comes back, and what is left of its range is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.journal.jobs import (
    PIECE_BYTES_MAX,
    Job,
    JobState,
    digest_of,
    job_key,
    job_value,
    left_out,
    piece_key,
    pieces_of,
    read_jobs,
)
from contracts.errors import UnreadableJournal
from contracts.records import InboundRecord, Place

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
topics = st.text("abc.-_7", min_size=1, max_size=12)
offsets = st.integers(0, 2**40)
spans = st.tuples(offsets, offsets).map(lambda ends: (min(ends), max(ends)))
counts = st.integers(0, 10**6)
moments = st.datetimes(timezones=st.just(UTC))
jobs = st.builds(
    Job,
    id=st.text("0123456789abcdef", min_size=1, max_size=8),
    asked_at=moments,
    since_ms=st.none() | offsets,
    until_ms=st.none() | offsets,
    ends=st.dictionaries(topics, st.dictionaries(st.integers(0, 99), spans, max_size=3), max_size=2),
    pieces=counts,
    digest=st.text("0123456789abcdef", max_size=64),
    rules_version=st.none() | st.text("0123456789abcdef", max_size=8),
    compared=st.dictionaries(topics, st.dictionaries(st.integers(0, 99), offsets, max_size=3), max_size=2),
    state=st.sampled_from(JobState),
    next=st.dictionaries(topics, st.dictionaries(st.integers(0, 99), offsets, max_size=3), max_size=2),
    records=counts,
    reads=counts,
    writes=counts,
    batches=counts,
    changed_at=st.none() | moments,
)
places = st.builds(Place, topics, st.integers(0, 99), offsets)


def asked(pieces: list[bytes] | None = None, **ends: Mapping[int, tuple[int, int]]) -> Job:
    """A job that nobody has begun."""
    pieces = pieces or []
    return Job(
        id="7",
        asked_at=NOON,
        since_ms=None,
        until_ms=None,
        ends=ends,
        pieces=len(pieces),
        digest=digest_of(pieces),
    )


def record(topic: str, partition: int, offset: int) -> InboundRecord:
    """Any record at this place."""
    return InboundRecord(
        topic=topic, partition=partition, offset=offset, key=None, value=b"", headers=(), timestamp_ms=0
    )


@given(st.lists(jobs, max_size=3, unique_by=lambda job: job.id))
def test_jobs_come_back_in_the_order_in_which_they_were_asked_for(found: list[Job]) -> None:
    """With their range and their progress."""
    journal = {job_key(job.id): job_value(job) for job in found} | {"stopped": b"{}"}
    assert read_jobs(journal) == sorted(found, key=lambda job: (job.asked_at, job.id))


@given(st.frozensets(places, max_size=20))
def test_what_a_job_leaves_out_comes_back(wanted: frozenset[Place]) -> None:
    """From as many pieces as it takes, none among them."""
    pieces = pieces_of(wanted)
    journal = {piece_key("7", number): piece for number, piece in enumerate(pieces)}
    assert left_out(journal, asked(pieces)) == wanted


def test_a_piece_has_at_most_256_kib() -> None:
    """However much is left out. Guard: `room` in `pieces_of`."""
    wanted = {Place("shopify.events", 3, offset) for offset in range(20_000)}
    pieces = pieces_of(wanted)
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= PIECE_BYTES_MAX == 256 * 1024
    journal = {piece_key("7", number): piece for number, piece in enumerate(pieces)}
    assert left_out(journal, asked(pieces)) == wanted


@pytest.mark.parametrize("change", ["one is lost", "one is another"])
def test_a_job_is_not_done_without_the_pieces_that_it_was_asked_for_with(change: str) -> None:
    """It would book what a person wanted to be left. Guard: the digest in `left_out`."""
    pieces = pieces_of({Place("shopify.events", 3, offset) for offset in range(20_000)})
    journal = {piece_key("7", number): piece for number, piece in enumerate(pieces)}
    if change == "one is lost":
        del journal[piece_key("7", 0)]
    else:
        journal[piece_key("7", 0)] = pieces_of([Place("shopify.events", 3, 1)])[0]
    with pytest.raises(UnreadableJournal, match="--cancel 7"):
        left_out(journal, asked(pieces))


def test_what_is_settled_is_behind() -> None:
    """Of each partition by itself; the rest is what a next owner does."""
    job = asked(shop={0: (10, 20), 1: (0, 5)})
    assert (job.passed, job.offsets, job.rest) == (0, 15, job.ends)
    went_on = job.settled([record("shop", 0, 10), record("shop", 0, 13)], NOON, reads=1, writes=2, batches=3)
    assert went_on.rest == {"shop": {0: (14, 20), 1: (0, 5)}}
    assert (went_on.passed, went_on.records, went_on.state) == (4, 2, JobState.RUNNING)
    done = went_on.over(JobState.DONE, NOON)
    assert (done.passed, done.rest) == (15, {"shop": {0: (20, 20), 1: (5, 5)}})
    assert went_on.over(JobState.CANCELLED, NOON).passed == 4
