"""Many weeks of chaos, judged by `verify` each night, and how often it was wrong: `make nights WEEKS=100`."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections import Counter

import structlog

from tests.support.nights import FAULTS_A_WEEK, Tally, week_of_nights


def main() -> int:
    """Print the counts; 1 when anything was said wrongly."""
    parser = argparse.ArgumentParser(prog="make nights", description=__doc__)
    parser.add_argument("--weeks", type=int, default=100, help="half of them without a fault (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="of the first week (default: 0)")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    tallies: list[Tally] = []
    for seed in range(arguments.seed, arguments.seed + arguments.weeks):
        tallies.append(asyncio.run(week_of_nights(seed, faults=FAULTS_A_WEEK * (seed % 2))))
        for wrong in (*tallies[-1].false_alarms, *tallies[-1].false_greens):
            _say(f"wrong: seed {wrong}")
    _say(_counted(tallies))
    return 1 if any(each.false_alarms or each.false_greens for each in tallies) else 0


def _counted(tallies: list[Tally]) -> str:
    happened, faults = Counter[str](), Counter[str]()
    for each in tallies:
        happened += each.happened
        faults += each.faults
    documents, named = sum(each.documents for each in tallies), sum(each.named for each in tallies)
    alarms = sum(len(each.false_alarms) for each in tallies)
    greens = sum(len(each.false_greens) for each in tallies)
    lines = [f"{count:6} {name}" for name, count in sorted(happened.items())]
    lines += [f"{len(tallies)} weeks, {sum(each.reports for each in tallies)} reports, {documents} documents"]
    lines += [f"{sum(faults.values())} faults of {len(faults)} kinds, named {named} times"]
    lines += [f"{alarms} false alarms, {greens} false greens"]
    return "\n".join(lines)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
