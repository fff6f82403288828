"""Money for an invoice of Stripe that is void: it comes in once, waits for nothing, and a result says where it lies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.planning.links import PAYS_VOID
from bridge.planning.sale.voids import PAID
from tests.ledger.field_shared_charges import SharedCharge, shared_charges
from tests.ledger.nets import nets
from tests.ledger.told_orders import CENT
from tests.support.arrivals import arrivals
from tests.support.orders import Json, stripe_event
from tests.support.sizes import examples
from tests.support.world import World, opened

SURE = {"posted", "already_posted", "superseded", "ignored"}


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(told=shared_charges(1, 1), drawn=st.data(), restarts=st.booleans())
def test_the_charge_of_a_void_invoice_comes_in_once_whatever_is_told_first(
    told: SharedCharge, drawn: st.DataObject, *, restarts: bool
) -> None:
    """Alone or beside others that the charge pays whole; the void may be told before the invoice was."""
    several = told.invoices if drawn.draw(st.booleans()) else told.invoices[:1]
    told = SharedCharge(1, 1, tuple((total, total) for total, _ in several), told.by_intent)
    voided = drawn.draw(st.integers(0, len(told.invoices) - 1))
    events = [*_of_void(told, voided, is_finalized=drawn.draw(st.booleans())), told.charged(), told.paid_out()]
    for place in range(len(told.invoices)):
        events.append(stripe_event("invoice_payment.paid", told.payment(place)))
        if place != voided:
            events.append(told.body(place))
    asyncio.run(_check(told, voided, drawn.draw(arrivals(events)), restarts=restarts))


@pytest.mark.parametrize("order", ["lcPvf", "lmvcBPf", "PlcvfmB", "BcvlPfm", "mBcvlfP", "cvflP", "fvclP"])
async def test_an_order_of_arrival_that_waited_for_ever_or_booked_the_money_twice(order: str) -> None:
    """Finalized (f), voided (v), linked (l); another invoice (B) with its link (m); charge (c) and payout (P)."""
    told = SharedCharge(1, 1, ((60_00, 60_00), (40_00, 40_00)))
    finalized, voided = _of_void(told, 0, is_finalized=True)
    links = [stripe_event("invoice_payment.paid", told.payment(place)) for place in (0, 1)]
    charged, other, brought = told.charged(), told.body(1), told.paid_out()
    named = {"f": finalized, "v": voided, "l": links[0], "m": links[1], "B": other, "c": charged, "P": brought}
    both = told if "m" in order else SharedCharge(1, 1, told.invoices[:1])
    named |= {"c": both.charged(), "P": both.paid_out()}
    await _check(both, 0, [[named[name]] for name in order], restarts=False)


@pytest.mark.parametrize("is_expanded", [False, True])
async def test_a_payout_says_what_it_waits_for_and_what_ends_that(*, is_expanded: bool) -> None:
    """Its charge's own events nobody told: the payout, told with each row's source, finds what the bodies booked."""
    told = SharedCharge(1, 1, ((60_00, 60_00), (40_00, 40_00)))
    bodies = [told.body(place) for place in (0, 1)]
    links = [stripe_event("invoice_payment.paid", told.payment(place)) for place in (0, 1)]
    async with opened() as world:
        await world.deliver(*bodies, *links)
        (waits,) = await world.deliver(told.paid_out())
        assert waits.reason is not None
        assert (waits.status, f"stripe:charge:{told.ident}" in waits.reason.message) == ("waiting", True)
        assert "charge.succeeded" in waits.reason.message
        assert "expanded" in waits.reason.message
        await world.deliver(told.paid_out(is_expanded=True) if is_expanded else told.charged())
        await world.idle()
        assert {each[-1].status for each in world.results.values()} <= SURE
        assert nets(world) == {"income": told.worth * CENT, "money": told.worth * CENT}
        assert world.in_transit() == 0


def _of_void(told: SharedCharge, place: int, *, is_finalized: bool) -> list[Json]:
    """The bodies of an invoice that was voided: as it was open, where it is told, and as it is void."""
    unpaid = SharedCharge(1, 1, tuple((total, 0) for total, _ in told.invoices), told.by_intent)
    void = {**unpaid.body(place, status="void"), "type": "invoice.voided"}
    return [unpaid.body(place), void] if is_finalized else [void]


async def _check(told: SharedCharge, voided: int, in_batches: Sequence[Sequence[Json]], *, restarts: bool) -> None:
    async with opened() as world:
        for batch in in_batches:
            await world.deliver(*batch)
            if restarts:
                await world.restart()
        await world.idle()
        assert {each[-1].status for each in world.results.values()} <= SURE
        assert nets(world)["money"] == told.worth * CENT
        assert world.in_transit() == 0
        live = {f"SH-1-{place}" for place in range(len(told.invoices)) if place != voided}
        left = {row["DocNumber"]: row["Balance"] for row in world.held("Invoice") if row["DocNumber"] in live}
        assert left == dict.fromkeys(live, 0)
        assert _is_said(world)


def _is_said(world: World) -> bool:
    """True where a result says what became of the money of the void invoice."""
    said = [result for each in world.results.values() for result in each]
    kept = any(result.reason and result.reason.message == PAID for result in said)
    return kept or any(warning.code == PAYS_VOID for result in said for warning in result.warnings)
