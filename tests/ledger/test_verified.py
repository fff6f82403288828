"""What `verify` says of orders that are booked right: the source's own figures agree with the books."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.commands.verify.documents import documents
from bridge.commands.verify.events import Events
from bridge.decoding.decision import EventMapper
from bridge.decoding.routing import Route, Router
from bridge.index.index import Index
from bridge.journal.versions import read_versions
from bridge.quickbooks.warmup import transactions
from contracts.marker import TRANSACTIONS
from tests.ledger.orders import CURRENCIES, Currency
from tests.ledger.stories import Story, stories
from tests.support.assembly import COMPANY
from tests.support.orders import Json
from tests.support.seals import SEAL
from tests.support.sizes import examples
from tests.support.world import RULES, World, opened

ROUTER = Router([Route(COMPANY, frozenset({"acme.myshopify.com"}), frozenset())])


@st.composite
def orders(draw: st.DrawFn) -> tuple[Currency, list[Story]]:
    currency = CURRENCIES[draw(st.sampled_from(sorted(CURRENCIES)))]
    return currency, [draw(stories(number, currency)) for number in (1, 2)]


@given(orders())
@settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_the_source_s_own_figures_agree_with_the_books(drawn: tuple[Currency, list[Story]]) -> None:
    """Guard: no edit, refund, gift card, tip, rounding or trimmed body makes a right document look drifted."""
    currency, told = drawn
    events = [event for story in told for event in (*story.needed, *story.redundant)]
    assert asyncio.run(_drifted(currency, events)) == []


async def _drifted(currency: Currency, events: list[Json]) -> list[str]:
    async with opened(currency=currency.code) as world:
        for event in events:
            await world.deliver(event)
        await world.idle()
        return await drifted(world, events)


async def drifted(world: World, events: list[Json]) -> list[str]:
    """Why documents of `events` differ, asked as `verify` asks."""
    expected, mapper = Events(), EventMapper(COMPANY, ROUTER, RULES)
    found = [mapper.map_record(each) for each in world.records(*events)]
    expected.add(len(found), [each for each in found if each is not None])
    index = Index(SEAL, complete_since=datetime(2010, 1, 1, tzinfo=UTC))
    for document, version in read_versions(await world.journal.read()).items():
        index.note_version(document, version)
    for entity in TRANSACTIONS:
        async for page in transactions(world.client, entity, None):
            index.load(entity, page)
    return [f"{each.key}: {each.why}" for each in documents(expected, index, {}, {}) if each.verdict.value == "drifted"]
