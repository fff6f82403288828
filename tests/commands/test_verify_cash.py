"""Verdicts about cash: late money of earlier books, payouts below zero, and those that came back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.commands.verify.documents import documents
from bridge.commands.verify.events import Events
from bridge.decoding.decision import EventMapper
from bridge.decoding.routing import Route, Router
from bridge.index.index import Index
from bridge.journal.versions import read_versions
from bridge.quickbooks.warmup import transactions
from contracts.marker import TRANSACTIONS
from mappings.rules import MappingRules, load_rules
from tests.support.assembly import COMPANY
from tests.support.orders import Json, order, shopify_event, taxed, transaction
from tests.support.seals import SEAL
from tests.support.shop_payouts import row, told
from tests.support.world import World, opened

START = 'books_start = 2026-03-05\n[accounts]\nopening_receivables = "Old receivables"\n'
LATE = "2026-03-06T10:00:00-08:00"
SOLD = taxed("50.00", 2, "8.26")
ROUTER = Router([Route(COMPANY, frozenset({"acme.myshopify.com"}), frozenset())])


async def verdicts(world: World, rules: MappingRules, *events: Json) -> dict[str, str]:
    """What verify says of every document of `events`, asked as it asks."""
    expected, mapper = Events(), EventMapper(COMPANY, ROUTER, rules)
    found = [mapper.map_record(each) for each in world.records(*events)]
    expected.add(len(found), [each for each in found if each is not None])
    index = Index(SEAL, complete_since=datetime(2020, 1, 1, tzinfo=UTC))
    for document, version in read_versions(await world.journal.read()).items():
        index.note_version(document, version)
    for entity in TRANSACTIONS:
        async for page in transactions(world.client, entity, None):
            index.load(entity, page)
    return {f"{each.entity} {each.key}": each.verdict.value for each in documents(expected, index, {}, {})}


async def judged(rules: str, *events: Json) -> set[str]:
    """The verdicts after a company with these rules was told `events`; a marker of a payout may not be there twice."""
    ruled = load_rules(rules)
    async with opened(ruled) as world:
        await world.by_hand("account", {"Name": "Old receivables", "AccountType": "Other Current Asset"})
        await world.restart()
        for event in events:
            await world.deliver(event)
        return set((await verdicts(world, ruled, *events)).values())


def body(topic: str, **changes: Any) -> Any:
    """The order of 2 March as it is after the start."""
    event: Any = shopify_event(topic, order([SOLD], updated_at=LATE, **changes))
    event["headers"]["X-Shopify-Triggered-At"] = LATE
    return event


def paid(gateway: str = "manual") -> Json:
    """Its late transaction."""
    times = {"processed_at": LATE, "created_at": LATE}
    return shopify_event("order_transactions/create", transaction(amount="108.26", gateway=gateway, **times))


@pytest.mark.parametrize(
    "events", [[body("orders/paid")], [body("orders/updated"), paid()], [body("orders/paid"), paid()]]
)
async def test_late_money_of_an_old_order_is_found_where_it_is(events: list[Json]) -> None:
    """Guard: as an entry, whether the body or the transaction tells it; the order itself is not missed."""
    assert await judged(START, *events) <= {"posted", "cancelled"}


async def test_money_of_before_the_start_asks_for_nothing() -> None:
    """Guard: other books hold it."""
    assert await judged(START, shopify_event("order_transactions/create", transaction())) == set()


@pytest.mark.parametrize("statuses", [["paid"], ["paid", "failed"], ["failed"], ["failed", "paid"]])
@pytest.mark.parametrize("amount", ["-40.00", "40.00"])
async def test_a_payout_is_found_as_what_it_became(statuses: list[str], amount: str) -> None:
    """Guard: below zero an entry; one that came back has its rows beside, or an entry more."""
    rules = '[payouts.rows]\nadvance = "Checking"\n[accounts]\npayout_other = "Bank Charges"\n'
    events = [told([row("adjustment", amount)], status=status) for status in statuses]
    assert await judged(rules, *events) == {"posted"}
