"""Settlements of other gateways: the same deposit out of where the gateway's money lies."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from contracts.schemas.settlement import SETTLEMENT
from mappings.rules import MappingRules, load_rules
from tests.support.orders import Json, line, order, shopify_event, transaction
from tests.support.world import opened

D = Decimal
SOLD = order([line("100.00")], payment_gateway_names=["paypal"])
PAID = transaction(amount="100.00", gateway="paypal")
CHARGE = {"type": "charge", "gross": "100.00", "fee": "3.69", "net": "96.31"}
RULES = MappingRules(shop_domains=("acme.myshopify.com",))


def settled(**changes: Any) -> Json:
    examples = SETTLEMENT["examples"]
    assert isinstance(examples, list)
    example: Json = examples[0]
    return {
        "specversion": "1.0",
        "id": "1",
        "source": "acme.myshopify.com",
        "type": "com.qbo-bridge.settlement",
        "data": {**example, **changes},
    }


async def test_a_settlement_is_one_deposit_of_its_amount() -> None:
    """The example of the published schema; told twice it is booked once."""
    async with opened(RULES) as world:
        await world.deliver(shopify_event("orders/create", SOLD), shopify_event("order_transactions/create", PAID))
        (result,) = await world.deliver(settled())
        assert str(result.source.document) == "settlement:payout:paypal:PP-2026-03-06"
        await world.deliver(settled())
        assert [deposit["TotalAmt"] for deposit in world.held("Deposit")] == [D("86.31")]
        assert (world.balance("Checking"), world.in_transit()) == (D("86.31"), D("10.00"))
        assert world.statuses()[-1] == "already_posted"


async def test_a_row_that_names_its_order_waits_for_it() -> None:
    """And links the payment where it lies whole in Undeposited Funds."""
    row = {**CHARGE, "order": SOLD["id"], "transaction": PAID["id"]}
    async with opened(RULES) as world:
        (result,) = await world.deliver(settled(amount="96.31", rows=[row]))
        assert result.status == "waiting"
        await world.deliver(shopify_event("order_transactions/create", PAID), shopify_event("orders/create", SOLD))
        (deposit,) = world.held("Deposit")
        assert any(each.get("LinkedTxn") for each in deposit["Line"])
        assert (world.balance("Checking"), world.in_transit()) == (D("96.31"), D(0))


async def test_a_settlement_that_does_not_add_up_is_refused() -> None:
    """Guard: with both numbers, nothing of it booked; so is one of before the start of the books."""
    async with opened(RULES) as world:
        (result,) = await world.deliver(settled(amount="86.30"))
        assert (result.status, "86.31" in str(result.reason)) == ("dead_lettered", True)
        assert world.trial_balance() == {}
    async with opened(load_rules("books_start = 2026-03-07")) as world:
        (result,) = await world.deliver(settled())
        assert str(result.reason and result.reason.code) == "before_books_start"
