"""The money that a person entered for an order is counted once, however the source tells it and whenever."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from tests.support.entered import BY_NUMBER, keyed, paid_by_hand
from tests.support.orders import ORDER_ID, bought, handed_back, later, order, refund, refund_line, taxed, transaction
from tests.support.world import World, opened

FIRST, SECOND = 9455001122301, 9455001122302


def money(ident: int, amount: str) -> dict[str, object]:
    """A transaction of the order."""
    return transaction(id=ident, admin_graphql_api_id=None, amount=amount)


def paid(acme: World) -> list[Decimal]:
    """The live payments by amount."""
    return sorted(row["TotalAmt"] for row in acme.held("Payment") if row["TotalAmt"])


@pytest.mark.parametrize("together", [True, False], ids=["in one micro-batch", "one by one"])
@pytest.mark.parametrize(
    ("entered", "told"),
    [
        (["42.90"], ["20.00", "22.90"]),
        (["20.00", "22.90"], ["42.90"]),
        (["10.00", "12.90", "20.00"], ["22.90", "20.00"]),
        (["30.00", "12.90"], ["22.90", "20.00"]),
    ],
    ids=["one for two", "two for one", "three for two", "two for two others"],
)
async def test_entries_stand_together_for_what_the_source_tells(
    entered: list[str], told: list[str], *, together: bool
) -> None:
    """Nothing is booked twice, not after restarts either. Guard: what stand-ins hold together in `_with_room`."""
    async with opened() as acme:
        mine = await keyed(acme, **BY_NUMBER)
        for amount in entered:
            await paid_by_hand(acme, mine, amount)
        await acme.restart()
        events = [bought(0), *(money(FIRST + at, amount) for at, amount in enumerate(told))]
        for batch in [events] if together else [[event] for event in events]:
            await acme.tell(*batch)
            await acme.restart()
        before = acme.written()
        await acme.tell(*events)
        assert paid(acme) == sorted(map(Decimal, entered))
        assert acme.written() == before


@pytest.mark.parametrize("together", [True, False], ids=["in one micro-batch", "one by one"])
@pytest.mark.parametrize("first", ["body", "transaction"])
async def test_a_payment_entered_over_less_is_a_part_of_the_money_and_the_rest_is_booked(
    first: str, *, together: bool
) -> None:
    """20.00 of 42.90: what is missing comes of the body, and a person looks. Guard: `partly_entered`."""
    async with opened() as acme:
        mine = await keyed(acme, **BY_NUMBER)
        await paid_by_hand(acme, mine, "20.00")
        await acme.restart()
        events = [bought(0), transaction()] if first == "body" else [transaction(), bought(0)]
        for batch in [events] if together else [[event] for event in events]:
            await acme.tell(*batch)
            await acme.restart()
        assert paid(acme) == [Decimal("20.00"), Decimal("22.90")]
        assert acme.owed() == {}
        before = acme.written()
        (_, again) = await acme.tell(bought(0), transaction())
        assert (again.status, again.reason and again.reason.code) == ("dead_lettered", "conflict")
        assert acme.written() == before


async def test_a_payment_beside_the_money_of_the_shop_is_no_part_of_it() -> None:
    """20.00 at the counter, 22.90 in the shop: the order asks for both. Guard: `room` of `partly_entered`."""
    async with opened() as acme:
        mine = await keyed(acme, **BY_NUMBER)
        await paid_by_hand(acme, mine, "20.00")
        await acme.restart()
        part = bought(0, financial_status="partially_paid", total_outstanding="20.00")
        results = await acme.tell(part, money(FIRST, "22.90"))
        assert {result.status.value for result in results} <= {"posted", "already_posted"}
        assert paid(acme) == [Decimal("20.00"), Decimal("22.90")]


@pytest.mark.parametrize("together", [True, False], ids=["in one micro-batch", "one by one"])
async def test_a_refund_for_which_a_person_entered_a_credit_memo_is_asked_for(*, together: bool) -> None:
    """It does not say where the money went, and revenue goes back once only. Guard: `_credited_by_hand`."""
    async with opened() as acme:
        mine = await keyed(acme, **BY_NUMBER)
        await paid_by_hand(acme, mine)
        credit = await acme.by_hand("creditmemo", {**_all_of_it(acme), "CustomerRef": mine["CustomerRef"]})
        await acme.restart()
        events = [bought(0), transaction(), REFUND]
        told = [
            result for batch in ([events] if together else [[e] for e in events]) for result in await acme.tell(*batch)
        ]
        (refused,) = [result for result in told if result.status == "dead_lettered"]
        assert refused.reason is not None
        assert (refused.reason.code, f"CreditMemo {credit['Id']}" in refused.reason.message) == ("conflict", True)
        assert acme.held("RefundReceipt") == []
        await acme.by_a_person("delete", "CreditMemo", credit["Id"])
        await acme.look()
        (booked,) = await acme.tell(REFUND)
        assert booked.status == "posted"


ORDERED = bought(0, financial_status="pending", total_outstanding="42.90")


async def loose_payment(acme: World, customer: object) -> None:
    """A payment that a bookkeeper put on no invoice."""
    body = {"CustomerRef": customer, "TotalAmt": "42.90", "TxnDate": "2026-03-05"}
    await acme.by_hand("payment", body)


@pytest.mark.parametrize("event", [transaction(), later(bought(0), 50)], ids=["its transaction", "its paid body"])
async def test_a_loose_payment_is_found_when_its_money_is_told_later(event: dict[str, object]) -> None:
    """The order was adopted unpaid, and a new process took over since. Guard: `_adopts_later`."""
    async with opened() as acme:
        mine = await keyed(acme, **BY_NUMBER)
        await loose_payment(acme, mine["CustomerRef"])
        await acme.restart()
        await acme.tell(ORDERED)
        await acme.restart()
        await acme.tell(event)
        assert paid(acme) == [Decimal("42.90")]
        assert acme.held("Invoice")[0]["Balance"] == 0
        before = acme.written()
        await acme.restart()
        await acme.tell(ORDERED, event)
        await acme.tell(later(bought(0), 51), transaction())
        assert acme.written() == before


@pytest.mark.parametrize("form", ["invoice", "salesreceipt"])
async def test_a_refund_that_a_person_entered_is_found_when_it_is_told_later(form: str) -> None:
    """The refund's own event is the last of three. Guard: `_adopts_later`."""
    async with opened() as acme:
        mine = await keyed(acme, form, **BY_NUMBER)
        if form == "invoice":
            await paid_by_hand(acme, mine)
        await refunded_by_hand(acme, mine)
        await acme.restart()
        for event in (bought(0), transaction(), REFUND):
            await acme.tell(event)
            await acme.restart()
        assert len(acme.held("RefundReceipt")) == 1
        before = acme.written()
        await acme.tell(bought(0), transaction(), REFUND)
        assert acme.written() == before


async def test_a_refund_by_hand_of_a_sale_that_we_wrote_is_a_persons_own() -> None:
    """Only with an adopted sale is its money adopted."""
    async with opened() as acme:
        await acme.tell(bought(0), transaction())
        (ours,) = acme.held("Invoice")
        await refunded_by_hand(acme, ours)
        await acme.restart()
        await acme.tell(REFUND)
        assert len(acme.held("RefundReceipt")) == 2


async def test_an_edited_order_keeps_the_customer_that_a_person_gave_it_and_its_money() -> None:
    """Its payment lies on a deposit and could not follow. Guard: `was_adopted` in `keeps_customer`."""
    async with opened() as acme:
        mine = await keyed(acme, **BY_NUMBER)
        payment = await paid_by_hand(acme, mine)
        bank = next(row["Id"] for row in acme.held("Account") if row["AccountType"] == "Bank")
        link = {"Amount": "42.90", "LinkedTxn": [{"TxnId": payment["Id"], "TxnType": "Payment", "TxnLineId": "0"}]}
        await acme.by_hand("deposit", {"DepositToAccountRef": {"value": bank}, "Line": [link]})
        await acme.restart()
        await acme.tell(bought(0), transaction())
        for second, price, outstanding in ((50, "25.00", "10.00"), (51, "30.00", "20.00")):
            sold = order([taxed(price, 2, "2.90")], name="#3000", id=ORDER_ID)
            await acme.tell(later(sold, second, financial_status="partially_paid", total_outstanding=outstanding))
            await acme.restart()
        (invoice,) = acme.held("Invoice")
        assert (invoice["CustomerRef"]["value"], invoice["TotalAmt"]) == (
            mine["CustomerRef"]["value"],
            Decimal("62.90"),
        )
        assert acme.owed() == {"Dana Reyes": Decimal("20.00")}


REFUND = refund([refund_line(taxed("20.00", 2, "2.90"), 2, "40.00", "2.90")], handed_back("42.90"))


async def refunded_by_hand(acme: World, sale: Mapping[str, object]) -> None:
    """The whole of it, from the bank, as a bookkeeper enters it."""
    bank = next(row["Id"] for row in acme.held("Account") if row["AccountType"] == "Bank")
    body = {**_all_of_it(acme), "CustomerRef": sale["CustomerRef"]}
    await acme.by_hand("refundreceipt", {**body, "DepositToAccountRef": {"value": bank}})


def _all_of_it(acme: World) -> dict[str, object]:
    """What the order sold, given back a week later."""
    sold = {"ItemRef": {"value": acme.held("Item")[0]["Id"]}, "TaxCodeRef": {"value": "NON"}}
    line = {"Amount": "42.90", "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": sold}
    return {"TxnDate": "2026-03-09", "Line": [line]}
