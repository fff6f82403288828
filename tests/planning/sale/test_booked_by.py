"""An order of the shop whose money the company's own Stripe account tells: one invoice, one payment, its fee."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations

from tests.support.orders import ORDER_ID, charge, line, order, shopify_event, stripe_event, transaction
from tests.support.results import message_of
from tests.support.rules import rules
from tests.support.world import opened

BY_STRIPE = '[gateways.stripe]\nbooked_by = "stripe"'
FEE = {"id": "txn_1", "object": "balance_transaction", "fee": 103, "currency": "usd"}
PLACED = shopify_event(
    "orders/create", order([line("25.00", 1)], payment_gateway_names=["stripe"], financial_status="paid")
)
MOVED = shopify_event("order_transactions/create", transaction(gateway="stripe", amount="25.00"))
CHARGED = stripe_event("charge.succeeded", charge(metadata={"order_id": str(ORDER_ID)}, balance_transaction=FEE))
CHARGE = "stripe:charge:ch_3RqPm2Lk81XcQw0A1bZtYv77"


async def test_the_order_is_the_shop_s_and_its_money_the_charge_s_in_any_order() -> None:
    """Also when a new process takes over between two of them."""
    for events in permutations((PLACED, MOVED, CHARGED)):
        async with opened(rules(BY_STRIPE)) as world:
            for event in events:
                await world.deliver(event)
                await world.restart()
            await world.idle()
            assert world.payments() == [(CHARGE, Decimal(25))]
            assert [row[:3] for row in world.invoices()] == [(f"shopify:order:{ORDER_ID}", Decimal(25), Decimal(0))]
            assert len(world.held("JournalEntry")) == 1
            assert not {"dead_lettered", "waiting"} & set(world.statuses())


async def test_without_the_rule_the_shop_books_the_money() -> None:
    """And the charge is left to it."""
    async with opened() as world:
        await world.deliver(PLACED, MOVED, CHARGED)
        assert world.payments() == [("shopify:transaction:9455001122334", Decimal(25))]
        assert world.statuses()[-1] == "ignored"


async def test_a_charge_that_does_not_name_its_order_is_refused() -> None:
    """Nobody else would book its money."""
    said = stripe_event("charge.succeeded", charge(description="acme.myshopify.com order"))
    async with opened(rules(BY_STRIPE)) as world:
        (result,) = await world.deliver(said)
        assert result.status == "dead_lettered"
        assert "stripe.order_id_keys" in message_of(result)
