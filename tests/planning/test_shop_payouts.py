"""Payouts of Shopify Payments through the machine: the bank has what was paid out, what is cleared is at nothing."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from mappings.rules import MappingRules, load_rules
from tests.support.orders import Json, handed_back, line, order, refund, refund_line, shopify_event, transaction
from tests.support.shop_payouts import PAYOUT_ID, charged, payout, row, told
from tests.support.stripe_lives import SURE
from tests.support.world import World, opened

D = Decimal
ONE, TWO, THREE = 7200000001, 7200000002, 7200000003


def sold(ident: int, price: str, **changes: Any) -> Json:
    """An order that was paid by card, and its transaction of the same id and 10,000."""
    return order([line(price)], id=ident, admin_graphql_api_id=None, name=f"#{ident % 1000}", **changes)


def paid(ident: int, amount: str) -> Json:
    return shopify_event(
        "order_transactions/create",
        transaction(id=ident + 10000, order_id=ident, amount=amount, admin_graphql_api_id=None),
    )


def orders(*sales: tuple[int, str]) -> list[Any]:
    return [
        event
        for ident, price in sales
        for event in (shopify_event("orders/create", sold(ident, price)), paid(ident, price))
    ]


BILLING = """
[payouts.rows]
advance = "Shopify Capital"
billing = "Shopify subscription"
"""
ACCOUNTS = (("Shopify Capital", "Long Term Liability"), ("Shopify subscription", "Expense"))


async def chart(world: World) -> None:
    for name, kind in ACCOUNTS:
        await world.by_hand("account", {"Name": name, "AccountType": kind})
    await world.restart()


async def test_a_payout_of_everything_is_one_deposit_and_clears_all() -> None:
    """224.29 = clearing 314.70 - fees 13.16 - dispute fee 15.00 - marketplace tax 8.25 - loan 25.00 - billing 29.00."""
    given_back = refund([refund_line(line("324.75"), 1, "43.30")], handed_back("43.30", id=88, order_id=TWO))
    events = [
        *orders((ONE, "108.25"), (TWO, "324.75")),
        shopify_event("refunds/create", {**given_back, "id": 77, "order_id": TWO, "admin_graphql_api_id": None}),
        shopify_event("disputes/create", chargeback(66, ONE, "75.00")),
        told(
            [
                charged(ONE, "108.25", "3.44"),
                charged(TWO, "324.75", "9.72"),
                row("refund", "-43.30", order=TWO, transaction=88),
                row("dispute", "-75.00", "15.00", order=ONE, source_id=66),
                row("adjustment", "-8.25", adjustment_reason="tax_adjustment"),
                row("advance", "-25.00"),
                row("billing", "-29.00"),
            ]
        ),
    ]
    async with opened(load_rules(BILLING)) as world:
        await chart(world)
        for event in events:
            await world.deliver(event)
        assert [deposit["TotalAmt"] for deposit in world.held("Deposit")] == [D("224.29")]
        found = world.trial_balance()
        assert found["Checking"] == D("224.29")
        assert found.get("Shopify Payments clearing", D(0)) == 0
        assert found["Shopify Capital"] == D("25.00")
        assert found["Shopify subscription"] == D("29.00")
        assert found["Marketplace tax"] == D("8.25")
        assert world.balance("BankCharges") == D("28.16")
        assert set(world.statuses()) <= SURE


def chargeback(ident: int, about: int, amount: str, **changes: Any) -> Json:
    return {
        "id": ident,
        "order_id": about,
        "type": "chargeback",
        "amount": amount,
        "currency": "USD",
        "reason": "fraudulent",
        "status": "needs_response",
        "evidence_due_by": "2026-03-20T00:00:00-05:00",
        "finalized_on": None,
        "initiated_at": "2026-03-04T09:00:00-05:00",
        **changes,
    }


@pytest.mark.parametrize("order_of", list(permutations(range(4)))[::5])
@pytest.mark.parametrize("called", [66, 67])
async def test_a_dispute_is_booked_once_whoever_tells_it(order_of: tuple[int, ...], called: int) -> None:
    """Guard: also where the row calls it by another id than its own event does."""
    events = [
        *orders((ONE, "75.00")),
        shopify_event("disputes/create", chargeback(66, ONE, "75.00")),
        told(
            [charged(ONE, "75.00", "2.50"), row("dispute", "-75.00", "15.00", order=ONE, source_id=called)],
        ),
    ]
    async with opened() as world:
        for number in order_of:
            await world.deliver(events[number])
        assert world.in_transit() == 0
        assert world.balance("Checking") == D("-17.50")
        assert world.balance("DiscountsRefundsGiven") == D("75.00")
        assert set(world.statuses()) <= SURE


async def test_a_dispute_that_no_event_tells_is_booked_under_its_own_key() -> None:
    """Won again in a later payout, it leaves nothing but its fee."""
    won = row("dispute", "75.00", "0.00", order=ONE, source_id=66, id=9200000009)
    async with opened() as world:
        for event in [
            *orders((ONE, "75.00")),
            told([charged(ONE, "75.00", "2.50"), row("dispute", "-75.00", "15.00", order=ONE, source_id=66)]),
            told([won], id=PAYOUT_ID + 1),
            shopify_event("disputes/update", chargeback(66, ONE, "75.00", status="won")),
        ]:
            await world.deliver(event)
        assert world.balance("DiscountsRefundsGiven") == 0
        assert world.in_transit() == 0
        assert world.balance("Checking") == D("57.50")


@pytest.mark.parametrize("order_of", list(permutations(range(3))))
async def test_a_payout_waits_for_its_orders(order_of: tuple[int, ...]) -> None:
    """Told first it waits, and ends in the same books; told twice it is booked once."""
    create, money = orders((ONE, "100.00"))
    events = [create, money, told([charged(ONE, "100.00", "3.20")])]
    async with opened() as world:
        for number in order_of:
            results = await world.deliver(events[number])
            if number == 2 and order_of.index(0) > order_of.index(2):
                assert (results[0].status, world.held("Deposit")) == ("waiting", [])
        await world.deliver(events[2])
        assert [deposit["TotalAmt"] for deposit in world.held("Deposit")] == [D("96.80")]
        assert world.in_transit() == 0
        assert set(world.statuses()) <= SURE


async def test_money_that_only_bodies_tell_is_paid_out_too() -> None:
    """Transactions are not subscribed: the order's body told the same money."""
    async with opened(load_rules('[orders]\ndocument = "sales_receipt"')) as world:
        await world.deliver(shopify_event("orders/create", sold(ONE, "100.00")))
        await world.deliver(told([charged(ONE, "100.00", "3.20")]))
        assert (world.balance("Checking"), world.in_transit()) == (D("96.80"), D(0))


async def test_what_lies_in_undeposited_funds_is_linked() -> None:
    """A rule that was there before clearing accounts: whole payments go on the deposit."""
    rules = load_rules('[gateways.shopify_payments]\ndeposit = { sub_type = "UndepositedFunds" }')
    async with opened(rules) as world:
        await world.deliver(*orders((ONE, "100.00")))
        await world.deliver(told([charged(ONE, "100.00", "3.20")]))
        (deposit,) = world.held("Deposit")
        assert [each["LinkedTxn"][0]["TxnType"] for each in deposit["Line"] if each.get("LinkedTxn")] == ["Payment"]
        assert (world.balance("Checking"), world.in_transit()) == (D("96.80"), D(0))


@pytest.mark.parametrize(("kind", "in_bank"), [("Bank", "-3.20"), ("Other Current Asset", "96.80")])
async def test_a_payment_that_a_person_moved_is_paid_out_from_where_it_lies(kind: str, in_bank: str) -> None:
    """Guard: out of its own account, not out of the rule's; out of a bank nothing is drawn."""
    async with opened() as world:
        await world.deliver(*orders((ONE, "100.00")))
        there = (await world.by_hand("account", {"Name": "Somewhere else", "AccountType": kind}))["Id"]
        (held,) = world.held("Payment")
        kept = {name: held[name] for name in ("Id", "SyncToken", "CustomerRef", "TotalAmt", "PrivateNote", "TxnDate")}
        lines = [{name: each[name] for name in ("Amount", "LinkedTxn")} for each in held["Line"]]
        await world.by_hand("payment", {**kept, "Line": lines, "DepositToAccountRef": {"value": there}})
        await world.restart()
        await world.deliver(told([charged(ONE, "100.00", "3.20")]))
        found = world.trial_balance()
        assert found["Checking"] == D(in_bank)
        assert found.get("Somewhere else", D(0)) == (D("100.00") if kind == "Bank" else 0)
        assert world.in_transit() == 0


@pytest.mark.parametrize(
    ("rows", "changes", "code", "said"),
    [
        ([row("advance", "-25.00")], {}, "unmappable", "payouts.rows.advance"),
        ([row("adjustment", "-1.00", adjustment_reason="Shop_Cash")], {}, "unmappable", "payouts.rows.shop_cash"),
        ([], {"amount": "96.79"}, "unbalanced", "96.80"),
        ([row("charge", "10.00", "1.00", net="8.00")], {}, "unbalanced", "8.00"),
        ([row("charge", "10.00", "1.00", currency="CAD")], {}, "unmappable", "CAD"),
    ],
)
async def test_what_cannot_be_booked_whole_is_not_booked_at_all(
    rows: list[Json], changes: Json, code: str, said: str
) -> None:
    """Guard: neither the deposit nor a dispute's entry nor fees of an earlier month."""
    lost = row("dispute", "-75.00", "15.00", order=ONE, source_id=66)
    everything = [charged(ONE, "100.00", "3.20"), *rows, *([lost] if rows else [])]
    async with opened(load_rules("[payouts]\nfees_by_month = true")) as world:
        await world.deliver(*orders((ONE, "100.00")))
        (result,) = await world.deliver(told(everything, **changes))
        assert (result.status, result.reason and result.reason.code) == ("dead_lettered", code)
        assert said in str(result.reason and result.reason.message)
        assert (world.held("Deposit"), world.held("JournalEntry")) == ([], [])


async def test_of_several_checking_accounts_a_rule_says_which() -> None:
    """Guard: nothing of the payout is booked without it, fees of an earlier month neither."""
    rows = [charged(ONE, "100.00", "3.20", processed_at="2026-02-27T08:00:00-05:00")]
    async with opened(load_rules("[payouts]\nfees_by_month = true")) as world:
        await world.by_hand("account", {"Name": "Second", "AccountType": "Bank", "AccountSubType": "Checking"})
        await world.restart()
        await world.deliver(*orders((ONE, "100.00")))
        (result,) = await world.deliver(told(rows))
        assert (result.status, "payouts.bank" in str(result.reason)) == ("dead_lettered", True)
        assert world.held("JournalEntry") == []


async def test_fees_of_an_earlier_month_are_booked_there() -> None:
    """On its last day, on the payout's own where that month is closed; by default they are lines of the deposit."""
    rows = [
        charged(ONE, "100.00", "3.20", processed_at="2026-02-27T08:00:00-05:00"),
        charged(TWO, "50.00", "1.75", processed_at="2026-03-02T08:00:00-05:00"),
    ]
    for text, closed, days in (
        ("fees_by_month = true", None, ["2026-02-28"]),
        ("fees_by_month = true", "2026-02-28", ["2026-03-06"]),
        ("fees_by_month = false", None, []),
    ):
        async with opened(load_rules(f"[payouts]\n{text}")) as world:
            if closed:
                close(world, closed)
                await world.restart()
            await world.deliver(*orders((ONE, "100.00"), (TWO, "50.00")))
            await world.deliver(told(rows))
            assert [each["TxnDate"] for each in world.held("JournalEntry")] == days
            assert world.balance("BankCharges") == D("4.95")
            assert (world.balance("Checking"), world.in_transit()) == (D("145.05"), D(0))


@pytest.mark.parametrize(
    ("zone", "moment", "month_end"),
    [
        ("America/Los_Angeles", "2026-03-01T04:00:00Z", "2026-02-28"),
        ("America/Los_Angeles", "2026-03-01T08:00:00Z", None),
        ("Asia/Tokyo", "2026-02-28T16:00:00Z", None),
        ("Asia/Tokyo", "2026-02-28T14:59:00+00:00", "2026-02-28"),
        ("UTC", "2026-03-01T04:00:00Z", None),
        ("Asia/Tokyo", "2026-02-28T20:00:00-05:00", "2026-02-28"),
        ("America/Los_Angeles", "2026-03-01", None),
    ],
)
async def test_a_fee_that_is_told_in_utc_is_of_the_month_that_the_shop_had(
    zone: str, moment: str, month_end: str | None
) -> None:
    """Guard: an offset of the shop's own, and a day without a time, are taken at their word."""
    async with opened(load_rules(f'time_zone = "{zone}"\n[payouts]\nfees_by_month = true')) as world:
        await world.deliver(*orders((ONE, "100.00")))
        await world.deliver(told([charged(ONE, "100.00", "3.20", processed_at=moment)]))
        assert [each["TxnDate"] for each in world.held("JournalEntry")] == ([month_end] if month_end else [])
        assert (world.balance("Checking"), world.in_transit()) == (D("96.80"), D(0))


def close(world: World, day: str) -> None:
    (row_of,) = world.held("Preferences")
    row_of["AccountingInfoPrefs"]["BookCloseDate"] = day


@pytest.mark.parametrize("order_of", list(permutations(range(3))))
async def test_of_a_payout_that_came_back_only_its_rows_stay(order_of: tuple[int, ...]) -> None:
    """Told as paid or never: the bank has nothing, the fee stays, the net is cleared anew; then it is paid again."""
    rows = [charged(ONE, "100.00", "3.20")]
    events = [orders((ONE, "100.00")), [told(rows)], [told(rows, status="failed")]]
    async with opened() as world:
        for number in order_of:
            await world.deliver(*events[number])
        assert (world.balance("Checking"), world.in_transit()) == (D(0), D("96.80"))
        assert world.balance("BankCharges") == D("3.20")
        await world.deliver(told([row("payout_failure", "96.80")], id=PAYOUT_ID + 1))
        assert (world.balance("Checking"), world.in_transit()) == (D("96.80"), D(0))
        await world.deliver(told(rows, status="failed"))
        assert world.balance("Checking") == D("96.80")
        assert set(world.statuses()) <= SURE


@pytest.mark.parametrize("order_of", list(permutations(range(3))))
async def test_a_payout_that_came_back_may_be_told_without_its_rows(order_of: tuple[int, ...]) -> None:
    """The bank has nothing, whichever came first. Guard: rows are asked only of a payout that was paid."""
    events = [
        orders((ONE, "100.00")),
        [told([charged(ONE, "100.00", "3.20")])],
        [told([], status="failed", amount="96.80")],
    ]
    async with opened() as world:
        for number in order_of:
            await world.deliver(*events[number])
        assert (world.balance("Checking"), world.in_transit()) == (D(0), D("96.80"))
        assert set(world.statuses()) <= SURE


async def test_a_cancelled_payout_was_never_in_the_bank() -> None:
    """Its rows are booked without it."""
    async with opened() as world:
        await world.deliver(*orders((ONE, "100.00")), told([charged(ONE, "100.00", "3.20")], status="canceled"))
        assert (world.balance("Checking"), world.in_transit()) == (D(0), D("96.80"))


async def test_a_payout_below_zero_takes_money_from_the_bank() -> None:
    """Refunds that exceed the sales: an entry, because QBO has no deposit below zero; nothing stays in clearing."""
    given_back = refund([refund_line(line("100.00"), 1, "100.00")], handed_back("100.00", id=88, order_id=ONE))
    async with opened() as world:
        await world.deliver(*orders((ONE, "100.00")), told([charged(ONE, "100.00", "3.20")]))
        await world.deliver(
            shopify_event("refunds/create", {**given_back, "id": 77, "order_id": ONE, "admin_graphql_api_id": None}),
            told([row("refund", "-100.00", order=ONE, transaction=88)], id=PAYOUT_ID + 1),
        )
        assert (world.balance("Checking"), world.in_transit()) == (D("-3.20"), D(0))
        assert set(world.statuses()) <= SURE


@pytest.mark.parametrize("order_of", list(permutations(range(3)))[::2])
async def test_a_payout_in_parts_waits_for_all_of_them(order_of: tuple[int, ...]) -> None:
    """One deposit of its amount, whichever part comes last."""
    amount = "145.05"
    parts = [
        told([charged(ONE, "100.00", "3.20")], amount=amount, part=1, parts=3),
        told([charged(TWO, "50.00", "1.75")], amount=amount, part=2, parts=3),
        told([row("reserve", "0.00")], amount=amount, part=3, parts=3),
    ]
    async with opened() as world:
        await world.deliver(*orders((ONE, "100.00"), (TWO, "50.00")))
        for number in order_of:
            (result,) = await world.deliver(parts[number])
            assert (result.status == "waiting") == (number != order_of[-1])
        assert [deposit["TotalAmt"] for deposit in world.held("Deposit")] == [D("145.05")]
        assert world.in_transit() == 0
        assert set(world.statuses()) <= SURE


@pytest.mark.parametrize("last", [ONE, TWO])
async def test_the_order_that_one_part_waited_for_brings_all_parts(last: int) -> None:
    """Guard: only the part that names the order waits for it, and is nothing without the others."""
    amount = "145.05"
    sales = {ONE: orders((ONE, "100.00")), TWO: orders((TWO, "50.00"))}
    first = ONE if last == TWO else TWO
    async with opened() as world:
        await world.deliver(*sales[first])
        await world.deliver(told([charged(ONE, "100.00", "3.20")], amount=amount, part=1, parts=2))
        await world.deliver(told([charged(TWO, "50.00", "1.75")], amount=amount, part=2, parts=2))
        assert world.held("Deposit") == []
        await world.deliver(*sales[last])
        assert [deposit["TotalAmt"] for deposit in world.held("Deposit")] == [D("145.05")]
        assert set(world.statuses()) <= SURE


async def test_a_reserve_is_kept_and_released() -> None:
    """On an account that the bridge makes."""
    async with opened() as world:
        await world.deliver(*orders((ONE, "100.00")))
        await world.deliver(told([charged(ONE, "100.00", "3.20"), row("reserve", "-20.00")]))
        assert world.trial_balance()["Payment reserves"] == D("20.00")
        await world.deliver(told([row("reserve", "20.00")], id=PAYOUT_ID + 1))
        assert "Payment reserves" not in world.trial_balance()
        assert world.balance("Checking") == D("96.80")


async def test_a_payout_is_read_in_every_form() -> None:
    """Bare or under `payout`, as a webhook's body, as a CloudEvent, by its shape alone."""
    bare = payout([charged(ONE, "100.00", "3.20")])
    cloud = {
        "specversion": "1.0",
        "id": "1",
        "source": "acme.myshopify.com",
        "type": "com.shopify.shopify_payments.payouts",
        "data": {"payout": bare},
    }
    for value in (shopify_event("shopify_payments/payouts", {"payout": bare}), cloud, bare, {"payout": bare}):
        async with opened(MappingRules(shop_domains=("acme.myshopify.com",))) as world:
            await world.deliver(*orders((ONE, "100.00")))
            (result,) = await world.deliver(value)
            assert (result.status, str(result.source.document)) == ("posted", f"shopify:payout:{PAYOUT_ID}")
            assert world.balance("Checking") == D("96.80")


@pytest.mark.parametrize("changes", [{"status": "in_transit"}, {"status": "scheduled"}, {"balance_transactions": None}])
async def test_what_has_moved_no_money_or_has_no_rows_is_ignored(changes: Json) -> None:
    """Until it is told as paid, with its rows."""
    async with opened() as world:
        (result,) = await world.deliver(told([charged(ONE, "100.00", "3.20")], **changes))
        assert (result.status, result.reason and result.reason.code) == ("ignored", "skipped_by_rule")
