"""Shopify's other events through the whole machine, into the sandbox's own books."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

import pytest

from tests.support.orders import (
    Json,
    customer,
    handed_back,
    line,
    order,
    parcel,
    product,
    refund,
    refund_line,
    shopify_event,
    transaction,
)
from tests.support.sandbox_books import marker_of
from tests.support.world import World, opened

MUG = line("14.50", 2, id=77, title="Enamel mug", name="Enamel mug", sku="MUG")
PAID = shopify_event("orders/paid", order([MUG]))
LATER = {"updated_at": "2026-03-09T10:15:05-08:00", "financial_status": "refunded", "current_total_price": "0.00"}


def refunded(*refunds: Json) -> Json:
    """A later body of the order with its refunds."""
    return shopify_event("orders/updated", order([MUG], refunds=list(refunds), **LATER))


def live(world: World, entity: str) -> list[tuple[str, Decimal]]:
    """The rows of an entity by marker and total."""
    return sorted((marker_of(entity, row), row["TotalAmt"]) for row in world.held(entity) if row["TotalAmt"])


WITHOUT_MONEY = refund([refund_line(MUG, 2, "29.00")])
WITH_MONEY = refund([refund_line(MUG, 2, "29.00")], handed_back("29.00"))


@pytest.mark.parametrize(
    "events",
    list(permutations([PAID, shopify_event("refunds/create", WITHOUT_MONEY), refunded(WITH_MONEY)])),
    ids=[str(number) for number in range(6)],
)
async def test_refund_is_a_credit_until_its_money_moves_and_never_both(events: tuple[Json, ...]) -> None:
    """Guard: whatever comes first, one refund receipt is left and no credit memo."""
    async with opened() as world:
        for event in events:
            await world.deliver(event)
        await world.idle()
        assert live(world, "RefundReceipt") == [("shopify:refund:897650012233", Decimal("29.00"))]
        assert live(world, "CreditMemo") == []
        assert [(total, balance) for _, total, balance, _ in world.invoices()] == [(Decimal("29.00"), Decimal(0))]
        assert sum(amount for _, amount in world.payments()) == Decimal("29.00")


async def test_credit_of_an_unpaid_order_gives_way_to_money_as_well() -> None:
    """Its payment of nothing goes with it, and the invoice is owed again until it is paid."""
    pending = shopify_event("orders/create", order([MUG], financial_status="pending", total_outstanding="29.00"))
    async with opened() as world:
        await world.deliver(pending, shopify_event("refunds/create", WITHOUT_MONEY))
        assert [balance for _, _, balance, _ in world.invoices()] == [Decimal(0)]
        (result,) = await world.deliver(shopify_event("refunds/create", WITH_MONEY))
        assert result.status == "posted", result.reason
        assert live(world, "CreditMemo") == []
        assert [balance for _, _, balance, _ in world.invoices()] == [Decimal("29.00")]


async def test_gift_card_alone_and_its_transaction_are_the_same_redemption() -> None:
    """Whichever is told first; the liability is debited once and no money is received."""
    body = shopify_event("orders/paid", order([MUG], payment_gateway_names=["gift_card"]))
    card = transaction(gateway="gift_card", amount="29.00")
    for events in ([body, card], [card, body], [body], [card, body, card, body]):
        async with opened() as world:
            for event in events:
                await world.deliver(event)
            await world.idle()
            assert world.payments() == []
            (row,) = world.held("Invoice")
            assert (row["TotalAmt"], row["Balance"]) == (Decimal(0), Decimal(0))
            amounts = [each["Amount"] for each in row["Line"] if each["DetailType"] == "SalesItemLineDetail"]
            assert amounts == [Decimal("29.00"), Decimal("-29.00")]


async def test_product_is_there_before_it_is_sold_and_is_the_one_that_is_sold() -> None:
    """An item for each of its keys; the order makes none of its own, a second telling nothing."""
    variants: list[Json] = [
        {"id": 1, "title": "Sand", "sku": "TOTE-SAND", "price": "21.00"},
        {"id": 2, "price": "9.00"},
    ]
    async with opened() as world:
        (first,) = await world.deliver(product(*variants))
        assert first.status == "posted"
        assert sorted(row["Name"] for row in world.held("Item")) == ["Canvas tote", "Canvas tote - Sand"]
        (again,) = await world.deliver(product(*variants))
        assert again.status == "already_posted"
        await world.deliver(shopify_event("orders/paid", order([line("21.00")])))
        assert len(world.held("Item")) == 2


async def test_customer_is_there_before_the_first_sale() -> None:
    """And is the one that is sold to."""
    async with opened() as world:
        (first,) = await world.deliver(customer())
        assert first.status == "posted"
        await world.deliver(shopify_event("orders/paid", order([line("21.00")])))
        assert [row["DisplayName"] for row in world.held("Customer")] == ["Dana Reyes"]


async def test_deleted_order_is_void_and_its_later_bodies_are_left_out() -> None:
    """While nothing was paid."""
    pending = shopify_event("orders/create", order([MUG], financial_status="pending", total_outstanding="29.00"))
    deleted = shopify_event("orders/delete", {"id": 7203456112884})
    for events in ([pending, deleted, pending], [deleted, pending]):
        async with opened() as world:
            for event in events:
                await world.deliver(event)
            assert world.invoices() == []


async def test_parcel_waits_for_its_order_and_reaches_its_invoice() -> None:
    """Lines stay as they are."""
    async with opened() as world:
        (first,) = await world.deliver(parcel())
        assert first.status == "waiting"
        await world.deliver(PAID)
        (row,) = world.held("Invoice")
        assert (row["TrackingNum"], row["ShipDate"]) == ("1Z001, 1Z002", "2026-03-04")
        assert row["TotalAmt"] == Decimal("29.00")


async def test_money_in_the_customer_s_currency_is_booked_in_the_shop_s_whichever_tells_it_first() -> None:
    """The transaction is in euros; the order and its body's money in dollars, once."""
    euros = transaction(amount="26.65", currency="EUR")
    for events in ([PAID, euros], [euros, PAID], [euros, PAID, euros]):
        async with opened() as world:
            for event in events:
                await world.deliver(event)
            await world.idle()
            assert world.payments() == [("shopify:payment:7203456112884", Decimal("29.00"))]
            assert not world.dead_letters


HOME = {"address1": "4 New Road", "city": "Elko", "province": "Nevada", "zip": "89801"}
MOVED: Json = {
    "updated_at": "2026-03-05T08:00:00-08:00",
    "last_name": "Reyes-Ito",
    "email": "dana@example.org",
    "phone": None,
    "default_address": HOME,
}


async def test_customer_is_followed_whichever_version_comes_last() -> None:
    """Guard: name, e-mail and address follow the newest version; what it leaves empty stays."""
    for events in (
        [customer(), customer(**MOVED)],
        [customer(**MOVED), customer()],
        [customer(), customer(**MOVED), customer()],
    ):
        async with opened() as world:
            for event in events:
                await world.deliver(event)
            (row,) = world.held("Customer")
            assert (row["DisplayName"], row["PrimaryEmailAddr"]["Address"]) == ("Dana Reyes-Ito", "dana@example.org")
            assert (row["BillAddr"]["Line1"], row["BillAddr"]["City"]) == ("4 New Road", "Elko")


async def test_customer_keeps_the_phone_that_the_source_no_longer_tells() -> None:
    """And a second telling of the same writes nothing."""
    async with opened() as world:
        await world.deliver(customer())
        (mark_stale,) = await world.deliver(customer(**MOVED))
        assert mark_stale.status == "posted"
        assert [each.operation for each in mark_stale.entities] == ["sparse_update"]
        (row,) = world.held("Customer")
        assert row["PrimaryPhone"]["FreeFormNumber"] == "+15550100"
        (again,) = await world.deliver(customer(**MOVED))
        assert (again.status, world.held("Customer")[0]["SyncToken"]) == ("already_posted", "1")


async def test_customer_that_a_person_changed_stays_as_it_is() -> None:
    """Guard: a person's change wins, and the result says so."""
    async with opened() as world:
        await world.deliver(customer())
        (row,) = world.held("Customer")
        row["DisplayName"] = "Dana R. (VIP)"
        await world.restart()
        (result,) = await world.deliver(customer(**MOVED))
        assert (result.status, result.reason and result.reason.code) == ("ignored", "skipped_by_rule")
        assert [each["DisplayName"] for each in world.held("Customer")] == ["Dana R. (VIP)"]


async def test_customer_made_by_an_order_is_followed_too() -> None:
    """The first sale may come before the customer's own event."""
    async with opened() as world:
        await world.deliver(shopify_event("orders/paid", order([line("21.00")])))
        await world.deliver(customer(**MOVED))
        assert [row["DisplayName"] for row in world.held("Customer")] == ["Dana Reyes-Ito"]


async def test_a_person_whose_name_has_a_colon_or_a_line_break_still_buys() -> None:
    """Guard: QBO takes neither in any part of a person's name (fault 2040)."""
    buyer: Json = {"id": 41, "first_name": "Dana:\t(work)", "last_name": "Reyes\nJr", "email": "d@example.com"}
    async with opened() as world:
        (result,) = await world.deliver(shopify_event("orders/paid", order([MUG], customer=buyer)))
        assert result.status == "posted", result.reason
        (row,) = world.held("Customer")
        assert (row["GivenName"], row["FamilyName"]) == ("Dana (work)", "Reyes Jr")
