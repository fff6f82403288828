"""Captures that grow, and debits that fail after they paid something that stands: the greatest counts, and who owes."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from mappings.rules import GatewayRule, MappingRules
from tests.support.orders import Json, charge, line, order, shopify_event, stripe_event, transaction
from tests.support.stripe_objects import invoice_payment, paid_invoice
from tests.support.world import World, opened

ORDER_ID = 7203456112884


def captured(amount: int) -> Json:
    """So much was captured so far of 30.00 that were authorised."""
    return stripe_event("charge.captured", charge(amount=3000, amount_captured=amount))


async def told(*batches: Any, rules: MappingRules | None = None) -> World:
    async with opened(rules or MappingRules(shop_domains=("acme.myshopify.com",))) as world:
        for batch in batches:
            for result in await world.deliver(*batch):
                assert result.status in {"posted", "already_posted", "ignored", "waiting"}, result.reason
        await world.idle()
        return world


def money(world: World) -> tuple[list[Decimal], list[Decimal], dict[str, Decimal]]:
    sales = [row["TotalAmt"] for row in world.held("Invoice")]
    return sales, [amount for _, amount in world.payments()], world.owed()


@pytest.mark.parametrize("order_told", list(permutations([1000, 2500, 3000])), ids=range(6))
async def test_the_greatest_of_several_captures_counts(order_told: tuple[int, ...]) -> None:
    """Guard: whichever is told first, one sale and one payment of all that was captured."""
    for batches in ([[captured(each)] for each in order_told], [[captured(each) for each in order_told]]):
        assert money(await told(*batches)) == ([Decimal(30)], [Decimal(30)], {})


async def test_a_sale_that_a_person_changed_does_not_grow() -> None:
    """What a person did stays."""
    async with opened() as world:
        await world.deliver(captured(1000))
        (row,) = world.held("Invoice")
        lines = [{**each, "Amount": 9} for each in row["Line"] if each["DetailType"] == "SalesItemLineDetail"]
        for each in lines:
            each["SalesItemLineDetail"] = {"ItemRef": each["SalesItemLineDetail"]["ItemRef"]}
        await world.by_hand("invoice", {"Id": row["Id"], "SyncToken": row["SyncToken"], "sparse": True, "Line": lines})
        await world.restart()
        await world.deliver(captured(3000))
        assert [each["TotalAmt"] for each in world.held("Invoice")] == [Decimal(9)]


FAILED = stripe_event("charge.failed", charge(status="failed", paid=False, failure_balance_transaction="txn_1failure"))
PAID = stripe_event("charge.succeeded", charge())
BILLED = stripe_event("invoice.paid", paid_invoice())
LINKED = stripe_event("invoice_payment.paid", invoice_payment())


def receivable(world: World) -> Decimal:
    return sum(world.owed().values(), Decimal(0))


TOLD = {"paid": PAID, "failed": FAILED, "billed": BILLED, "linked": LINKED}


@pytest.mark.parametrize("names", list(permutations(TOLD)), ids=" ".join)
async def test_a_debit_that_failed_leaves_its_stripe_invoice_owed_again(names: Any) -> None:
    """Guard: the revenue of an invoice that stands is not taken back, whenever somebody says which invoice it is."""
    for batches in ([[TOLD[name]] for name in names], [[TOLD[name] for name in names]]):
        world = await told(*batches)
        assert (receivable(world), world.in_transit()) == (Decimal(25), Decimal(0))
        assert world.held("RefundReceipt") == []


async def test_money_of_a_failed_debit_goes_although_a_stranger_is_planned_once_more() -> None:
    """Guard: a write is credited to a plan of its own lane, not to whoever is first in the micro-batch.

    A gift card of another order asks for a look at the books, and only its plan is planned again; its rest is owed.
    """
    names = ["gift_card", "shopify_payments"]
    sold = shopify_event("orders/updated", order([line("30.00")], payment_gateway_names=names))
    card = transaction(order_id=ORDER_ID, amount="10.00", gateway="gift_card", admin_graphql_api_id=None)
    world = await told([sold, BILLED, FAILED], [shopify_event("order_transactions/create", card), PAID, LINKED])
    assert (receivable(world), world.in_transit()) == (Decimal(25) + Decimal(20), Decimal(0))


async def test_who_owes_a_debit_that_failed_is_said() -> None:
    """Guard: QuickBooks asks for the customer of a receivable."""
    (entry,) = (await told([PAID], [LINKED], [BILLED], [FAILED])).held("JournalEntry")
    (debit,) = [
        each["JournalEntryLineDetail"]
        for each in entry["Line"]
        if each["JournalEntryLineDetail"]["PostingType"] == "Debit"
    ]
    assert debit["Entity"]["Type"] == "Customer"


async def test_a_debit_that_failed_leaves_its_shop_order_owed_again() -> None:
    """Where Stripe's events bring the money of the shop's orders."""
    rules = MappingRules(shop_domains=("acme.myshopify.com",), gateways={"stripe": GatewayRule(booked_by="stripe")})
    sold = shopify_event(
        "orders/create", order([line("25.00")], id=ORDER_ID, payment_gateway_names=["stripe"], gateway="stripe")
    )
    named = {"metadata": {"shopify_order_id": str(ORDER_ID)}}
    paid = stripe_event("charge.succeeded", charge(**named))
    failed = stripe_event(
        "charge.failed", charge(status="failed", paid=False, failure_balance_transaction="txn_1failure", **named)
    )
    for events in ([sold, paid, failed], [paid, sold, failed]):
        world = await told(*([event] for event in events), rules=rules)
        assert receivable(world) == Decimal(25)
        assert world.held("RefundReceipt") == []


async def test_a_debit_that_failed_while_pending_books_nothing_now_or_later() -> None:
    """Guard: its success, told late, is no payment."""
    world = await told([FAILED], [LINKED], [PAID])
    assert (world.held("JournalEntry"), world.payments(), world.held("Invoice")) == ([], [], [])
