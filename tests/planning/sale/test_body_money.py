"""When bodies told what was received: an older one counts where the newer is silent; the lowest day is the money's."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from bridge.planning.steps import PlannedStep
from contracts.posting import Intent, PostingPlan
from contracts.quickbooks import PaymentDraft
from mappings.rules import MappingRules, OrderRules
from tests.support.orders import line, order, shopify_event
from tests.support.plans import (
    BODY_MONEY,
    LISTS,
    books,
    company,
    invoice_row,
    order_plan,
    payment_row,
    planned,
    steps,
)
from tests.support.world import World, opened


def _at(moment: str, event: dict[str, Any]) -> dict[str, Any]:
    """The event as triggered then."""
    return {**event, "headers": {**event["headers"], "X-Shopify-Triggered-At": moment}}


TOLD = _at(
    "2026-03-05T18:00:01Z", shopify_event("orders/paid", order([line("20.00")], updated_at="2026-03-05T10:00:00-08:00"))
)
SILENT = shopify_event(
    "orders/updated",
    order(
        [line("20.00")],
        financial_status="partially_paid",
        total_outstanding=None,
        tags="wholesale",
        updated_at="2026-03-09T10:00:00-08:00",
    ),
)
OWED = shopify_event(
    "orders/updated",
    order(
        [line("20.00")],
        financial_status="pending",
        total_outstanding="20.00",
        updated_at="2026-03-07T10:00:00-08:00",
    ),
)
SECOND = "2026-03-08T10:00:00-08:00"
RECEIPTS = MappingRules(shop_domains=("acme.myshopify.com",), orders=OrderRules(document="sales_receipt"))


def received_on(day: int, at: int, amount: str = "30.00") -> PostingPlan:
    """A body of version `at` that says on that day of March that `amount` was received."""
    found = order_plan(at, received=amount)
    dated = [
        replace(step, draft=replace(step.draft, txn_date=date(2026, 3, day)))
        if step.intent is Intent.RECEIVED and isinstance(step.draft, PaymentDraft)
        else step
        for step in found.steps
    ]
    return replace(found, steps=tuple(dated))


def paid_on(day: int, **changes: Any) -> tuple[str, dict[str, Any]]:
    return "Payment", payment_row(TxnDate=f"2026-03-{day:02}", **changes)


def by_body(plans: list[PostingPlan], *rows: Any, **company_facts: Any) -> list[PlannedStep]:
    """The writes of the body's payment, into books with the invoice at version 5."""
    row = invoice_row(marker_fields={"v": "5.1", "h": "aaaaaaaaaa"})
    found = steps(planned(plans, books(*LISTS, ("Invoice", row), *rows), company(**company_facts)))
    return [step for step in found.values() if step.id.key == BODY_MONEY]


def day_of(step: PlannedStep) -> date:
    assert isinstance(step.draft, PaymentDraft)
    return step.draft.txn_date


def test_money_of_several_bodies_has_the_lowest_day_that_told_it() -> None:
    """In one micro-batch; a body that told less did not tell it."""
    (step,) = by_body([received_on(20, 8), received_on(12, 7), received_on(3, 6, "10.00")])
    assert (day_of(step), step.draft and step.draft.amount) == (date(2026, 3, 12), Decimal("30.00"))  # type: ignore[union-attr]


def test_a_body_that_comes_late_moves_the_money_to_its_day() -> None:
    """Guard: it is superseded in content, and the day is a fact of the money."""
    (step,) = by_body([received_on(3, 4)], paid_on(20, SyncToken="2"))
    assert (day_of(step), step.operation.value, step.applied) == (date(2026, 3, 3), "sparse_update", Decimal("30.00"))
    assert step.marker_fields["v"] == "1.1"


@pytest.mark.parametrize(
    ("rows", "closed"),
    [
        ((paid_on(20, LinkedTxn=[{"TxnId": "9", "TxnType": "Deposit"}]),), None),
        ((paid_on(20),), date(2026, 3, 31)),
        ((paid_on(2),), None),
    ],
)
def test_a_day_that_cannot_be_moved_or_is_lower_stays(rows: Any, closed: date | None) -> None:
    """On a deposit, in closed books, or told earlier: no dead letter for it."""
    assert by_body([received_on(3, 4)], *rows, close_date=closed) == []


def test_money_that_grows_has_the_day_on_which_all_of_it_was_told() -> None:
    """10 on the 3rd, 30 on the 20th."""
    (step,) = by_body([received_on(20, 6)], paid_on(3, amount="10.00"))
    assert (day_of(step), step.total) == (date(2026, 3, 20), Decimal("30.00"))


async def _balances(*events: Any, restarts: bool = False) -> World:
    async with opened() as world:
        for event in events:
            await world.deliver(event)
            if restarts:
                await world.restart()
        await world.idle()
        return world


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("events", [(TOLD, SILENT), (SILENT, TOLD), (SILENT, TOLD, SILENT)])
async def test_a_newer_body_that_is_silent_does_not_silence_an_older_one(events: Any, *, restarts: bool) -> None:
    """Guard: what only the older one told is money, whichever comes first and whoever owns the company by then."""
    world = await _balances(*events, restarts=restarts)
    assert [amount for _, amount in world.payments()] == [Decimal("20.00")]
    assert {row["TxnDate"] for row in world.held("Payment")} == {"2026-03-05"}


@pytest.mark.parametrize("events", [(SILENT, OWED, TOLD), (OWED, SILENT, TOLD), (SILENT, TOLD, OWED)])
async def test_the_newest_body_that_tells_money_counts(events: Any) -> None:
    """Guard: beside a silent one, an older word on money does not beat a newer one."""
    world = await _balances(*events)
    assert world.payments() == []


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("order_of_arrival", [*permutations(range(3))])
async def test_of_two_bodies_of_one_second_the_greater_money_counts_though_it_is_booked_long_since(
    order_of_arrival: tuple[int, ...], *, restarts: bool
) -> None:
    """Nothing is written again for a newer body that says the same. Guard: `known_until`."""
    same, less = (
        shopify_event("orders/updated", order([line("20.00")], total_outstanding=owed, updated_at=SECOND))
        for owed in ("0.00", "8.00")
    )
    world = await _balances(*((TOLD, same, less)[at] for at in order_of_arrival), restarts=restarts)
    assert [amount for _, amount in world.payments()] == [Decimal("20.00")]


async def test_a_silent_body_leaves_a_sales_receipt_as_it_is() -> None:
    """Guard: silence is not nothing received, so the receipt does not become an invoice that is owed."""
    async with opened(RECEIPTS) as world:
        at_once = order([line("20.00")], updated_at="2026-03-02T21:05:00-08:00")
        await world.deliver(shopify_event("orders/create", at_once))
        (result,) = await world.deliver(SILENT)
        assert result.status != "dead_lettered", result.reason
        assert [row["TotalAmt"] for row in world.held("SalesReceipt")] == [Decimal("20.00")]
        assert world.held("Invoice") == []


async def test_a_silent_body_with_another_total_waits_for_one_that_tells_money() -> None:
    """A receipt of another total would be money that nobody told."""
    async with opened(RECEIPTS) as world:
        at_once = order([line("20.00")], updated_at="2026-03-02T21:05:00-08:00")
        await world.deliver(shopify_event("orders/create", at_once))
        body = SILENT["body"]
        assert isinstance(body, dict)
        more = order(
            [line("20.00"), line("5.00", id=9)],
            **{name: body[name] for name in ("financial_status", "total_outstanding", "updated_at")},
        )
        (result,) = await world.deliver(shopify_event("orders/updated", more))
        assert result.status == "waiting"
        assert [row["TotalAmt"] for row in world.held("SalesReceipt")] == [Decimal("20.00")]
