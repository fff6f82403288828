"""A payout or settlement with one row that no rule knows: nothing half booked, and with the rule all of it."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from mappings.rules import load_rules
from tests.support.orders import Json
from tests.support.reconciling import sold
from tests.support.shop_payouts import charged, row, told
from tests.support.sizes import seeds
from tests.support.world import World, opened

D, CENT = Decimal, Decimal("0.01")
RULE = '[payouts.rows]\nloan = "Old loan"\n'


def settled(rows: list[Json], amount: Decimal) -> Any:
    """The same of another gateway."""
    data = {"gateway": "paypal", "id": "S-1", "date": "2026-03-20", "currency": "USD", "amount": str(amount)}
    return {
        "specversion": "1.0",
        "id": "settlement-1",
        "type": "com.qbo-bridge.settlement",
        "source": "https://acme.myshopify.com",
        "time": "2026-03-21T06:00:00Z",
        "data": {**data, "status": "paid", "rows": rows},
    }


def story(draw: random.Random, source: str) -> list[Any]:
    """Orders by card, and what was paid out of them, a loan paid back in between."""
    events: list[Any] = []
    rows: list[Json] = []
    amount = D(0)
    for ident in range(1001, 1001 + draw.randint(1, 4)):
        price, fee = CENT * draw.randint(2_000, 9_000), CENT * draw.randint(50, 300)
        if source == "payout":
            events += sold(ident, str(price), "0.00", f"2026-03-{draw.randint(2, 9):02d}")
            rows.append(charged(ident, str(price), str(fee)))
        else:
            rows.append({"id": str(ident), "type": "charge", "gross": str(price), "fee": str(fee)})
            rows[-1]["net"] = str(price - fee)
        amount += price - fee
    lent = CENT * draw.randint(100, 900)
    where = draw.randint(0, len(rows))
    if source == "payout":
        rows.insert(where, row("loan", str(-lent), id=9))
        events.append(told(rows, date="2026-03-20"))
    else:
        rows.insert(where, {"id": "9", "type": "loan", "gross": str(-lent), "fee": "0.00", "net": str(-lent)})
        events.append(settled(rows, amount - lent))
    return events


async def begun(world: World) -> None:
    await world.by_hand("account", {"Name": "Old loan", "AccountType": "Long Term Liability"})
    await world.restart()


@pytest.mark.parametrize("seed", seeds(3))
@pytest.mark.parametrize("source", ["payout", "settlement"])
async def test_a_row_without_a_rule_holds_all_of_it_until_the_rule_is_there(source: str, seed: int) -> None:
    """Guard: the account of the row in `_sort_in`; the dead letter names it, and what is redriven books all at once."""
    events = story(random.Random(f"rule added {source} {seed}"), source)  # noqa: S311 - no secret
    async with opened(load_rules(RULE)) as world:
        await begun(world)
        for event in events:
            await world.deliver(event)
        always = world.trial_balance()
    async with opened(load_rules("")) as world:
        await begun(world)
        for event in events[:-1]:
            await world.deliver(event)
        before = world.trial_balance()
        (refused,) = await world.deliver(events[-1])
        assert refused.reason is not None
        assert (refused.status, refused.reason.code) == ("dead_lettered", "unmappable")
        assert "payouts.rows.loan" in refused.reason.message
        assert world.trial_balance() == before
        world.rules = load_rules(RULE)
        await world.restart()
        (redriven,) = await world.deliver(events[-1])
        assert redriven.status == "posted"
        assert world.trial_balance() == always
        assert always["Old loan"] > 0
