"""A Stripe payout of a shop's order: the charge names no payment of the shop, and its money lies where that is."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mappings.rules import load_rules
from tests.support.orders import Json, charge, line, order, shopify_event, stripe_event, transaction
from tests.support.stripe_objects import payout, row
from tests.support.world import World, opened

D = Decimal
NET = {"Checking": D("24.20"), "Bank Charges": D("0.80"), "Sales of Product Income": D("-25.00")}


def sold(*amounts: str) -> list[Json]:
    """An order of 25.00 that these transactions paid."""
    named = {"id": 5001, "admin_graphql_api_id": None, "name": "#5001", "tags": ""}
    said = {"payment_gateway_names": ["stripe"], "financial_status": "pending", "total_outstanding": "25.00"}
    paid = {"order_id": 5001, "gateway": "stripe", "admin_graphql_api_id": None}
    money = [transaction(id=15001 + number, amount=each, **paid) for number, each in enumerate(amounts)]
    return [
        shopify_event("orders/create", order([line("25.00")], **named, **said)),
        *(shopify_event("order_transactions/create", each) for each in money),
    ]


def paid_out() -> Json:
    """The charge of all of it, less a fee of 0.80."""
    return stripe_event("payout.paid", payout(2420, [row("charge", 2500, charge(metadata={"order_id": "5001"}), 80)]))


async def moved(world: World, to: str) -> None:
    """A person puts the payment into another account."""
    (payment,) = world.held("Payment")
    account = next(each["Id"] for each in world.held("Account") if each["Name"] == to)
    changes = {"CustomerRef": payment["CustomerRef"], "DepositToAccountRef": {"value": account}}
    await world.by_a_person("edit", "Payment", payment["Id"], changes=changes)
    await world.look()


@pytest.mark.parametrize(
    ("to", "books"),
    [
        (None, NET),
        ("Undeposited Funds", NET),
        ("Checking", NET),
        ("Savings", {**NET, "Savings": D("25.00"), "Checking": D("-0.80")}),
    ],
)
async def test_the_charge_of_an_order_is_drawn_from_where_a_person_put_its_payment(
    to: str | None, books: dict[str, Decimal]
) -> None:
    """Guard: `_payment_of` in `moved_money.py`; what is in a bank is not brought there once more, and is said."""
    async with opened(load_rules("")) as world:
        for event in sold("25.00"):
            await world.deliver(event)
        if to is not None:
            await moved(world, to)
        (result,) = await world.deliver(paid_out())
        assert world.trial_balance() == books
        assert [each.code for each in result.warnings] == (["lies_in_bank"] if to in ("Checking", "Savings") else [])


async def test_an_order_that_was_paid_in_parts_comes_out_of_the_clearing_account() -> None:
    """No payment is of that amount, so nobody knows which it is."""
    async with opened(load_rules("")) as world:
        for event in sold("10.00", "15.00"):
            await world.deliver(event)
        await world.deliver(paid_out())
        assert world.trial_balance() == NET
