"""Credits that QBO applies by itself (AutoApplyCredit): each ends on its own invoice, and none counts as money."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bridge.index.foreign_payments import BY_QUICKBOOKS, links_one_credit
from bridge.index.index import Index
from bridge.sandbox.writes import write
from contracts.errors import Unavailable
from tests.support.orders import ORDER_ID, Json, line, order, refund, refund_line, shopify_event, transaction
from tests.support.sandbox_books import marker_of
from tests.support.seals import SEAL
from tests.support.world import World, opened

D = Decimal
NIL = D(0)
OLD, NEW = ORDER_ID, ORDER_ID + 1
CANCELLED = "2026-03-05T10:00:00-08:00"


def told(number: int, *, paid: bool = False, cancelled: bool = False, pieces: int = 3) -> Json:
    """Order `number` of one buyer: 36.00 for three pieces; with fewer its later body."""
    body = order(
        [line("12.00", pieces)],
        id=number,
        admin_graphql_api_id=None,
        name=f"#{number}",
        order_number=number,
        processed_at=f"2026-03-0{1 + number - OLD}T10:00:00-08:00",
        updated_at=CANCELLED if cancelled else f"2026-03-02T21:04:{33 - pieces}-08:00",
        cancelled_at=CANCELLED if cancelled else None,
        financial_status="paid" if paid else "voided" if cancelled else "pending",
        total_outstanding="0.00" if paid else str(12 * pieces),
    )
    return shopify_event("orders/cancelled" if cancelled else "orders/create", body)


def grown(number: int, pieces: int) -> Json:
    """The order, paid before, after goods were added to it."""
    body = told(number, pieces=pieces)["body"]
    assert isinstance(body, dict)
    owed = {"financial_status": "partially_paid", "total_outstanding": str(12 * pieces - 36)}
    return shopify_event("orders/create", {**body, **owed, "updated_at": "2026-03-02T21:05:00-08:00"})


def credited(number: int, pieces: int = 1) -> Json:
    """One piece of order `number` comes back without money, or more."""
    body = refund(
        [refund_line(line("12.00", 3), pieces, str(12 * pieces))], order_id=number, id=800, admin_graphql_api_id=None
    )
    return shopify_event("refunds/create", body)


def invoice(world: World, number: int) -> dict[str, Any]:
    (row,) = (each for each in world.held("Invoice") if marker_of("Invoice", each) == f"shopify:order:{number}")
    return row


def balances(world: World) -> tuple[Decimal, Decimal, Decimal]:
    """What the older invoice, the newer one and the credit memo have open."""
    (memo,) = world.held("CreditMemo")
    return invoice(world, OLD)["Balance"], invoice(world, NEW)["Balance"], memo["Balance"]


def by_hand(world: World, amount: str, on: dict[str, Any]) -> None:
    """A person books a payment."""
    line_ = {"Amount": D(amount), "LinkedTxn": [{"TxnId": on["Id"], "TxnType": "Invoice"}]}
    body = {"CustomerRef": on["CustomerRef"], "TotalAmt": D(amount), "Line": [line_]}
    write(world.sandbox.company(), "Payment", body, "create")


async def test_a_credit_that_quickbooks_put_on_an_older_invoice_comes_to_its_own() -> None:
    """Guards: `_strays` of QBO's own payments come off first, and everything again writes nothing."""
    async with opened() as world:
        await world.deliver(told(OLD), told(NEW))
        (result,) = await world.deliver(credited(NEW))
        assert result.status == "posted", result.reason
        assert balances(world) == (D("36.00"), D("24.00"), NIL)
        (payment,) = world.held("Payment")
        assert [each["Amount"] for each in payment["Line"]] == [D("12.00")] * 2
        before = world.written()
        await world.restart()
        (again,) = await world.deliver(credited(NEW))
        assert (again.status, world.written()) == ("already_posted", before)


@pytest.mark.parametrize("skip", [1, 2])
async def test_a_credit_that_was_on_its_way_when_everything_stopped_arrives(skip: int) -> None:
    """After the memo, and after it was taken off the other invoice: the next owner does the rest."""
    async with opened() as world:
        await world.deliver(told(OLD), told(NEW))
        world.breaks("reset_before", operation="write", count=None, skip=skip)
        with pytest.raises(Unavailable):
            await world.deliver(credited(NEW))
        assert balances(world) != (D("36.00"), D("24.00"), NIL)
        world.heals()
        await world.restart()
        (result,) = await world.again()
        assert result.status == "posted", result.reason
        assert balances(world) == (D("36.00"), D("24.00"), NIL)


async def test_what_its_own_invoice_does_not_ask_for_stays_where_quickbooks_put_it() -> None:
    """The order is paid: the credit is the customer's, and the company wants it used."""
    async with opened() as world:
        await world.deliver(told(OLD), told(NEW, paid=True))
        await world.deliver(credited(NEW))
        assert balances(world) == (D("24.00"), NIL, NIL)


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_cancelled_order_is_void_although_another_order_s_credit_was_on_it(restarts: bool) -> None:  # noqa: FBT001 - parametrised
    """Guard: payments of nothing are no money, whether read now or met when the books were read."""
    async with opened() as world:
        await world.deliver(told(OLD), told(NEW, paid=True), credited(NEW))
        assert balances(world) == (D("24.00"), NIL, NIL)
        if restarts:
            await world.restart()
        (result,) = await world.deliver(told(OLD, cancelled=True))
        assert result.status == "posted", result.reason
        assert invoice(world, OLD)["TotalAmt"] == 0
        assert balances(world) == (NIL, NIL, D("12.00"))


async def test_a_new_invoice_that_took_an_old_credit_is_void_when_its_order_is_cancelled() -> None:
    """The credit was open before the order came."""
    async with opened() as world:
        await world.deliver(told(OLD, paid=True))
        await world.deliver(credited(OLD))
        await world.deliver(told(NEW))
        assert balances(world) == (NIL, D("24.00"), NIL)
        await world.deliver(told(NEW, cancelled=True))
        assert invoice(world, NEW)["TotalAmt"] == 0
        assert balances(world) == (NIL, NIL, D("12.00"))


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_person_s_money_beside_such_a_credit_keeps_the_invoice(restarts: bool) -> None:  # noqa: FBT001 - parametrised
    """Guard: only payments of nothing are left out of account, also when a person paid as much as the credit."""
    async with opened() as world:
        await world.deliver(told(OLD), told(NEW, paid=True), credited(NEW))
        by_hand(world, "12.00", invoice(world, OLD))
        if restarts:
            await world.restart()
        (result,) = await world.deliver(told(OLD, cancelled=True))
        assert (result.status, invoice(world, OLD)["TotalAmt"]) == ("ignored", D("36.00"))


async def paid_in_part_by_a_person(world: World) -> None:
    """The new order is credited whole while a person's money is on it, which then goes; ten are paid anew by hand."""
    await world.deliver(told(OLD, paid=True), told(NEW))
    by_hand(world, "36.00", invoice(world, NEW))
    await world.deliver(credited(NEW))
    *_, paid = world.held("Payment")
    write(world.sandbox.company(), "Payment", {"Id": paid["Id"], "SyncToken": paid["SyncToken"]}, "delete")
    by_hand(world, "10.00", invoice(world, NEW))
    await world.restart()


async def test_a_person_s_money_is_not_taken_for_the_order_s_own_credit() -> None:
    """Guard: what covers the invoice is counted by what is on it, not by what the order's credits add up to."""
    async with opened() as world:
        await paid_in_part_by_a_person(world)
        assert balances(world) == (NIL, D("26.00"), D("12.00"))
        (result,) = await world.deliver(told(NEW, cancelled=True))
        assert (result.status, invoice(world, NEW)["TotalAmt"]) == ("ignored", D("36.00"))


@pytest.mark.parametrize("noted", [True, False])
async def test_only_what_quickbooks_linked_by_itself_is_moved(noted: bool) -> None:  # noqa: FBT001 - parametrised
    """Guards: QBO's own note; the other invoice is known to ask for all of its money again (`mark_stale_with`).

    The credit's invoice asks for it later, once a person's payment is deleted.
    """
    async with opened() as world:
        await world.deliver(told(OLD), told(NEW))
        by_hand(world, "36.00", invoice(world, NEW))
        await world.deliver(credited(NEW))
        paid, linked = world.held("Payment")
        linked["PrivateNote"] = linked["PrivateNote"] if noted else "Linked by Ann"
        write(world.sandbox.company(), "Payment", {"Id": paid["Id"], "SyncToken": paid["SyncToken"]}, "delete")
        await world.restart()
        await world.deliver(credited(NEW))
        mark_stale, left = (D("36.00"), D("24.00"), NIL), (D("24.00"), D("36.00"), NIL)
        assert balances(world) == (mark_stale if noted else left)
        money = transaction(id=71, order_id=OLD, admin_graphql_api_id=None, amount="36.00")
        await world.deliver(shopify_event("order_transactions/create", money))
        assert invoice(world, OLD)["Balance"] == 0
        on_it = {row["TotalAmt"]: row["UnappliedAmt"] for row in world.held("Payment")}
        assert on_it[D("36.00")] == (NIL if noted else D("12.00"))


async def test_what_lies_on_an_invoice_that_became_smaller_is_read_again() -> None:
    """Guard: links that QBO may have cut are forgotten, or a person's money would be taken for a credit."""
    async with opened() as world:
        await world.deliver(told(OLD), told(NEW, paid=True))
        by_hand(world, "12.00", invoice(world, OLD))
        await world.deliver(credited(NEW, 2))
        assert balances(world) == (NIL, NIL, NIL)
        await world.restart()
        await world.deliver(told(OLD, pieces=2))
        assert balances(world) == (NIL, NIL, D("12.00"))
        (result,) = await world.deliver(told(OLD, cancelled=True))
        assert (result.status, invoice(world, OLD)["TotalAmt"]) == ("ignored", D("24.00"))


def test_a_payment_that_uses_up_several_credits_is_left_where_it_is() -> None:
    """Guard: deleting it would take another credit off its invoice."""
    index = Index(SEAL, complete_since=datetime(2026, 1, 1, tzinfo=UTC))
    sides = (("Invoice", "1", 20), ("CreditMemo", "2", 12), ("CreditMemo", "3", 8))
    lines = [{"Amount": D(amount), "LinkedTxn": [{"TxnType": kind, "TxnId": ident}]} for kind, ident, amount in sides]
    index.remember("Payment", {"Id": "4", "TotalAmt": NIL, "PrivateNote": BY_QUICKBOOKS, "Line": lines})
    index.remember("Payment", {"Id": "5", "TotalAmt": NIL, "PrivateNote": BY_QUICKBOOKS, "Line": lines[:2]})
    several, one = index.others.get("4"), index.others.get("5")
    assert several is not None
    assert one is not None
    assert (links_one_credit(several, "2"), links_one_credit(one, "2")) == (False, True)


async def test_orders_without_credits_read_nothing() -> None:
    """The preference costs reads only where there is a credit: the memo, and what it lies on."""
    async with opened() as world:
        before = world.client.counts.reads
        await world.deliver(told(OLD), told(NEW, paid=True))
        assert world.client.counts.reads == before
        await world.deliver(credited(OLD))
        assert world.client.counts.reads == before + 2


async def test_a_credit_that_went_to_another_invoice_since_we_saw_it_comes_back_to_its_own() -> None:
    """Guard: an application that QBO refuses has the credit memo read again, not its invoice alone."""
    async with opened() as world:
        await world.deliver(told(OLD, paid=True))
        await world.deliver(credited(OLD))
        await world.deliver(told(NEW))
        assert balances(world) == (NIL, D("24.00"), NIL)
        results = await world.deliver(grown(OLD, 5), credited(OLD))
        assert {each.status for each in results} <= {"posted", "already_posted"}, [each.reason for each in results]
        assert balances(world) == (D("12.00"), D("36.00"), NIL)


async def kept_off(world: World) -> None:
    """A credit of the newer order lies on the older one, whose money is beside it in part; then the newer one grows."""
    await world.deliver(told(OLD), told(NEW, paid=True))
    await world.deliver(credited(NEW))
    money = transaction(id=71, order_id=OLD, admin_graphql_api_id=None, amount="36.00")
    await world.deliver(shopify_event("order_transactions/create", money))
    beside = {row["TotalAmt"]: row["UnappliedAmt"] for row in world.held("Payment")}
    assert (balances(world), beside[D("36.00")]) == ((NIL, NIL, NIL), D("12.00"))


async def test_a_payment_goes_on_its_invoice_once_a_credit_has_come_off_it() -> None:
    """Guard: `fill_room`; what the credit's own invoice takes is room on the other one."""
    async with opened() as world:
        await kept_off(world)
        (result,) = await world.deliver(grown(NEW, 5))
        assert result.status == "posted", result.reason
        assert balances(world) == (NIL, D("12.00"), NIL)
        assert {row["UnappliedAmt"] for row in world.held("Payment")} == {NIL}
        before = world.written()
        await world.restart()
        await world.deliver(grown(NEW, 5))
        assert world.written() == before


@pytest.mark.parametrize("skip", [1, 2])
async def test_a_payment_that_was_to_go_on_its_invoice_when_everything_stopped_does(skip: int) -> None:
    """Guard: what is left to do is read from the books; any next event does it."""
    async with opened() as world:
        await kept_off(world)
        world.breaks("reset_before", count=None, operation="write", skip=skip)
        with pytest.raises(Unavailable):
            await world.deliver(grown(NEW, 5))
        world.heals()
        await world.restart()
        await world.again()
        assert balances(world) == (NIL, D("12.00"), NIL)
        assert {row["UnappliedAmt"] for row in world.held("Payment")} == {NIL}


async def test_what_a_person_took_off_its_invoice_stays_off() -> None:
    """Guard: only what we left beside it, and as it was then."""
    async with opened() as world:
        await kept_off(world)
        (money,) = (row for row in world.held("Payment") if row["UnappliedAmt"] == D("12.00"))
        apart = {"Id": money["Id"], "SyncToken": money["SyncToken"], "sparse": True, "Line": []}
        write(world.sandbox.company(), "Payment", apart, "update")
        await world.restart()
        await world.deliver(grown(NEW, 5))
        assert invoice(world, OLD)["Balance"] == D("36.00")


async def test_a_credit_goes_on_its_invoice_once_another_order_s_has_come_off_it() -> None:
    """Guard: credits that lie beside an invoice find room like payments, in the same micro-batch."""
    async with opened() as world:
        await world.deliver(told(OLD), told(NEW, paid=True))
        await world.deliver(credited(NEW, 2))
        back = refund([refund_line(line("12.00", 3), 2, "24")], order_id=OLD, id=801, admin_graphql_api_id=None)
        await world.deliver(shopify_event("refunds/create", back))
        assert sorted(row["Balance"] for row in world.held("CreditMemo")) == [NIL, D("12.00")]
        await world.deliver(grown(NEW, 5))
        assert [row["Balance"] for row in world.held("CreditMemo")] == [NIL, NIL]
        assert (invoice(world, OLD)["Balance"], invoice(world, NEW)["Balance"]) == (D("12.00"), NIL)


async def test_a_cancelled_order_with_money_on_it_takes_no_credit_any_more() -> None:
    """Guard: nothing is asked for it, so its credit stays the customer's."""
    async with opened() as world:
        await paid_in_part_by_a_person(world)
        await world.deliver(told(NEW, cancelled=True))
        await world.deliver(told(OLD, paid=True))
        assert balances(world) == (NIL, D("26.00"), D("12.00"))
