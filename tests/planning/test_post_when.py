"""Orders that the rules book once they are paid, or fulfilled: nothing before, all of it then, whatever comes first."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from tests.support.orders import (
    Json,
    handed_back,
    line,
    order,
    parcel,
    refund,
    refund_line,
    shopify_event,
    transaction,
)
from tests.support.rules import rules
from tests.support.world import World, opened

PAID_ONLY = rules('[orders]\npost_when = "paid"')
FULFILLED_ONLY = rules('[orders]\npost_when = "fulfilled"')
SOLD = line("42.90", id=71)
BOOKED = ("Customer", "Item", "Invoice", "SalesReceipt", "Payment", "RefundReceipt", "CreditMemo", "JournalEntry")


def body(minute: int, status: str, owing: str, topic: str = "orders/updated", **changes: Any) -> Json:
    """The order as it was at a minute."""
    told = {
        "financial_status": status,
        "total_outstanding": owing,
        "updated_at": f"2026-03-02T21:{minute:02d}:00-08:00",
    }
    return shopify_event(topic, order([SOLD], **{**told, **changes}))


AUTHORISED = body(5, "authorized", "42.90", "orders/create")
VOIDED = body(9, "voided", "42.90")
CANCELLED = body(9, "voided", "42.90", "orders/cancelled", cancelled_at="2026-03-02T21:09:00-08:00")
PAID = body(10, "paid", "0.00", "orders/paid")
IN_PART = body(7, "partially_paid", "22.90")
CAPTURE = shopify_event("order_transactions/create", transaction(kind="capture"))
DEPOSIT = shopify_event("order_transactions/create", transaction(id=1, admin_graphql_api_id=None, amount="20.00"))
REST = shopify_event("order_transactions/create", transaction(id=2, admin_graphql_api_id=None, amount="22.90"))
BACK = refund([], handed_back("20.00"))


def sums(world: World) -> dict[str, Decimal]:
    """What the books hold, by type, of what came to something."""
    found = {entity: [row.get("TotalAmt", Decimal(0)) for row in world.held(entity)] for entity in BOOKED[2:]}
    return {entity: sum(amounts, Decimal(0)) for entity, amounts in found.items() if amounts}


def codes(world: World) -> set[str | None]:
    return {results[-1].reason.code if results[-1].reason else None for results in world.results.values()}


@pytest.mark.parametrize("end", [None, VOIDED, CANCELLED], ids=["left", "voided", "cancelled"])
async def test_an_authorisation_books_nothing(end: Json | None) -> None:
    """No customer and no item either; also when it ends."""
    for told in permutations([AUTHORISED, end] if end else [AUTHORISED]):
        async with opened(PAID_ONLY) as world:
            for each in told:
                await world.deliver(each)
            await world.idle()
            assert [world.held(entity) for entity in BOOKED] == [[]] * len(BOOKED)
            assert codes(world) <= {"skipped_by_rule"} or "superseded" in world.statuses()


@pytest.mark.parametrize("restarts", [False, True], ids=["one process", "several"])
async def test_a_paid_order_is_booked_in_every_order_of_its_events(*, restarts: bool) -> None:
    """The sale and its money once. Guards: `is_held`, `held_content` in `plan_document`."""
    for told in permutations((AUTHORISED, CAPTURE, PAID)):
        async with opened(PAID_ONLY) as world:
            for each in told:
                await world.deliver(each)
                if restarts:
                    await world.restart()
            await world.idle()
            assert sums(world) == {"Invoice": Decimal("42.90"), "Payment": Decimal("42.90")}, told
            assert "waiting" not in world.statuses()
            assert world.held("Invoice")[0]["Balance"] == 0


async def test_a_deposit_is_not_booked_before_the_order_is_paid_in_full() -> None:
    """Then its body tells all that was received."""
    for told in permutations((IN_PART, DEPOSIT)):
        async with opened(PAID_ONLY) as world:
            for each in told:
                await world.deliver(each)
            await world.idle()
            assert (world.statuses(), sums(world)) == (["ignored", "ignored"], {})
            for each in (REST, PAID):
                await world.deliver(each)
            await world.idle()
            assert sums(world) == {"Invoice": Decimal("42.90"), "Payment": Decimal("42.90")}
            assert "waiting" not in world.statuses()


async def test_a_deposit_that_was_handed_back_leaves_nothing() -> None:
    """Neither was in the books; the order is still not paid."""
    returned = body(12, "partially_refunded", "42.90", refunds=[BACK])
    for told in permutations((IN_PART, DEPOSIT, shopify_event("refunds/create", BACK), returned)):
        async with opened(PAID_ONLY) as world:
            for each in told:
                await world.deliver(each)
            await world.idle()
            assert sums(world) == {}, told
            assert "waiting" not in world.statuses()


async def test_an_order_that_was_paid_and_refunded_is_booked_with_its_refund() -> None:
    """It was a sale."""
    back = refund([refund_line(SOLD, 1, "42.90")], handed_back("42.90"))
    refunded = body(20, "refunded", "0.00", refunds=[back], current_total_price="0.00")
    for told in permutations((AUTHORISED, CAPTURE, shopify_event("refunds/create", back), refunded)):
        async with opened(PAID_ONLY) as world:
            for each in told:
                await world.deliver(each)
            await world.idle()
            wanted = {each: Decimal("42.90") for each in ("Invoice", "Payment", "RefundReceipt")}
            assert sums(world) == wanted, told


async def test_what_is_in_the_books_goes_on_when_the_rule_is_set() -> None:
    """The order was booked when it was placed; a replay writes nothing and its money is booked."""
    async with opened() as world:
        await world.deliver(AUTHORISED)
        books = json.dumps(world.held("Invoice"), default=str)
        world.rules = PAID_ONLY
        await world.restart()
        (again,) = await world.deliver(AUTHORISED)
        assert (again.status.value, json.dumps(world.held("Invoice"), default=str)) == ("already_posted", books)
        await world.deliver(CAPTURE, PAID)
        assert sums(world) == {"Invoice": Decimal("42.90"), "Payment": Decimal("42.90")}


async def test_a_later_edit_that_leaves_something_open_is_booked() -> None:
    """It was paid once, so it is a sale."""
    more = order([SOLD, line("10.00", id=72, sku="MORE")], financial_status="partially_paid", total_outstanding="10.00")
    grown = shopify_event("orders/updated", {**more, "updated_at": "2026-03-02T21:30:00-08:00"})
    for told in ([PAID, grown], [(PAID, grown)], [(grown, PAID)]):
        async with opened(PAID_ONLY) as world:
            for each in told:
                await world.deliver(*(each if isinstance(each, tuple) else (each,)))
            assert sums(world) == {"Invoice": Decimal("52.90"), "Payment": Decimal("42.90")}


async def test_an_order_is_booked_once_it_is_fulfilled() -> None:
    """Its money is not booked before, and its parcel reaches the invoice whichever comes first."""
    told = [
        body(5, "paid", "0.00", "orders/create", fulfillment_status=None),
        CAPTURE,
        body(8, "paid", "0.00", "orders/partially_fulfilled", fulfillment_status="partial"),
    ]
    sent = body(30, "paid", "0.00", "orders/fulfilled", fulfillment_status="fulfilled")
    for last in permutations((parcel(), sent)):
        async with opened(FULFILLED_ONLY) as world:
            for each in told:
                await world.deliver(each)
            assert (world.statuses(), sums(world)) == (["ignored"] * 3, {})
            for each in last:
                await world.deliver(each)
            await world.idle()
            assert sums(world) == {"Invoice": Decimal("42.90"), "Payment": Decimal("42.90")}
            assert world.held("Invoice")[0]["TrackingNum"] == "1Z001, 1Z002"


@pytest.mark.parametrize(
    ("when", "missing"), [("paid", ("financial_status", "total_outstanding")), ("fulfilled", ("fulfillment_status",))]
)
async def test_a_trimmed_body_that_does_not_say_it_is_refused(when: str, missing: tuple[str, ...]) -> None:
    """A sale that is left out in silence is never found again."""
    trimmed = {name: value for name, value in order([SOLD]).items() if name not in missing}
    async with opened(rules(f'[orders]\npost_when = "{when}"')) as world:
        (result,) = await world.deliver(shopify_event("orders/create", trimmed))
        assert result.reason is not None
        assert (result.status.value, result.reason.code) == ("dead_lettered", "undecodable")
