"""How much is planned for one record that asks for another look: a credit memo among payments of other orders."""

from __future__ import annotations

import asyncio
from collections import Counter
from unittest import mock

from bridge.planning.context import PlanningContext
from bridge.planning.sale.sales import plan_sale
from bridge.planning.steps import SaleClaims
from contracts.keys import SourceKey
from tests.bench.report import Row
from tests.support.lanes import back, paid, sold
from tests.support.orders import ORDER_ID
from tests.support.world import opened

RECORDS = 500
YOUNG = 50
"""How many records a company takes at once that has just begun."""


def measure(records: int = RECORDS) -> list[Row]:
    """How often sales are planned in the micro-batch, beyond once each: those of others, and the one that asked."""
    planned = asyncio.run(_planned(records))
    asked = planned.pop(SourceKey("shopify", "order", str(ORDER_ID)))
    again = sum(times - 1 for times in planned.values())
    return [
        Row("rounds", "sales of others that are planned again", again, "", 0),
        Row("rounds", "plans of the sale that asked", asked, "", None),
    ]


async def _planned(records: int) -> Counter[SourceKey]:
    planned: Counter[SourceKey] = Counter()

    def counted(context: PlanningContext, key: SourceKey, claims: SaleClaims) -> None:
        planned[key] += 1
        plan_sale(context, key, claims)

    async with opened() as world:
        for first in range(0, records, YOUNG):
            await world.tell(*(sold(number) for number in range(first, min(first + YOUNG, records))))
            world.company.committed()
        with mock.patch("bridge.planning.schedule.plan_sale", counted):
            await world.tell(back(0), *(paid(number) for number in range(1, records)))
    return planned
