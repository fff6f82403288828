"""The verdict as a table, and whether it is good."""

from __future__ import annotations

from collections.abc import Sequence

from tests.chaos.reckoning import Reads
from tests.chaos.storm import Storm
from tests.support.verdict import CommittedRecords, Verdict

PROBLEMS_SHOWN = 20
HEADS = (
    "company",
    "events",
    "sales",
    "posted once",
    "lost",
    "duplicated",
    "wrong total",
    "take-overs",
    "metered reads",
    "results per event",
)


def table(
    verdicts: Sequence[Verdict],
    left: Sequence[str],
    storm: Storm,
    seed: int,
    bus: CommittedRecords,
    reads: Sequence[Reads],
) -> tuple[str, bool]:
    """The text, and True when nothing was lost, duplicated, wrong, stopped, left over or told other than once."""
    told = sum(verdict.events for verdict in verdicts)
    good = all(verdict.is_good for verdict in verdicts) and not left and told == len(bus.produced)
    rows = [HEADS, *(_row(verdict, its_reads) for verdict, its_reads in zip(verdicts, reads, strict=True))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    blows = ", ".join(f"{name} {count}" for name, count in sorted(storm.blows.items()))
    faults = ", ".join(f"{kind} {count}" for kind, count in sorted(storm.faults.items()))
    problems = [text for verdict in verdicts for text in verdict.problems] + list(left)
    if told != len(bus.produced):
        problems.append(f"{len(bus.produced)} events are on the topics instead of {told}")
    lines += [
        "",
        f"blows: {blows}; slowest stop {storm.slowest_stop_s:.1f} s",
        f"faults of QBO that struck: {faults}",
        *problems[:PROBLEMS_SHOWN],
        f"seed {seed}: {'0 lost, 0 duplicated, 0 wrong, 0 stopped, one result each' if good else 'NOT GOOD'}",
    ]
    return "\n".join(lines), good


def _row(verdict: Verdict, reads: Reads) -> tuple[str, ...]:
    results = ", ".join(f"{count} with {times}" for times, count in sorted(verdict.results.items()))
    numbers = (verdict.events, verdict.sales, verdict.posted_once, verdict.lost, verdict.duplicated, verdict.wrong)
    return (verdict.company, *map(str, numbers), str(reads.take_overs), f"{reads.reads} of {reads.bound}", results)
