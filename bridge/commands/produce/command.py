"""`qbo-bridge produce`: exported bodies on an event topic, so that a backfill has something to read."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bridge.commands.output import answer, printable
from bridge.commands.produce.deliveries import ProducedRecord, delivery_id, shopify_delivery, stripe_delivery
from bridge.commands.produce.export import ExportedBody, exported_bodies, exported_files
from bridge.commands.progress import ProgressBar
from bridge.commands.reading import quiet
from bridge.config.settings import Settings
from bridge.decoding.routing import Router
from bridge.kafka.reader import read_topic
from bridge.kafka.topic_writer import TopicWriter, open_topic_writer
from bridge.kafka.topics import create_missing, partitions_of, record_limit
from bridge.service.app import topics_to_create
from bridge.service.settings import company_router, kafka_connection
from bridge.telemetry.logs import silence_logs
from contracts.errors import BridgeError, RecordError, UndecodableRecord
from contracts.sizes import RECORD_BYTES_MAX, record_bytes

TOGETHER_BYTES = 4_000_000
"""What goes out in one transaction, about."""
BAD_SHOWN_MAX = 1_000
"""Bad lines that are named; the others are counted."""

Source = Literal["shopify", "stripe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProduceRequest:
    """What to produce, on which topic, as whose: the shop of Shopify's bodies, and the company that must get them."""

    path: Path
    source: Source
    topic: str | None = None
    shop: str | None = None
    company: str | None = None
    as_json: bool = False


@dataclass(slots=True)
class Production:
    """What one run has done so far."""

    produced: int = 0
    there: int = 0
    """Bodies that the topic held already, or that came twice."""
    companies: Counter[str] = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)


async def produce_export(settings: Settings, request: ProduceRequest) -> bool:
    """Put on the topic what it does not hold yet, and print what was done; False where a body could not be read.

    Topics that are missing are created as a service does. BridgeError for a topic or a shop that the configuration
    does not know. KafkaError when Kafka is away.
    """
    topic, shop = event_topic(settings, request.topic), shop_of(settings, request)
    files, done = exported_files(request.path), Production()
    quiet()
    silence_logs()
    connection = kafka_connection(settings.kafka)
    # because an export comes before the first run of a service, and waits for none
    await create_missing(connection, topics_to_create(settings))
    if not await partitions_of(connection, topic):
        raise BridgeError(f"The topic {topic} does not exist: create it (topics.create is false)")
    bar, size = ProgressBar(topic), sum(each.stat().st_size for each in files)
    limit = await record_limit(connection, topic)
    reader = _Reader(request, topic, shop, company_router(settings), done, limit or RECORD_BYTES_MAX)
    # because the topic is read after its writer was opened, no other run can write what this one does not see
    async with open_topic_writer(connection, topic) as writer:
        with bar:
            async with contextlib.aclosing(read_topic(connection, topic, past_open_transactions=True)) as records:
                reader.known |= {ident async for record in records if (ident := delivery_id(record, request.source))}
            await _produce(files, reader, writer, bar, size)
    _report(done, topic, as_json=request.as_json)
    return not done.bad


def event_topic(settings: Settings, named: str | None) -> str:
    """The topic that was asked for, or the only one. BridgeError for one that no backfill reads."""
    events = settings.topics.events
    if named is None and len(events) == 1:
        return events[0]
    if named not in events:
        said = "Name the topic with --topic" if named is None else f"{named} is no topic of events"
        raise BridgeError(f"{said}; `topics.events` has: {', '.join(events)}")
    return named


def shop_of(settings: Settings, request: ProduceRequest) -> str:
    """Whose bodies Shopify's are, empty for Stripe. BridgeError where nobody says it, or no such company has it."""
    companies = [settings.company(request.company)] if request.company else list(settings.companies)
    if request.source == "stripe":
        return ""
    domains = [domain for each in companies for domain in each.shop_domains if domain != "default"]
    if request.shop is None and len(domains) == 1:
        return domains[0].lower()
    if request.shop is None or request.shop.casefold() not in {each.casefold() for each in domains}:
        said = "Name the shop with --shop" if request.shop is None else f"No such company lists the shop {request.shop}"
        raise BridgeError(f"{said}; `shop_domains` has: {', '.join(domains) or 'none'}")
    return request.shop.lower()


@dataclass(slots=True)
class _Reader:
    request: ProduceRequest
    topic: str
    shop: str
    router: Router
    done: Production
    bytes_max: int
    known: set[str] = field(default_factory=set)
    """The deliveries that the topic holds."""

    def delivery(self, body: ExportedBody) -> ProducedRecord | None:
        """What is to be produced of one body: None where it is there already, or bad."""
        try:
            if isinstance(body.value, UndecodableRecord):
                raise body.value
            made = self._made(body.value)
            company = self._company(made)
            if (size := record_bytes(made.record)) > self.bytes_max:
                raise UndecodableRecord(f"it takes {size} bytes, and the topic takes {self.bytes_max}")
        except RecordError as error:
            self.done.bad.append(f"{body.place}: {error}")
            return None
        if made.ident in self.known:
            self.done.there += 1
            return None
        self.known.add(made.ident)
        self.done.companies[company] += 1
        return made

    def _made(self, value: bytes) -> ProducedRecord:
        if self.request.source == "stripe":
            return stripe_delivery(value, self.topic)
        return shopify_delivery(value, self.topic, self.shop)

    def _company(self, made: ProducedRecord) -> str:
        company = self.router.company_of(made.event)
        whose = made.event.account or "no account"
        if company is None:
            raise UndecodableRecord(f"no company lists {whose}")
        if self.request.company not in {None, company}:
            raise UndecodableRecord(f"it is of {whose}, which is {company}'s")
        return company


async def _produce(files: Sequence[Path], reader: _Reader, writer: TopicWriter, bar: ProgressBar, size: int) -> None:
    waiting: list[ProducedRecord] = []
    taken = 0
    for before, body in _all(files):
        if (made := reader.delivery(body)) is not None:
            waiting.append(made)
            taken += record_bytes(made.record)
        if taken >= TOGETHER_BYTES:
            await _write(waiting, reader.done, writer)
            taken = 0
        bar.show(before + body.passed, size, f"{reader.done.produced} produced, {reader.done.there} there already")
    await _write(waiting, reader.done, writer)


def _all(files: Sequence[Path]) -> Iterator[tuple[int, ExportedBody]]:
    """Every body, with the bytes of the files before its own."""
    before = 0
    for file in files:
        for body in exported_bodies(file):
            yield before, body
        before += file.stat().st_size


async def _write(waiting: list[ProducedRecord], done: Production, writer: TopicWriter) -> None:
    if waiting:
        await writer.write([each.record for each in waiting])
        done.produced += len(waiting)
        waiting.clear()


def _report(done: Production, topic: str, *, as_json: bool) -> None:
    bad = [printable(each) for each in done.bad[:BAD_SHOWN_MAX]]
    facts = {"topic": topic, "produced": done.produced, "companies": dict(done.companies), "there_already": done.there}
    more = [f"and {len(done.bad) - BAD_SHOWN_MAX} more"] if len(done.bad) > BAD_SHOWN_MAX else []
    whose = ", ".join(f"{count} of {company}" for company, count in sorted(done.companies.items()))
    said = f"{topic}: {done.produced} produced{f' ({whose})' if whose else ''}, {done.there} there already"
    sentences = [*bad, *more, f"{said}, {len(done.bad)} that could not be read."]
    answer({**facts, "unreadable": len(done.bad), "named": bad}, *sentences, as_json=as_json)
