"""What lies in the clearing accounts and was not paid out: the list of what is open, and what is open for too long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bridge.books.books import profile_of
from bridge.commands.doctor.clearing import (
    MOVERS,
    Clearing,
    ClearingMovement,
    clearing_accounts,
    examine_clearing,
    still_open,
)
from bridge.commands.doctor.finding import Finding
from bridge.quickbooks.queries import Select, where
from bridge.quickbooks.warmup import load_basics
from mappings.rules import MappingRules
from tests.support.orders import Json, handed_back, line, order, refund, refund_line, shopify_event, transaction
from tests.support.shop_payouts import charged, row, told
from tests.support.world import World, opened

D = Decimal
RULES = MappingRules(shop_domains=("acme.myshopify.com",))
SINCE, TODAY = date(2026, 3, 1), date(2026, 3, 20)


def sold_on_day(ident: int, price: str, day: str) -> list[Json]:
    """An order and its card money, of one day."""
    moment = f"{day}T09:00:00-05:00"
    body = order([line(price)], id=ident, admin_graphql_api_id=None, name=f"#{ident}", processed_at=moment)
    money = transaction(
        id=ident + 10000,
        order_id=ident,
        amount=price,
        admin_graphql_api_id=None,
        processed_at=moment,
        created_at=moment,
    )
    return [shopify_event("orders/create", body), shopify_event("order_transactions/create", money)]


async def examined(world: World, rules: MappingRules = RULES) -> list[Finding]:
    """What the doctor says of the world's clearing accounts, asked as it asks."""
    basics = await load_basics(world.client)
    profile = profile_of(basics)
    rows = {each: await world.client.query(Select(each, conditions=(AFTER,))) for each in MOVERS}
    accounts = clearing_accounts(rules, profile, basics.accounts)
    return [finding for each in accounts for finding in examine_clearing(each, rows, SINCE, TODAY)]


AFTER = where("TxnDate", ">=", SINCE.isoformat())


async def test_what_no_payout_has_paid_out_is_listed_and_late_after_ten_days() -> None:
    """Three orders, a payout of the first: the two others are open, the one of more than ten days is said again."""
    async with opened(RULES) as world:
        for event in (*sold_on_day(1001, "108.25", "2026-03-02"), *sold_on_day(1002, "30.00", "2026-03-09")):
            await world.deliver(event)
        await world.deliver(*sold_on_day(1003, "12.50", "2026-03-10"))
        await world.deliver(told([charged(1001, "108.25", "3.44")], date="2026-03-06"))
        first, late = await examined(world)
    assert first.about == "clearing: Shopify Payments clearing"
    assert (first.remedy, first.open_since) == ("", date(2026, 3, 9))
    assert first.said.startswith("42.50 USD open: 30.00 of 2026-03-09, Payment ")
    assert "12.50 of 2026-03-10, Payment " in first.said
    assert late.said.startswith("30.00 USD are open for more than 10 days: 30.00 of 2026-03-09, Payment ")
    assert (late.is_problem, bool(late.remedy)) == (False, True)


async def test_what_came_before_the_last_payout_is_one_sum_and_names_no_document() -> None:
    """Guard: the second order was paid out and the first was not; no deposit says so, and no list may say otherwise."""
    async with opened(RULES) as world:
        for event in (*sold_on_day(1001, "30.00", "2026-03-02"), *sold_on_day(1002, "30.00", "2026-03-03")):
            await world.deliver(event)
        await world.deliver(*sold_on_day(1003, "12.50", "2026-03-12"))
        await world.deliver(told([charged(1002, "30.00", "1.17")], date="2026-03-06"))
        first, late = await examined(world)
        paid_out = [each["Id"] for each in world.held("Payment") if each["PaymentRefNum"] == "11002"]
    assert first.said.startswith("42.50 USD open: 30.00 of 2026-03-03, what came until the payout of 2026-03-06")
    assert "12.50 of 2026-03-12, Payment " in first.said
    assert late.said.startswith("30.00 USD are open for more than 10 days: 30.00 of 2026-03-03, what came until")
    assert not any(f"Payment {each} " in finding.said for each in paid_out for finding in (first, late))


async def test_a_payout_below_zero_paid_out_what_came_before_it_as_well() -> None:
    """Guard: its entry puts money into the account, and no document of before it is certainly open."""
    given_back = refund([refund_line(line("50.00"), 1, "50.00")], handed_back("50.00", id=88, order_id=1001))
    body = {**given_back, "id": 77, "order_id": 1001, "admin_graphql_api_id": None}
    async with opened(RULES) as world:
        for event in (*sold_on_day(1001, "50.00", "2026-03-02"), *sold_on_day(1002, "20.00", "2026-03-03")):
            await world.deliver(event)
        await world.deliver(shopify_event("refunds/create", body))
        rows = [charged(1002, "20.00", "0.80"), row("refund", "-50.00", order=1001, transaction=88)]
        await world.deliver(told(rows, date="2026-03-06"))
        first, *_ = await examined(world)
    assert first.said.startswith("50.00 USD open: 50.00 of 2026-03-03, what came until the payout of 2026-03-06")


async def test_an_account_that_was_paid_out_has_nothing_open() -> None:
    """A refund came off before. Guard: what refund receipts draw."""
    given_back = refund([refund_line(line("50.00"), 1, "20.00")], handed_back("20.00", id=88, order_id=1001))
    async with opened(RULES) as world:
        for event in sold_on_day(1001, "50.00", "2026-03-02"):
            await world.deliver(event)
        body = {**given_back, "id": 77, "order_id": 1001, "admin_graphql_api_id": None}
        await world.deliver(shopify_event("refunds/create", body))
        rows = [charged(1001, "50.00", "1.75"), row("refund", "-20.00", order=1001, transaction=88)]
        await world.deliver(told(rows))
        assert [each.said for each in await examined(world)] == ["nothing is open"]


async def test_what_the_transactions_read_do_not_explain_is_one_sum() -> None:
    """Money of before the span, or moved by a type that is not read. Guard: `before`."""
    clearing = Clearing("7", "Amazon clearing", "USD", D("70.00"))
    (found, late) = examine_clearing(clearing, {}, SINCE, TODAY)
    assert found.said == f"70.00 USD open: 70.00 of 2026-02-28, before {SINCE}, or by transactions of other types"
    assert late.rare


def test_a_document_in_another_currency_moves_nothing_that_is_listed() -> None:
    """Its amount is no amount of the account; the difference is told as one sum. Guard: the currency in `_moved`."""
    foreign: Json = {
        "Id": "5",
        "TxnDate": "2026-03-19",
        "TotalAmt": D("99.00"),
        "CurrencyRef": {"value": "EUR"},
        "DepositToAccountRef": {"value": "7"},
    }
    (found, _) = examine_clearing(Clearing("7", "Clearing", "USD", D("110.00")), {"Payment": [foreign]}, SINCE, TODAY)
    assert "99.00" not in found.said


@st.composite
def movements(draw: st.DrawFn) -> list[ClearingMovement]:
    amounts = draw(st.lists(st.integers(-5000, 5000).filter(bool), max_size=20))
    days = [SINCE + timedelta(days=draw(st.integers(0, 40))) for _ in amounts]
    return [
        ClearingMovement(day, D(amount) / 100, f"T{number}")
        for number, (day, amount) in enumerate(zip(days, amounts, strict=True))
    ]


@given(moved=movements())
def test_what_is_open_adds_up_to_the_balance_and_no_draw_leaves_an_older_movement_open(
    moved: list[ClearingMovement],
) -> None:
    """Nothing stands on both sides, and what is left of what came is the newest of it."""
    opened_now = still_open(moved)
    assert sum((each.amount for each in opened_now), D(0)) == sum((each.amount for each in moved), D(0))
    assert len({each.amount > 0 for each in opened_now}) <= 1
    came = sorted((each for each in moved if each.amount > 0), key=lambda each: each.day)
    left = [each.what for each in opened_now if each.amount > 0]
    assert left == [each.what for each in came][len(came) - len(left) :]


def sample(entity: str, body: Mapping[str, Any]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    return {entity: [{"Id": "1", "TxnDate": "2026-03-19", **body}]}


def test_each_type_of_transaction_moves_the_account_its_own_way() -> None:
    """Receipts and deposits into it bring, refunds and lines of deposits draw, entries do either."""
    there = {"DepositToAccountRef": {"value": "7"}, "TotalAmt": D(5)}
    of_deposit = {"Amount": D(5), "DepositLineDetail": {"AccountRef": {"value": "7"}}}
    debit = {"Amount": D(5), "JournalEntryLineDetail": {"AccountRef": {"value": "7"}, "PostingType": "Debit"}}
    credit = {"Amount": D(5), "JournalEntryLineDetail": {"AccountRef": {"value": "7"}, "PostingType": "Credit"}}
    for entity, body, moved in (
        ("Payment", there, 5),
        ("SalesReceipt", there, 5),
        ("Deposit", there, 5),
        ("RefundReceipt", there, -5),
        ("Deposit", {"Line": [of_deposit]}, -5),
        ("JournalEntry", {"Line": [debit]}, 5),
        ("JournalEntry", {"Line": [credit, credit, debit]}, -5),
    ):
        (found, *_) = examine_clearing(Clearing("7", "C", "USD", D(moved)), sample(entity, body), SINCE, TODAY)
        assert found.said == f"{moved}.00 USD open: {moved} of 2026-03-19, {entity} 1", (entity, body)
