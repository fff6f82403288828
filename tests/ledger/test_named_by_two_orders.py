"""Whatever carries money in the books, a transaction or a refund that two orders name is the money of one of them."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from mappings.rules import MappingRules, OrderRules
from tests.support.arrivals import arrivals
from tests.support.drawn import note_drawn
from tests.support.orders import (
    ORDER_ID,
    Json,
    handed_back,
    line,
    ordered,
    refund,
    refund_line,
    shopify_event,
    transaction,
)
from tests.support.sizes import examples
from tests.support.world import World, opened, without_own_credits

SHOPS = ("acme.myshopify.com", "acme-eu.myshopify.com")
RULES = {
    document: MappingRules(shop_domains=SHOPS, orders=OrderRules(document=document))
    for document in ("invoice", "sales_receipt")
}
ASKED = Decimal("42.90")
PIECE = Decimal("21.45")
CHANGE = Decimal(2)
LOST = Decimal(9)
DISPUTE = {
    "type": "chargeback",
    "amount": str(LOST),
    "currency": "USD",
    "reason": "fraudulent",
    "status": "needs_response",
    "initiated_at": "2026-03-12T09:00:00-05:00",
    "finalized_on": None,
}
FIRST_ID = 9_455_001_000_000
PAID = {"card": "shopify_payments", "cash": "cash", "gift card": "gift_card"}
BACK = ("refund", "credit")
KINDS = (*PAID, "change", *BACK, "dispute")
LIKE = {**dict.fromkeys((*PAID, "change"), (*PAID, "change")), **dict.fromkeys(BACK, BACK), "dispute": ("dispute",)}
"""As what an id may be told that is told as this already."""


@dataclass(frozen=True)
class TwiceFact:
    """What is told of an order: `ident` is the transaction's or the refund's, `moved_by` the refund's transaction."""

    number: int
    kind: str
    ident: int
    amount: Decimal
    moved_by: int = 0

    @property
    def names(self) -> set[tuple[str, int]]:
        """The ids that are of one order only."""
        if self.kind == "dispute":
            return {("dispute", self.ident)}
        if self.kind not in BACK:
            return {("transaction", self.ident)}
        moved = {("moved by", self.moved_by)} if self.kind == "refund" else set()
        return {("refund", self.ident), *moved}


@dataclass(repr=False)
class TwiceStory:
    """Orders, by their number whether they were paid at once; all that is told of them, in micro-batches."""

    document: str
    at_once: list[bool]
    facts: list[TwiceFact] = field(default_factory=list)
    batches: list[list[Any]] = field(default_factory=list)
    kills: list[int | None] = field(default_factory=list)
    """Behind each micro-batch: after how many of its requests its owner is killed; None for none."""


def event_of(story: TwiceStory, told: Any) -> Json:
    """The event of a fact, or of an order by its number."""
    if isinstance(told, int):
        paid = {"financial_status": "paid"} if story.at_once[told] else {}
        event = shopify_event("orders/create", {**ordered(told), **paid})
        number = told
    else:
        number = told.number
        event = _event_of_fact(told)
    return {**event, "headers": {**event["headers"], "X-Shopify-Shop-Domain": SHOPS[number % 2]}}  # type: ignore[dict-item]


def _event_of_fact(fact: TwiceFact) -> Json:
    order_id, named = ORDER_ID + fact.number, {"id": fact.ident, "admin_graphql_api_id": None}
    if fact.kind in PAID or fact.kind == "change":
        change = {"kind": "change", "gateway": "cash", "parent_id": cash_of(fact.number)}
        how: Json = change if fact.kind == "change" else {"gateway": PAID[fact.kind]}
        body = transaction(order_id=order_id, amount=str(fact.amount), **named, **how)
        return shopify_event("order_transactions/create", body)
    if fact.kind == "dispute":
        return shopify_event("disputes/create", {**DISPUTE, "id": fact.ident, "order_id": order_id})
    rows = [refund_line(line("21.45", 2), 1, "21.45")]
    money = [handed_back("21.45", id=fact.moved_by, order_id=order_id)] if fact.kind == "refund" else []
    return shopify_event("refunds/create", refund(rows, *money, order_id=order_id, **named))


def cash_of(number: int) -> int:
    """The cash that change was given back of."""
    return FIRST_ID + 900 + number


@st.composite
def told(draw: st.DrawFn, *, repeats: bool) -> TwiceStory:
    """Orders with money of every kind; with `repeats` one id is told of another order, too, as whatever fits."""
    document = draw(st.sampled_from(sorted(RULES)))
    at_once = [draw(st.booleans()) if document == "sales_receipt" else False for _ in range(draw(st.integers(2, 3)))]
    story = TwiceStory(document, at_once)
    for number in range(len(at_once)):
        for position, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), max_size=3, unique_by=_family))):
            story.facts.append(_fact(number, kind, FIRST_ID + 10 * number + position))
    if repeats:
        again = draw(st.sampled_from([*story.facts] or [_fact(0, "card", FIRST_ID)]))
        if again not in story.facts:
            story.facts.append(again)
        other = draw(st.sampled_from([each for each in range(len(at_once)) if each != again.number]))
        story.facts.append(_again(draw, again, other))
        kinds = f"{again.kind} and {story.facts[-1].kind}"
        where = [("receipt" if at_once[each] else "invoice") for each in (again.number, other)]
        note_drawn(f"named by two orders: {kinds}", f"named by two orders: {' and '.join(where)}")
    story.facts += [
        TwiceFact(number, "cash", cash_of(number), Decimal(5))
        for number in {each.number for each in story.facts if each.kind == "change"}
    ]
    story.batches = draw(arrivals([*range(len(at_once)), *story.facts]))
    story.kills = [draw(st.sampled_from([None, None, 0, 1, 2, 3, 5])) for _ in story.batches]
    note(f"{document}, at once: {at_once}, {story.facts}, {story.batches}, kills {story.kills}")
    return story


def _family(kind: str) -> str:
    """Of what would be two thirds of an order twice, one is told."""
    return "back" if kind in BACK else kind


def _fact(number: int, kind: str, ident: int) -> TwiceFact:
    amounts = {"change": CHANGE, "refund": PIECE, "credit": PIECE, "dispute": LOST}
    return TwiceFact(number, kind, ident, amounts.get(kind, Decimal(5)), ident + 500)


def _again(draw: st.DrawFn, first: TwiceFact, number: int) -> TwiceFact:
    kind = draw(st.sampled_from(LIKE[first.kind]))
    found = _fact(number, kind, first.ident)
    if first.kind == kind == "refund" and draw(st.booleans()):
        # another refund whose money moved by the same transaction
        return TwiceFact(number, kind, first.ident + 50, PIECE, first.moved_by)
    return found


@settings(max_examples=examples(120), deadline=None, suppress_health_check=list(HealthCheck))
@given(story=told(repeats=True))
def test_money_that_two_orders_name_is_booked_once_and_the_other_is_said(story: TwiceStory) -> None:
    """In any order and any micro-batches, with kills: one order has it, and each event of the other is a conflict."""
    asyncio.run(_check(story))


@settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
@given(story=told(repeats=False))
def test_money_that_one_order_names_is_never_a_conflict(story: TwiceStory) -> None:
    """Told twice, late, early, after a kill, in a company of two shops: nothing is a dead letter."""
    asyncio.run(_check(story))


SHORTEST = [
    *(("invoice", (False, False), first, second) for first in LIKE for second in LIKE[first]),
    ("sales_receipt", (True, False), "card", "card"),
    ("sales_receipt", (False, True), "card", "card"),
    ("sales_receipt", (True, True), "card", "cash"),
    ("sales_receipt", (True, False), "card", "gift card"),
    ("sales_receipt", (True, True), "change", "change"),
    ("sales_receipt", (True, False), "refund", "refund"),
]


@pytest.mark.parametrize("apart", [True, False], ids=["after a restart", "in one micro-batch"])
@pytest.mark.parametrize(("document", "at_once", "first", "second"), SHORTEST)
async def test_each_kind_of_money_is_booked_once(
    document: str, at_once: tuple[bool, bool], first: str, second: str, *, apart: bool
) -> None:
    """The shortest stories: both orders are there, then each of them names the money as this."""
    facts = [_fact(0, first, FIRST_ID), _fact(1, second, FIRST_ID)]
    cash = [TwiceFact(each.number, "cash", cash_of(each.number), Decimal(5)) for each in facts if each.kind == "change"]
    told_of_both = [[facts[0]], [facts[1]]] if apart else [facts]
    batches: list[list[Any]] = [[0, 1], *([cash] if cash else []), *told_of_both]
    kills = [0 if apart else None for _ in batches]
    await _check(TwiceStory(document, list(at_once), [*facts, *cash], batches, kills))


async def _check(story: TwiceStory) -> None:
    async with opened(RULES[story.document]) as world:
        await without_own_credits(world)
        offsets = await _deliver(world, story)
        booked = _booked(world, story, offsets)
        assert _shown(world, story) == _expected(story, booked)


async def _deliver(world: World, story: TwiceStory) -> dict[Any, list[int]]:
    """The offsets at which each thing was told."""
    offsets: dict[Any, list[int]] = defaultdict(list)
    for batch, kill in zip(story.batches, story.kills, strict=True):
        for position, told_now in enumerate(batch):
            offsets[told_now].append(world.offset + position)
        events = [event_of(story, each) for each in batch]
        if kill is None:
            await world.deliver(*events)
        else:
            await world.deliver_twice(*events, requests=kill)
    return offsets


def _booked(world: World, story: TwiceStory, offsets: dict[Any, list[int]]) -> list[TwiceFact]:
    """The facts that were booked: all but those that another order had already, whose events name that order."""
    said = {each: [world.results[offset][-1] for offset in places] for each, places in offsets.items()}
    refused = [each for each, results in said.items() if any(one.status == "dead_lettered" for one in results)]
    booked = [fact for fact in story.facts if fact not in refused]
    for each in refused:
        rivals = [fact for fact in booked if fact.names & each.names and fact.number != each.number]
        assert len(rivals) == 1, (each, rivals)
        for result in said[each]:
            assert result.reason is not None
            assert (result.status, result.reason.code) == ("dead_lettered", "conflict")
            assert str(ORDER_ID + rivals[0].number) in result.reason.message
    names = [name for fact in booked for name in fact.names]
    assert len(names) == len(set(names))
    assert all(one.status in ("posted", "already_posted") for fact in booked for one in said[fact])
    return booked


Shown = dict[str, list[tuple[str, Decimal]]]


def _shown(world: World, story: TwiceStory) -> Shown:
    """What is still owed of each order, and what was handed back of which."""
    numbers = {str(ORDER_ID + number): f"{3000 + number}" for number in range(len(story.at_once))}
    assert sorted(key.id for entity in ("Invoice", "SalesReceipt") for key in world.ours(entity)) == sorted(numbers)
    return {
        "owed": sorted((row["DocNumber"], row["Balance"]) for row in world.held("Invoice")),
        "in receipts": sorted((row["DocNumber"], row["TotalAmt"]) for row in world.held("SalesReceipt")),
        "paid": sorted((row["PaymentRefNum"], row["TotalAmt"]) for row in world.held("Payment") if row["TotalAmt"]),
        "back": sorted((row["DocNumber"][:4], row["TotalAmt"]) for row in world.held("RefundReceipt")),
        "credits": sorted((row["DocNumber"][:4], row["TotalAmt"]) for row in world.held("CreditMemo")),
        "disputed": sorted((str(key.id), row["TotalAmt"]) for key, row in world.ours("JournalEntry").items()),
    }


def _expected(story: TwiceStory, booked: list[TwiceFact]) -> Shown:
    """The same from the story and from which order had what first."""
    owed, inside, paid = [], [], []
    for number, at_once in enumerate(story.at_once):
        mine = [fact for fact in booked if fact.number == number]
        cards = sum((fact.amount for fact in mine if fact.kind == "gift card"), Decimal(0))
        money = {fact.ident: fact.amount for fact in mine if fact.kind in ("card", "cash")}
        for fact in mine:
            if fact.kind == "change":
                money[cash_of(number)] -= fact.amount
        credit = sum((fact.amount for fact in mine if fact.kind == "credit"), Decimal(0))
        name = f"{3000 + number}"
        if at_once:
            inside.append((name, ASKED - cards))
        else:
            # because two returns and money besides may be more than was asked for: the rest stays the customer's
            owed.append((name, max(ASKED - cards - credit - sum(money.values()), Decimal(0))))
            paid += [(str(ident), amount) for ident, amount in money.items()]
    backs = {kind: sorted((f"{3000 + f.number}", f.amount) for f in booked if f.kind == kind) for kind in BACK}
    return {
        "owed": sorted(owed),
        "in receipts": sorted(inside),
        "paid": sorted(paid),
        "back": backs["refund"],
        "credits": backs["credit"],
        "disputed": sorted((str(fact.ident), fact.amount) for fact in booked if fact.kind == "dispute"),
    }
