"""Everything at once, for as long as you like, and then the books are counted: `make chaos MINUTES=30 SEED=7`.

Three processes serve two companies from one file. While events arrive (those of one order scattered over partitions and
topics, some without keys, some twice), processes are killed, frozen and stopped, brokers restart, and QBO loses
answers, works late, or is away. At the end the sandbox's books are compared with what the events said.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from itertools import zip_longest
from pathlib import Path
from random import Random

import httpx

from bridge.kafka.connection import KafkaConnection
from tests.chaos.report import table
from tests.chaos.storm import Storm
from tests.support.fleet import Fleet, trickle
from tests.support.installation import realm_options, tenants
from tests.support.kafka.cluster import running_cluster
from tests.support.kafka.jars import KafkaMissing, find_java
from tests.support.processes import sandbox_server
from tests.support.verdict import CommittedRecords, judge, offsets_left, read_bus, silent, unsettled, wrong_letters

EVENTS_PER_ORDER = 3.9
SETTLING_S = 240.0
"""After the storm: a session, a back-off of QBO, and all that waits for it."""


def main() -> int:
    """Parse, run, print the verdict; 1 unless nothing was lost, duplicated, wrong or told twice."""
    parser = argparse.ArgumentParser(
        prog="make chaos",
        description=__doc__.split("\n\n")[0],
        epilog="Example: make chaos MINUTES=30 SEED=7. It needs Java and Maven, or QBO_BRIDGE_TEST_KAFKA with the "
        "address of a broker, which is then left alone.",
    )
    parser.add_argument("--minutes", type=float, default=30.0, help="how long things go wrong (default: 30)")
    parser.add_argument("--seed", type=int, help="of everything random (default: a new one, which is printed)")
    parser.add_argument("--events", type=int, default=10_000, help="about so many events (default: 10000)")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=3, help="of a Kafka of its own (default: 3)")
    parser.add_argument("--processes", type=int, choices=(2, 3), default=3, help="on one file (default: 3)")
    arguments = parser.parse_args()
    seed = arguments.seed if arguments.seed is not None else int(time.time())
    say(f"seed {seed}")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers are meant to go away
    try:
        return asyncio.run(chaos(arguments, seed))
    except KafkaMissing as error:
        sys.stderr.write(f"{error}\n")
        return 1


async def chaos(arguments: argparse.Namespace, seed: int) -> int:
    """One storm and its verdict."""
    suffix = uuid.uuid4().hex[:8]
    companies = tenants(suffix, 2)
    folder = Path(tempfile.mkdtemp(prefix="qbo-bridge-chaos-"))
    with contextlib.ExitStack() as stack:
        given = os.environ.get("QBO_BRIDGE_TEST_KAFKA")
        find_java() if given is None else None
        cluster = stack.enter_context(running_cluster(nodes=arguments.brokers)) if given is None else None
        kafka = KafkaConnection(bootstrap_servers=cluster.bootstrap_servers if cluster else str(given))
        async with sandbox_server(folder, *realm_options(companies), "--no-limits") as url:
            fleet = Fleet(
                kafka=kafka,
                sandbox_url=url,
                folder=folder,
                companies=companies,
                suffix=suffix,
                kafka_settings={"session_timeout_ms": 6000, "heartbeat_interval_ms": 1000, "backoff_max_s": 8},
                company_settings={"request_timeout_s": 3},
            )
            stack.callback(fleet.stop)
            storm = Storm(fleet, cluster, Random(seed))  # noqa: S311 - a game, not a secret
            return await storm_and_verdict(fleet, storm, arguments, seed)


async def storm_and_verdict(fleet: Fleet, storm: Storm, arguments: argparse.Namespace, seed: int) -> int:
    """Events in, blows meanwhile, then quiet until everything is told."""
    await fleet.create_topics()
    orders = max(1, round(arguments.events / EVENTS_PER_ORDER / len(fleet.companies)))
    samples = [company.sample(seed + number, orders) for number, company in enumerate(fleet.companies)]
    seconds = arguments.minutes * 60
    chance = Random(seed)  # noqa: S311 - see above
    events = [event for row in zip_longest(*(sample.events for sample in samples)) for event in row if event]
    producing = asyncio.create_task(trickle(fleet, events, chance, over_s=seconds * 0.9))
    async with progress(fleet, storm):
        await storm.rage(seconds, arguments.processes)
        await producing
        say("the storm is over; everything is up again")
        bus = await everything_told(fleet)
    stops = [await asyncio.to_thread(replica.terminate) for replica in fleet.replicas if replica.lives]
    storm.slowest_stop_s = max(storm.slowest_stop_s, *stops)
    verdicts = [
        judge(fleet, company, sample, bus, len(sample.events))
        for company, sample in zip(fleet.companies, samples, strict=True)
    ]
    left = [*storm.problems, *wrong_letters(bus, samples)]
    left += [
        f"{company.name}: not committed {gaps}"
        for company in fleet.companies
        if (gaps := await offsets_left(fleet, company))
    ]
    left += [f"the journal still holds {key}" for key in await unsettled(fleet)]
    left += [f"no result for {position}" for position in silent(bus)]
    text, good = table(verdicts, left, storm, seed, bus)
    say(text)
    if not good:
        say(f"logs: {fleet.folder}")
    return 0 if good else 1


async def everything_told(fleet: Fleet) -> CommittedRecords:
    """The bus once each event has a terminal result; as it is when nothing comes any more."""
    known, quiet_since = -1, time.monotonic()
    while True:
        bus = await read_bus(fleet)
        if not silent(bus) or time.monotonic() - quiet_since > SETTLING_S:
            return bus
        if len(bus.terminal) != known:
            known, quiet_since = len(bus.terminal), time.monotonic()
        await asyncio.sleep(2)


@contextlib.asynccontextmanager
async def progress(fleet: Fleet, storm: Storm, every_s: float = 15.0) -> AsyncIterator[None]:
    """A line now and then while the block runs."""
    began = time.monotonic()

    async def report() -> None:
        while True:
            await asyncio.sleep(every_s)
            blows = ", ".join(f"{count} {name}" for name, count in sorted(storm.blows.items()))
            up = sum(replica.lives for replica in fleet.replicas)
            with contextlib.suppress(httpx.HTTPError):
                storm.count_faults()
                held = [fleet.stats(company)["entities"].get("Invoice", 0) for company in fleet.companies]
                minutes, seconds = divmod(int(time.monotonic() - began), 60)
                faults = sum(storm.faults.values())
                say(f"[{minutes:02d}:{seconds:02d}] invoices {held}, {up} processes up; {faults} faults, {blows}")

    reporting = asyncio.create_task(report())
    try:
        yield
    finally:
        reporting.cancel()


def say(text: str) -> None:
    """To standard output, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
