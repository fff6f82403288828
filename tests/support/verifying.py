"""What `verify` finds of events and books, asked as the command asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bridge.commands.sides import read_books, read_company
from bridge.commands.verify.verdicts import BothReadings, Outcomes, documents_of
from bridge.decoding.decision import EventMapper
from bridge.index.index import Index
from bridge.journal.versions import read_versions
from bridge.kafka.range import TimeSpan
from bridge.reconciliation.documents import Document
from mappings.rules import MappingRules
from tests.support.assembly import COMPANY, router_of
from tests.support.orders import Json
from tests.support.seals import SEAL
from tests.support.world import World

EVER = datetime(2010, 1, 1, tzinfo=UTC)


async def verified(world: World, rules: MappingRules, events: Sequence[Json]) -> list[Document]:
    """What verify says of every document of `events`."""
    readings, mapper = BothReadings.of(TimeSpan(), {}), EventMapper(COMPANY, router_of(rules), rules)
    records = world.records(*events)
    found = [mapper.map_record(each) for each in records]
    readings.add(records, [each for each in found if each is not None])
    index = Index(SEAL, complete_since=EVER)
    for document, version in read_versions(await world.journal.read()).items():
        index.note_version(document, version)
    books = await read_books(world.client, await read_company(world.client, rules), index, EVER)
    return documents_of(readings, books, Outcomes(), rules)
