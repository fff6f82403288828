"""A processor's own rate in a payout: what it made of foreign money leaves nothing in its account. Reckoned by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from mappings.rules import MappingRules
from tests.support.orders import Json, charge, stripe_event
from tests.support.stripe_objects import CHARGE_ID, listed, payout, refund, row
from tests.support.world import RULES, World, opened

D = Decimal
CHARGED = stripe_event("charge.succeeded", charge(currency="eur"))
"""25.00 EUR, at 1.10 of its day 27.50 in the books; of its row only the id is told."""
ROW = row("charge", 2680, CHARGE_ID, 110, exchange_rate=1.072)
"""What Stripe made of it: 26.80, less a fee of 1.10."""
PAID_OUT = stripe_event("payout.paid", payout(2570, [ROW]))
BACK = stripe_event("refund.created", refund(1000, "re_1", currency="eur"))
"""10.00 EUR, at 1.05 of its day 10.50 in the books."""
BOTH = stripe_event("payout.paid", payout(1480, [ROW, row("refund", -1090, "re_1", exchange_rate=1.09)]))


async def with_rates(world: World) -> None:
    """The company holds euros, at QuickBooks' rates of these days."""
    by_day = {"EUR": {"2026-03-03": "1.1000", "2026-03-04": "1.0500"}}
    wanted = {"preferences": {"CurrencyPrefs": {"MultiCurrencyEnabled": True}}, "daily_rates": by_day}
    set_switches(world.sandbox.realms[DEFAULT_REALM], wanted)
    await world.restart()


async def booked(*batches: list[Json], rules: MappingRules = RULES) -> tuple[Decimal, Decimal, Decimal]:
    """What is in the bank, what is left in transit, and what the exchange has cost."""
    async with opened(rules) as world:
        await with_rates(world)
        for batch in batches:
            await world.deliver(*batch)
            await world.idle()
            await world.restart()
        assert "dead_lettered" not in world.statuses()
        lost = [world.trial_balance().get(name, D(0)) for name in ("Exchange Gain or Loss", "Exchange differences")]
        return world.balance("Checking"), world.in_transit(), sum(lost, D(0))


@pytest.mark.parametrize(
    "batches",
    [[[CHARGED], [PAID_OUT]], [[PAID_OUT], [CHARGED]], [[CHARGED, PAID_OUT]]],
    ids=["as told", "late", "at once"],
)
async def test_a_payout_leaves_nothing_of_a_foreign_charge_in_transit(batches: list[list[Json]]) -> None:
    """Guard: 27.50 came in, 26.80 is paid out: the exchange has cost 0.70, in every order."""
    assert await booked(*batches) == (D("25.70"), D(0), D("0.70"))


async def test_the_rule_says_where_exchange_differences_go() -> None:
    """In place of what QuickBooks keeps for it."""
    rules = MappingRules.model_validate({"accounts": {"exchange": {"sub_type": "BankCharges"}}})
    assert await booked([CHARGED], [PAID_OUT], rules=rules) == (D("25.70"), D(0), D(0))


@pytest.mark.parametrize(
    "batches",
    [
        [[CHARGED], [BACK], [BOTH]],
        [[BACK], [CHARGED], [BOTH]],
        [[CHARGED, BACK, BOTH]],
        [[CHARGED], [BOTH], [BACK]],
        [[BOTH], [BACK], [CHARGED]],
    ],
    ids=["as told", "early", "at once", "after its payout", "last of all"],
)
async def test_a_refund_of_foreign_money_leaves_nothing_either(batches: list[list[Json]]) -> None:
    """Guard: 10.50 went back in the books, 10.90 at Stripe: 0.40 more."""
    assert await booked(*batches) == (D("14.80"), D(0), D("1.10"))


async def test_a_part_of_a_foreign_charge_is_worth_its_part() -> None:
    """Two captures in two payouts: 10.00 and 15.00 EUR, 11.00 and 16.50 in the books, 10.72 and 16.05 at Stripe."""
    captures = (("po_1", 1072, 1.072), ("po_2", 1605, 1.07))
    told = [
        [row("payout", -amount, name), row("charge", amount, CHARGE_ID, id=f"txn_{name}", exchange_rate=rate)]
        for name, amount, rate in captures
    ]
    payouts = [
        stripe_event("payout.paid", payout(amount, id=name, balance_transactions=listed(rows)))
        for (name, amount, _), rows in zip(captures, told, strict=True)
    ]
    assert await booked([CHARGED], *([each] for each in payouts)) == (D("26.77"), D(0), D("0.73"))
