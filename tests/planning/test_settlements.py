"""Settlements of other gateways: the same deposit out of where the gateway's money lies."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

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


FAILED = {"status": "failed"}
WITHOUT_ROWS = {**FAILED, "rows": []}
BACK = {"type": "payout_failure", "gross": "86.31", "net": "86.31", "reference": "8AB3"}
AGAIN = {"id": "PP-2026-03-13", "date": "2026-03-13", "amount": "86.31", "rows": [BACK]}


@pytest.mark.parametrize("failed", [FAILED, WITHOUT_ROWS], ids=["with its rows", "without its rows"])
@pytest.mark.parametrize("lies_in", ["UndepositedFunds", "PayPal clearing"])
async def test_a_settlement_that_came_back_is_in_no_bank_and_can_be_settled_once_more(
    failed: dict[str, Any], lies_in: str
) -> None:
    """Its fees stay booked, its net lies with the gateway again; told twice, and before or after it was paid."""
    rules = load_rules('[gateways.paypal]\ndeposit = "PayPal clearing"') if lies_in != "UndepositedFunds" else RULES
    for before in ([settled()], []):
        async with opened(rules) as world:
            await world.by_hand("account", {"Name": "PayPal clearing", "AccountType": "Other Current Asset"})
            await world.restart()
            await world.deliver(shopify_event("orders/create", SOLD), shopify_event("order_transactions/create", PAID))
            rows_known = bool(before) or failed is FAILED
            for event in (*before, settled(**failed), *before, settled(**failed)):
                await world.deliver(event)
            kept = world.trial_balance()
            with_fees = {"BankCharges": D("3.69"), "lies": D("96.31")} if rows_known else {"lies": D("100.00")}
            lies = world.in_transit() if lies_in == "UndepositedFunds" else kept["PayPal clearing"]
            assert lies == with_fees["lies"]
            assert (kept.get("Checking", D(0)), world.balance("BankCharges")) == (D(0), with_fees.get("BankCharges", 0))
            await world.deliver(settled(**AGAIN))
            assert world.trial_balance()["Checking"] == D("86.31")
            assert {result.status for result in world.told} <= {"posted", "already_posted", "ignored"}


async def test_a_settlement_on_its_way_books_nothing() -> None:
    """Any other status is ignored, as of a payout."""
    async with opened(RULES) as world:
        (result,) = await world.deliver(settled(status="in_transit"))
        assert (result.status, str(result.reason and result.reason.code)) == ("ignored", "skipped_by_rule")
        assert world.trial_balance() == {}


async def test_rows_of_before_the_start_come_out_of_what_lay_there_then() -> None:
    """By their own day; where a row has none, near the start the result warns. Guard: both."""
    old = {**CHARGE, "date": "2026-03-03"}
    rules = load_rules('books_start = 2026-03-05\n[accounts]\nopening_clearing = "Old clearing"')
    async with opened(rules) as world:
        await world.by_hand("account", {"Name": "Old clearing", "AccountType": "Other Current Asset"})
        await world.restart()
        (result,) = await world.deliver(settled(amount="96.31", rows=[old]))
        assert (result.status, result.warnings) == ("posted", ())
        assert world.trial_balance() == {"Old clearing": D("-96.31"), "Checking": D("96.31")}
        (near,) = await world.deliver(settled(id="PP-2", amount="96.31", rows=[CHARGE]))
        (far,) = await world.deliver(settled(id="PP-3", date="2026-05-05", amount="96.31", rows=[CHARGE]))
        assert [[each.code for each in result.warnings] for result in (near, far)] == [["row_day_unknown"], []]


async def test_tax_that_the_gateway_remits_is_taken_off_its_liability() -> None:
    """As a payout's row of that type; it needs no rule."""
    tax = {"type": "tax_adjustment", "gross": "-8.25", "net": "-8.25", "reference": "T1"}
    async with opened(RULES) as world:
        await world.deliver(settled(amount="88.06", rows=[CHARGE, tax]))
        assert world.trial_balance()["Marketplace tax"] == D("8.25")


async def test_a_settlement_that_does_not_add_up_is_refused() -> None:
    """Guard: with both numbers, nothing of it booked; so is one of before the start of the books."""
    async with opened(RULES) as world:
        (result,) = await world.deliver(settled(amount="86.30"))
        assert (result.status, "86.31" in str(result.reason)) == ("dead_lettered", True)
        assert world.trial_balance() == {}
    async with opened(load_rules("books_start = 2026-03-07")) as world:
        (result,) = await world.deliver(settled())
        assert str(result.reason and result.reason.code) == "before_books_start"
