"""A payout that brings money of several currencies: nothing of it stays in transit, and no row keeps the others out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from bridge.planning.payout_cautions import EXCHANGE_LEFT
from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from mappings.rules import load_rules
from tests.ledger.foreign_payouts import ForeignPayout, at, date_of, drawn_payout
from tests.support.drawn import note_drawn
from tests.support.orders import Json, charge, stripe_event
from tests.support.sizes import seeds
from tests.support.stripe_lives import SURE
from tests.support.stripe_objects import CHARGE_ID, listed, payout, row
from tests.support.world import RULES, World, opened

WITH_ROWS = load_rules('[payouts.rows]\nadjustment = "Miscellaneous"')
ZERO = Decimal(0)


async def _holding(world: World, rates: object, *, multicurrency: bool = True) -> None:
    preferences = {"CurrencyPrefs": {"MultiCurrencyEnabled": multicurrency}}
    set_switches(world.sandbox.realms[DEFAULT_REALM], {"preferences": preferences, "daily_rates": rates})
    await world.restart()


@pytest.mark.parametrize("seed", seeds(12))
async def test_a_payout_of_several_currencies_brings_what_it_says(seed: int) -> None:
    """Sales at QuickBooks' rate of their days, the bank what Stripe paid; told in any order, over several processes."""
    draw = random.Random(seed)  # noqa: S311 - no secret
    drawn = drawn_payout(draw)
    note_drawn(*(f"foreign payouts: {kind}" for kind in drawn.kinds))
    events = drawn.told() if draw.random() < 0.3 else draw.sample(drawn.told(), len(drawn.told()))
    async with opened(WITH_ROWS) as world:
        await _holding(
            world, {code: {day: str(rate) for day, rate in days.items()} for code, days in drawn.rates.items()}
        )
        while events:
            size = draw.randint(1, 3)
            await world.deliver(*events[:size])
            events = events[size:]
            if draw.random() < 0.2:
                await world.restart()
        await world.idle()
        assert {each[-1].status for each in world.results.values()} <= SURE, drawn.kinds
        _assert_brought(world, drawn)


def _assert_brought(world: World, drawn: ForeignPayout) -> None:
    books = world.trial_balance()
    owed = sum((amount for name, amount in books.items() if name.startswith("Accounts Receivable")), ZERO)
    found = (-books.get("Sales of Product Income", ZERO), books.get("Checking", ZERO), world.in_transit(), owed)
    assert found == (drawn.sold, Decimal(drawn.net).scaleb(-2), ZERO, ZERO), drawn.kinds


EUROS = {"EUR": {date_of(day): str(Decimal("1.10") + Decimal(day) / 1000) for day in range(1, 29)}}


def _in_euros(currency: str, rate: float | None) -> tuple[Json, Json]:
    """A charge of 100 euros on the 3rd, and the payout of it in `currency` on the 16th."""
    exchanged: dict[str, Any] = {} if rate is None else {"exchange_rate": rate}
    cents = 10_000 if rate is None else round(10_000 * rate)
    moved = row("charge", cents, CHARGE_ID, currency=currency, created=at(3), **exchanged)
    taken = charge(amount=10_000, amount_captured=10_000, currency="eur", created=at(3), balance_transaction=None)
    rows = listed([row("payout", -cents, "po_1", currency=currency), moved])
    about: dict[str, Any] = {"currency": currency, "arrival_date": at(16), "created": at(15)}
    paid_out = payout(cents, id="po_1", balance_transactions=rows, **about)
    return stripe_event("charge.succeeded", taken), stripe_event("payout.paid", paid_out)


@pytest.mark.parametrize(("rules", "is_said"), [("", True), ("[exchange_rates]\nEUR = 1.1", False)])
async def test_a_payout_in_another_currency_says_that_a_difference_stays(rules: str, *, is_said: bool) -> None:
    """It came at the rate of the 3rd and goes at that of the 16th, unless a rule gives one rate for all days."""
    async with opened(load_rules(rules)) as world:
        await _holding(world, EUROS)
        results = [each for event in _in_euros("eur", None) for each in await world.deliver(event)]
        assert [each.status for each in results] == ["posted", "posted"]
        assert [each.code for each in results[1].warnings if each.code == EXCHANGE_LEFT] == [EXCHANGE_LEFT] * is_said
        assert (world.in_transit() == 0) != is_said


@pytest.mark.parametrize(
    ("rates", "multicurrency", "named"),
    [({}, True, "2026-03-03"), ({"EUR": {date_of(6): "1.1"}}, True, "exchange_rates.EUR"), (EUROS, False, "EUR")],
    ids=["no rate at all", "a rate of another day", "multicurrency is off"],
)
@pytest.mark.parametrize("is_payout_first", [True, False])
async def test_a_foreign_charge_that_cannot_be_booked_is_named_and_so_is_it_by_its_payout(
    rates: object, named: str, *, multicurrency: bool, is_payout_first: bool
) -> None:
    """Never at 1; and its payout does not wait for days."""
    async with opened(RULES) as world:
        await _holding(world, rates, multicurrency=multicurrency)
        events: Sequence[Json] = _in_euros("usd", 1.05)
        for event in events[::-1] if is_payout_first else events:
            await world.deliver(event)
            await world.idle()
        last = {each[-1].source.event_type: each[-1] for each in world.results.values()}
        codes = {kind: each.reason.code for kind, each in last.items() if each.reason}
        assert codes == {"charge.succeeded": "unmappable", "payout.paid": "orphan"}
        assert named in str(last["charge.succeeded"].reason)
        assert CHARGE_ID in str(last["payout.paid"].reason)
        assert world.trial_balance() == {}


async def test_a_buyer_whom_the_books_hold_in_another_currency_has_a_second_customer_in_it() -> None:
    """QuickBooks gives a customer one currency for ever."""
    async with opened(RULES) as world:
        await _holding(world, EUROS)
        await world.by_hand(
            "customer", {"DisplayName": "Ines Moreau", "PrimaryEmailAddr": {"Address": "ines@example.com"}}
        )
        for event in _in_euros("usd", 1.05):
            await world.deliver(event)
        assert set(world.statuses()) <= SURE
        named = sorted((each["DisplayName"], each["CurrencyRef"]["value"]) for each in world.held("Customer"))
        assert named == [("Ines Moreau", "USD"), ("Ines Moreau (EUR)", "EUR")]
        assert (world.in_transit(), world.trial_balance()["Checking"]) == (ZERO, Decimal("105.00"))
