"""Money of before the start of the books: never booked, and never forgotten when a later body tells all there was."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from mappings.rules import load_rules
from tests.support.orders import Json, handed_back, order, refund, refund_line, shopify_event, taxed, transaction
from tests.support.stripe_lives import SURE
from tests.support.world import World, opened

D = Decimal
RULES = (
    "books_start = 2026-03-05\n"
    '[accounts]\nopening_receivables = "Old receivables"\n'
    '[gateways.manual]\ndeposit = "Till"\n[gateways.shopify_payments]\ndeposit = "Till"\n'
)
OLD, LAST_SECOND, LATE = "2026-03-02T10:00:00-08:00", "2026-03-04T23:59:58-08:00", "2026-03-06T10:00:00-08:00"
SOLD = taxed("50.00", 2, "8.26")
"""An order of 108.26."""


def body(topic: str, status: str, owing: str, updated: str, **changes: Any) -> Any:
    """The order of 2 March, as a body of `updated` tells it."""
    figures = {"total_price": "108.26", "current_total_price": "108.26", "total_outstanding": owing}
    said = {"financial_status": status, "updated_at": updated, **figures, **changes}
    told: Any = shopify_event(topic, order([SOLD], **said))
    told["headers"]["X-Shopify-Triggered-At"] = updated
    return told


def paid(ident: int, amount: str, at: str, gateway: str = "manual") -> Json:
    """A transaction of the order."""
    times = {"processed_at": at, "created_at": at}
    return shopify_event("order_transactions/create", transaction(id=ident, amount=amount, gateway=gateway, **times))


PAID_NOW = body("orders/paid", "paid", "0.00", LATE)


async def books_of(*events: Json) -> tuple[dict[str, Decimal], World]:
    """What lies on each account after `events`, one after the other."""
    async with opened(load_rules(RULES)) as world:
        for name in ("Old receivables", "Till"):
            await world.by_hand("account", {"Name": name, "AccountType": "Other Current Asset"})
        await world.restart()
        for event in events:
            await world.deliver(event)
        await world.restart()
        await world.deliver(events[-1])
        assert set(world.statuses()) <= SURE
        return world.trial_balance(), world


def late(amount: str) -> dict[str, Decimal]:
    """The books after this much came in late."""
    return {"Old receivables": -D(amount), "Till": D(amount)} if D(amount) else {}


@pytest.mark.parametrize("order_of", list(permutations(range(3))))
async def test_what_was_paid_in_the_last_second_before_the_start_is_not_booked_by_a_body_of_after_it(
    order_of: tuple[int, ...],
) -> None:
    """Guard: the webhooks of an order of 23:59:55 come seconds later, after midnight; whoever comes first."""
    after = "2026-03-05T00:00:06-08:00"
    events = [
        body("orders/create", "paid", "0.00", after, created_at=LAST_SECOND, processed_at=LAST_SECOND),
        paid(1, "108.26", LAST_SECOND),
        body("orders/paid", "paid", "0.00", after, created_at=LAST_SECOND, processed_at=LAST_SECOND),
    ]
    books, _ = await books_of(*(events[number] for number in order_of))
    assert books == {}


@pytest.mark.parametrize("teller", ["transaction", "body", "both"])
@pytest.mark.parametrize("seed", range(6))
async def test_of_what_a_body_says_was_received_the_part_of_before_the_start_is_left_out(
    teller: str, seed: int
) -> None:
    """Guard: 40.00 in old books, the rest of 108.26 after the start, told by `orders/paid` alone; in any order."""
    events = [PAID_NOW]
    if teller != "body":
        events.append(paid(1, "40.00", OLD))
    if teller != "transaction":
        events.append(body("orders/create", "partially_paid", "68.26", OLD))
    orders = list(permutations(events))
    books, _ = await books_of(*orders[seed % len(orders)])
    assert books == late("68.26")


@pytest.mark.parametrize("order_of", list(permutations(range(3))))
async def test_a_late_transaction_takes_over_what_a_body_told(order_of: tuple[int, ...]) -> None:
    """40.00 before the start, 68.26 after it, and the body that tells both."""
    events = [paid(1, "40.00", OLD), paid(2, "68.26", LATE), PAID_NOW]
    books, _ = await books_of(*(events[number] for number in order_of))
    assert books == late("68.26")


async def test_all_of_it_at_once() -> None:
    """One micro-batch tells what was and what came."""
    async with opened(load_rules(RULES)) as world:
        for name in ("Old receivables", "Till"):
            await world.by_hand("account", {"Name": name, "AccountType": "Other Current Asset"})
        await world.restart()
        results = await world.deliver(PAID_NOW, paid(1, "40.00", OLD), body("orders/updated", "paid", "0.00", LATE))
        assert world.trial_balance() == late("68.26")
        assert [result.status for result in results] == ["posted", "ignored", "ignored"]


@pytest.mark.parametrize("gateway", ["gift_card", "shopify_store_credit"])
@pytest.mark.parametrize("order_of", list(permutations(range(3))))
@pytest.mark.parametrize("named", [True, False])
async def test_a_gift_card_that_pays_an_old_order_is_redeemed_against_what_was_owed(
    gateway: str, order_of: tuple[int, ...], *, named: bool
) -> None:
    """Guard: out of the liability that a rule names for cards of before the start, else of every card; once."""
    rules = (
        RULES.replace("[gateways.manual]", 'opening_gift_cards = "Old cards"\n[gateways.manual]') if named else RULES
    )
    events = [
        body("orders/create", "pending", "108.26", OLD, payment_gateway_names=[]),
        paid(1, "108.26", LATE, gateway),
        body("orders/paid", "paid", "0.00", LATE, payment_gateway_names=[gateway]),
    ]
    async with opened(load_rules(rules)) as world:
        await world.by_hand("account", {"Name": "Old receivables", "AccountType": "Other Current Asset"})
        await world.by_hand("account", {"Name": "Old cards", "AccountType": "Other Current Liability"})
        await world.restart()
        for number in order_of:
            await world.deliver(events[number])
        assert set(world.statuses()) <= SURE
        cards = "Old cards" if named else "Gift cards"
        assert world.trial_balance() == {"Old receivables": D("-108.26"), cards: D("108.26")}


async def test_a_gift_card_of_before_the_start_is_ignored() -> None:
    """It paid in other books."""
    books, world = await books_of(paid(1, "108.26", OLD, "gift_card"), body("orders/updated", "paid", "0.00", LATE))
    assert books == {}
    assert {result.reason and result.reason.code for result in world.told} == {"before_books_start"}


async def test_a_body_that_a_gift_card_paid_in_part_waits_for_its_transactions() -> None:
    """Which part was money nobody says: nothing is booked, and the result says so."""
    books, world = await books_of(
        body("orders/paid", "paid", "0.00", LATE, payment_gateway_names=["gift_card", "cash"])
    )
    assert books == {}
    assert [each.code for each in world.told[0].warnings] == ["gift_card_part_unknown"]


async def test_an_old_order_whose_figures_do_not_add_up_is_ignored_all_the_same() -> None:
    """Guard: it is in other books, whatever is told of it."""
    books, world = await books_of(body("orders/create", "paid", "0.00", OLD, subtotal_price="1.00", total_tax="77.00"))
    assert books == {}
    assert {result.reason and result.reason.code for result in world.told} == {"before_books_start"}


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"cancelled_at": LATE, "owing": "0.00", "status": "voided"}, "108.26"),
        ({"cancelled_at": LATE, "owing": "108.26"}, "108.26"),
        ({"owing": "54.13", "current_total_price": "54.13"}, "54.13"),
        ({"owing": "0.00", "status": "paid"}, None),
        ({"owing": "108.26"}, None),
        ({"cancelled_at": OLD, "owing": "0.00", "status": "voided"}, None),
    ],
)
async def test_what_an_old_order_owes_no_more_stays_on_the_opening_receivables_and_is_said(
    changes: Json, left: str | None
) -> None:
    """Guard: cancelled or made smaller after the start, no money moves: nothing is booked, and a person must know."""
    said: dict[str, Any] = {"status": "pending", **changes}
    told = body("orders/updated", said.pop("status"), said.pop("owing"), LATE, **said)
    books, world = await books_of(told)
    warnings = world.told[0].warnings
    assert books == {}
    assert [each.code for each in warnings] == (["opening_receivable_left"] if left else [])
    assert all(left is not None and f"{left} USD" in each.message for each in warnings)


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({"status": "partially_paid", "owing": "27.06"}, "27.06"),
        ({"status": "pending", "owing": "128.26", "current_total_price": "128.26"}, "20.00"),
        ({"status": "paid", "owing": "0.00", "current_total_price": "128.26"}, "20.00"),
        ({"status": "pending", "owing": "108.26"}, None),
        ({"status": "paid", "owing": "0.00"}, None),
        ({"status": "partially_paid", "owing": "27.06", "cancelled_at": OLD}, None),
    ],
)
async def test_what_may_have_been_added_to_an_old_order_is_said(changes: Json, more: str | None) -> None:
    """Guard: an item that was added after the start is income of no books, and nobody was told."""
    said: dict[str, Any] = dict(changes)
    books, world = await books_of(body("orders/updated", said.pop("status"), said.pop("owing"), LATE, **said))
    warnings = [each for each in world.told[0].warnings if each.code == "opening_addition_unknown"]
    assert (books, len(warnings)) == ({}, 1 if more else 0)
    assert all(f"{more} USD" in each.message for each in warnings)


async def test_goods_of_an_old_order_that_come_back_without_money_are_said() -> None:
    """Guard: the credit lowers what was owed at the start, and is not booked."""
    times = {"processed_at": LATE, "created_at": LATE}
    back = shopify_event("refunds/create", refund([refund_line(SOLD, 1, "50.00", "4.13")], **times))
    books, world = await books_of(body("orders/updated", "pending", "54.13", LATE), back)
    assert books == {}
    assert [each.code for each in world.told[1].warnings] == ["opening_receivable_left"]
    assert "54.13 USD" in world.told[1].warnings[0].message


@pytest.mark.parametrize("order_of", list(permutations(range(3))))
async def test_cash_given_back_out_of_a_late_payment_is_said(order_of: tuple[int, ...]) -> None:
    """Guard: the entry is over all that was handed over the counter, whoever tells it first."""
    change = transaction(id=8, kind="change", amount="1.74", parent_id=1, gateway="cash", processed_at=LATE)
    events = [PAID_NOW, paid(1, "110.00", LATE), shopify_event("order_transactions/create", change)]
    _, world = await books_of(*(events[number] for number in order_of))
    said = [result for result in world.told if result.warnings]
    assert {result.source.offset for result in said} >= {order_of.index(2)}
    assert {each.code for result in said for each in result.warnings} == {"change_not_booked"}


async def test_change_of_a_payment_from_before_the_start_is_not_said() -> None:
    """Both are in other books."""
    change = transaction(id=8, kind="change", amount="1.74", parent_id=1, gateway="cash", processed_at=OLD)
    books, world = await books_of(
        body("orders/create", "paid", "0.00", OLD),
        paid(1, "110.00", OLD),
        shopify_event("order_transactions/create", change),
    )
    assert books == {}
    assert [result.warnings for result in world.told] == [()] * len(world.told)


@pytest.mark.parametrize("order_of", list(permutations(range(2))))
@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("gateway", ["manual", "gift_card"])
async def test_what_a_person_took_out_is_not_brought_back_by_another_teller(
    order_of: tuple[int, ...], gateway: str, *, restarts: bool
) -> None:
    """Guard: `every_entry_of` and `_taken_out`; transaction and body tell the same money, whoever came first."""
    told = [
        paid(1, "108.26", LATE, gateway),
        body("orders/paid", "paid", "0.00", LATE, payment_gateway_names=[gateway]),
    ]
    async with opened(load_rules(RULES)) as world:
        for name in ("Old receivables", "Till"):
            await world.by_hand("account", {"Name": name, "AccountType": "Other Current Asset"})
        await world.restart()
        first, second = (told[number] for number in order_of)
        await world.deliver(body("orders/create", "pending", "108.26", OLD, payment_gateway_names=[]), first)
        (entry,) = world.held("JournalEntry")
        await world.by_a_person("delete", "JournalEntry", entry["Id"])
        await world.look()
        if restarts:
            await world.restart()
        (result,) = await world.deliver(second)
        assert result.status == "ignored"
        assert world.trial_balance() == {}


@pytest.mark.parametrize(
    ("policy", "status"), [("reject", "dead_lettered"), ("redate", "dead_lettered"), ("hold", "waiting")]
)
async def test_late_money_in_closed_books_is_never_there_twice(policy: str, status: str) -> None:
    """Guard: `add_need` in `_follow`; the body's entry stands in a closed month, and a later transaction tells it."""
    rules = load_rules(f'closed_period = "{policy}"\n{RULES}')
    async with opened(rules) as world:
        for name in ("Old receivables", "Till"):
            await world.by_hand("account", {"Name": name, "AccountType": "Other Current Asset"})
        await world.restart()
        await world.deliver(PAID_NOW)
        set_switches(world.sandbox.realms[DEFAULT_REALM], {"book_close_date": "2026-03-15"})
        await world.restart()
        (result,) = await world.deliver(paid(1, "108.26", "2026-03-20T10:00:00-08:00"))
        assert (result.status, "books are closed" in str(result.reason)) == (status, True)
        assert world.trial_balance() == late("108.26")
        set_switches(world.sandbox.realms[DEFAULT_REALM], {"book_close_date": None})
        await world.restart()
        await world.again()
        assert world.trial_balance() == late("108.26")
        assert [key.kind for key in world.ours("JournalEntry")] == ["transaction"]


async def test_a_refund_of_an_old_order_is_booked_whatever_else_looks_at_the_books_once_more() -> None:
    """Guard: `drafts` of standing plans; its item is named by its own planning alone, which is not done again."""
    other = {"id": 7203456112999, "admin_graphql_api_id": None, "name": "#2042"}
    given_back = refund([refund_line(SOLD, 1, "50.00", "4.13")], handed_back("54.13", processed_at=LATE))
    async with opened(load_rules(RULES)) as world:
        for name in ("Old receivables", "Till"):
            await world.by_hand("account", {"Name": name, "AccountType": "Other Current Asset"})
        await world.restart()
        await world.deliver(body("orders/paid", "paid", "0.00", LATE, **other))
        results = await world.deliver(
            body("orders/create", "partially_paid", "68.26", OLD, **other),
            body("orders/updated", "paid", "0.00", LATE, refunds=[given_back]),
        )
        assert [result.status for result in results] == ["posted", "posted"]
        assert len(world.ours("RefundReceipt")) == 1


async def test_money_that_a_person_took_out_stays_out() -> None:
    """The entry of a body's late money was deleted in QuickBooks; another body does not make it again."""
    async with opened(load_rules(RULES)) as world:
        for name in ("Old receivables", "Till"):
            await world.by_hand("account", {"Name": name, "AccountType": "Other Current Asset"})
        await world.restart()
        await world.deliver(PAID_NOW)
        (entry,) = world.held("JournalEntry")
        await world.by_a_person("delete", "JournalEntry", entry["Id"])
        await world.look()
        (result,) = await world.deliver(PAID_NOW)
        assert result.status == "ignored"
        assert world.trial_balance() == {}
