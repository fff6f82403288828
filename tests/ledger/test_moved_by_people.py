"""What a person did with money in the books stays as it is, whatever is told of its sale afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from bridge.reconciliation.documents import Verdict
from tests.ledger.moves_of_people import BEFORE, ELSEWHERE, MOVES, linked_to
from tests.support.drawn import note_drawn
from tests.support.orders import (
    ORDER,
    ORDER_ID,
    Json,
    handed_back,
    later,
    line,
    order,
    refund,
    refund_line,
    shopify_event,
    transaction,
)
from tests.support.sizes import examples
from tests.support.stripe_lives import CHARGED, SHAPES, SURE
from tests.support.verifying import verified
from tests.support.world import World, opened

PRICE, PIECES = Decimal(12), 3
ASKED = PRICE * PIECES


def body(seconds: int, pieces: int, owing: Decimal, **changes: Any) -> Json:
    """The order as it was some seconds after."""
    status = "paid" if not owing else "pending" if owing == PRICE * pieces else "partially_paid"
    made = order(
        [line(str(PRICE), pieces, sku="TOTE")],
        id=ORDER_ID,
        name="#3000",
        financial_status=status,
        total_outstanding=str(owing),
        **changes,
    )
    return shopify_event("orders/updated", later(made, seconds))


def paid(ident: int, amount: Decimal) -> Json:
    """A transaction of the order."""
    named: Json = {"id": ident, "admin_graphql_api_id": None, "amount": str(amount)}
    return shopify_event("order_transactions/create", transaction(**named))


DISPUTED = shopify_event(
    "disputes/create",
    {
        "id": 841,
        "order_id": ORDER_ID,
        "type": "chargeback",
        "amount": "9.00",
        "currency": "USD",
        "reason": "fraudulent",
        "status": "needs_response",
        "initiated_at": "2026-03-12T09:00:00-05:00",
        "finalized_on": None,
    },
)
"""The card holder's bank takes money of the order: a journal entry."""


@dataclass(repr=False)
class MovedStory:
    """An order of 36.00: what is told before a person moves its payment, and what is told after."""

    entity: str
    move: str
    before: list[Json] = field(default_factory=list)
    between: str = "nothing"
    after: list[list[Json]] = field(default_factory=list)


def back_without_money(number: int) -> Json:
    """One piece came back and nothing was paid back: a credit memo."""
    rows = [refund_line(line(str(PRICE), PIECES, sku="TOTE"), 1, str(PRICE))]
    return shopify_event("refunds/create", refund(rows, order_id=ORDER_ID, id=number, admin_graphql_api_id=None))


def back_with_money(number: int) -> Json:
    """One piece came back and was paid back: a refund receipt."""
    rows = [refund_line(line(str(PRICE), PIECES, sku="TOTE"), 1, str(PRICE))]
    money = handed_back(str(PRICE), id=number + 1, order_id=ORDER_ID, parent_id=9455001122334)
    return shopify_event("refunds/create", refund(rows, money, order_id=ORDER_ID, id=number, admin_graphql_api_id=None))


@st.composite
def told(draw: st.DrawFn) -> MovedStory:
    """Paid by a transaction or as its body says; moved; then told again, changed, paid by its transaction, refunded."""
    received = draw(st.sampled_from([ASKED, Decimal(20)]))
    by_body = draw(st.booleans())
    before = [body(10, PIECES, ASKED - received if by_body else ASKED)]
    before += [] if by_body else [paid(9455001122334, received)]
    entity = draw(st.sampled_from(["Payment", "Payment", "Payment", "CreditMemo", "RefundReceipt", "JournalEntry"]))
    if entity == "JournalEntry":
        before.append(DISPUTED)
    if entity == "CreditMemo":
        before.append(back_without_money(801))
    if entity == "RefundReceipt":
        before.append(back_with_money(811))
    move = draw(st.sampled_from(MOVES)) if entity == "Payment" else MOVES[0]
    news: dict[str, list[Json]] = {
        "replay": before,
        "again": [body(20, PIECES, ASKED - received, note="again")],
        "grown": [body(30, PIECES + 1, ASKED + PRICE - received)],
        "transaction": [paid(9455001122334, received)],
        "a part by transaction": [paid(9455001122335, Decimal(9))],
        "earlier": [body(5, PIECES, ASKED - received)],
        "goods back": [back_without_money(821)],
        "refund": [back_with_money(831)],
    }
    names = draw(st.lists(st.sampled_from(list(news)), min_size=1, max_size=5))
    note(f"{entity} {move} of {received}, by its body: {by_body}, {names}")
    between = draw(st.sampled_from(BEFORE))
    note_drawn(f"moved by people: {entity} {move}", *(f"moved by people: then {each}" for each in names))
    return MovedStory(entity, move, before, between, [news[each] for each in names])


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(story=told())
def test_what_a_person_moved_stays_where_it_is(story: MovedStory) -> None:
    """Another customer's, taken off its invoice, or on another one: no event of the sale takes it back."""
    asyncio.run(_check(story))


@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.data())
def test_what_a_person_moved_of_a_charge_stays_where_it_is(drawn: st.DataObject) -> None:
    """Stripe tells only now that the charge pays an invoice: its sale is undone, its payment stays a person's."""
    shape = drawn.draw(st.sampled_from(sorted(SHAPES)))
    move = drawn.draw(st.sampled_from([each for each in MOVES if "taken off" not in each]))
    charged, *later_events = SHAPES[shape]
    if shape == "linked by the intent":
        later_events, charged = [SHAPES[shape][0], *SHAPES[shape][2:]], CHARGED
    between = drawn.draw(st.sampled_from(BEFORE))
    after = drawn.draw(st.permutations([[each] for each in [*later_events, charged]]))
    note(f"{shape}, {move}, {between}")
    note_drawn(f"moved by people: charge {move}")
    asyncio.run(_check(MovedStory("Payment", move, [charged], between, after)))


@pytest.mark.parametrize("move", MOVES)
async def test_what_a_person_moved_is_said_by_the_next_record_and_by_verify(move: str) -> None:
    """Each record of the sale says what the person did with its payment, and `verify` names the payment."""
    given_away = move.startswith("given")
    told_before = [body(10, PIECES, Decimal(0)), paid(9455001122334, ASKED)]
    async with opened() as world:
        await world.tell(*told_before)
        await _moved(world, MovedStory("Payment", move))
        await world.look()
        found = await verified(world, world.rules, told_before)
        assert [(each.key.kind, each.verdict) for each in found if each.why] == [("transaction", Verdict.DRIFTED)]
        results = await world.tell(body(20, PIECES, Decimal(0), note="again"), *told_before)
        code = "with_another_customer" if given_away else "taken_off_its_invoice"
        assert [[each.code for each in result.warnings] for result in results].count([code]) >= 1


async def _check(story: MovedStory) -> None:
    async with opened() as world:
        await world.tell(*story.before)
        moved = await _moved(world, story)
        if story.between == "a look":
            await world.look()
        elif story.between == "a restart":
            await world.restart()
        for events in story.after:
            await world.tell(*events)
            if story.between == "a restart":
                await world.restart()
            _stays(world, story, moved)
        assert {result.reason.code for result in world.told if result.status not in SURE and result.reason} <= {
            "conflict"
        }


def _stays(world: World, story: MovedStory, moved: dict[str, Any]) -> None:
    """Whose it is and what is on other invoices is as a person left it; on its own is no more than that."""
    (now,) = [each for each in world.held(story.entity) if each["Id"] == moved["Id"]]
    if story.entity == "JournalEntry":
        assert now["Line"] == moved["Line"]
        return
    assert now["CustomerRef"]["value"] == moved["CustomerRef"]["value"]
    if story.entity == "Payment":
        own = {row["Id"]: key for key, row in world.ours("Invoice").items()}
        before, found = linked_to(moved), linked_to(now)
        if ORDER in own.values():
            assert _taken(found, own) <= _taken(before, own)
        _taken(before, own), _taken(found, own)
        assert found == before


def _taken(linked: dict[str, Decimal], invoices: Iterable[str]) -> Decimal:
    """What of a payment is on these invoices, taken out of `linked`."""
    return sum((linked.pop(ident, Decimal(0)) for ident in invoices), Decimal(0))


async def _moved(world: World, story: MovedStory) -> dict[str, Any]:
    """The row as a person leaves it."""
    ours = world.ours(story.entity)
    row = next(iter(ours.values()))
    other = str((await world.by_hand("customer", {"DisplayName": "Somebody Else"}))["Id"])
    changes: Json = {}
    if story.entity == "JournalEntry":
        whose = {"Type": "Customer", "EntityRef": {"value": other}}
        details = [{**line["JournalEntryLineDetail"], "Entity": whose} for line in row["Line"]]
        changes["Line"] = [
            {**line, "JournalEntryLineDetail": detail} for line, detail in zip(row["Line"], details, strict=True)
        ]
    elif story.move.startswith("given"):
        changes["CustomerRef"] = {"value": other}
    if story.entity == "Payment":
        customer = changes.get("CustomerRef", row["CustomerRef"])
        changes |= {
            "CustomerRef": customer,
            "TotalAmt": row["TotalAmt"],
            "Line": await _lines(world, story.move, row, customer),
        }
    await world.by_a_person("edit", story.entity, row["Id"], changes=changes)
    (found,) = [each for each in world.held(story.entity) if each["Id"] == row["Id"]]
    return dict(found)


async def _lines(world: World, move: str, row: dict[str, Any], customer: object) -> list[Json]:
    """What a person links the payment to."""
    whole, half = row["TotalAmt"], Decimal(8)
    lines: list[Json] = []
    own = next(iter(world.ours("Invoice").values()))
    if move in ("half taken off", "half used"):
        lines.append({"Amount": whole - half, "LinkedTxn": [{"TxnId": own["Id"], "TxnType": "Invoice"}]})
    if "used" in move:
        sold = {**own["Line"][0], "Amount": ELSEWHERE}
        sold["SalesItemLineDetail"] = {"ItemRef": sold["SalesItemLineDetail"]["ItemRef"]}
        made = await world.by_hand("invoice", {"CustomerRef": customer, "DocNumber": "77", "Line": [sold]})
        amount = half if move == "half used" else whole
        lines.append({"Amount": amount, "LinkedTxn": [{"TxnId": made["Id"], "TxnType": "Invoice"}]})
    return lines
