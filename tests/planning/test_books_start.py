"""The start of the books: nothing of earlier sales is booked, the money that moves for them later is."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from mappings.rules import load_rules
from tests.support.orders import (
    Json,
    charge,
    handed_back,
    order,
    refund,
    refund_line,
    shopify_event,
    stripe_event,
    taxed,
    transaction,
)
from tests.support.shop_payouts import row, told
from tests.support.stripe_lives import SURE
from tests.support.stripe_objects import refund as stripe_refund
from tests.support.world import World, opened

D = Decimal
START = "books_start = 2026-03-05\n"
ACCOUNTS = '[accounts]\nopening_receivables = "Old receivables"\nopening_clearing = "Old clearing"\n'
LATE = {"processed_at": "2026-03-06T10:00:00-08:00", "created_at": "2026-03-06T10:00:00-08:00"}
EARLY = {"processed_at": "2026-03-03T10:00:00-08:00", "created_at": "2026-03-03T10:00:00-08:00"}
SOLD = taxed("50.00", 2, "8.26")


def touched(topic: str = "orders/updated", **changes: Any) -> Json:
    """An order of 2026-03-02, that something touches on 2026-03-06."""
    return shopify_event(topic, order([SOLD], updated_at="2026-03-06T10:00:00-08:00", **changes))


async def with_accounts(world: World, kind: str = "Other Current Asset") -> None:
    for name in ("Old receivables", "Old clearing"):
        await world.by_hand("account", {"Name": name, "AccountType": kind})
    await world.restart()


@pytest.mark.parametrize("topic", ["orders/create", "orders/updated", "orders/cancelled", "orders/fulfilled"])
@pytest.mark.parametrize("rules", [START, START + '[[skip]]\ntag = "sample"'])
async def test_a_sale_of_earlier_books_is_ignored_whatever_touches_it(topic: str, rules: str) -> None:
    """Before any other reason to ignore it, and though its figures do not add up; nothing is written."""
    async with opened(load_rules(rules)) as world:
        (result,) = await world.deliver(touched(topic, tags="sample", total_price="1.00"))
        assert (result.status, result.reason and result.reason.code) == ("ignored", "before_books_start")
        assert world.trial_balance() == {}


async def test_a_sale_of_the_first_day_is_booked() -> None:
    """The start belongs to the books, by the day as the shop wrote it."""
    async with opened(load_rules("books_start = 2026-03-02")) as world:
        (result,) = await world.deliver(touched())
        assert result.status == "posted"


@pytest.mark.parametrize("order_of", list(permutations(range(2))))
async def test_a_late_refund_is_booked_without_its_sale(order_of: tuple[int, ...]) -> None:
    """Against refunds and sales tax, out of the clearing account."""
    given_back = refund([refund_line(SOLD, 1, "50.00", "4.13")], handed_back("54.13"))
    events = [touched(), shopify_event("refunds/create", given_back)]
    async with opened(load_rules(START)) as world:
        for number in order_of:
            await world.deliver(events[number])
        await world.deliver(events[1])
        assert world.balance("DiscountsRefundsGiven") == D("50.00")
        assert world.in_transit() == D("-54.13")
        assert world.trial_balance()["Board of Equalization Payable"] == D("4.13")
        assert set(world.statuses()) <= SURE


@pytest.mark.parametrize("order_of", [(0,), (0, 0), *permutations(range(2))], ids=str)
async def test_a_late_refund_is_booked_once_whoever_tells_it(order_of: tuple[int, ...]) -> None:
    """The order's body, the refund's own event, or both. Guard: `_refunded_since`."""
    given_back = refund([refund_line(SOLD, 1, "50.00", "4.13")], handed_back("54.13"))
    events = [touched(refunds=[given_back]), shopify_event("refunds/create", given_back)]
    async with opened(load_rules(START)) as world:
        for number in order_of:
            await world.deliver(events[number])
        assert world.balance("DiscountsRefundsGiven") == D("50.00")
        assert world.in_transit() == D("-54.13")
        assert world.trial_balance()["Board of Equalization Payable"] == D("4.13")
        assert set(world.statuses()) <= SURE


async def test_a_refund_of_before_the_start_stays_in_the_old_books() -> None:
    """Though a body of after it tells it again."""
    given_back = refund([refund_line(SOLD, 1, "50.00", "4.13")], handed_back("54.13", **EARLY), **EARLY)
    async with opened(load_rules(START)) as world:
        (result,) = await world.deliver(touched(refunds=[given_back]))
        assert (result.status, result.warnings) == ("ignored", ())
        assert world.trial_balance() == {}


async def test_a_late_refund_in_a_body_that_does_not_add_up_is_said() -> None:
    """Its own event books it; until then nobody may believe that it is booked."""
    given_back = refund([refund_line(SOLD, 1, "50.00", "4.13")], handed_back("54.13"))
    async with opened(load_rules(START)) as world:
        (result,) = await world.deliver(touched(refunds=[given_back], total_price="1.00"))
        assert result.status == "ignored"
        assert "refund_left_out" in [each.code for each in result.warnings]


@pytest.mark.parametrize("order_of", list(permutations(range(3))))
async def test_a_late_payment_is_booked_once_against_what_was_owed(order_of: tuple[int, ...]) -> None:
    """Guard: told by its transaction, by the body of `orders/paid`, or by both."""
    body = {"total_price": "108.26", "current_total_price": "108.26"}
    paid = transaction(amount="108.26", gateway="manual", **LATE)
    events = [
        touched("orders/paid", payment_gateway_names=["manual"], **body),
        shopify_event("order_transactions/create", paid),
        touched(payment_gateway_names=["manual"], **body),
    ]
    async with opened(load_rules(START + ACCOUNTS)) as world:
        await with_accounts(world)
        for number in order_of:
            await world.deliver(events[number])
        assert world.trial_balance() == {"Old receivables": D("-108.26"), "Undeposited Funds": D("108.26")}
        assert set(world.statuses()) <= SURE


@pytest.mark.parametrize(("rules", "kind"), [(START, "Other Current Asset"), (START + ACCOUNTS, "Accounts Receivable")])
async def test_a_late_payment_needs_an_account_of_what_was_owed(rules: str, kind: str) -> None:
    """Guard: without one, or with one of receivables, it is a dead letter that names the rule."""
    async with opened(load_rules(rules)) as world:
        await with_accounts(world, kind)
        _, result = await world.deliver(
            touched(), shopify_event("order_transactions/create", transaction(amount="10.00", **LATE))
        )
        assert (result.status, result.reason and result.reason.code) == ("dead_lettered", "unmappable")
        assert "accounts.opening_receivables" in str(result.reason)


async def test_money_of_before_the_start_is_ignored_whenever_it_is_told() -> None:
    """Payments, refunds and payouts."""
    given_back = refund(
        [refund_line(SOLD, 1, "50.00", "4.13")],
        handed_back("54.13"),
        processed_at="2026-03-04T10:00:00-08:00",
        created_at="2026-03-04T10:00:00-08:00",
    )
    events = [
        shopify_event("order_transactions/create", transaction()),
        shopify_event("refunds/create", given_back),
        told([row("advance", "10.00")], date="2026-03-04"),
        stripe_event("charge.succeeded", charge()),
    ]
    async with opened(load_rules(START)) as world:
        results = [(await world.deliver(event))[0] for event in events]
        assert {result.reason and result.reason.code for result in results} == {"before_books_start"}
        assert world.trial_balance() == {}


async def test_rows_of_before_the_start_come_out_of_what_was_cleared_then() -> None:
    """With their fees; without the rule the payout is a dead letter that names it."""
    old = row("charge", "100.00", "3.20", order=1, transaction=2, processed_at="2026-03-04T23:00:00-05:00")
    async with opened(load_rules(START + ACCOUNTS)) as world:
        await with_accounts(world)
        await world.deliver(told([old]))
        assert world.trial_balance() == {"Checking": D("96.80"), "Old clearing": D("-96.80")}
    async with opened(load_rules(START)) as world:
        (result,) = await world.deliver(told([old]))
        assert "accounts.opening_clearing" in str(result.reason)


@pytest.mark.parametrize("order_of", list(permutations(range(2))))
async def test_a_refund_of_an_earlier_charge_is_booked_without_it(order_of: tuple[int, ...]) -> None:
    """Stripe's days count in the rules' time zone."""
    late = stripe_event("refund.created", stripe_refund(created=1_772_900_000))
    events = [stripe_event("charge.succeeded", charge()), late]
    async with opened(load_rules(START)) as world:
        for number in order_of:
            await world.deliver(events[number])
        assert world.balance("DiscountsRefundsGiven") == D("10.00")
        assert world.in_transit() == D("-10.00")
        assert set(world.statuses()) <= SURE
