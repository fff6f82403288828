"""Two charges crosswise over two invoices, told in any order: both invoices are paid, and all money comes in once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.rules import MappingRules, load_rules
from tests.ledger.crosswise import BODIES, CHARGES, PAYOUT, SHARES, CrosswiseCharges, crosswise_charges
from tests.ledger.nets import nets
from tests.ledger.told_orders import CENT
from tests.support.arrivals import arrivals
from tests.support.sizes import examples
from tests.support.world import RULES, opened

SURE = {"posted", "already_posted", "superseded", "ignored"}
PAID = (*CHARGES, *BODIES, *SHARES)
UNDEPOSITED = load_rules('[gateways.stripe]\ndeposit = { sub_type = "UndepositedFunds" }')


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(charges=crosswise_charges(), told=arrivals(PAID), restarts=st.booleans())
def test_both_invoices_are_paid_whatever_is_told_first(
    charges: CrosswiseCharges, told: list[list[str]], *, restarts: bool
) -> None:
    """No cent of a charge stays beside an invoice on which there is room, also when each batch is another process'."""
    asyncio.run(_check(charges, told, restarts=restarts))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(charges=crosswise_charges(), told=arrivals(PAID), killed_in=st.integers(0, 20), requests=st.integers(0, 5))
def test_an_owner_that_is_killed_between_two_writes_leaves_nothing_out(
    charges: CrosswiseCharges, told: list[list[str]], killed_in: int, requests: int
) -> None:
    """The share of one invoice is written, that of another is not. Guard: `_charged_of`, by `m` of the marker."""
    asyncio.run(_check(charges, told, killed_in=killed_in % len(told), requests=requests))


@pytest.mark.parametrize("requests", range(4))
async def test_a_kill_between_a_share_and_the_rest_leaves_the_charge_as_large_as_it_was(requests: int) -> None:
    """Both links come in one micro-batch, and the first share to be written makes the payments more than the charge."""
    charges, told = CrosswiseCharges((60_00, 40_00), (10_00, 20_00)), _batches("A,B c1 11,12 c2 21,22")
    for killed_in in range(len(told)):
        await _check(charges, told, killed_in=killed_in, requests=requests)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck))
@given(charges=crosswise_charges(), told=arrivals((*PAID, PAYOUT)), restarts=st.booleans())
def test_a_payout_of_both_empties_the_clearing_account_whenever_it_is_told(
    charges: CrosswiseCharges, told: list[list[str]], *, restarts: bool
) -> None:
    """Also in the micro-batch of the charges that take over what the bodies told before."""
    asyncio.run(_check(charges, told, restarts=restarts))


@settings(max_examples=examples(25), deadline=None, suppress_health_check=list(HealthCheck))
@given(charges=crosswise_charges(), told=arrivals(PAID), restarts=st.booleans(), apart=st.booleans())
def test_a_payout_that_comes_last_deposits_both_charges_out_of_undeposited_funds(
    charges: CrosswiseCharges, told: list[list[str]], *, restarts: bool, apart: bool
) -> None:
    """A deposit names the payments that the charges are; none of them changes any more once it lies there."""
    in_batches = [*told, [PAYOUT]] if apart else [*told[:-1], [*told[-1], PAYOUT]]
    asyncio.run(_check(charges, in_batches, restarts=restarts, rules=UNDEPOSITED))


@pytest.mark.parametrize(
    ("first", "second", "by_intent", "told"),
    [
        ((1743, 50), (1, 32), True, "B,21 12,21 A c2 c1 22,11"),
        ((1, 147), (1, 4790), False, "c2,c1 11 B 22 A,B 21,12"),
        ((78, 3460), (813, 1), False, "21,c2,A 11,22,12,c1,12,B"),
        ((1, 1), (3068, 83), True, "22,c2,11,c1 B A 11 11 21,12"),
        ((4449, 1), (1, 2687), True, "c2 11 21,c2,12,21,B A c1,22,B"),
        ((43, 1776), (78, 4596), True, "A,c1 B,A,c1 c2 21 12 22,11,A"),
        ((48, 48), (2115, 92), False, "11,c1,B 22,21 A,A c1,12,21,c2"),
        ((16, 890), (4620, 4815), True, "21 A c2 B 22 A c1 12 P 11"),
        ((4657, 4237), (1280, 1), True, "11 A P P B,B,12 c2,21 22,c1,21"),
        ((3000, 2000), (1000, 4000), True, "22,c1,B 21,c2,A,A,c1 11,12,22,P"),
        ((3000, 2000), (1000, 4000), True, "12,c1,B 11,c2,A,A,c1 21,12,22,P"),
        ((30, 20), (10, 40), True, "B c2 12 22 11 21 c1 A"),
        ((1, 1604), (1, 56), False, "A 11 B P c1 21 21 12 A 22 11 c2"),
        ((2316, 4359), (54, 1), True, "11 B c2,21,12 A c1,22,P"),
        ((55, 78), (44, 1), True, "11 22,12,B,P c1,12 21 A 22 B c2"),
    ],
)
async def test_an_order_of_arrival_that_left_money_beside_an_invoice(
    first: tuple[int, int], second: tuple[int, int], told: str, *, by_intent: bool
) -> None:
    """Room is made before it is taken, money of a body that comes again is another request, and a payout waits."""
    await _check(CrosswiseCharges(first, second, by_intent), _batches(told))


@pytest.mark.parametrize(
    ("first", "second", "by_intent", "told"),
    [
        ((2319, 1), (6, 82), False, "11,21,B 22,A c1 c2,12"),
        ((1, 56), (4309, 29), True, "c1,B,21,A c1 c2 12 c2 11,P,22"),
        ((1, 75), (1, 4759), True, "12 A 12,P,B 22 12 c1 c2,21,22,11"),
    ],
)
async def test_an_order_of_arrival_that_did_so_over_several_processes(
    first: tuple[int, int], second: tuple[int, int], told: str, *, by_intent: bool
) -> None:
    """What the process before knew of shares and intents is in the journal and the markers."""
    await _check(CrosswiseCharges(first, second, by_intent), _batches(told), restarts=True)


def _batches(told: str) -> list[list[str]]:
    """Micro-batches apart by blanks, the events of one by commas."""
    return [each.split(",") for each in told.split()]


async def _check(
    charges: CrosswiseCharges,
    told: Sequence[Sequence[str]],
    *,
    restarts: bool = False,
    rules: MappingRules = RULES,
    killed_in: int | None = None,
    requests: int = 0,
) -> None:
    async with opened(rules) as world:
        events = charges.events()
        for number, batch in enumerate(told):
            bodies = [events[name] for name in batch]
            await world.deliver_twice(*bodies, requests=requests if number == killed_in else None)
            if restarts:
                await world.restart()
        await world.idle()
        assert {each[-1].status for each in world.results.values()} <= SURE
        assert nets(world) == {"income": charges.worth * CENT, "money": charges.worth * CENT}
        assert [balance for _, _, balance, _ in world.invoices() if balance] == []
        assert [row["UnappliedAmt"] for row in world.held("Payment") if row.get("UnappliedAmt")] == []
        assert world.in_transit() == 0 or not any(PAYOUT in batch for batch in told)
