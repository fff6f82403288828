"""All benches that have a bound, as a table and as JSON.

python -m tests.bench.results [--orders 1500] [--runs 3] [--records 500] [--documents 100000] [--events 30000]
                              [--backlog 2400] [--parked 20000] [--sold 100] [--only index memory] [--write]
"""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence

import structlog
from rich.console import Console

from tests.bench import cpu, index, limits, memory, peers, rounds, waiting
from tests.bench.report import PAGE, Row, as_json, page, rows_of, sections, table


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and keep the page when told to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.results", description=__doc__)
    parser.add_argument("--orders", type=int, default=cpu.ORDERS, help="orders of the CPU bench")
    parser.add_argument("--runs", type=int, default=cpu.RUNS, help="how often it runs")
    parser.add_argument("--records", type=int, default=rounds.RECORDS, help="records of one micro-batch of the rounds")
    parser.add_argument("--documents", type=int, default=index.DOCUMENTS, help="documents of the index")
    parser.add_argument("--events", type=int, default=memory.EVENTS, help="events that are settled and leave little")
    parser.add_argument("--backlog", type=int, default=limits.ORDERS, help="orders of the backlog under limits")
    parser.add_argument("--parked", type=int, default=waiting.PARKED, help="events that wait")
    parser.add_argument("--sold", type=int, default=peers.ORDERS, help="orders that a peer books too")
    parser.add_argument("--only", nargs="+", help="the benches that run; the page keeps the rows of the others")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name} too")
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    benches: dict[str, Callable[[], list[Row]]] = {
        "cpu": lambda: cpu.measure(given.orders, given.runs),
        "rounds": lambda: rounds.measure(given.records),
        "index": lambda: index.measure(given.documents),
        "memory": lambda: memory.measure(given.events),
        "limits": lambda: limits.measure(given.backlog),
        "waiting": lambda: waiting.measure(given.parked),
        "peers": lambda: peers.measure(given.sold),
    }
    rows = [row for verb in given.only or benches for row in benches[verb]()]
    Console().print(table(rows))
    sys.stdout.write(as_json(rows) + "\n")
    if given.write:
        said = (
            f"{given.orders} orders, runs: {given.runs}; {given.records} records in the micro-batch of the rounds; "
            f"{given.documents} documents in the index; {given.events} events settled; {given.parked} events wait; "
            f"{given.backlog} orders at once."
        )
        kept = rows_of({*benches} - {*(given.only or benches)})
        PAGE.write_text(page(rows, said, kept) + sections(), encoding="utf-8")


if __name__ == "__main__":
    main()
