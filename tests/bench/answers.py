"""How long an operator waits for an answer: the commands as they are typed, over a topic of results and dead letters.

    python -m tests.bench.answers [RESULTS] [LETTERS] [--orders N] [--kafka HOST:PORT] [--write]

Each command is a process of its own, so its start counts too. Without an address the embedded broker has the topics,
and what needs books is left out: with a real one the orders are booked in a sandbox first, and one of its invoices is
edited by a person.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import structlog

from bridge.demo.broker import embedded_broker
from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import publish
from bridge.kafka.topics import create_missing, log_topic, table_topic
from contracts.dead_letters import dead_letter_record
from contracts.records import InboundRecord, OutboundRecord
from contracts.results import ResultStatus, result_record
from tests.bench.report import PAGE, write_section
from tests.support.orders import line, order
from tests.support.processes import sandbox_server
from tests.support.results import NOW, result_of

RESULTS, LETTERS, ORDERS = 20_000, 5_000, 500
CODES = ("unbalanced", "unmappable", "orphan")
SECTION = "How long an operator waits for an answer"
CONFIG = """
[kafka]
bootstrap_servers = "{broker}"
transactions = {transactions}
group = "answers-{name}"
[topics]
events = ["events-{name}"]
results = "results-{name}"
dead_letters = "letters-{name}"
journal = "journal-{name}"
ids = "ids-{name}"
[http]
port = 0
[tokens]
path = "tokens.enc"
[[companies]]
name = "acme-us"
realm_id = "9130000000000001"
environment = "sandbox"
api_base_url = "{sandbox}"
token_url = "{sandbox}/oauth2/v1/tokens/bearer"
client_id = "sandbox-client"
shop_domains = ["acme.myshopify.com"]
"""
SECRETS = {
    "QBO_BRIDGE_TOKENS__KEY": "A" * 43 + "=",
    "QBO_BRIDGE_COMPANIES__ACME_US__CLIENT_SECRET": "sandbox-secret",
    "QBO_BRIDGE_COMPANIES__ACME_US__REFRESH_TOKEN": "sandbox-refresh-token",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the command that answers it, and whether that needs books."""

    question: str
    command: tuple[str, ...]
    needs_books: bool = False


@dataclass(frozen=True, slots=True)
class AnswerTime:
    """How long one answer took: seconds of the clock and of the processor."""

    asked: Asked
    seconds: float
    cpu_s: float
    lines: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Fill the topics, ask, and print seconds: of the clock, and of the processor, which others disturb less."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.answers", description=__doc__)
    parser.add_argument("results", type=int, nargs="?", default=RESULTS)
    parser.add_argument("letters", type=int, nargs="?", default=LETTERS)
    parser.add_argument("--orders", type=int, default=ORDERS, help="orders in the books, with a real Kafka")
    parser.add_argument("--kafka", help="an address; else the embedded broker")
    parser.add_argument("--write", action="store_true", help=f"write the section of {PAGE.name} too")
    given = parser.parse_args(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    broker = contextlib.nullcontext(given.kafka) if given.kafka else embedded_broker()
    with broker as address, tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_measured(given, address, Path(folder)))
    rows = [f"| {x.asked.question} | `{_typed(x.asked)}` | {x.seconds:.1f} s | {x.cpu_s:.1f} s |" for x in found]
    said = [
        f"{given.results:,} results, {given.letters:,} dead letters"
        + (f", {given.orders} orders in the books; a real Kafka." if given.kafka else "; the embedded broker."),
        "Each command as a process of its own; `python -m tests.bench.answers --kafka HOST:PORT --write` writes this.",
        "",
        "| question | command | clock | processor |",
        "|---|---|---|---|",
        *rows,
    ]
    sys.stdout.write("\n".join(said) + "\n")
    if given.write:
        write_section(SECTION, "\n".join(said))


async def _measured(given: argparse.Namespace, address: str, folder: Path) -> list[AnswerTime]:
    name, config = uuid.uuid4().hex[:8], folder / "bridge.toml"
    connection = KafkaConnection(bootstrap_servers=address, transactions=False)
    await _fill(connection, name, given.results, given.letters)
    async with sandbox_server(folder, "--empty", "--no-limits") as url:
        transactions = "true" if given.kafka else "false"
        config.write_text(CONFIG.format(broker=address, name=name, sandbox=url, transactions=transactions))
        ident = await _book(connection, name, given.orders, config, url) if given.kafka else ""
        asked = [each for each in questions(given.results, ident) if given.kafka or not each.needs_books]
        return [_timed(each, config) for each in asked]


async def _book(connection: KafkaConnection, name: str, orders: int, config: Path, url: str) -> str:
    """Have the orders booked, and a person edit one of the invoices; its number."""
    await publish(connection, (_order_event(90_000 + number, f"events-{name}") for number in range(orders)))
    _run(("backfill",), config)
    ident, number = _an_invoice(config)
    edit = {"action": "edit", "entity": "Invoice", "id": ident, "changes": {"DueDate": "2026-12-31"}}
    async with httpx.AsyncClient() as client:
        (await client.post(f"{url}/sandbox/human", json=edit)).raise_for_status()
    return number


def _an_invoice(config: Path) -> tuple[str, str]:
    """Id and number of one that was booked."""
    told = _run(("results", "--last", "20", "--json"), config).stdout.splitlines()
    entities = (entity for each in told for entity in orjson.loads(each)["entities"])
    return next((str(each["id"]), str(each["doc_number"])) for each in entities if each["entity"] == "Invoice")


def _run(command: Sequence[str], config: Path) -> subprocess.CompletedProcess[str]:
    """A command as it is typed; RuntimeError where it has no answer."""
    words = [sys.executable, "-m", "bridge.cli.app", *command, "--config", str(config)]
    environment = {**os.environ, **SECRETS}
    told = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=600)
    if told.returncode:
        raise RuntimeError(f"{command} ended with {told.returncode}: {told.stdout[-2000:]}{told.stderr[-2000:]}")
    return told


def _timed(asked: Asked, config: Path) -> AnswerTime:
    began, cpu_s = time.perf_counter(), _cpu_of_children_s()
    told = _run(asked.command, config)
    took, lines = time.perf_counter() - began, len(told.stdout.splitlines())
    found = AnswerTime(asked, took, _cpu_of_children_s() - cpu_s, lines)
    sys.stdout.write(f"{_typed(asked):<44}  {took:6.1f} s, {found.cpu_s:5.1f} s of CPU  {lines} lines\n")
    return found


def _typed(asked: Asked) -> str:
    return " ".join(asked.command)


def _cpu_of_children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def questions(results: int, invoice: str) -> list[Asked]:
    """What an operator is asked, in the order in which it is asked; `invoice` is the number of one in the books."""
    return [
        Asked("How far behind is it?", ("status",)),
        Asked("Where is this order?", ("explain", f"shopify:order:{results // 2}")),
        Asked("Where is order #90001?", ("explain", "#90001"), needs_books=True),
        Asked("What failed?", ("dead-letters", "list")),
        Asked("What is it worth, by cause?", ("dead-letters", "summary")),
        Asked("What waits, and for what?", ("waiting", "list")),
        Asked("What became of the last events?", ("results", "--last", "50")),
        Asked("What was refused last?", ("results", "--status", "dead_lettered", "--last", "50")),
        Asked("Does the day balance?", ("verify", "--day", "today"), needs_books=True),
        Asked("Who changed this invoice?", ("explain", f"#{invoice}"), needs_books=True),
        Asked("How much of the read quota, until when the token?", ("status", "--json"), needs_books=True),
        Asked("Stop the company", ("pause",)),
        Asked("Let it go on", ("resume",)),
        Asked("Which release, which rules?", ("config", "check")),
    ]


async def _fill(connection: KafkaConnection, name: str, results: int, letters: int) -> None:
    topics = [log_topic(f"{each}-{name}") for each in ("events", "results", "letters")]
    await create_missing(connection, [*topics, *(table_topic(f"{each}-{name}") for each in ("journal", "ids"))])
    await publish(connection, _records(name, results, letters))


def _records(name: str, results: int, letters: int) -> Iterator[OutboundRecord]:
    """The last records of all are the dead-lettered ones."""
    yield from (OutboundRecord(topic=f"{topic}-{name}", key=b"x", value=b"x") for topic in ("journal", "events", "ids"))
    for number in range(results):
        failed = number >= results - letters
        status = ResultStatus.DEAD_LETTERED if failed else ResultStatus.POSTED
        yield result_record(result_of(number, status, "unbalanced" if failed else None), f"results-{name}")
    yield from _letters(range(max(0, results - letters), results), f"letters-{name}")


def _order_event(number: int, topic: str) -> OutboundRecord:
    """An order that can be booked, unpaid."""
    unpaid = {"financial_status": "pending", "total_outstanding": "42.90"}
    body = order([line("21.45", 2)], id=number, name=f"#{number}", **unpaid)
    headers = (("X-Shopify-Topic", b"orders/create"), ("X-Shopify-Shop-Domain", b"acme.myshopify.com"))
    return OutboundRecord(topic=topic, key=None, value=orjson.dumps(body), headers=headers)


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
