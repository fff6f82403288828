"""An order that a person entered is found and taken over: nothing is doubled, nothing of it is changed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from contracts.matching import Decision
from contracts.results import Result
from mappings.rules import MappingRules, MatchingRules
from tests.support.entered import BY_NUMBER, TOTAL, decided, keyed, paid_by_hand
from tests.support.orders import ORDER, SALE, bought, later, transaction
from tests.support.world import RULES, World, opened


def code(result: Result) -> str | None:
    """The reason code of a result."""
    return result.reason.code if result.reason else None


def said(result: Result) -> str:
    """The sentence of a result."""
    return result.reason.message if result.reason else ""


def live(acme: World, entity: str) -> list[dict[str, Any]]:
    """What stands in the books of one type."""
    return [row for row in acme.held(entity) if row["TotalAmt"]]


async def test_an_order_under_its_number_is_adopted_and_keeps_all_that_a_person_wrote() -> None:
    """Number, total and date make it certain, whoever the customer is. Guard: `is_there_already` in `plan_sale`."""
    async with opened() as acme:
        mine = await keyed(acme, customer="A. Bookkeeper", PrivateNote="paid at the fair", **BY_NUMBER)
        (before,) = [dict(row) for row in live(acme, "Invoice")]
        await acme.restart()
        (result,) = await acme.tell(bought(0, financial_status="pending", total_outstanding="42.90"))
        (invoice,) = live(acme, "Invoice")
        assert (result.status, [(e.entity, e.operation, e.id) for e in result.entities]) == (
            "already_posted",
            [("Invoice", "adopt", mine["Id"])],
        )
        assert acme.ours("Invoice").keys() == {ORDER}
        assert invoice["PrivateNote"].startswith("paid at the fair\n")
        kept = ("DocNumber", "TotalAmt", "TxnDate", "CustomerRef", "Line")
        assert [str(invoice[name]) for name in kept] == [str(before[name]) for name in kept]


async def test_its_payment_is_adopted_with_it_and_booked_no_second_time() -> None:
    """The order is paid, by the body and by its transaction. Guard: `_adopt_payment`."""
    async with opened() as acme:
        mine = await keyed(acme, **BY_NUMBER)
        payment = await paid_by_hand(acme, mine)
        await acme.restart()
        (result,) = await acme.tell(bought(0))
        assert sorted((e.entity, e.operation) for e in result.entities) == [("Invoice", "adopt"), ("Payment", "adopt")]
        (later_result,) = await acme.tell(transaction())
        assert [result.status, later_result.status] == ["already_posted", "already_posted"]
        assert [row["Id"] for row in live(acme, "Payment")] == [payment["Id"]]
        assert live(acme, "Invoice")[0]["Balance"] == 0


async def test_what_is_not_paid_by_hand_is_paid_by_us() -> None:
    """Only what is missing is created."""
    async with opened() as acme:
        await keyed(acme, **BY_NUMBER)
        await acme.restart()
        await acme.tell(transaction())
        await acme.tell(bought(0))
        assert acme.ours("Payment")[SALE]["TotalAmt"] == Decimal(TOTAL)
        assert live(acme, "Invoice")[0]["Balance"] == 0


async def test_a_payment_that_a_fee_was_taken_out_of_is_never_joined_by_another() -> None:
    """41.36 of 42.90 came in. Guard: `STANDS_FOR` in `collect_money`."""
    async with opened() as acme:
        mine = await keyed(acme, **BY_NUMBER)
        await paid_by_hand(acme, mine, "41.36")
        await acme.restart()
        await acme.tell(bought(0))
        await acme.tell(transaction())
        assert [row["TotalAmt"] for row in live(acme, "Payment")] == [Decimal("41.36")]


async def test_a_sales_receipt_stays_one() -> None:
    """Its money is inside."""
    async with opened() as acme:
        mine = await keyed(acme, "salesreceipt", **BY_NUMBER)
        await acme.restart()
        (result,) = await acme.tell(bought(0))
        (again,) = await acme.tell(transaction())
        assert [(e.entity, e.operation, e.id) for e in result.entities] == [("SalesReceipt", "adopt", mine["Id"])]
        assert (result.status, again.status) == ("already_posted", "already_posted")
        assert live(acme, "Payment") == live(acme, "Invoice") == []


async def test_the_same_customer_and_total_near_its_date_is_certain_without_a_number() -> None:
    """The words of the name in another order, one letter aside."""
    async with opened() as acme:
        await keyed(acme, customer="REYES, Danna")
        await acme.restart()
        (result,) = await acme.tell(bought(0))
        assert [e.operation for e in result.entities if e.entity == "Invoice"] == ["adopt"]
        assert len(live(acme, "Invoice")) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"customer": "Somebody Else"},
        {"amount": "42.91"},
        {"TxnDate": "2026-03-10"},
        {"DocNumber": "30001", "customer": "Somebody Else"},
    ],
    ids=["another customer", "another total", "eight days later", "a longer number"],
)
async def test_what_is_not_the_order_is_left_alone_and_the_order_is_created(changes: dict[str, str]) -> None:
    """A different named customer without its number is never a candidate, another total without a number neither."""
    async with opened() as acme:
        mine = await keyed(acme, **changes)
        await acme.restart()
        (result,) = await acme.tell(bought(0))
        assert result.status == "posted"
        assert len(live(acme, "Invoice")) == 2
        assert next(row for row in live(acme, "Invoice") if row["Id"] == mine["Id"])["SyncToken"] == mine["SyncToken"]


@pytest.mark.parametrize(
    "changes",
    [
        {"DocNumber": "3000", "amount": "40.00"},
        {"DocNumber": "3000", "TxnDate": "2026-04-01"},
        {"customer": "Walk-in customer"},
        {"customer": "Shopify Customers"},
        {"PrivateNote": "order [qbb:shopify:order:6601234567890]", "TxnDate": "2026-05-01"},
    ],
    ids=["another total", "another date", "the walk-in customer", "anybody", "a reference of another date"],
)
async def test_what_may_be_the_order_is_asked_for_and_nothing_is_written(changes: dict[str, str]) -> None:
    """The body and its money are dead letters that name the candidate."""
    async with opened() as acme:
        noted = changes.get("PrivateNote", "").replace("6601234567890", ORDER.id)
        mine = await keyed(acme, **{**changes, **({"PrivateNote": noted} if noted else {})})
        before = acme.written()
        await acme.restart()
        results = [*await acme.tell(bought(0)), *await acme.tell(transaction())]
        assert [(r.status, code(r)) for r in results] == [("dead_lettered", "possible_duplicate")] * 2
        assert all(f"invoice/{mine['Id']}" in said(r) for r in results)
        assert acme.written() == before


async def test_two_entries_of_one_order_are_told() -> None:
    """A person entered it twice."""
    async with opened() as acme:
        ids = [(await keyed(acme, **BY_NUMBER, TxnDate=f"2026-03-0{day}"))["Id"] for day in (3, 4)]
        await acme.restart()
        (result,) = await acme.tell(bought(0))
        assert code(result) == "possible_duplicate"
        assert all(f"invoice/{ident}" in said(result) for ident in ids)


async def test_an_order_in_doubt_stays_so_when_it_comes_alone() -> None:
    """One entry, two orders alike: a later event of one, or a third one, is no word. Guard: `KnownOrders.is_asked`."""
    async with opened() as acme:
        await keyed(acme)
        before = acme.written()
        await acme.restart()
        bodies = [bought(number, financial_status="pending", total_outstanding="42.90") for number in range(3)]
        results = [*await acme.tell(*bodies[:2]), *await acme.tell(later(bodies[0], 50))]
        await acme.restart()
        results += await acme.tell(bodies[2])
        assert [code(result) for result in results] == ["possible_duplicate"] * 4
        assert acme.written() == before


async def test_a_persons_word_lets_the_events_go_on_by_themselves() -> None:
    """Each gets another result with the same id; the rest of the order is judged by the decision."""
    async with opened() as acme:
        mine = await keyed(acme, DocNumber="3000", amount="40.00")
        await acme.restart()
        first = [*await acme.tell(bought(0)), *await acme.tell(transaction())]
        await decided(acme, ORDER, Decision("Invoice", mine["Id"]))
        again = await acme.idle()
        assert {r.result_id for r in again} == {r.result_id for r in first}
        assert [row["Id"] for row in live(acme, "Invoice")] == [mine["Id"]]
        assert live(acme, "Invoice")[0]["TotalAmt"] == Decimal("40.00")
        assert not [key for key in acme.journal.entries if key.startswith(("doubtful:", "decided:"))]


@pytest.mark.parametrize("word", ["this one", "none"])
async def test_a_persons_word_counts_until_the_books_are_read_back_to_the_day_of_the_order(word: str) -> None:
    """A service that starts afterwards knows its last month only. Guard: `WAITING` in `Doubts.note`."""
    async with opened(window=timedelta(days=30)) as acme:
        mine = await keyed(acme, DocNumber="3000", amount="40.00")
        await acme.restart()
        await acme.tell(bought(0), transaction())
        await acme.idle_until_read()
        await decided(acme, ORDER, Decision("Invoice", mine["Id"]) if word == "this one" else Decision())
        await acme.restart()
        assert {result.status.value for result in await acme.idle()} == {"waiting"}
        await acme.restart()
        again = await acme.idle_until_read()
        assert {result.status.value for result in again} <= {"posted", "already_posted"}
        assert len(live(acme, "Invoice")) == (1 if word == "this one" else 2)
        assert not [key for key in acme.journal.entries if key.startswith(("doubtful:", "decided:"))]


async def test_none_of_them_creates_the_order_with_its_money() -> None:
    """After a restart too: the events lie in the journal."""
    async with opened() as acme:
        await keyed(acme, DocNumber="3000", amount="40.00")
        await acme.restart()
        await acme.tell(bought(0))
        await acme.tell(transaction())
        await decided(acme, ORDER, Decision())
        await acme.restart()
        again = await acme.idle()
        assert [r.status for r in again] == ["posted", "posted"]
        assert acme.ours("Invoice")[ORDER]["Balance"] == 0
        assert len(live(acme, "Invoice")) == 2


async def test_a_decision_for_what_is_gone_asks_again_and_is_forgotten() -> None:
    """A person decided for a document that was deleted since."""
    async with opened() as acme:
        mine = await keyed(acme, DocNumber="3000", amount="40.00")
        await acme.restart()
        await acme.tell(bought(0))
        await acme.by_a_person("delete", "Invoice", mine["Id"])
        await acme.look()
        await decided(acme, ORDER, Decision("Invoice", mine["Id"]))
        (again,) = await acme.idle()
        assert code(again) == "possible_duplicate"
        assert not [key for key in acme.journal.entries if key.startswith("decided:")]


async def test_off_creates_and_report_asks() -> None:
    """`matching.mode`."""
    for mode, status in (("off", "posted"), ("report", "dead_lettered")):
        rules = MappingRules(shop_domains=RULES.shop_domains, matching=MatchingRules(mode=mode))
        async with opened(rules) as acme:
            await keyed(acme, **BY_NUMBER)
            await acme.restart()
            (result,) = await acme.tell(bought(0))
            assert result.status == status


async def test_what_lies_on_a_deposit_is_adopted_by_its_id() -> None:
    """QBO freezes it, so nothing is written on it; a restart still knows it."""
    async with opened() as acme:
        mine = await keyed(acme, **BY_NUMBER)
        payment = await paid_by_hand(acme, mine)
        bank = next(row["Id"] for row in acme.held("Account") if row["AccountType"] == "Bank")
        link = {"Amount": TOTAL, "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}]}
        await acme.by_hand("deposit", {"DepositToAccountRef": {"value": bank}, "Line": [link]})
        await acme.restart()
        await acme.tell(bought(0))
        await acme.restart()
        (result,) = await acme.tell(transaction())
        assert result.status == "already_posted"
        assert len(live(acme, "Payment")) == 1
