"""What became of it all: the books in the sandbox against the events that were produced, and the results as read.

The books are read from the sandbox, the events and the results from Kafka (committed only). Nothing here believes what
a result says about the books.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from bridge.demo.audit import differences, read_books
from bridge.demo.events import ExpectedSale, Sample
from bridge.kafka.reader import read_topic
from contracts.marker_seal import MarkerSeal
from contracts.records import Place
from contracts.results import Result, read_result
from tests.support.fleet import PARTITIONS, Fleet
from tests.support.installation import Tenant
from tests.support.seals import seal_of

MARKED = {"Invoice": "PrivateNote", "Payment": "PrivateNote", "JournalEntry": "PrivateNote", "Customer": "Notes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One company. `problems` says in words what the numbers count; empty when all is well."""

    company: str
    events: int
    sales: int
    """Sales that were not cancelled: each must be one invoice with its money."""
    posted_once: int
    lost: int
    duplicated: int
    wrong: int
    results: Mapping[int, int]
    """How many events have so many terminal results."""
    problems: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Nothing lost, nothing twice, nothing wrong, one result each."""
        return not self.problems and set(self.results) <= {1}


@dataclass(frozen=True, slots=True)
class CommittedRecords:
    """What a reader of the committed finds: every produced event's place, and the results."""

    produced: frozenset[Place]
    results: tuple[Result, ...]

    @property
    def terminal(self) -> Counter[Place]:
        """How many terminal results each event has."""
        return Counter(each.source.place for each in self.results if each.status != "waiting")


async def read_bus(fleet: Fleet) -> CommittedRecords:
    """The events and the results, as they are now."""
    produced = [record.place for topic in fleet.events async for record in read_topic(fleet.kafka, topic)]
    results = [read_result(record.value or b"") async for record in read_topic(fleet.kafka, fleet.topic("qbo.results"))]
    return CommittedRecords(frozenset(produced), tuple(results))


def judge(fleet: Fleet, company: Tenant, sample: Sample, bus: CommittedRecords, events: int) -> Verdict:
    """The verdict on one company that was told `events` events of `sample`."""
    seal = seal_of(company.realm)
    rows = {entity: _rows(fleet, company, entity) for entity in MARKED}
    twice = [
        f"{entity} {key}: {times} of them"
        for entity, key in ((name, MARKED[name]) for name in MARKED)
        for key, times in _markers(seal, entity, rows[entity], key).items()
        if times > 1
    ]
    books = read_books(fleet.sandbox_url, company.realm, seal)
    held = books.documents
    wanted = [sale.document for sale in sample.sales if not sale.cancelled]
    lost = [f"{document}: lost" for document in wanted if document not in held]
    fees = _fees(seal, sample.sales, rows["JournalEntry"])
    wrong = [text for text in differences(sample.sales, books) if "0 invoices instead" not in text] + fees
    ledger = httpx.get(f"{fleet.sandbox_url}/sandbox/ledger", params={"realm": company.realm}).json()
    if not (ledger["balanced"] and ledger["receivable_agrees"]):
        wrong.append(f"{company.name}: the ledger does not balance")
    terminal = bus.terminal
    own = {each.source.place for each in bus.results if each.company == company.name}
    return Verdict(
        company=company.name,
        events=events,
        sales=len(wanted),
        posted_once=sum(1 for document in wanted if len(held.get(document, ())) == 1),
        lost=len(lost),
        duplicated=len(twice),
        wrong=len(wrong),
        results=Counter(terminal[position] for position in own),
        problems=(*lost, *twice, *wrong),
    )


def wrong_letters(bus: CommittedRecords, samples: Iterable[Sample]) -> list[str]:
    """Dead letters that the samples do not mean, by reason: an outage is none. Events of nobody are told by one."""
    expected = Counter(event.code for sample in samples for event in sample.events if event.ends_as == "dead_lettered")
    dead = [each for each in bus.results if each.status == "dead_lettered"]
    found: Counter[str | None] = Counter(each.reason.code for each in dead if each.reason)
    return [f"dead letters {dict(found)} instead of {dict(expected)}"] if found != expected else []


async def all_told(fleet: Fleet, events: int, limit_s: float = 90.0) -> CommittedRecords:
    """The bus once `events` have their terminal result."""
    deadline = time.monotonic() + limit_s
    while True:
        bus = await read_bus(fleet)
        if len(bus.terminal) >= events:
            return bus
        if time.monotonic() > deadline:
            said = "\n".join(f"{replica.name}: {replica.said[-1500:]}" for replica in fleet.replicas)
            raise AssertionError(f"{len(bus.terminal)} of {events} events are told\n{said}")
        await asyncio.sleep(0.3)


async def problems(fleet: Fleet, samples: Sequence[Sample]) -> list[str]:
    """Everything that is not as it must be once all is told: books, results, offsets and journal; empty is good."""
    bus = await read_bus(fleet)
    found = [f"no result for {position}" for position in silent(bus)]
    found += [f"{times} results for {position}" for position, times in bus.terminal.items() if times != 1]
    for company, sample in zip(fleet.companies, samples, strict=True):
        found += judge(fleet, company, sample, bus, len(sample.events)).problems
        found += [
            f"{company.name}: {gap} of {at} not committed" for at, gap in (await offsets_left(fleet, company)).items()
        ]
    found += [f"the journal still holds {key}" for key in await unsettled(fleet)]
    return found + wrong_letters(bus, samples)


def silent(bus: CommittedRecords) -> list[Place]:
    """Events without a terminal result of anybody."""
    return sorted(bus.produced - set(bus.terminal))


async def offsets_left(fleet: Fleet, company: Tenant) -> dict[str, int]:
    """The partitions whose committed offset is not the end, and by how much; empty when all was committed."""
    consumer = AIOKafkaConsumer(
        **fleet.kafka.client_options(), group_id=fleet.kafka.group_id(company.name), enable_auto_commit=False
    )
    await consumer.start()
    try:
        partitions = [TopicPartition(topic, number) for topic in fleet.events for number in range(PARTITIONS)]
        ends = await consumer.end_offsets(partitions)
        gaps = {f"{at.topic}/{at.partition}": ends[at] - (await consumer.committed(at) or 0) for at in partitions}
    finally:
        await consumer.stop()
    return {name: gap for name, gap in gaps.items() if gap}


async def unsettled(fleet: Fleet) -> list[str]:
    """Keys of requests that the journal still holds; empty when nothing is half done."""
    entries: dict[str, bytes | None] = {}
    async for record in read_topic(fleet.kafka, fleet.topic("qbo.journal")):
        entries[(record.key or b"").decode()] = record.value
    return [key for key, value in entries.items() if value is not None and ":request:" in key]


def _fees(seal: MarkerSeal, sales: Sequence[ExpectedSale], journal: list[dict[str, Any]]) -> list[str]:
    expected = sum((sale.fee for sale in sales if sale.fee), Decimal(0))
    marked = [row for row in journal if seal.find("JournalEntry", row.get("PrivateNote"))]
    booked = sum((Decimal(row["TotalAmt"]) for row in marked), Decimal(0))
    return [] if booked == expected else [f"fees of {booked} instead of {expected}"]


def _markers(seal: MarkerSeal, entity: str, rows: Iterable[Mapping[str, Any]], field: str) -> Counter[str]:
    marked = (seal.find(entity, row.get(field)) for row in rows)
    return Counter(str(marker.key) for marker in marked if marker)


def _rows(fleet: Fleet, company: Tenant, entity: str) -> list[dict[str, Any]]:
    """All of one type, past the limits of any app."""
    token = httpx.post(f"{fleet.sandbox_url}/sandbox/token", params={"realm": company.realm}).json()["access_token"]
    headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
    rows: list[dict[str, Any]] = []
    with httpx.Client(base_url=f"{fleet.sandbox_url}/v3/company/{company.realm}/", headers=headers, timeout=30) as qbo:
        while True:
            select = f"select * from {entity} orderby Id startposition {len(rows) + 1} maxresults 1000"  # noqa: S608
            page = qbo.get("query", params={"query": select}).raise_for_status()
            found = json.loads(page.content, parse_float=Decimal)["QueryResponse"].get(entity, [])
            rows += found
            if len(found) < 1000:
                return rows
