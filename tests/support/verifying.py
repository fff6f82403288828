"""What `verify` finds of events and books, asked as the command asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from bridge.decoding.decision import EventMapper
from bridge.index.index import Index
from bridge.journal.versions import read_versions
from bridge.quickbooks.warmup import transactions
from bridge.reconciliation.documents import Document, documents
from bridge.reconciliation.events import Events
from contracts.marker import TRANSACTIONS
from mappings.rules import MappingRules
from tests.support.assembly import COMPANY, router_of
from tests.support.orders import Json
from tests.support.seals import SEAL
from tests.support.world import World


async def verified(world: World, rules: MappingRules, events: Sequence[Json]) -> list[Document]:
    """What verify says of every document of `events`."""
    expected, mapper = Events(), EventMapper(COMPANY, router_of(rules), rules)
    found = [mapper.map_record(each) for each in world.records(*events)]
    expected.add(len(found), [each for each in found if each is not None])
    index = Index(SEAL, complete_since=datetime(2010, 1, 1, tzinfo=UTC))
    for document, version in read_versions(await world.journal.read()).items():
        index.note_version(document, version)
    for entity in TRANSACTIONS:
        async for page in transactions(world.client, entity, None):
            index.load(entity, page)
    return documents(expected, index, {}, {})
