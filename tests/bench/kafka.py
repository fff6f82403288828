"""What a served company costs on a real Kafka, beside the floor: consume, `orjson.loads`, one result an event.

    python -m tests.bench.kafka [ORDERS] [--write]

A Kafka, a sandbox and `qbo-bridge run`, all real (Java 17+, Maven). Posting and replay (the same records once more) are
the CPU time of the bridge's process; the floor is a process that answers the same records with results of the same size
in transactions of 500, and does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from rich.console import Console

from bridge.kafka.connection import KafkaConnection
from bridge.kafka.reader import read_topic
from bridge.kafka.topics import create_missing, log_topic
from tests.bench.report import PAGE, Row, as_markdown, table, write_section
from tests.support.fleet import Fleet, fleet_of, until
from tests.support.kafka.cluster import running_cluster
from tests.support.kafka.jars import KafkaMissing, find_java
from tests.support.verdict import all_told

ORDERS = 500
TOGETHER = 500
POSTING_AT_MOST, REPLAY_AT_MOST = 14.0, 8.0
PATIENCE_S = 600.0
TITLE = "What a served company costs on a real Kafka"
TICKS = os.sysconf("SC_CLK_TCK")
WHY = "see the row of cpu: the machine alone costs more than that"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, print, and keep the section when told to."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.kafka", description=__doc__)
    parser.add_argument("orders", type=int, nargs="?", default=ORDERS)
    parser.add_argument("--write", action="store_true", help=f"write the section of {PAGE.name} too")
    given = parser.parse_args(arguments)
    try:
        find_java()
    except KafkaMissing as error:
        raise SystemExit(f"nothing is measured: {error}") from None
    with running_cluster() as cluster, tempfile.TemporaryDirectory(prefix="qbo-bridge-kafka-") as folder:
        connection = KafkaConnection(bootstrap_servers=cluster.bootstrap_servers)
        rows = asyncio.run(measure(connection, Path(folder), given.orders))
    Console().print(table(rows))
    if given.write:
        said = f"{given.orders} orders; `python -m tests.bench.kafka --write` writes this."
        write_section(TITLE, f"{said}\n\n{as_markdown(rows)}")


async def measure(connection: KafkaConnection, folder: Path, orders: int) -> list[Row]:
    """The CPU time of both passes, over the floor's."""
    chance = Random(7)  # noqa: S311 - which partition an event goes to
    async with fleet_of(connection, folder) as fleet:
        (company,) = fleet.companies
        owner = fleet.start("owner")
        await until(lambda: owner.phase(company.name) == "running", "the start", PATIENCE_S)
        sample = company.sample(7, orders)
        spent: list[float] = []
        for passed in (1, 2):
            began_s = _cpu_s(owner.process.pid)
            await fleet.produce(sample.events, chance)
            await all_told(fleet, passed * len(sample.events), PATIENCE_S)
            spent.append(_cpu_s(owner.process.pid) - began_s)
        results = [record async for record in read_topic(connection, fleet.topic("qbo.results"))]
        largest = sorted(len(record.value or b"") for record in results)[len(results) // 2]
        floor_s = await _floor_s(fleet, len(sample.events), largest)
    events = len(sample.events)
    return [
        Row("kafka", "posting against the floor", spent[0] / floor_s, "x", POSTING_AT_MOST, WHY),
        Row("kafka", "replay against the floor", spent[1] / floor_s, "x", REPLAY_AT_MOST, WHY),
        Row("kafka", "posting, an event", spent[0] / events * 1e6, "µs", None),
        Row("kafka", "replay, an event", spent[1] / events * 1e6, "µs", None),
        Row("kafka", "the floor, an event", floor_s / events * 1e6, "µs", None),
    ]


def _cpu_s(pid: int) -> float:
    """What a process has used so far, its threads included (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


# The floor -----------------------------------------------------------------------------------------------------------


async def _floor_s(fleet: Fleet, events: int, result_bytes: int) -> float:
    topic = fleet.topic("floor.results")
    await create_missing(fleet.kafka, [log_topic(topic)])
    command = [sys.executable, "-c", "from tests.bench.kafka import floor; floor()"]
    given = [fleet.kafka.bootstrap_servers, topic, str(events), str(result_bytes), *fleet.events]
    done = await asyncio.to_thread(subprocess.run, [*command, *given], capture_output=True, check=True, text=True)
    return float(done.stdout)


def floor() -> None:
    """In a process of its own: prints the CPU seconds."""
    servers, topic, events, result_bytes, *sources = sys.argv[1:]
    sys.stdout.write(str(asyncio.run(_answer_all(servers, topic, int(events), int(result_bytes), sources))))


async def _answer_all(servers: str, topic: str, events: int, result_bytes: int, sources: Sequence[str]) -> float:
    consumer = AIOKafkaConsumer(
        *sources, bootstrap_servers=servers, group_id=None, auto_offset_reset="earliest", max_poll_records=TOGETHER
    )
    producer = AIOKafkaProducer(bootstrap_servers=servers, transactional_id=topic, acks="all")
    await consumer.start()
    await producer.start()
    try:
        answered, began_s = 0, time.process_time()
        while answered < events:
            fetched = await consumer.getmany(timeout_ms=1000, max_records=TOGETHER)
            records = [record for several in fetched.values() for record in several]
            if records:
                answered += await _answer(producer, topic, records, "x" * result_bytes)
        return time.process_time() - began_s
    finally:
        await producer.stop()
        await consumer.stop()


async def _answer(producer: AIOKafkaProducer, topic: str, records: Sequence[object], filling: str) -> int:
    async with producer.transaction():
        for record in records:
            # because some of the sample events are broken, as some of any shop's are
            with contextlib.suppress(orjson.JSONDecodeError):
                orjson.loads(record.value)  # type: ignore[attr-defined]
            await producer.send(topic, orjson.dumps({"result": filling}), key=record.key)  # type: ignore[attr-defined]
    return len(records)


if __name__ == "__main__":
    main()
