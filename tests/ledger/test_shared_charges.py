"""A charge over several invoices, told in any order: each invoice has its share, the money is there once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from bridge.planning.known_links import BY_BOTH, UNTOLD
from bridge.planning.links import UNTOLD_INVOICE
from tests.ledger.field_shared_charges import SHARED, SharedCharge, shared_charges
from tests.ledger.nets import nets
from tests.ledger.told_orders import CENT, FieldStory, ToldOrder
from tests.support.arrivals import arrivals
from tests.support.orders import Json, stripe_event
from tests.support.sizes import examples
from tests.support.world import World, opened

SURE = {"posted", "already_posted", "superseded", "ignored"}


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.data())
def test_each_invoice_has_its_share_of_a_charge_over_several(drawn: st.DataObject) -> None:
    """Whatever is told first; a refund comes off once, and a payout brings what lies in the clearing account."""
    story = drawn.draw(st.sampled_from(SHARED))(1, 1)
    told = drawn.draw(story)
    asyncio.run(_check(told, drawn.draw(arrivals(told.events))))


async def _check(told: FieldStory, in_batches: Sequence[Sequence[Json]]) -> None:
    async with opened() as world:
        await _tell(world, in_batches)
        assert {each[-1].status for each in world.results.values()} <= SURE
        assert nets(world) == told.nets


@pytest.mark.parametrize("told", ["B c2 42 12 21 11 c1 A", "42,c2,11 12,B c1 21,A 42", "A B 11 12 21 c2 42,c1"])
async def test_two_charges_over_two_invoices_crosswise_pay_both_whole(told: str) -> None:
    """Each charge comes in once, and no money is left beside an invoice that the other has made room on."""
    one = SharedCharge(1, 1, ((40_00, 30_00), (60_00, 20_00)))
    two = SharedCharge(2, 1, ((40_00, 10_00), (60_00, 40_00)))
    whole = SharedCharge(1, 1, ((40_00, 40_00), (60_00, 60_00)))
    paid = {"11": one.payment(0), "12": one.payment(1), "21": two.payment(0, invoice=whole.invoice_id(0))}
    paid["42"] = two.payment(1, invoice=whole.invoice_id(1))
    events = {name: stripe_event("invoice_payment.paid", each) for name, each in paid.items()}
    events |= {
        "c1": one.charged(),
        "c2": two.charged(),
        "A": whole.body(0),
        "B": whole.body(1),
    }
    async with opened() as world:
        for batch in told.split():
            await world.deliver(*(events[name] for name in batch.split(",")))
        assert {each[-1].status for each in world.results.values()} <= SURE
        assert nets(world) == {"income": 100_00 * CENT, "money": 100_00 * CENT}
        assert [balance for _, _, balance, _ in world.invoices() if balance] == []


@pytest.mark.parametrize("is_charge_last", [False, True])
async def test_an_invoice_without_a_share_has_nothing_of_a_charge_that_others_take_whole(
    *, is_charge_last: bool
) -> None:
    """A payment of nothing is none: the charge comes in once, and no event of it is refused by QuickBooks."""
    told, other = SharedCharge(1, 1, ((60_00, 60_00), (40_00, 40_00))), SharedCharge(2, 1, ((20_00, 0),))
    unsaid = told.payment(0, id="inpay_open", invoice=other.invoice_id(0), amount_paid=None, status="open")
    shares = [stripe_event("invoice_payment.paid", each) for each in (told.payment(0), told.payment(1))]
    linked = stripe_event("invoice_payment.paid", unsaid)
    before, after = [other.body(0), told.body(1), *shares], [told.body(0), linked]
    events = [*before, *after, told.charged()] if is_charge_last else [*before, told.charged(), *after]
    async with opened() as world:
        for event in events:
            await world.deliver(event)
        reasons = [result.reason for each in world.results.values() for result in each if result.reason]
        assert [reason.message for reason in reasons if reason.code == "rejected"] == []
        assert nets(world) == {"income": 120_00 * CENT, "money": 100_00 * CENT, "receivable": 20_00 * CENT}


async def _tell(world: World, in_batches: Sequence[Sequence[Json]]) -> None:
    for batch in in_batches:
        for result in await world.deliver(*batch):
            note(f"{result.source.event_type} {result.source.document}: {result.status} {result.reason}")
    await world.idle()


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(told=shared_charges(1, 1), drawn=st.data(), restarts=st.booleans())
def test_what_is_left_of_each_invoice_is_what_its_share_left(
    told: SharedCharge, drawn: st.DataObject, *, restarts: bool
) -> None:
    """Invoice by invoice, also when each micro-batch is another process'; a payout empties the clearing account."""
    events = [told.charged()]
    for place in range(len(told.invoices)):
        events += [told.body(place), stripe_event("invoice_payment.paid", told.payment(place))]
    asyncio.run(_check_balances(told, drawn.draw(arrivals([*events, told.paid_out()])), restarts=restarts))


async def _check_balances(told: SharedCharge, in_batches: Sequence[Sequence[Json]], *, restarts: bool) -> None:
    async with opened() as world:
        for batch in in_batches:
            await world.deliver(*batch)
            if restarts:
                await world.restart()
        await world.idle()
        _assert_left(world, told)
        assert world.in_transit() == 0


def _assert_left(world: World, told: SharedCharge) -> None:
    left = {row["DocNumber"]: row["Balance"] for row in world.held("Invoice") if row["TotalAmt"]}
    shares = enumerate(told.invoices)
    assert left == {f"SH-1-{place}": (total - share) * CENT for place, (total, share) in shares}


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(told=shared_charges(1, 1), drawn=st.data())
def test_a_charge_whose_shares_nobody_tells_is_booked_once_and_said(told: SharedCharge, drawn: st.DataObject) -> None:
    """What came in is the charge, whatever the bodies say beside it; who told the last of it hears what is missing.

    The invoice of which it is not told has what is left, which is less than it asks for.
    """
    untold = drawn.draw(st.integers(0, len(told.invoices) - 1))
    total, share = told.invoices[untold]
    told = told.with_invoice(untold, (total + drawn.draw(st.integers(1, 90_00)), share))
    asyncio.run(_check_said(told, drawn.draw(arrivals(_without_shares(told, {untold}))), UNTOLD, balances=True))


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(told=shared_charges(1, 1), drawn=st.data(), restarts=st.booleans())
def test_shares_that_nobody_tells_are_sure_where_they_must_be_all_that_their_invoices_ask_for(
    told: SharedCharge, drawn: st.DataObject, *, restarts: bool
) -> None:
    """No invoice takes more than it asks for, so sums that come out do so in one way; nothing is refused or said."""
    places = range(len(told.invoices))
    untold = drawn.draw(st.sets(st.sampled_from(places), min_size=1))
    for place in untold:
        told = told.with_invoice(place, (told.invoices[place][0],) * 2)
    events = [*_without_shares(told, untold), told.paid_out()]
    asyncio.run(_check_balances(told, drawn.draw(arrivals(events)), restarts=restarts))


@pytest.mark.parametrize("order", ["c A iB B iA", "c A B iB iA", "iA B iB c A", "c iB B A iA", "iA iB c B A"])
@pytest.mark.parametrize("untold", [{0}, {0, 1}])
async def test_a_link_without_a_share_is_no_conflict_where_the_sums_come_out(order: str, untold: set[int]) -> None:
    """Also the link that comes last, and the one that came first."""
    told = SharedCharge(1, 1, ((60_00, 60_00), (40_00, 40_00)))
    names = ["c", *(name for place in (0, 1) for name in ("AB"[place], "i" + "AB"[place]))]
    events = dict(zip(names, _without_shares(told, untold), strict=True))
    async with opened() as world:
        for name in order.split():
            await world.deliver(events[name])
        assert {each[-1].status for each in world.results.values()} <= SURE
        assert [warning for each in world.results[4] for warning in each.warnings if UNTOLD in warning.message] == []
        assert [balance for _, _, balance, _ in world.invoices() if balance] == []


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(told=shared_charges(1, 1), drawn=st.data())
def test_an_invoice_of_a_charge_that_nobody_tells_is_named(told: SharedCharge, drawn: st.DataObject) -> None:
    """Its share lies with the others until it is told: these may look paid. Once it is told, nothing is said."""
    untold = drawn.draw(st.integers(0, len(told.invoices) - 1))
    events = [told.charged()]
    for place in range(len(told.invoices)):
        events.append(stripe_event("invoice_payment.paid", told.payment(place)))
        events += [told.body(place)] if place != untold else []
    asyncio.run(_check_named(told, untold, drawn.draw(arrivals(events))))


async def _check_named(told: SharedCharge, untold: int, in_batches: Sequence[Sequence[Json]]) -> None:
    async with opened() as world:
        await _tell(world, in_batches)
        said = [warning for each in world.results.values() for result in each for warning in result.warnings]
        named = [each.message for each in said if each.code == UNTOLD_INVOICE]
        assert any(told.invoice_id(untold) in message for message in named)
        assert nets(world)["money"] == told.worth * CENT
        (last,) = await world.deliver(told.body(untold))
        assert [each.code for each in last.warnings if each.code == UNTOLD_INVOICE] == []
        _assert_left(world, told)


def _without_shares(told: SharedCharge, untold: set[int]) -> list[Json]:
    """The charge, then each invoice with its link, which says no share where it is `untold`."""
    events = [told.charged()]
    for place in range(len(told.invoices)):
        unsaid = {"amount_paid": None} if place in untold else {}
        events += [told.body(place), stripe_event("invoice_payment.paid", told.payment(place, **unsaid))]
    return events


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.data())
def test_a_charge_of_an_order_and_of_an_invoice_is_the_shop_s_money(drawn: st.DataObject) -> None:
    """The order has it; the body of the invoice tells the same money, which does not come in twice."""
    total = drawn.draw(st.integers(2_00, 90_00))
    told = SharedCharge(1, 1, ((total, total),), drawn.draw(st.booleans()))
    shop = ToldOrder(1, 1)
    shop.body([shop.article(1, told.worth * CENT)], "paid", told.worth * CENT, Decimal(0))
    shop.moved(told.worth * CENT, gateway="stripe")
    charged = told.charged(metadata={"shopify_order_id": str(shop.ident)})
    events = [*shop.events, charged, told.body(0), stripe_event("invoice_payment.paid", told.payment(0))]
    asyncio.run(_check_said(told, drawn.draw(arrivals(events)), BY_BOTH, also_sold=told.worth))


async def _check_said(
    told: SharedCharge, in_batches: Sequence[Sequence[Json]], why: str, also_sold: int = 0, *, balances: bool = False
) -> None:
    async with opened() as world:
        await _tell(world, in_batches)
        said = [result for each in world.results.values() for result in each]
        refused = [each.reason.message for each in said if each.reason and each.reason.code == "conflict"]
        warned = [warning.message for each in said for warning in each.warnings]
        assert [each for each in (*refused, *warned) if why in each]
        sold = sum(total for total, _ in told.invoices) + also_sold
        expected = {"income": sold * CENT, "money": told.worth * CENT, "receivable": (sold - told.worth) * CENT}
        assert nets(world) == {name: each for name, each in expected.items() if each}
        if balances:
            _assert_left(world, told)
