"""A debit over several invoices that failed, told in any order: every invoice is owed whole, and no money is there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ledger.field_shared_charges import SharedCharge, shared_charges
from tests.ledger.nets import nets
from tests.ledger.told_orders import CENT
from tests.support.arrivals import arrivals
from tests.support.orders import Json, stripe_event
from tests.support.reconciling import balanced, named
from tests.support.sizes import examples
from tests.support.world import RULES, opened

SURE = {"posted", "already_posted", "superseded", "ignored"}


def _events(told: SharedCharge) -> dict[str, Json]:
    found = {"S": told.charged(), "F": told.failed()}
    for place, (body, link) in enumerate(zip("ABC", "abc", strict=True)):
        if place < len(told.invoices):
            found |= {body: told.body(place), link: stripe_event("invoice_payment.paid", told.payment(place))}
    return found


@settings(max_examples=examples(50), deadline=None, suppress_health_check=list(HealthCheck))
@given(told=shared_charges(1, 1), drawn=st.data(), kills=st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=1))
def test_all_of_a_debit_that_failed_is_owed_again(
    told: SharedCharge, drawn: st.DataObject, kills: list[int | None]
) -> None:
    """Whatever is told first, also when owners are killed between two requests."""
    asyncio.run(_check(told, drawn.draw(arrivals(list(_events(told).values()))), kills))


@pytest.mark.parametrize(
    "order", ["aA F", "aAF", "aA F B b", "aAF S bB", "AFa S B b", "B Fb S a A", "b ABF S a", "aA bB F", "a A b B F S"]
)
async def test_what_bodies_told_of_a_debit_has_not_come_in_when_its_failure_is_told_before_its_success(
    order: str,
) -> None:
    """The body of one invoice tells its share, which is less than what failed. Guard: `FailingDebits`."""
    told = SharedCharge(4, 1, ((2_00, 2_00), (2_00, 1_00)))
    events = _events(told)
    async with opened() as world:
        for batch in order.split():
            await world.deliver(*(events[name] for name in batch))
        owed = (200 * ("A" in order) + 200 * ("B" in order)) * CENT
        assert nets(world) == {"income": owed, "receivable": owed}
        assert set(world.statuses()) <= SURE


async def _check(told: SharedCharge, in_batches: Sequence[Sequence[Json]], kills: Sequence[int | None]) -> None:
    async with opened() as world:
        for number, batch in enumerate(in_batches):
            await world.deliver_twice(*batch, requests=kills[number % len(kills)])
        await world.idle()
        sold = sum(total for total, _ in told.invoices) * CENT
        assert nets(world) == {"income": sold, "receivable": sold}
        assert set(world.statuses()) <= SURE
        # because what a body told of such a debit was never booked, and nothing of it is missing
        assert named(await balanced(world, RULES, list(_events(told).values()))) == []
