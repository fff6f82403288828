"""A payout that came back: the deposit and the entry of its coming back are two documents, each on its own day."""

from __future__ import annotations

import copy
import random
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal

import pytest

from bridge.reconciliation.control_kinds import ControlKind
from bridge.reconciliation.days import Measure
from bridge.reconciliation.reconciled import Reconciled
from mappings.rules import MappingRules
from tests.support.mistakes import Desk, Row
from tests.support.orders import Json
from tests.support.reconciling import balanced, named, sold
from tests.support.shop_payouts import PAYOUT_ID, charged, told
from tests.support.world import World, opened

RULES = MappingRules(shop_domains=("acme.myshopify.com",))
BACK = f"shopify:payout:{PAYOUT_ID}.returned"
SPANS = ((date(2026, 3, 1), date(2026, 3, 31)), (date(2026, 4, 1), date(2026, 4, 30)))
Mistake = Callable[[World], Awaitable[tuple[str, str]]]
SOLD, NET = Decimal("108.00"), Decimal("104.57")


def month() -> list[Json]:
    """An order of March, paid out then; the bank sends the money back in April."""
    rows = [charged(1001, str(SOLD), "3.43")]
    failed = told(rows, date="2026-03-06", status="failed")
    later = {**failed["headers"], "X-Shopify-Triggered-At": "2026-04-02T05:00:00Z"}
    return [
        *sold(1001, "100.00", "8.00", "2026-03-02"),
        told(rows, date="2026-03-06"),
        {**failed, "headers": later},
    ]


async def booked(world: World, events: list[Json]) -> None:
    for event in events:
        await world.deliver(event)


def entry(world: World) -> Row:
    """The entry by which the payout came back."""
    return next(row for key, row in world.ours("JournalEntry").items() if str(key) == BACK)


def in_clearing(found: Reconciled) -> list[Decimal]:
    return [each.source for each in found.controls if each.kind is ControlKind.CLEARING]


async def deleted(world: World) -> tuple[str, str]:
    await world.by_a_person("delete", "JournalEntry", entry(world)["Id"])
    return "not_booked", BACK


async def of_another_amount(world: World) -> tuple[str, str]:
    lines = copy.deepcopy(entry(world)["Line"])
    for line in lines:
        line["Amount"] = str(Decimal(str(line["Amount"])) + 1)
    await world.by_a_person("edit", "JournalEntry", entry(world)["Id"], changes={"Line": lines})
    return "account", BACK


async def elsewhere(world: World) -> tuple[str, str]:
    lines = copy.deepcopy(entry(world)["Line"])
    drawer = next(each["Id"] for each in world.held("Account") if each["Name"] == "Undeposited Funds")
    lines[0]["JournalEntryLineDetail"]["AccountRef"] = {"value": drawer}
    await world.by_a_person("edit", "JournalEntry", entry(world)["Id"], changes={"Line": lines})
    return "account", BACK


async def on_another_day(world: World) -> tuple[str, str]:
    changes = {"Line": entry(world)["Line"], "TxnDate": "2026-03-06"}
    await world.by_a_person("edit", "JournalEntry", entry(world)["Id"], changes=changes)
    return "day", BACK


@pytest.mark.parametrize("mistake", [deleted, of_another_amount, elsewhere, on_another_day])
async def test_a_mistake_with_its_entry_names_the_entry_alone(mistake: Mistake) -> None:
    """Guard: `returns` of the events; the deposit is right, and no difference names it."""
    async with opened(RULES) as world:
        await booked(world, month())
        expected = await mistake(world)
        found = await balanced(world, RULES, month())
    assert named(found) == [expected]


async def test_the_deposit_that_is_deleted_is_named_alone_too() -> None:
    """Its entry stands, as the record of Ids and the books say."""
    async with opened(RULES) as world:
        await booked(world, month())
        ((key, row),) = world.ours("Deposit").items()
        await world.by_a_person("delete", "Deposit", row["Id"])
        found = await balanced(world, RULES, month())
    assert named(found) == [("not_booked", str(key))]


async def test_a_deposit_that_was_deleted_before_it_came_back_has_no_entry_to_miss() -> None:
    """Guard: `came_back`; nothing lay in the bank by then."""
    *before, failed = month()
    async with opened(RULES) as world:
        await booked(world, before)
        ((key, row),) = world.ours("Deposit").items()
        await world.by_a_person("delete", "Deposit", row["Id"])
        await world.look()
        await world.deliver(failed)
        found = await balanced(world, RULES, month())
    assert [each for _, each in named(found)] == [str(key)]


@pytest.mark.parametrize("first", ["paid", "failed"])
async def test_each_month_agrees_whichever_word_came_first(first: str) -> None:
    """Paid first it went in March and came in April; failed first it has lain in the clearing account since March."""
    *sale, paid, failed = month()
    events = [*sale, *([paid, failed] if first == "paid" else [failed, paid])]
    async with opened(RULES) as world:
        await booked(world, events)
        months = [await balanced(world, RULES, events, *span) for span in SPANS]
    assert [named(found) for found in months] == [[], []]
    assert all(found.agrees for found in months)
    lies = [sum(in_clearing(found)) for found in months]
    assert lies == ([0, NET] if first == "paid" else [NET, 0])
    paid_out = [sum(row.source[Measure.PAID_OUT] for row in found.rows) for found in months]
    assert paid_out == ([NET, -NET] if first == "paid" else [0, 0])


async def test_a_payout_drawn_from_where_its_money_lay_is_right_whoever_touched_it_since() -> None:
    """Guard: `drawn_from`; the payment that a person had moved before is named, and its deposit is not."""
    *order_events, payout, _ = month()
    async with opened(RULES) as world:
        safe = await world.by_hand("account", {"Name": "Safe", "AccountType": "Other Current Asset"})
        await world.restart()
        await booked(world, order_events)
        ((paid, payment),) = world.ours("Payment").items()
        changes = {"DepositToAccountRef": {"value": safe["Id"]}}
        await world.by_a_person("edit", "Payment", payment["Id"], changes=changes)
        await world.look()
        await world.deliver(payout)
        ((_, deposit),) = world.ours("Deposit").items()
        await Desk(world, random.Random(1)).edit("Deposit", deposit, Line=deposit["Line"])  # noqa: S311 - no secret
        found = await balanced(world, RULES, month()[:-1])
    assert named(found) == [("account", str(paid))]
