"""A fact that is told once more with other figures: it stays as it was told first, and its result says so."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from contracts.results import Result
from tests.support.orders import (
    Json,
    charge,
    handed_back,
    line,
    order,
    refund,
    refund_line,
    shopify_event,
    stripe_event,
    transaction,
)
from tests.support.shop_payouts import row, told
from tests.support.stripe_objects import payout as stripe_payout
from tests.support.stripe_objects import row as stripe_row
from tests.support.world import World, opened

D = Decimal
ORDER = 7200000001
SOLD = shopify_event("orders/create", order([line("100.00")], id=ORDER, admin_graphql_api_id=None))


def codes(result: Result) -> list[str]:
    return [each.code for each in result.warnings]


def paid(amount: str) -> Json:
    said = transaction(id=ORDER + 1, order_id=ORDER, amount=amount, admin_graphql_api_id=None)
    return shopify_event("order_transactions/create", said)


def charged(amount: str = "100.00", fee: str = "3.20", **changes: Any) -> Json:
    return row("charge", amount, fee, order=ORDER, transaction=ORDER + 1, **changes)


async def books_of(world: World, *events: Json) -> list[Result]:
    """What each event is answered, one after the other."""
    return [(await world.deliver(event))[0] for event in events]


@pytest.mark.parametrize(
    "again",
    [
        told([charged(fee="3.40")]),
        told([charged(), row("adjustment", "-8.25", adjustment_reason="tax_adjustment", id=5)]),
        told([charged("99.80", "3.00")]),
    ],
)
async def test_a_payout_that_is_told_with_other_figures_stays_and_says_so(again: Json) -> None:
    """Guard: another fee, one row more, and the same amount made of other figures; the books keep what came first."""
    async with opened() as world:
        *_, first, same, other = await books_of(
            world, SOLD, paid("100.00"), told([charged()]), told([charged()]), again
        )
        assert (first.status, codes(first)) == ("posted", [])
        assert (same.status, codes(same)) == ("already_posted", [])
        assert (other.status, codes(other)) == ("already_posted", ["other_figures"])
        assert world.trial_balance()["Checking"] == D("96.80")
        await world.restart()
        (after,) = await world.deliver(again)
        assert codes(after) == ["other_figures"]


async def test_the_order_of_rows_and_the_decimals_of_figures_are_no_other_figures() -> None:
    """100 and 100.00 are one amount, whoever is told first."""
    rows = [charged(), row("adjustment", "-8.25", adjustment_reason="tax_adjustment", id=5)]
    again = [rows[1], charged("100", "3.2")]
    async with opened() as world:
        *_, last = await books_of(world, SOLD, paid("100.00"), told(rows), told(again))
        assert (last.status, codes(last)) == ("already_posted", [])


async def test_two_tellings_of_one_micro_batch_are_compared_too() -> None:
    """One of them is booked, the other one is not, and says so."""
    async with opened() as world:
        await world.deliver(SOLD, paid("100.00"))
        results = await world.deliver(told([charged()]), told([charged(fee="3.40")]))
        assert [codes(result) for result in results] == [[], ["other_figures"]]


async def test_a_payout_below_zero_is_compared_by_its_entry() -> None:
    """Guard: a journal entry knows its figures as a deposit does."""
    rows = [row("adjustment", "-8.25", adjustment_reason="tax_adjustment")]
    async with opened() as world:
        *_, last = await books_of(world, told(rows), told([*rows, row("refund", "-1.00", id=6)]))
        assert (last.status, codes(last)) == ("already_posted", ["other_figures"])


async def test_a_payout_of_stripe_is_compared_as_well() -> None:
    """Its rows are other ones, and known by their own ids."""
    sold = stripe_event("charge.succeeded", charge(balance_transaction="txn_1"))
    first, other = (
        stripe_event("payout.paid", stripe_payout(2500 - fee, [stripe_row("charge", 2500, str(charge()["id"]), fee)]))
        for fee in (103, 113)
    )
    async with opened() as world:
        _, posted, last = await books_of(world, sold, first, other)
        assert (posted.status, codes(posted)) == ("posted", [])
        assert (last.status, "other_figures" in codes(last)) == ("already_posted", True)


async def test_a_transaction_that_is_told_over_another_amount_stays_and_says_so() -> None:
    """Guard: of a sale whose payment is in the books."""
    async with opened() as world:
        *_, same, other = await books_of(world, SOLD, paid("100.00"), paid("100.00"), paid("90.00"))
        assert (codes(same), codes(other)) == ([], ["other_figures"])
        assert [payment["TotalAmt"] for payment in world.held("Payment")] == [D("100.00")]


async def test_a_refund_that_is_told_over_another_amount_stays_and_says_so() -> None:
    """Guard: a refund receipt keeps what it was told first."""

    def back(amount: str) -> Json:
        said = refund([refund_line(line("100.00"), 1, amount)], handed_back(amount, id=88, order_id=ORDER))
        return shopify_event("refunds/create", {**said, "id": 77, "order_id": ORDER, "admin_graphql_api_id": None})

    async with opened() as world:
        *_, same, other = await books_of(world, SOLD, paid("100.00"), back("40.00"), back("40.00"), back("30.00"))
        assert (codes(same), codes(other)) == ([], ["other_figures"])
        assert [receipt["TotalAmt"] for receipt in world.held("RefundReceipt")] == [D("40.00")]
