"""What a person did with the money of a charge stays, or is said, when the charge turns out to pay two invoices."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.ledger.field_shared_charges import SharedCharge
from tests.ledger.moves_of_people import BEFORE, ELSEWHERE, MOVES, linked_to
from tests.support.arrivals import micro_batches
from tests.support.drawn import note_drawn
from tests.support.orders import Json, stripe_event
from tests.support.sizes import examples
from tests.support.stripe_lives import SURE
from tests.support.world import World, opened

CHARGED = SharedCharge(1, 1, ((20_00, 20_00), (16_00, 16_00)))
WHOLE = Decimal(36)
HALF = Decimal(8)
EVENTS = {
    "A": CHARGED.body(0),
    "B": CHARGED.body(1),
    "c": CHARGED.charged(),
    "1": stripe_event("invoice_payment.paid", CHARGED.payment(0)),
    "2": stripe_event("invoice_payment.paid", CHARGED.payment(1)),
}
"""The invoices' bodies, the charge, and how much of it is of which invoice."""
SAID = {"with_another_customer", "taken_off_its_invoice", "shares_unknown"}


@dataclass(frozen=True)
class MovedShare:
    """What is told before a person moves a payment (the first that lives, or the last), and what after."""

    before: str
    after: list[list[str]]
    move: str
    is_last: bool = False
    between: str = "a look"


@st.composite
def moved_shares(draw: st.DrawFn) -> MovedShare:
    """All five in any order, in any micro-batches, some of them again; the person comes somewhere in between."""
    order = draw(st.permutations([*EVENTS, *draw(st.lists(st.sampled_from(sorted(EVENTS)), max_size=3))]))
    cut = draw(st.integers(1, len(order) - 1))
    story = MovedShare(
        before="".join(order[:cut]),
        after=draw(micro_batches(order[cut:])),
        move=draw(st.sampled_from(MOVES)),
        is_last=draw(st.booleans()),
        between=draw(st.sampled_from(BEFORE)),
    )
    note(str(story))
    note_drawn(f"moved shares: {story.move}")
    return story


@settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck))
@given(story=moved_shares())
def test_what_a_person_moved_stays_or_is_said_when_a_charge_becomes_shares(story: MovedShare) -> None:
    """Another customer's, off its invoice, on another one: no share puts it back in silence, no money comes twice."""
    asyncio.run(_check(story))


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("told", ["Ac1 B2", "AB1c 2", "Ac 1,B,2", "c A,1,B,2", "ABc 1,2", "Bc2 A,1", "AB1 c,2"])
async def test_a_second_link_leaves_what_a_person_did(told: str, move: str) -> None:
    """The shortest stories: the charge, its first invoice and that link, then the second, in one order each."""
    before, after = told.split()
    await _check(MovedShare(before, [[*batch] for batch in after.split(",")], move))


async def test_a_share_is_not_written_while_the_charge_keeps_its_money() -> None:
    """Nobody has seen yet that a person used it: QuickBooks refuses to make it smaller, and the share goes with it."""
    await _check(MovedShare("ABc", [["1", "2"], ["A"]], "given and used there", is_last=True, between=BEFORE[0]))


async def _check(story: MovedShare) -> None:
    async with opened() as world:
        await world.tell(*(EVENTS[name] for name in story.before))
        moved = await _move(world, story)
        if moved is None:
            return
        was, row = moved
        await _pass(world, story.between)
        told_before = len(world.told)
        for batch in story.after:
            await world.tell(*(EVENTS[name] for name in batch))
            if story.between == "a restart":
                await world.restart()
        told = world.told[told_before:]
        conflicts = [each for each in told if each.status not in SURE]
        assert {each.reason.code for each in conflicts if each.reason} <= {"conflict"}
        said = bool(conflicts) or any(each.code in SAID for result in told for each in result.warnings)
        _stays(world, was, row, told=said, seen=_seen(story))


def _stays(world: World, was: Json, row: dict[str, Any], *, told: bool, seen: Iterable[str]) -> None:
    (now,) = [each for each in world.held("Payment") if each["Id"] == row["Id"]]
    own = {each["Id"]: key.kind for key, each in world.ours("Invoice").items()}
    assert now["CustomerRef"]["value"] == row["CustomerRef"]["value"]
    elsewhere = [{ident: each for ident, each in linked_to(one).items() if ident not in own} for one in (row, now)]
    assert elsewhere[0] == elsewhere[1]
    money = sum((each["TotalAmt"] for each in world.held("Payment")), Decimal(0))
    assert money == WHOLE or told
    for ident, before in linked_to(was).items():
        taken = before - linked_to(row).get(ident, Decimal(0))
        if own.get(ident) == "invoice" and taken:
            assert _on_it(world, ident) <= _asked(world, ident) - taken or told
            assert told or _invoice(world, ident) not in seen


def _seen(story: MovedShare) -> set[str]:
    """The invoices of which a body comes after the bridge could know what the person did."""
    names = {name for batch in story.after for name in batch} if story.between != BEFORE[0] else set()
    return {CHARGED.invoice_id("AB".index(name)) for name in names & {"A", "B"}}


def _invoice(world: World, ident: str) -> str:
    return next(key.id for key, each in world.ours("Invoice").items() if each["Id"] == ident)


def _on_it(world: World, invoice: str) -> Decimal:
    return sum((linked_to(each).get(invoice, Decimal(0)) for each in world.held("Payment")), Decimal(0))


def _asked(world: World, invoice: str) -> Decimal:
    (found,) = [each for each in world.held("Invoice") if each["Id"] == invoice]
    return Decimal(found["TotalAmt"])


async def _pass(world: World, between: str) -> None:
    if between == "a look":
        await world.look()
    elif between == "a restart":
        await world.restart()


async def _move(world: World, story: MovedShare) -> tuple[Json, dict[str, Any]] | None:
    """The row of a payment before and after a person moved it; None where there is none that could be moved so."""
    live = [each for each in world.ours("Payment").values() if linked_to(each)]
    if not live:
        return None
    row = live[-1 if story.is_last else 0]
    changes: Json = {"TotalAmt": row["TotalAmt"]}
    changes["CustomerRef"] = customer = row["CustomerRef"]
    if story.move.startswith("given"):
        made = await world.by_hand("customer", {"DisplayName": "Somebody Else"})
        changes["CustomerRef"] = customer = {"value": made["Id"]}
    changes["Line"] = [*_kept(story.move, row), *await _used(world, story.move, row, customer)]
    await world.by_a_person("edit", "Payment", row["Id"], changes=changes)
    (now,) = [each for each in world.held("Payment") if each["Id"] == row["Id"]]
    return dict(row), dict(now)


def _kept(move: str, row: dict[str, Any]) -> Iterable[Json]:
    """What stays on its invoice: all but eight, or nothing."""
    for ident, amount in linked_to(row).items():
        if move in ("half taken off", "half used"):
            yield {"Amount": amount - HALF, "LinkedTxn": [{"TxnId": ident, "TxnType": "Invoice"}]}


async def _used(world: World, move: str, row: dict[str, Any], customer: object) -> Iterable[Json]:
    """What the person puts on an invoice of somebody's."""
    if "used" not in move:
        return []
    own = next(iter(world.ours("Invoice").values()))
    sold = {**own["Line"][0], "Amount": ELSEWHERE}
    sold["SalesItemLineDetail"] = {"ItemRef": sold["SalesItemLineDetail"]["ItemRef"]}
    made = await world.by_hand("invoice", {"CustomerRef": customer, "DocNumber": "77", "Line": [sold]})
    amount = HALF if move == "half used" else row["TotalAmt"]
    return [{"Amount": amount, "LinkedTxn": [{"TxnId": made["Id"], "TxnType": "Invoice"}]}]
