"""The reads of a month: what the entries of all processes add up to is what was read, each read in one month."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bridge.journal.reads import MonthlyReads, month_of, outdated_reads, reads_of_month

BEGIN = datetime(2026, 10, 20, tzinfo=UTC)
STORIES = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.integers(0, 900), st.booleans()), max_size=25
)
"""Who looked, how many days after the one before, what was read since, and whether the journal could be written."""


@given(STORIES)
def test_the_month_is_what_all_processes_read_in_it(story: list[tuple[str, int, int, bool]]) -> None:
    """Of each process as of the last time that it could write; a month of nothing is unknown, and never 0."""
    journal: dict[str, bytes] = {}
    writers = {name: MonthlyReads(name) for name in "abc"}
    totals: Counter[str] = Counter()
    read: Counter[tuple[str, str]] = Counter()
    told: dict[tuple[str, str], int] = {}
    now = BEGIN
    for name, days, reads, can_write in story:
        now += timedelta(days=days)
        totals[name] += reads
        read[name, month_of(now)] += reads
        entry = writers[name].entry(now, totals[name])
        if entry is not None and can_write:
            journal.update([entry])
            writers[name].written()
        if can_write:
            told[name, month_of(now)] = read[name, month_of(now)]
    for month in {month_of(BEGIN + timedelta(days=day)) for day in range(120)}:
        expected = sum(reads for (_, of), reads in told.items() if of == month)
        assert reads_of_month(journal, datetime.fromisoformat(f"{month}-15T00:00:00Z")) == (expected or None)


def test_what_is_known_is_not_written_again() -> None:
    """A process that reads nothing writes nothing."""
    mine = MonthlyReads("a")
    assert mine.entry(BEGIN, 0) is None
    assert mine.entry(BEGIN, 3) is not None
    assert mine.entry(BEGIN, 3) is not None, "it was not written yet"
    mine.written()
    assert mine.entry(BEGIN, 3) is None


def test_the_month_is_that_of_utc() -> None:
    """Wherever the process runs."""
    assert month_of(datetime.fromisoformat("2026-12-01T01:00:00+02:00")) == "2026-11"


def test_this_month_and_the_last_one_are_kept() -> None:
    """On the first and on the last day of a month too."""
    months = ["2026-08", "2026-09", "2026-10", "2026-11"]
    journal = {f"reads:{month}:a": b"{}" for month in months} | {"stopped": b"{}"}
    for day in (1, 15, 30):
        assert outdated_reads(journal, datetime(2026, 11, day, tzinfo=UTC)) == ["reads:2026-08:a", "reads:2026-09:a"]
