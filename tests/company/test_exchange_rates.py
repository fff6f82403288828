"""A foreign document goes out with a rate, always: the rules' own, else QuickBooks' of the document's own day."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from contracts.results import Result
from mappings.rules import MappingRules
from tests.support.orders import (
    Json,
    bought,
    charge,
    handed_back,
    later,
    line,
    order,
    refund,
    refund_line,
    sets,
    stripe_event,
    transaction,
)
from tests.support.world import World, opened

SHOPS = ("acme.myshopify.com",)
RULES = MappingRules(shop_domains=SHOPS)
SOLD = line("80.00", sku="CUP")
SALE = order([SOLD], currency="EUR", financial_status="pending", total_outstanding="80.00")
PAID = transaction(amount="80.00", currency="EUR", processed_at="2026-03-04T09:00:00-08:00")
TAKEN_BACK = refund_line(SOLD, 1, "80.00") | {
    "subtotal_set": sets("80.00", "EUR"),
    "total_tax_set": sets("0.00", "EUR"),
}
BACK = refund([TAKEN_BACK], handed_back("80.00", currency="EUR"), total_duties_set=sets("0.00", "EUR"))
BY_DAY = {"2026-03-02": "1.0850", "2026-03-04": "1.1000", "2026-03-09": "1.0700"}
"""The days of the order, of its payment and of its refund."""


async def with_currencies(world: World, **rates: object) -> None:
    """The company holds every currency; `rates` are QuickBooks' own."""
    wanted = {"preferences": {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}, "daily_rates": rates}
    set_switches(world.sandbox.realms[DEFAULT_REALM], wanted)
    await world.restart()


def rates(world: World, entity: str) -> list[Decimal]:
    """The rates of all documents of this type."""
    return [row["ExchangeRate"] for row in world.held(entity)]


def asked(world: World) -> int:
    """How often QuickBooks was asked for a rate."""
    return sum(each["entity"] == "ExchangeRate" for each in world.sandbox.realms[DEFAULT_REALM].stats.last)


def reason(result: Result) -> str:
    return f"{result.status.value} {result.reason.code}: {result.reason.message}" if result.reason else "none"


async def test_sale_payment_and_refund_each_carry_the_rate_of_their_own_day() -> None:
    """What differs between the days is gain or loss, as it is for the owner of the money."""
    async with opened(RULES) as world:
        await with_currencies(world, EUR=BY_DAY)
        for event in (SALE, PAID, BACK):
            await world.deliver(event)
        assert rates(world, "Invoice") == [Decimal("1.0850")]
        assert rates(world, "Payment") == [Decimal("1.1000")]
        assert rates(world, "RefundReceipt") == [Decimal("1.0700")]
        assert world.statuses() == ["posted"] * 3


async def test_each_day_is_asked_for_once() -> None:
    """Two orders of a day, their payments and what changes later: one read for each day of a currency."""
    async with opened(RULES) as world:
        await with_currencies(world, EUR=BY_DAY)
        second = bought(1, currency="EUR")
        await world.deliver(SALE, PAID)
        await world.deliver(second)
        await world.deliver(later(SALE, 20, email=None), later(second, 20, name="#77"))
        assert asked(world) == 2


async def test_a_rule_goes_before_quickbooks_which_is_never_asked() -> None:
    """The rules' rate stands on every document."""
    rules = MappingRules(shop_domains=SHOPS, exchange_rates={"EUR": Decimal("1.2")})
    async with opened(rules) as world:
        await with_currencies(world, EUR=BY_DAY)
        await world.deliver(SALE, PAID, BACK)
        assert rates(world, "Invoice") + rates(world, "Payment") + rates(world, "RefundReceipt") == [Decimal("1.2")] * 3
        assert asked(world) == 0


async def test_without_any_rate_the_sale_is_refused_by_the_name_of_the_rule_and_nothing_is_made() -> None:
    """QuickBooks would book it at 1. Guard: `with_known_rates` (the customer), `rate_of` (the invoice)."""
    async with opened(RULES) as world:
        await with_currencies(world, EUR={"2026-03-05": "1.1"})
        (result,) = await world.deliver(bought(0, currency="EUR"))
        assert reason(result).startswith("dead_lettered unmappable: ")
        assert "set the rule exchange_rates.EUR" in reason(result)
        assert not any(world.held(entity) for entity in ("Invoice", "Payment", "Customer", "Item"))


async def test_a_rate_that_a_person_entered_meanwhile_is_taken_a_minute_later() -> None:
    """In vain QuickBooks is asked once a minute at most."""
    async with opened(RULES) as world:
        await with_currencies(world)
        await world.deliver(SALE)
        await world.deliver(SALE)
        assert asked(world) == 1
        set_switches(world.sandbox.realms[DEFAULT_REALM], {"daily_rates": {"EUR": "1.3"}})
        await world.clock.advance(61)
        (result,) = await world.deliver(SALE)
        assert (result.status.value, rates(world, "Invoice")) == ("posted", [Decimal("1.3")])


async def test_an_update_keeps_the_rate_that_a_person_corrected() -> None:
    """The order's content changes, its day does not. Guard: the target's own rate in `_said`."""
    async with opened(RULES) as world:
        await with_currencies(world, EUR=BY_DAY)
        await world.deliver(SALE)
        (row,) = world.held("Invoice")
        corrected = {name: row[name] for name in ("Id", "SyncToken")} | {"sparse": True, "ExchangeRate": 2}
        await world.by_hand("invoice", corrected)
        await world.restart()
        bigger = order([SOLD, line("20.00", id=88, sku="POT")], currency="EUR", financial_status="pending")
        await world.deliver(later(bigger | {"total_outstanding": "100.00"}, 20))
        (row,) = world.held("Invoice")
        assert (row["TotalAmt"], row["ExchangeRate"]) == (Decimal("100.00"), 2)


@pytest.mark.parametrize(
    ("settled", "wanted"),
    [
        ({"currency": "usd", "exchange_rate": 1.16, "amount": 2900, "fee": 0, "net": 2900}, ["1.16"]),
        ({"currency": "eur", "exchange_rate": None, "amount": 2500, "fee": 0, "net": 2500}, ["1.0850"]),
    ],
)
async def test_money_that_the_processor_exchanged_has_the_processors_rate(
    settled: dict[str, Any], wanted: list[str]
) -> None:
    """The payout brings exactly that; what it did not exchange has QuickBooks' rate of the day."""
    row = {"id": "txn_1", "object": "balance_transaction", "type": "charge", "source": "ch_1", "fee_details": []}
    event = stripe_event("charge.succeeded", charge(currency="eur", balance_transaction=row | settled))
    async with opened(RULES) as world:
        await with_currencies(world, EUR={"2026-03-03": "1.0850"})
        (result,) = await world.deliver(event)
        assert result.status.value == "posted", reason(result)
        assert rates(world, "Payment") == [Decimal(rate) for rate in wanted]
        assert rates(world, "Invoice") == [Decimal("1.0850")]


async def test_the_home_currency_needs_no_rate() -> None:
    """A company with several currencies sells in its own."""
    async with opened(RULES) as world:
        await with_currencies(world)
        sale: Json = bought(0)
        (result,) = await world.deliver(sale)
        assert (result.status.value, asked(world)) == ("posted", 0)
