"""Only what asked is planned once more: neither plans nor results depend on the rest of a micro-batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.planning.context import PlanningContext
from bridge.planning.sale.sales import plan_sale
from bridge.planning.steps import SaleClaims
from contracts.keys import SourceKey
from contracts.results import Result
from tests.support.lanes import back, paid, sold
from tests.support.orders import ORDER_ID, Json, handed_back
from tests.support.sizes import examples
from tests.support.world import World, opened

KINDS = ("pending", "paid", "credited", "handed back", "paid and credited")
AMONG = 40
EXAMPLES = settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def life(number: int, kind: str) -> list[Json]:
    """What is told of one order."""
    told = [sold(number)]
    if kind in ("paid", "handed back", "paid and credited"):
        told.append(paid(number))
    if kind in ("credited", "paid and credited"):
        told.append(back(number))
    if kind == "handed back":
        told.append(back(number, handed_back("12.00", id=9000 + number, order_id=ORDER_ID + number)))
    return told


def in_phases(lives: Sequence[Sequence[Json]]) -> Iterator[list[Json]]:
    """First what is told first of each order, then what is told second, and so on."""
    for turn in range(max(map(len, lives))):
        yield [told[turn] for told in lives if turn < len(told)]


async def work_through(world: World, lives: Sequence[Sequence[Json]], at_once: int) -> None:
    """Everything that is told, in micro-batches of this size that hold one record of each order at most."""
    for told in in_phases(lives):
        for first in range(0, len(told), at_once):
            await world.tell(*told[first : first + at_once])


def said(result: Result) -> object:
    """What a result says, but for what names a call, and for the numbers that QuickBooks gives in its own order."""
    entities = [
        (each.entity, each.operation, each.doc_number, each.total, each.balance, each.request_id is not None)
        for each in result.entities
    ]
    return result.status.value, result.reason, result.warnings, result.attempts, entities


def held(world: World) -> object:
    """What the books hold, each document by its number and amounts."""
    wanted = ("Invoice", "Payment", "CreditMemo", "RefundReceipt")
    rows = [(entity, row) for entity in wanted for row in world.held(entity)]
    return sorted((entity, str(row.get("DocNumber")), row["TotalAmt"], row.get("Balance")) for entity, row in rows)


@EXAMPLES
@given(kinds=st.lists(st.sampled_from(KINDS), min_size=2, max_size=9))
async def test_the_size_of_a_micro_batch_changes_neither_books_nor_results(kinds: list[str]) -> None:
    """One by one, by seven and all at once: the same documents, and of each record the same result."""
    lives = [life(number, kind) for number, kind in enumerate(kinds)]
    seen = []
    for at_once in (1, 7, 500):
        async with opened() as world:
            await work_through(world, lives, at_once)
            results = [said(world.results[offset][-1]) for offset in sorted(world.results)]
            seen.append((held(world), results))
    assert seen[0] == seen[1]
    assert seen[1] == seen[2]


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_neighbour_asks_for_changes_no_result(kind: str) -> None:
    """All of an order told twice, alone and beside a credit memo. Guard: what was written now told as there before."""
    told = [each for each in life(1, kind) for _ in range(2)]
    seen = []
    for neighbours in ([], [back(0)]):
        async with opened() as world:
            await world.tell(sold(0))
            results = await world.deliver(*told, *neighbours)
            seen.append([said(each) for each in results[: len(told)]])
    assert seen[0] == seen[1]


async def test_one_credit_memo_has_its_own_sale_planned_again_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """What QuickBooks does with it is looked at for its order alone. Guard: planning all for one that asked."""
    planned: Counter[SourceKey] = Counter()

    def counted(context: PlanningContext, key: SourceKey, claims: SaleClaims) -> None:
        planned[key] += 1
        plan_sale(context, key, claims)

    async with opened() as world:
        await world.tell(*(sold(number) for number in range(AMONG)))
        monkeypatch.setattr("bridge.planning.schedule.plan_sale", counted)
        await world.tell(back(0), *(paid(number) for number in range(1, AMONG)))
    credited = SourceKey("shopify", "order", str(ORDER_ID))
    assert planned.pop(credited) > 1
    assert set(planned.values()) == {1}
    assert len(planned) == AMONG - 1
