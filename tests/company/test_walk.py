"""The walk of one order through the whole machine, in the small."""

from __future__ import annotations

from decimal import Decimal

from tests.support.orders import ORDER_ID, line, order, shopify_event, transaction
from tests.support.world import opened

ORDER = f"shopify:order:{ORDER_ID}"


async def test_a_paid_order_is_an_invoice_and_a_payment() -> None:
    """One event, two documents, nothing left to pay; the same event again writes nothing."""
    async with opened() as world:
        event = shopify_event("orders/paid", order([line("21.45", 2)]))
        (result,) = await world.deliver(event)
        assert result.status == "posted", result.reason
        assert [(each[0], each[1], each[2]) for each in world.invoices()] == [(ORDER, Decimal("42.90"), Decimal(0))]
        assert world.payments() == [(f"shopify:payment:{ORDER_ID}", Decimal("42.90"))]
        before = world.written()
        (again,) = await world.deliver(event)
        assert (again.status, world.written()) == ("already_posted", before)


async def test_money_waits_for_its_order_and_is_posted_with_it() -> None:
    """A transaction that comes first is parked; the order wakes it, and the body's money is not booked beside it."""
    async with opened() as world:
        (parked,) = await world.deliver(shopify_event("order_transactions/create", transaction()))
        assert parked.status == "waiting"
        await world.deliver(shopify_event("orders/create", order([line("21.45", 2)])))
        assert world.statuses() == ["posted", "posted"]
        assert world.payments() == [("shopify:transaction:9455001122334", Decimal("42.90"))]


async def test_warming_up_costs_one_read_a_list() -> None:
    """Eight transaction types, eight lists and one look at deletions; an empty type costs its read all the same."""
    async with opened() as world:
        before = world.client.counts.reads
        await world.restart()
        assert world.client.counts.reads - before == 17


async def test_a_warm_order_and_its_payment_cost_two_calls() -> None:
    """The customer and the item are known: one call writes the invoice, one its payment, and nothing is read."""
    async with opened() as world:
        await world.deliver(shopify_event("orders/paid", order([line("21.45", 2)])))
        before = world.client.counts
        reads, calls = before.reads, before.writes + before.batches
        other = order([line("21.45", 2)], id=ORDER_ID + 1, admin_graphql_api_id=None, name="#2042")
        (result,) = await world.deliver(shopify_event("orders/paid", other))
        now = world.client.counts
        assert (result.status, now.reads - reads, now.writes + now.batches - calls) == ("posted", 0, 2)
