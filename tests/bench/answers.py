"""How long an operator waits for an answer: the commands as they are typed, over a topic of results and dead letters.

    python -m tests.bench.answers [RESULTS] [LETTERS] [--kafka HOST:PORT]

Without an address the embedded broker has the topics. Each command is a process of its own, so its start counts too.
Nothing of QuickBooks is asked: no company is connected.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import logging
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import orjson
import structlog

from bridge.demo.broker import embedded_broker
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import publish
from bridge.kafka.topics import create_missing, log_topic, table_topic
from contracts.dead_letters import dead_letter_record
from contracts.records import InboundRecord, OutboundRecord
from contracts.results import ResultStatus, result_record
from tests.support.orders import line, order
from tests.support.results import NOW, result_of

RESULTS, LETTERS = 20_000, 5_000
CODES = ("unbalanced", "unmappable", "orphan")
CONFIG = """
[kafka]
bootstrap_servers = "{broker}"
transactions = false
[topics]
events = ["events-{name}"]
results = "results-{name}"
dead_letters = "letters-{name}"
journal = "journal-{name}"
ids = "ids-{name}"
[[companies]]
name = "acme-us"
realm_id = "91"
environment = "sandbox"
client_id = "app"
shop_domains = ["acme.myshopify.com"]
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill the topics, ask, and print seconds: of the clock, and of the processor, which others disturb less."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.answers", description=__doc__)
    parser.add_argument("results", type=int, nargs="?", default=RESULTS)
    parser.add_argument("letters", type=int, nargs="?", default=LETTERS)
    parser.add_argument("--kafka", help="an address; else the embedded broker")
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    broker = contextlib.nullcontext(given.kafka) if given.kafka else embedded_broker()
    with broker as address, tempfile.TemporaryDirectory() as folder:
        name = uuid.uuid4().hex[:8]
        Path(folder, "bridge.toml").write_text(CONFIG.format(broker=address, name=name))
        connection = KafkaConnection(bootstrap_servers=address, transactions=False)
        asyncio.run(_fill(connection, name, given.results, given.letters))
        for question in _questions(given.results):
            began, cpu_s = time.perf_counter(), _cpu_of_children_s()
            command = [sys.executable, "-m", "bridge.cli.app", *question, "--config", f"{folder}/bridge.toml"]
            told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
            took, lines = time.perf_counter() - began, len(told.stdout.splitlines())
            cpu_s = _cpu_of_children_s() - cpu_s
            sys.stdout.write(f"{' '.join(question):<42}  {took:6.1f} s, {cpu_s:5.1f} s of CPU  {lines} lines\n")


async def _fill(connection: KafkaConnection, name: str, results: int, letters: int) -> None:
    topics = [log_topic(f"{each}-{name}") for each in ("events", "results", "letters")]
    await create_missing(connection, [*topics, *(table_topic(f"{each}-{name}") for each in ("journal", "ids"))])
    await publish(connection, _records(name, results, letters))


def _cpu_of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _questions(results: int) -> list[tuple[str, ...]]:
    return [
        ("results", "--last", "50"),
        ("results", "--status", "dead_lettered", "--last", "50"),
        ("dead-letters", "list"),
        ("dead-letters", "summary"),
        ("waiting", "list"),
        ("explain", f"shopify:order:{results // 2}"),
    ]


def _records(name: str, results: int, letters: int) -> Iterator[OutboundRecord]:
    """The last records of all are the dead-lettered ones."""
    yield from (OutboundRecord(topic=f"{topic}-{name}", key=b"x", value=b"x") for topic in ("journal", "events", "ids"))
    for number in range(results):
        failed = number >= results - letters
        status = ResultStatus.DEAD_LETTERED if failed else ResultStatus.POSTED
        yield result_record(result_of(number, status, "unbalanced" if failed else None), f"results-{name}")
    yield from _letters(range(max(0, results - letters), results), f"letters-{name}")


def _letters(numbers: Iterable[int], topic: str) -> Iterator[OutboundRecord]:
    for number, code in zip(numbers, itertools.cycle(CODES), strict=False):
        lines = [line("21.45", 2), line("5.00", 1), line("1.99", 7)]
        body = order(lines, id=number, name=f"#{number}", admin_graphql_api_id=None)
        record = InboundRecord(
            topic="shopify.events",
            partition=0,
            offset=number,
            key=None,
            value=orjson.dumps(body),
            headers=(("X-Shopify-Topic", b"orders/paid"), ("X-Shopify-Shop-Domain", b"acme.myshopify.com")),
            timestamp_ms=int(NOW.timestamp() * 1000),
        )
        facts = {"reason-code": code, "reason": f"The lines of #{number} miss the total by 1.00", "company": "acme-us"}
        facts |= {"topic": record.topic, "partition": "0", "offset": str(number), "attempts": "1"}
        facts |= {"failed-at": (NOW + timedelta(seconds=number)).isoformat()}
        yield dead_letter_record(record, topic, facts)


if __name__ == "__main__":
    main()
