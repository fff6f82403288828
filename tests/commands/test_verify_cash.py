"""Verdicts about cash: late money of earlier books, payouts below zero, and those that came back."""

from __future__ import annotations

from typing import Any

import pytest

from mappings.rules import MappingRules, load_rules
from tests.support.orders import Json, order, shopify_event, taxed, transaction
from tests.support.shop_payouts import row, told
from tests.support.verifying import verified
from tests.support.world import World, opened

START = 'books_start = 2026-03-05\n[accounts]\nopening_receivables = "Old receivables"\n'
LATE = "2026-03-06T10:00:00-08:00"
SOLD = taxed("50.00", 2, "8.26")


async def verdicts(world: World, rules: MappingRules, *events: Json) -> dict[str, str]:
    """What verify says of every document of `events`, asked as it asks."""
    return {f"{each.entity} {each.key}": each.verdict.value for each in await verified(world, rules, events)}


async def judged(rules: str, *events: Json) -> set[str]:
    """The verdicts after a company with these rules was told `events`; a marker of a payout may not be there twice."""
    ruled = load_rules(rules)
    async with opened(ruled) as world:
        await world.by_hand("account", {"Name": "Old receivables", "AccountType": "Other Current Asset"})
        await world.restart()
        for event in events:
            await world.deliver(event)
        return set((await verdicts(world, ruled, *events)).values())


def body(topic: str, **changes: Any) -> Any:
    """The order of 2 March as it is after the start."""
    event: Any = shopify_event(topic, order([SOLD], updated_at=LATE, **changes))
    event["headers"]["X-Shopify-Triggered-At"] = LATE
    return event


def paid(gateway: str = "manual") -> Json:
    """Its late transaction."""
    times = {"processed_at": LATE, "created_at": LATE}
    return shopify_event("order_transactions/create", transaction(amount="108.26", gateway=gateway, **times))


@pytest.mark.parametrize(
    "events", [[body("orders/paid")], [body("orders/updated"), paid()], [body("orders/paid"), paid()]]
)
async def test_late_money_of_an_old_order_is_found_where_it_is(events: list[Json]) -> None:
    """Guard: as an entry, whether the body or the transaction tells it; the order itself is not missed."""
    assert await judged(START, *events) == {"posted", "ignored"}


@pytest.mark.parametrize(("person", "verdict"), [(None, "ignored"), ("delete", "ignored"), ("edit", "drifted")])
async def test_an_order_that_was_booked_before_the_start_was_named_is_said_so(person: str | None, verdict: str) -> None:
    """Guard: `before_start` of what is expected; neither cancelled nor missing, and what a person changed is seen."""
    async with opened(load_rules("")) as world:
        await world.deliver(body("orders/updated", financial_status="pending", total_outstanding="108.26"))
        (row,) = world.held("Invoice")
        if person == "delete":
            await world.by_a_person("delete", "Invoice", row["Id"])
        elif person == "edit":
            line = {**row["Line"][0], "Amount": "101.00"}
            line["SalesItemLineDetail"] = {**line["SalesItemLineDetail"], "Qty": "1", "UnitPrice": "101.00"}
            await world.by_a_person("edit", "Invoice", row["Id"], changes={"Line": [line]})
        (found,) = await verified(world, load_rules(START), [body("orders/updated")])
    assert (found.verdict.value, found.expected) == (verdict, None)
    assert found.why.startswith("dated before the start of the books")


async def test_money_of_before_the_start_asks_for_nothing() -> None:
    """Guard: other books hold it."""
    assert await judged(START, shopify_event("order_transactions/create", transaction())) == set()


@pytest.mark.parametrize("statuses", [["paid"], ["paid", "failed"], ["failed"], ["failed", "paid"]])
@pytest.mark.parametrize("amount", ["-40.00", "40.00"])
async def test_a_payout_is_found_as_what_it_became(statuses: list[str], amount: str) -> None:
    """Guard: below zero an entry; one that came back has its rows beside, or an entry more."""
    rules = '[payouts.rows]\nadvance = "Checking"\n[accounts]\npayout_other = "Bank Charges"\n'
    events = [told([row("adjustment", amount)], status=status) for status in statuses]
    assert await judged(rules, *events) == {"posted"}


async def test_change_makes_the_payment_smaller_that_it_came_out_of() -> None:
    """Guard: `change` of what the events say; the sale says what was tendered."""
    sale = transaction(amount="120.00", gateway="cash")
    change = transaction(id=9_457, parent_id=sale["id"], kind="change", amount="11.74", gateway="cash")
    sold = shopify_event("orders/create", order([SOLD], financial_status="paid", payment_gateway_names=["cash"]))
    told_apart = [shopify_event("order_transactions/create", each) for each in (sale, change)]
    assert await judged("", sold, *told_apart) == {"posted"}
