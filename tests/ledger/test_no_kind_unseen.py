"""Whatever kind of document the bridge books: when a person deletes it, `reconcile` names it, and it alone."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from contracts.keys import SourceKey
from mappings.rules import MappingRules, OrderRules
from tests.ledger.field_stories import DRAWN
from tests.ledger.told_orders import FieldStory
from tests.support.lives import Delivered, Life, deliveries
from tests.support.mistakes import Row, name_of, undone
from tests.support.orders import Json, charge, line, order, shopify_event, stripe_event
from tests.support.reconciling import balanced, named, sold
from tests.support.shop_payouts import charged, told
from tests.support.sizes import examples
from tests.support.stripe_objects import CHARGE_ID, listed, payout, refund, row
from tests.support.world import RULES, World, opened

YEARS = (date(2015, 1, 1), date(2030, 12, 31))
ENTITIES = ("Invoice", "SalesReceipt", "Payment", "RefundReceipt", "CreditMemo", "JournalEntry", "Deposit")
PLANNING = Path(__file__).parents[2] / "bridge" / "planning"
OWN = MappingRules(shop_domains=("acme.myshopify.com",))
LATE = MappingRules(shop_domains=OWN.shop_domains, orders=OrderRules(late_changes="credit_memo"))
SMALL = settings(
    max_examples=examples(8),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def kind_of(entity: str, key: SourceKey) -> tuple[str, str, str, str]:
    """Its type, and the word behind the id that says what stands beside what."""
    word = key.id.partition(".")[2]
    return entity, key.system, key.kind, "" if word.isdecimal() else word


def is_void(found: Row) -> bool:
    """True for what has nothing in it any more: whether it is deleted changes nothing."""
    return not found["TotalAmt"] and not any(each.get("Amount") for each in found["Line"])


def one_of_each(world: World) -> dict[tuple[str, str, str, str], tuple[str, SourceKey, Row]]:
    """One document of each kind that the books hold."""
    own = ((entity, key, found) for entity in ENTITIES for key, found in world.ours(entity).items())
    return {kind_of(entity, key): (entity, key, found) for entity, key, found in own if not is_void(found)}


async def nothing_is_unseen(world: World, rules: MappingRules, events: Sequence[Json]) -> set[str]:
    """Delete one document of each kind, and look each time; the words behind the ids of those that there were."""
    clean = await balanced(world, rules, events, *YEARS, as_told=True)
    assert named(clean) == []
    assert clean.agrees
    kinds = one_of_each(world)
    for entity, key, found in kinds.values():
        async with undone(world):
            await world.by_a_person("delete", entity, found["Id"])
            without = await balanced(world, rules, events, *YEARS, as_told=True)
        assert [each for _, each in named(without)] == [name_of(key)], (entity, key)
    return {word for *_, word in kinds} | {
        "late" for _, key, _ in kinds.values() if key.id.partition(".")[2].isdecimal()
    }


@SMALL
@given(story=st.one_of([kind(1, 1) for kind in DRAWN]))
def test_a_deleted_document_of_what_the_field_does_is_named(story: FieldStory) -> None:
    """Exchanges, refunds, captures, disputes, debits that fail: each type of document that they leave."""

    async def check() -> None:
        async with opened() as world:
            for each in story.events:
                await world.deliver(each)
            await world.idle()
            await nothing_is_unseen(world, RULES, story.events)

    asyncio.run(check())


@SMALL
@given(delivered=deliveries())
def test_a_deleted_document_of_any_life_is_named(delivered: Delivered) -> None:
    """Money, gift cards, refunds, credits, and how much of them is on the invoice. Guard: `deleted_companions`."""

    async def check() -> None:
        async with opened() as world:
            for batch in delivered.batches:
                await world.deliver(*batch)
            await world.idle()
            await nothing_is_unseen(world, RULES, [each for batch in delivered.batches for each in batch])

    asyncio.run(check())


def test_a_credit_that_went_with_its_cancelled_order_is_not_missed() -> None:
    """The bridge takes its credit memo off before it voids the invoice. Guard: `_absent`, by the sale of the credit."""
    life = Life(pieces=2)
    life.tell()
    life.give_back(money=False)
    life.tell()
    life.tell(cancelled=True)

    async def check() -> None:
        async with opened() as world:
            for body in life.bodies:
                await world.deliver(body)
            assert not world.held("CreditMemo")
            after = await balanced(world, RULES, life.bodies, *YEARS, as_told=True)
            assert (named(after), after.agrees) == ([], True)

    asyncio.run(check())


def reduced_in_april() -> list[Json]:
    """An unpaid order of two mugs of March; one of them is taken off in April."""
    times = {"created_at": "2026-03-10T10:00:00-05:00", "processed_at": "2026-03-10T10:00:00-05:00"}
    rows = [line("20.00", 1, id=71, sku="MUG"), line("10.00", 1, id=72, sku="TIN", product_id=2)]
    owing = {"financial_status": "pending", **times}
    placed = order(rows, updated_at="2026-03-10T10:00:00-05:00", total_outstanding="30.00", **owing)
    less = [rows[0], {**rows[1], "current_quantity": 0}]
    left = {"total_outstanding": "20.00", "current_total_price": "20.00", "current_subtotal_price": "20.00"}
    now = order(less, updated_at="2026-04-05T10:00:00-05:00", **owing, **left)
    later = shopify_event("orders/updated", now)
    headers: Any = later["headers"]
    headers = {**headers, "X-Shopify-Triggered-At": "2026-04-05T18:00:00Z"}
    return [shopify_event("orders/create", placed), {**later, "headers": headers}]


def exchanged() -> list[Json]:
    """A payout in dollars of a charge in euros and of its refund, which is told last."""
    rows = [row("charge", 2680, CHARGE_ID, 110, exchange_rate=1.072), row("refund", -1090, "re_1", exchange_rate=1.09)]
    return [
        stripe_event("charge.succeeded", charge(currency="eur")),
        stripe_event("payout.paid", payout(1480, rows)),
        stripe_event("refund.created", refund(1000, "re_1", currency="eur")),
    ]


def exchanged_and_lost() -> list[Json]:
    """A payout in dollars of a debit in euros and of its failure, which is told last."""
    brought = row("charge", 2680, CHARGE_ID, 110, exchange_rate=1.072)
    debited = charge(currency="eur")
    failed = {**debited, "status": "failed", "paid": False, "failure_balance_transaction": "txn_f"}
    return [
        stripe_event("charge.succeeded", debited),
        stripe_event("payout.paid", payout(2570, [brought])),
        stripe_event(
            "payout.paid",
            payout(
                -2725,
                id="po_2",
                balance_transactions=listed(
                    [
                        row("payout", 2725, "po_2"),
                        row("payment_failure_refund", -2725, CHARGE_ID, exchange_rate=1.09),
                    ]
                ),
            ),
        ),
        stripe_event("charge.failed", failed, created=1772600401),
    ]


def came_back(first: str) -> list[Json]:
    """A payout that failed, told as paid before or after that."""
    rows = [charged(1001, "108.00", "3.43")]
    both = [told(rows, date="2026-03-06"), told(rows, date="2026-03-06", status="failed")]
    return [*sold(1001, "100.00", "8.00", "2026-03-02"), *(both if first == "paid" else reversed(both))]


@dataclass(frozen=True, slots=True)
class Companion:
    """What is told, by which rules, and the word behind the id of what the bridge then books by itself."""

    events: Sequence[Json]
    word: str
    rules: MappingRules = OWN


DERIVED: Mapping[tuple[str, str], Sequence[Companion]] = {
    ("sale/late.py", "plan_late"): (Companion(reduced_in_april(), "late", LATE),),
    ("exchange_differences.py", "_entry"): (
        Companion(exchanged(), "exchange", RULES),
        Companion(exchanged_and_lost(), "failed.exchange", RULES),
    ),
    ("deposits.py", "_derived"): (Companion(came_back("paid"), "returned"), Companion(came_back("failed"), "failed")),
    ("sale/combined.py", "stand_in_key"): (),
}
"""Where planning makes a key that no event names: `stand_in_key` is of what a person entered."""


@pytest.mark.parametrize(
    "companion", [each for several in DERIVED.values() for each in several], ids=lambda each: each.word
)
async def test_a_deleted_document_that_no_event_names_is_named(companion: Companion) -> None:
    """Guards: `deleted_companions`, `late_credits` and `returns`."""
    async with opened(companion.rules) as world:
        by_day = {"EUR": {"2026-03-03": "1.1000", "2026-03-04": "1.0500"}}
        several = {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}
        set_switches(world.sandbox.realms[DEFAULT_REALM], {"preferences": several, "daily_rates": by_day})
        await world.restart()
        for event in companion.events:
            await world.deliver(event)
            await world.idle()
        words = await nothing_is_unseen(world, companion.rules, companion.events)
    assert companion.word in words


def test_every_key_that_planning_makes_by_itself_is_tried_here() -> None:
    """A new document that no event names needs a story above which shows that `reconcile` misses it."""
    found = {
        (path.relative_to(PLANNING).as_posix(), function.name)
        for path in PLANNING.rglob("*.py")
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef) and any(_makes_a_key(each) for each in ast.walk(function))
    }
    assert found == set(DERIVED)


def _makes_a_key(node: ast.AST) -> bool:
    """True for `SourceKey(…)` whose id is put together of several parts."""
    is_key = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "SourceKey"
    return is_key and any(isinstance(each, ast.JoinedStr) for each in node.args)  # type: ignore[attr-defined]
