"""Everything at once, for as long as you like, and then the books are counted: `make chaos MINUTES=30 SEED=7`.

Three processes serve two companies from one file. While events arrive (those of one order scattered over partitions and
topics, some without keys, some twice, in every codec, hostile ones among them), processes are killed, frozen and
stopped, brokers restart, QBO loses answers, works late, is away, refuses tokens, or fails at one order each time, and
people clear, edit, paste and copy memos. At the end the sandbox's books are compared with what the events said.
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
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from random import Random

import httpx

from bridge.demo.events import Sample, SampleEvent
from bridge.kafka.connection import KafkaConnection
from contracts.keys import SourceKey
from tests.chaos.hostile import Attacker
from tests.chaos.person import Person
from tests.chaos.producing import Producers
from tests.chaos.reckoning import names, reads_of, stopped, wrong_ends
from tests.chaos.report import table
from tests.chaos.storm import Storm
from tests.support.fleet import Fleet
from tests.support.installation import Tenant, realm_options, tenants
from tests.support.kafka.cluster import running_cluster
from tests.support.kafka.jars import KafkaMissing, find_java
from tests.support.processes import sandbox_server
from tests.support.verdict import CommittedRecords, judge, offsets_left, read_bus, silent, unsettled

EVENTS_PER_ORDER = 4.2
"""With the hostile ones."""
EVENTS_PER_ROUND = 700
"""Each kind of hostile record comes once among so many events."""
FAILING = 2
"""Orders of each company that QBO fails at every time."""
STANDING_S = 90.0
"""After everything is told: a session, and a back-off."""
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
    parser.add_argument("--faster", type=float, help="divide the waits inside a call by this (default: as they are)")
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
            chance = Random(seed)  # noqa: S311 - a game, not a secret
            storm = Storm(fleet, cluster, chance, Person(fleet, Random(seed)), _command(arguments))  # noqa: S311
            return await storm_and_verdict(fleet, storm, arguments, seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What one company is told, and the orders of it that QBO fails at until the storm is over."""

    company: Tenant
    sample: Sample
    failing: tuple[str, ...]

    @property
    def told_again(self) -> list[SampleEvent]:
        """Everything about the orders that QBO failed at."""
        wanted = names(self.failing)
        return [event for event in self.sample.events if any(name in (event.record.value or b"") for name in wanted)]


def story_of(company: Tenant, seed: int, events: int) -> Story:
    """Orders of a shop and charges, with hostile records among them."""
    sample = company.sample(seed, max(FAILING, round(events / EVENTS_PER_ORDER)))
    attacker = Attacker(company, Random(seed), datetime.now(UTC))  # noqa: S311 - a game, not a secret
    mixed = [*sample.events]
    for event in attacker.rounds(max(1, events // EVENTS_PER_ROUND)):
        mixed.insert(attacker.chance.randrange(len(mixed)), event)
    paid = [sale for sale in sample.sales if sale.document.kind == "order" and not sale.cancelled]
    failing = tuple(sale.document.id for sale in attacker.chance.sample(paid, FAILING))
    told = replace(sample, events=tuple(mixed), sales=(*sample.sales, *attacker.sales))
    return Story(company=company, sample=told, failing=failing)


async def storm_and_verdict(fleet: Fleet, storm: Storm, arguments: argparse.Namespace, seed: int) -> int:
    """Events in, blows meanwhile, then quiet until everything is told."""
    await fleet.create_topics()
    share = arguments.events // len(fleet.companies)
    stories = [story_of(company, seed + number, share) for number, company in enumerate(fleet.companies)]
    producers = Producers(fleet, Random(seed))  # noqa: S311 - see above
    storm.person.arrive()
    storm.fail_always([SourceKey("shopify", "order", ident) for story in stories for ident in story.failing])
    seconds = arguments.minutes * 60
    events = [event for row in zip_longest(*(story.sample.events for story in stories)) for event in row if event]
    producing = asyncio.create_task(producers.trickle(events, over_s=seconds * 0.9))
    async with progress(fleet, storm):
        await storm.rage(seconds, arguments.processes)
        await producing
        say("the storm is over; everything is up again")
        await everything_told(fleet)
        await producers.produce([event for story in stories for event in story.told_again])
        bus = await everything_told(fleet)
    text, good = await verdict(fleet, storm, stories, producers, bus, seed)
    say(text)
    if not good:
        say(f"logs: {fleet.folder}")
    return 0 if good else 1


async def verdict(
    fleet: Fleet, storm: Storm, stories: Sequence[Story], producers: Producers, bus: CommittedRecords, seed: int
) -> tuple[str, bool]:
    """Everything that is not as it must be, as a table, and whether there is none."""
    left = [*storm.problems, *producers.refused, *await nobody_stopped(fleet)]
    reads = []
    for story in stories:
        by_people = storm.person.reads.get(story.company.realm, 0)
        events = len(story.sample.events) + len(story.told_again)
        reads.append(reads_of(fleet, story.company, events=events, by_people=by_people))
        left += reads[-1].problems
    stops = [await asyncio.to_thread(replica.terminate) for replica in fleet.replicas if replica.lives]
    storm.slowest_stop_s = max(storm.slowest_stop_s, *stops)
    left += await asyncio.to_thread(storm.person.leave)
    verdicts = [
        judge(fleet, story.company, story.sample, bus, len(story.sample.events) + len(story.told_again))
        for story in stories
    ]
    left += wrong_ends(producers.produced, [ident for story in stories for ident in story.failing], bus)
    for company in fleet.companies:
        left += [f"{company.name}: not committed {gaps}"] if (gaps := await offsets_left(fleet, company)) else []
    left += [f"the journal still holds {key}" for key in await unsettled(fleet)]
    left += [f"no result for {position}" for position in silent(bus)]
    return table(verdicts, left, storm, seed, bus, reads)


async def nobody_stopped(fleet: Fleet) -> list[str]:
    """Companies that do not work though everything is well again; empty is good."""
    deadline = time.monotonic() + STANDING_S
    while found := await asyncio.to_thread(stopped, fleet):
        if time.monotonic() > deadline:
            return found
        await asyncio.sleep(2)
    return []


def _command(arguments: argparse.Namespace) -> tuple[str, ...]:
    if arguments.faster is None:
        return ()
    return ("-m", "tests.support.launch", "--faster", str(arguments.faster))


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
