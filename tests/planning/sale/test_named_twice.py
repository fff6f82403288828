"""Money that two sales name: each kind alone. All kinds in any order: `tests/ledger/test_named_by_two_orders.py`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.support.orders import (
    ORDER_ID,
    Json,
    bought,
    charge,
    handed_back,
    later,
    line,
    ordered,
    refund,
    refund_line,
    shopify_event,
    stripe_event,
    transaction,
)
from tests.support.world import RULES, opened


@pytest.mark.parametrize("apart", [True, False], ids=["one after the other", "in one micro-batch"])
@pytest.mark.parametrize("restarts", [True, False], ids=["another process", "the same process"])
async def test_a_transaction_that_two_orders_name_stays_with_the_first(*, apart: bool, restarts: bool) -> None:
    """Its payment never moves in silence: the second telling is a conflict that names the first order."""
    told = [
        shopify_event("order_transactions/create", transaction(order_id=ORDER_ID + number, admin_graphql_api_id=None))
        for number in (0, 1)
    ]
    async with opened() as world:
        await world.deliver(ordered(0), ordered(1))
        if apart:
            (first,) = await world.deliver(told[0])
            if restarts:
                await world.restart()
            (second,) = await world.deliver(told[1])
        else:
            first, second = await world.deliver(*told)
        assert (first.status, second.status) == ("posted", "dead_lettered")
        assert second.reason is not None
        assert second.reason.code == "conflict"
        assert f"shopify:order:{ORDER_ID}" in second.reason.message
        assert [(payment["TotalAmt"], payment["UnappliedAmt"]) for payment in world.held("Payment")] == [
            (Decimal("42.90"), 0)
        ]
        owed = {invoice["DocNumber"]: invoice["Balance"] for invoice in world.held("Invoice")}
        assert owed == {"3000": 0, "3001": Decimal("42.90")}


def back(number: int, **changes: object) -> Json:
    """One of two pieces of the order of this number came back and was paid back."""
    order_id = ORDER_ID + number
    money = handed_back("21.45", order_id=order_id)
    rows = [refund_line(line("21.45", 2), 1, "21.45")]
    return refund(rows, money, order_id=order_id, admin_graphql_api_id=None, **changes)


async def test_a_refund_inside_the_body_of_another_order_is_not_booked_again() -> None:
    """The body's invoice is booked as ever; that the refund is the first order's is said of the body."""
    status = {"financial_status": "partially_refunded", "current_total_price": "21.45"}
    body = later(ordered(1), 20, **{**status, "refunds": [back(1)]})
    async with opened() as world:
        await world.deliver(shopify_event("orders/create", ordered(0)), shopify_event("refunds/create", back(0)))
        (said,) = await world.deliver(shopify_event("orders/updated", body))
        assert said.reason is not None
        assert (said.status, said.reason.code) == ("dead_lettered", "conflict")
        assert f"shopify:order:{ORDER_ID}" in said.reason.message
        assert [row["TotalAmt"] for row in world.held("RefundReceipt")] == [Decimal("21.45")]
        assert {row["DocNumber"] for row in world.held("Invoice")} == {"3000", "3001"}


async def test_goods_back_without_money_stay_where_another_order_names_the_refund() -> None:
    """That its money moved for another order takes nothing off the books."""
    without = {**back(0), "transactions": []}
    async with opened() as world:
        await world.deliver(ordered(0), ordered(1), shopify_event("refunds/create", without))
        (said,) = await world.deliver(shopify_event("refunds/create", back(1)))
        assert said.status == "dead_lettered"
        assert [row["TotalAmt"] for row in world.held("CreditMemo")] == [Decimal("21.45")]
        assert not world.held("RefundReceipt")


async def test_an_order_that_the_index_has_not_read_is_found_by_its_gift_card() -> None:
    """The record of Ids knows the card of an order that lies outside the index's window."""
    card = transaction(gateway="gift_card", amount="10.00", admin_graphql_api_id=None)
    now = {"created_at": "2027-01-20T12:00:00Z", "processed_at": "2027-01-20T12:00:00Z"}
    async with opened(window=timedelta(days=7)) as world:
        await world.tell(ordered(0), ordered(1), card)
        await world.idle_until_read()
        await world.clock.advance(60 * 86_400)
        await world.restart()
        await world.tell({**card, **now, "order_id": ORDER_ID + 1})
        (said,) = await world.idle_until_read()
        assert said.reason is not None
        assert (said.status, said.reason.code) == ("dead_lettered", "conflict")
        owed = {row["DocNumber"]: row["Balance"] for row in world.held("Invoice")}
        assert owed == {"3000": Decimal("32.90"), "3001": Decimal("42.90")}


async def test_money_of_an_order_that_a_person_deleted_is_free_for_the_other() -> None:
    """Nothing in the books has it any more."""
    card = transaction(gateway="gift_card", amount="10.00", admin_graphql_api_id=None)
    async with opened() as world:
        await world.deliver(ordered(0), ordered(1), shopify_event("order_transactions/create", card))
        (invoice,) = [row for row in world.held("Invoice") if row["DocNumber"] == "3000"]
        await world.by_a_person("delete", "Invoice", invoice["Id"])
        await world.look()
        (said,) = await world.deliver(shopify_event("order_transactions/create", {**card, "order_id": ORDER_ID + 1}))
        assert said.status == "posted"


@pytest.mark.parametrize("told", ["before", "after", "between"])
async def test_a_refund_of_stripe_that_two_charges_name_stays_with_the_first(told: str) -> None:
    """The second telling is a conflict; a charge that turns out to pay an invoice is the same sale."""
    first = stripe_event("charge.succeeded", charge())
    second = stripe_event("charge.succeeded", charge(id="ch_other", payment_intent="pi_other", description="Other"))
    money = {"id": "re_1", "object": "refund", "amount": 500, "currency": "usd", "created": 1772515000}
    given = {**money, "status": "succeeded", "balance_transaction": "txn_back", "payment_intent": None}
    refunds = [stripe_event("refund.created", {**given, "charge": each}) for each in (charge()["id"], "ch_other")]
    async with opened(RULES.model_copy(update={"time_zone": "UTC"})) as world:
        if told == "between":
            await world.deliver(first, refunds[0], second, refunds[1])
        else:
            await world.deliver(first, second)
            await world.deliver(refunds[0])
            await (world.restart() if told == "after" else world.idle())
            await world.deliver(refunds[1])
        last = world.results[world.offset - 1][-1]
        assert last.reason is not None, last
        assert (last.status, last.reason.code) == ("dead_lettered", "conflict")
        assert [row["TotalAmt"] for row in world.held("RefundReceipt")] == [Decimal("5.00")]


async def test_orders_of_a_busy_day_are_never_a_conflict() -> None:
    """Paid orders with transactions of their own, told twice and after a restart."""
    events = [shopify_event("orders/create", bought(number)) for number in range(3)]
    events += [
        shopify_event(
            "order_transactions/create",
            transaction(id=9_000 + number, order_id=ORDER_ID + number, admin_graphql_api_id=None),
        )
        for number in range(3)
    ]
    async with opened() as world:
        await world.deliver(*events)
        await world.restart()
        await world.deliver(*reversed(events))
        assert set(world.statuses()) <= {"posted", "already_posted", "superseded"}
