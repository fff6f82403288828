"""Late changes: a reduction of a later month leaves the invoice's month alone; the sums are those of changing it."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from mappings.rules import MappingRules, OrderRules
from tests.support.orders import Json, discounted, line, order, shopify_event, taxed
from tests.support.world import World, opened

SHOPS = ("acme.myshopify.com",)
LATE = MappingRules(shop_domains=SHOPS, orders=OrderRules(late_changes="credit_memo"))
IN_PLACE = MappingRules(shop_domains=SHOPS)
JANUARY = {"created_at": "2026-01-10T10:00:00-08:00", "processed_at": "2026-01-10T10:00:00-08:00"}


def body(day: str, rows: list[Json], left: str, tax: str, **changes: Any) -> Json:
    """An unpaid order of the 10th of January as it was told on that day: `left` of it, tax included."""
    owing = {"financial_status": "pending", "total_outstanding": left, "current_total_price": left}
    told = {"current_subtotal_price": str(Decimal(left) - Decimal(tax)), "current_total_tax": tax}
    event = shopify_event(
        changes.pop("topic", "orders/updated"),
        order(rows, updated_at=f"{day}T10:00:00-08:00", **JANUARY, **owing, **told, **changes),
    )
    headers: Any = event["headers"]
    return {**event, "headers": {**headers, "X-Shopify-Triggered-At": f"{day}T18:00:00Z"}}


def pieces(current: int) -> Json:
    """Three taxed pieces of 20.00 less a discount of 3.00, so many of them left."""
    return taxed("20.00", 3, "5.70", current_quantity=current, discount_allocations=discounted("3.00"))


def other(current: int = 1) -> Json:
    return line("10.00", 1, id=77, sku="MUG", name="Mug", title="Mug", product_id=2, current_quantity=current)


PLACED = body("2026-01-10", [pieces(3), other()], "72.70", "5.70", topic="orders/create")
SOON = body("2026-01-20", [pieces(3), other(0)], "62.70", "5.70")
LESS = body("2026-03-05", [pieces(2), other()], "51.80", "3.80")
LEAST = body("2026-04-06", [pieces(1), other(0)], "20.90", "1.90")
MORE = body("2026-04-20", [pieces(3), other(), line("4.00", id=78, sku="TIN", product_id=3)], "76.70", "5.70")
CANCELLED = body(
    "2026-05-02",
    [pieces(3), other()],
    "0.00",
    "0.00",
    topic="orders/cancelled",
    cancelled_at="2026-05-01T09:00:00-08:00",
)


def voided(event: Json) -> Json:
    """As Shopify shows an order that was cancelled unpaid."""
    told: Any = event["body"]
    return {**event, "body": {**told, "financial_status": "voided", "total_outstanding": "0.00"}}


CANCELLED = voided(CANCELLED)


async def books(rules: MappingRules, events: Any, *, restarts: bool = False) -> World:
    async with opened(rules) as world:
        for event in events:
            (result,) = await world.deliver(event)
            assert result.status in {"posted", "already_posted", "superseded", "ignored"}, result.reason
            if restarts:
                await world.restart()
        await world.idle()
        return world


def by_month(world: World) -> dict[str, Decimal]:
    """What was sold and taxed in each month, by the postings of the forms."""
    company = world.sandbox.company()
    receivable = {row["Id"] for row in world.held("Account") if row["AccountType"] == "Accounts Receivable"}
    found: dict[str, Decimal] = defaultdict(Decimal)
    for entity in ("Invoice", "CreditMemo"):
        for row in world.held(entity):
            for posting in company.ledger.postings.get((entity, row["Id"]), ()):
                if posting.account_id in receivable:
                    found[row["TxnDate"][:7]] += posting.home
    return {month: amount for month, amount in found.items() if amount}


async def test_a_reduction_of_a_later_month_is_a_credit_memo_of_its_day() -> None:
    """January keeps its invoice; the rest is owed."""
    world = await books(LATE, [PLACED, LESS])
    assert by_month(world) == {"2026-01": Decimal("72.70"), "2026-03": Decimal("-20.90")}
    (credit,) = world.held("CreditMemo")
    assert (credit["TxnDate"], credit["TotalAmt"], credit["DocNumber"]) == (
        "2026-03-05",
        Decimal("20.90"),
        "2041-C0305",
    )
    (row,) = [each for each in credit["Line"] if each["DetailType"] == "SalesItemLineDetail"]
    assert row["SalesItemLineDetail"]["Qty"] == 1
    (invoice,) = world.held("Invoice")
    assert invoice["Balance"] == Decimal("51.80")


async def test_a_change_of_the_same_month_is_made_in_place() -> None:
    """And so is everything by default."""
    assert by_month(await books(LATE, [PLACED, SOON])) == {"2026-01": Decimal("62.70")}
    assert by_month(await books(IN_PLACE, [PLACED, LESS])) == {"2026-01": Decimal("51.80")}


async def test_several_reductions_are_several_credit_memos() -> None:
    """Each of its own month, and each takes off only what the ones before it left."""
    world = await books(LATE, [PLACED, LESS, LEAST])
    assert by_month(world) == {
        "2026-01": Decimal("72.70"),
        "2026-03": Decimal("-20.90"),
        "2026-04": Decimal("-30.90"),
    }


async def test_a_cancellation_of_a_later_month_is_a_credit_memo_of_the_day_it_was_cancelled() -> None:
    """Of what is left of the invoice, nothing is voided."""
    world = await books(LATE, [PLACED, LESS, CANCELLED])
    assert by_month(world) == {
        "2026-01": Decimal("72.70"),
        "2026-03": Decimal("-20.90"),
        "2026-05": Decimal("-51.80"),
    }
    assert world.owed() == {}


async def test_an_increase_after_a_late_reduction_is_made_in_place() -> None:
    """Guard: the credit memo goes, or it would take off what is sold again."""
    world = await books(LATE, [PLACED, LESS, MORE])
    assert by_month(world) == {"2026-01": Decimal("76.70")}


@pytest.mark.parametrize("restarts", [False, True])
async def test_everything_again_writes_nothing(restarts: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A replay finds all of it done, without any notes of its own too."""
    events = [PLACED, LESS, LEAST, CANCELLED]
    async with opened(LATE) as world:
        for event in events:
            await world.deliver(event)
        if restarts:
            world.journal.lose_versions()
            await world.restart()
        before = world.written()
        for event in events[::-1]:
            await world.deliver(event)
        assert world.written() == before


@pytest.mark.parametrize("events", list(permutations([PLACED, LESS, LEAST])), ids=range(6))
async def test_sums_are_equal_in_every_order_of_arrival(events: Any) -> None:
    """Only dates may differ, and the sums are those of changing the invoice in place."""
    sums = [(await books(rules, events)).trial_balance() for rules in (LATE, IN_PLACE)]
    assert sum(by for by in by_month(await books(LATE, events)).values()) == Decimal("20.90")
    assert {name: amount for name, amount in sums[0].items() if "eceivable" in name or "ax" in name} == {
        name: amount for name, amount in sums[1].items() if "eceivable" in name or "ax" in name
    }


@pytest.mark.parametrize("events", list(permutations([PLACED, LESS, CANCELLED])), ids=range(6))
async def test_a_cancelled_order_is_nothing_in_every_order_of_arrival(events: Any) -> None:
    """With the restart that a new owner is; what is owed, taxed and earned cancels out."""
    world = await books(LATE, events, restarts=True)
    assert (world.owed(), by_month(world).keys() <= {"2026-01", "2026-03", "2026-05"}) == ({}, True)
    assert sum(by_month(world).values()) == 0
    assert not any("ax" in name for name in world.trial_balance())
