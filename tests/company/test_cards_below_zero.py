"""Gift cards that are redeemed for more than the books owe: the result and the doctor say so."""

from __future__ import annotations

import pytest

from bridge.books.books import profile_of
from bridge.commands.doctor.books import examine_books
from bridge.quickbooks.warmup import load_basics
from mappings.rules import MappingRules, load_rules
from tests.support.orders import Json, line, order, shopify_event, transaction
from tests.support.world import RULES, World, opened

START = "books_start = 2026-03-01\n"


def sale(number: int, price: str) -> Json:
    """An order of a gift card."""
    body = order([line(price, gift_card=True)], id=7_000_000 + number, admin_graphql_api_id=None, name=f"#{number}")
    return shopify_event("orders/create", body)


def redeemed(number: int, amount: str) -> list[Json]:
    """An order that a gift card paid."""
    said = {"id": 7_000_000 + number, "admin_graphql_api_id": None, "name": f"#{number}"}
    body = order([line(amount)], **said, payment_gateway_names=["gift_card"], financial_status="pending")
    ids = {"id": 8_000_000 + number, "order_id": 7_000_000 + number, "admin_graphql_api_id": None}
    card = transaction(**ids, amount=amount, gateway="gift_card")
    return [shopify_event("orders/create", body), shopify_event("order_transactions/create", card)]


async def codes(world: World, *events: Json) -> list[str]:
    """What the results of one micro-batch warn of."""
    return [each.code for result in await world.deliver(*events) for each in result.warnings]


async def doctor(world: World, rules: MappingRules = RULES) -> list[str]:
    basics = await load_basics(world.client)
    found = examine_books(rules, profile_of(basics), ())
    return [each.said for each in found if "below zero" in each.said]


async def test_a_card_that_nobody_sold_here_is_said() -> None:
    """Guard: sold before the start, its redemption drives the liability below zero; told again it is not said again."""
    async with opened() as world:
        events = redeemed(1, "40.00")
        assert await codes(world, *events) == ["gift_cards_below_zero"]
        assert await codes(world, *events) == []
        assert await doctor(world) == ['"Gift cards" is 40.00 USD below zero']


@pytest.mark.parametrize("start", ["", START])
async def test_the_remedy_says_what_to_enter_and_how_to_find_the_figure(start: str) -> None:
    """Guard: `_CARDS`; with a start `doctor --start` tells of it, and old cards may have an account of their own."""
    async with opened(load_rules(start)) as world:
        await world.deliver(*redeemed(1, "40.00"))
        basics = await load_basics(world.client)
        found = examine_books(load_rules(start), profile_of(basics), ())
    (remedy,) = [each.remedy for each in found if "below zero" in each.said]
    assert "enter it, a credit of this account against Opening Balance Equity" in str(remedy)
    assert ("qbo-bridge doctor --start" in str(remedy)) == bool(start)
    assert ("accounts.opening_gift_cards" in str(remedy)) == bool(start)


async def test_a_card_that_was_sold_before_is_owed() -> None:
    """In the same micro-batch, or in one of before; the rest of it is not enough for a second one."""
    async with opened() as world:
        assert await codes(world, sale(9, "100.00"), *redeemed(1, "40.00")) == []
        await world.clock.advance(61)
        assert await codes(world, *redeemed(2, "60.00")) == []
        assert await doctor(world) == []
        await world.clock.advance(61)
        results = await world.deliver(*redeemed(3, "25.00"))
        (said,) = {each.message for result in results for each in result.warnings}
        assert '"Gift cards" is 25.00 USD below zero' in said


async def test_what_a_person_entered_as_outstanding_counts() -> None:
    """The opening entry of the bookkeeper, made after the bridge has read the accounts."""
    async with opened() as world:
        liability = {"AccountType": "Other Current Liability", "AccountSubType": "OtherCurrentLiabilities"}
        cards = await world.by_hand("account", {"Name": "Gift cards", **liability})
        await world.restart()
        equity = next(each["Id"] for each in world.held("Account") if each["AccountType"] == "Equity")
        lines = [
            {
                "Amount": "500.00",
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": account}},
            }
            for side, account in (("Credit", cards["Id"]), ("Debit", equity))
        ]
        await world.by_hand("journalentry", {"Line": lines})
        await world.clock.advance(61)
        assert await codes(world, *redeemed(1, "40.00")) == []


async def test_late_redemptions_of_old_orders_count_against_the_cards_of_the_start() -> None:
    """Guard: the entry of a card that pays an order from before the start."""
    rules = load_rules(
        START + '[accounts]\nopening_receivables = "Old receivables"\nopening_gift_cards = "Old cards"\n'
    )
    old = {"processed_at": "2026-02-20T10:00:00-08:00", "created_at": "2026-02-20T10:00:00-08:00"}
    body = order([line("40.00")], **old, payment_gateway_names=[], financial_status="pending")
    async with opened(rules) as world:
        await world.by_hand("account", {"Name": "Old receivables", "AccountType": "Other Current Asset"})
        await world.by_hand("account", {"Name": "Old cards", "AccountType": "Other Current Liability"})
        await world.restart()
        await world.deliver(shopify_event("orders/updated", body))
        card = shopify_event("order_transactions/create", transaction(amount="40.00", gateway="gift_card"))
        assert await codes(world, card) == ["gift_cards_below_zero"]
        assert await doctor(world, rules) == [
            '"Old receivables" is 40.00 USD below zero',
            '"Old cards" is 40.00 USD below zero',
        ]
