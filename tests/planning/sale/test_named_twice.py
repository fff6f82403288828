"""A transaction of Shopify that two orders name."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.support.orders import ORDER_ID, ordered, shopify_event, transaction
from tests.support.world import opened


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
