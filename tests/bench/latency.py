"""How long an order takes beyond QuickBooks' own time: from its record in Kafka to its result, at one and ten a second.

    python -m tests.bench.latency [ORDERS] [--embedded] [--write]

One process of the bridge, a Kafka (Java 17+, Maven; with `--embedded` the broker of the demo, which has no
transactions) and a sandbox whose calls take 0.2 s, all on this machine. From the time of each order the union of the
times is taken off in which QuickBooks was at work on any call meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from pathlib import Path

import uvicorn
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from starlette.types import ASGIApp, Receive, Scope, Send

from bridge.demo.broker import embedded_broker
from bridge.kafka.connection import KafkaConnection
from bridge.sandbox.app import create_app
from bridge.sandbox.settings import SandboxLimits, SandboxSettings
from contracts.results import read_result
from tests.bench.report import Row, as_markdown, write_section
from tests.support.fleet import until
from tests.support.kafka.cluster import running_cluster
from tests.support.kafka.jars import KafkaMissing
from tests.support.orders import ORDER_ID, line, order
from tests.support.stage import Stage

ORDERS = 600
RATES = (1, 10)
CALL_MS = 200.0
WARM = 5
"""Orders that are told first and not counted: the shop's customer and item are made with them."""
PATIENCE_S = 120.0
P50_MS, P99_MS = 60.0, 100.0
WHY = "the poll, three appends to the journal, the settlement's transaction and the machine's CPU follow each other"
SECTION = "How long an order takes beyond QuickBooks' own time"
Span = tuple[float, float]


def main(arguments: Sequence[str]) -> None:
    """Run and print; with `--write` the page of results gets its section."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.latency")
    parser.add_argument("orders", type=int, nargs="?", default=ORDERS)
    parser.add_argument("--embedded", action="store_true", help="the broker of the demo, without transactions")
    parser.add_argument("--write", action="store_true", help="write the section of RESULTS.md")
    given = parser.parse_args(arguments)
    try:
        with _broker(embedded=given.embedded) as connection:
            rows = [row for rate in RATES for row in _rows(rate, asyncio.run(measure(connection, given.orders, rate)))]
    except KafkaMissing as error:
        raise SystemExit(f"the latency is not measured: {error}") from None
    lines = as_markdown(rows)
    sys.stdout.write(lines + "\n")
    if given.write:
        kind = "the broker of the demo" if given.embedded else "a real Kafka"
        said = f"{given.orders} orders at each rate; {kind}; a call to QuickBooks takes {CALL_MS:g} ms."
        write_section(SECTION, "\n".join([said, "`python -m tests.bench.latency --write` writes this.", "", lines]))


def _rows(rate: int, beyond_s: Sequence[float]) -> list[Row]:
    ordered = sorted(each * 1000 for each in beyond_s)
    named = f"{rate} order{'s' if rate > 1 else ''} a second"
    return [
        Row("latency", f"{named}, half of them within", statistics.median(ordered), "ms", P50_MS, WHY),
        Row("latency", f"{named}, 99 of 100 within", ordered[(len(ordered) * 99 - 1) // 100], "ms", P99_MS, WHY),
    ]


@contextlib.contextmanager
def _broker(*, embedded: bool) -> Iterator[KafkaConnection]:
    if embedded:
        with embedded_broker() as address:
            yield KafkaConnection(bootstrap_servers=address, transactions=False)
    else:
        with running_cluster() as cluster:
            yield KafkaConnection(bootstrap_servers=cluster.bootstrap_servers)


async def measure(connection: KafkaConnection, orders: int, rate: float) -> list[float]:
    """Seconds beyond QuickBooks' own time of each order."""
    with tempfile.TemporaryDirectory(prefix="qbo-bridge-latency-") as folder:
        async with _sandbox() as (url, busy):
            stage = Stage.of(connection, url, Path(folder), uuid.uuid4().hex[:8])
            await stage.create_topics()
            async with stage.bridge() as replica, _results(stage) as results:
                await until(lambda: replica.phase(stage.company) == "running", "the start", PATIENCE_S)
                await _told(stage, results, range(WARM), rate)
                times = await _told(stage, results, range(WARM, WARM + orders), rate)
    return [ended - began - union_s(busy, (began, ended)) for began, ended in times]


@contextlib.asynccontextmanager
async def _sandbox() -> AsyncIterator[tuple[str, list[Span]]]:
    """Its address, and the times in which it was at work on a call of the API."""
    settings = SandboxSettings(empty=True, limits=SandboxLimits(enforced=False), latency_ms=(CALL_MS, CALL_MS))
    app: ASGIApp = create_app(settings)
    busy: list[Span] = []

    async def timed(scope: Scope, receive: Receive, send: Send) -> None:
        began = time.time()
        await app(scope, receive, send)
        if scope["type"] == "http" and scope["path"].startswith("/v3/"):
            busy.append((began, time.time()))

    server = uvicorn.Server(uvicorn.Config(timed, port=0, log_level="critical", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by a flag only
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}", busy
    finally:
        server.should_exit = True
        await serving


@contextlib.asynccontextmanager
async def _results(stage: Stage) -> AsyncIterator[AIOKafkaConsumer]:
    isolation = "read_committed" if stage.kafka.transactions else "read_uncommitted"
    consumer = AIOKafkaConsumer(
        stage.topic("qbo.results"),
        **stage.kafka.client_options(),
        isolation_level=isolation,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def _told(stage: Stage, results: AIOKafkaConsumer, numbers: range, rate: float) -> list[Span]:
    """When each order was published, and when its result could be read."""
    began: dict[tuple[str, int, int], float] = {}
    telling = asyncio.create_task(_tell(stage, numbers, rate, began))
    ended: dict[tuple[str, int, int], float] = {}
    deadline = time.time() + len(numbers) / rate + PATIENCE_S
    while len(ended) < len(numbers):
        if time.time() > deadline:
            raise AssertionError(f"{len(ended)} of {len(numbers)} orders have a result\n{stage.log()}")
        for records in (await results.getmany(timeout_ms=1000)).values():
            for record in records:
                source = read_result(record.value).source
                ended.setdefault((source.topic, source.partition, source.offset), time.time())
    await telling
    return [(began[place], ended[place]) for place in began]


async def _tell(stage: Stage, numbers: range, rate: float, began: dict[tuple[str, int, int], float]) -> None:
    async with AIOKafkaProducer(**stage.kafka.client_options()) as producer:
        start = time.time()
        for number in numbers:
            await asyncio.sleep(start + (number - numbers.start) / rate - time.time())
            sent_at = time.time()
            told = await producer.send_and_wait(stage.events[0], json.dumps(_bought(number)).encode())
            began[told.topic, told.partition, told.offset] = sent_at


def _bought(number: int) -> object:
    named = {"id": ORDER_ID + number, "admin_graphql_api_id": None, "name": f"#{number}"}
    return order([line("21.45", 2)], **named, financial_status="pending")


def union_s(busy: Iterable[Span], within: Span) -> float:
    """Seconds of a span in which QuickBooks was at work on at least one call."""
    covered_s, reached = 0.0, within[0]
    for began, ended in sorted(busy):
        first, last = max(began, reached), min(ended, within[1])
        if last > first:
            covered_s, reached = covered_s + last - first, last
    return covered_s


if __name__ == "__main__":
    main(sys.argv[1:])
