"""Rows of a payout in UTC in the hours around the start of the books: each follows the money that it pays out."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest

from mappings.rules import load_rules
from tests.support.orders import Json, line, order, shopify_event, transaction
from tests.support.shop_payouts import row, told
from tests.support.stripe_lives import SURE
from tests.support.world import World, opened

D = Decimal
ORDER = 7200000001
START = "books_start = 2026-03-05\n"
OPENING = '[accounts]\nopening_clearing = "Old clearing"\nopening_receivables = "Old receivables"\n'

WEST_BEFORE = ("2026-03-04T23:30:00-08:00", "2026-03-05T07:30:00Z")
"""California, the last half hour of the old books: in UTC it is the first morning of the new ones."""
EAST_AFTER = ("2026-03-05T00:30:00+11:00", "2026-03-04T13:30:00Z")
"""Sydney, the first half hour of the new books: in UTC it is the afternoon before."""
SAME = ("2026-03-05T09:00:00+00:00", "2026-03-05T09:00:00Z")


def events(local: str, utc: str) -> list[Json]:
    """An order that was paid at once, and the payout of it two days later."""
    times = {"created_at": local, "processed_at": local}
    sold = order([line("100.00")], id=ORDER, admin_graphql_api_id=None, updated_at=local, **times)
    paid = transaction(id=ORDER + 1, order_id=ORDER, amount="100.00", admin_graphql_api_id=None, **times)
    charged = row("charge", "100.00", "3.20", order=ORDER, transaction=ORDER + 1, processed_at=utc)
    return [
        shopify_event("orders/create", sold),
        shopify_event("order_transactions/create", paid),
        told([charged], date="2026-03-07"),
    ]


async def books_of(rules: str, *told_events: Json) -> tuple[World, dict[str, Decimal]]:
    async with opened(load_rules(rules)) as world:
        for name in ("Old clearing", "Old receivables"):
            await world.by_hand("account", {"Name": name, "AccountType": "Other Current Asset"})
        await world.restart()
        for event in (*told_events, told_events[-1]):
            await world.deliver(event)
        return world, {name: amount for name, amount in world.trial_balance().items() if amount}


OLD_BOOKS = {"Checking": D("96.80"), "Old clearing": D("-96.80")}


@pytest.mark.parametrize(("times", "is_old"), [(WEST_BEFORE, True), (EAST_AFTER, False), (SAME, False)])
@pytest.mark.parametrize("order_of", [(0, 1, 2), (1, 0, 2)])
async def test_a_row_follows_its_payment(times: tuple[str, str], order_of: tuple[int, ...], *, is_old: bool) -> None:
    """Guard: the payment's own day says which books have it, and nothing is left in the clearing account."""
    found = events(*times)
    world, books = await books_of(START + OPENING, *(found[number] for number in order_of))
    assert set(world.statuses()) <= SURE
    assert (books.get("Old clearing", D(0)), books["Checking"]) == (D("-96.80") if is_old else D(0), D("96.80"))
    assert books.get("Shopify Payments clearing", D(0)) == 0
    assert world.balance("BankCharges") == (D(0) if is_old else D("3.20"))


@pytest.mark.parametrize("order_of", list(permutations(range(3))))
async def test_where_the_row_s_own_time_is_right_any_order_ends_alike(order_of: tuple[int, ...]) -> None:
    """One of the first morning: it waits for its order where that comes late."""
    found = events(*SAME)
    world, books = await books_of(START + OPENING, *(found[number] for number in order_of))
    assert books.get("Shopify Payments clearing", D(0)) == books.get("Old clearing", D(0)) == 0
    assert [each["TotalAmt"] for each in world.held("Deposit")] == [D("96.80")]


@pytest.mark.parametrize(
    ("zone", "times", "is_old"), [("America/Los_Angeles", WEST_BEFORE, True), ("Australia/Sydney", EAST_AFTER, False)]
)
@pytest.mark.parametrize("order_of", list(permutations(range(3))))
async def test_in_the_shop_s_time_zone_a_row_may_come_before_its_order(
    zone: str, times: tuple[str, str], order_of: tuple[int, ...], *, is_old: bool
) -> None:
    """Guard: in UTC the row of Sydney's first morning was of the old books, and its money stayed in clearing."""
    found = events(*times)
    rules = f'time_zone = "{zone}"\n{START}{OPENING}'
    world, books = await books_of(rules, *(found[number] for number in order_of))
    assert set(world.statuses()) <= SURE
    assert (books.get("Old clearing", D(0)), books["Checking"]) == (D("-96.80") if is_old else D(0), D("96.80"))
    assert books.get("Shopify Payments clearing", D(0)) == 0


async def test_a_row_whose_order_nobody_tells_is_taken_at_its_word() -> None:
    """Before the start by its own time: it waits for nothing."""
    world, books = await books_of(START + OPENING, events("", "2026-03-04T13:30:00Z")[2])
    assert books == OLD_BOOKS
    assert world.statuses()[0] == "posted"


async def test_money_of_earlier_books_needs_its_rule_on_the_first_morning_too() -> None:
    """Guard: the dead letter names `accounts.opening_clearing`; nothing of the payout is booked."""
    world, books = await books_of(
        START + '[accounts]\nopening_receivables = "Old receivables"\n', *events(*WEST_BEFORE)
    )
    assert "accounts.opening_clearing" in str(world.told[-1].reason)
    assert books == {}


async def test_an_offset_of_the_shop_s_own_is_taken_at_its_word() -> None:
    """As Shopify's REST API writes it: nothing is waited for."""
    _, books = await books_of(START + OPENING, events("", "2026-03-04T23:30:00-08:00")[2])
    assert books == OLD_BOOKS
