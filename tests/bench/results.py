"""All benches that have a bound, as a table and as JSON.

python -m tests.bench.results [--orders 1500] [--runs 3] [--records 500] [--documents 100000] [--backlog 2400]
                              [--parked 20000] [--sold 100] [--write]
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

import structlog
from rich.console import Console

from tests.bench import cpu, index, limits, peers, rounds, waiting
from tests.bench.report import PAGE, as_json, page, sections, table


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and keep the page when told to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.results", description=__doc__)
    parser.add_argument("--orders", type=int, default=cpu.ORDERS, help="orders of the CPU bench")
    parser.add_argument("--runs", type=int, default=cpu.RUNS, help="how often it runs")
    parser.add_argument("--records", type=int, default=rounds.RECORDS, help="records of one micro-batch of the rounds")
    parser.add_argument("--documents", type=int, default=index.DOCUMENTS, help="documents of the index")
    parser.add_argument("--backlog", type=int, default=limits.ORDERS, help="orders of the backlog under limits")
    parser.add_argument("--parked", type=int, default=waiting.PARKED, help="events that wait")
    parser.add_argument("--sold", type=int, default=peers.ORDERS, help="orders that a peer books too")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} too")
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    rows = [
        *cpu.measure(given.orders, given.runs),
        *rounds.measure(given.records),
        *index.measure(given.documents),
        *limits.measure(given.backlog),
        *waiting.measure(given.parked),
        *peers.measure(given.sold),
    ]
    Console().print(table(rows))
    sys.stdout.write(as_json(rows) + "\n")
    if given.write:
        said = (
            f"{given.orders} orders, runs: {given.runs}; {given.records} records in the micro-batch of the rounds; "
            f"{given.documents} documents in the index; {given.parked} events wait; {given.backlog} orders at once."
        )
        PAGE.write_text(page(rows, said) + sections(), encoding="utf-8")


if __name__ == "__main__":
    main()
