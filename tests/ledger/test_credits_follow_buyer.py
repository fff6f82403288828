"""Another buyer of an order: its credit memos and refund receipts go with its invoice, or the result says why not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bridge.sandbox.admin import set_switches
from bridge.sandbox.settings import DEFAULT_REALM
from tests.ledger.late_stories import BUYERS, PLACED, Back, LateStory, Shape, Told
from tests.support.orders import Json
from tests.support.world import World, opened, without_own_credits

SOLD, ANOTHER = Shape(4, 0), Shape(4, 0, buyer=1)
WARNED = "with_another_customer"


def _events(*what: Shape | Back | Decimal) -> list[Json]:
    """These events, a day apart, of an order of 52.00."""
    letters = {Shape: "v", Back: "b", Decimal: "p"}
    moments = [PLACED.replace(day=PLACED.day + at) for at in range(len(what))]
    names = [f"{letters[type(each)]}{at}" for at, each in enumerate(what)]
    return list(LateStory([Told(*each) for each in zip(names, moments, what, strict=True)]).bodies().values())


def _warned(world: World) -> list[str]:
    return [each.code for each in world.told[-1].warnings]


async def _somebody(world: World) -> str:
    return str((await world.by_hand("customer", {"DisplayName": "Somebody Else"}))["Id"])


async def _edit(world: World, entity: str, **changes: Any) -> None:
    (row,) = world.ours(entity).values()
    await world.by_a_person("edit", entity, row["Id"], changes=changes)


@pytest.mark.parametrize("by_itself", [True, False])
@pytest.mark.parametrize("paid", [None, Decimal(20), Decimal(52)])
async def test_goods_that_came_back_are_the_new_buyers_and_on_the_invoice(
    paid: Decimal | None, *, by_itself: bool
) -> None:
    """QBO takes it off an invoice that changes hands. Guard: the application that is written anew in `_apply_rest`."""
    async with opened() as world:
        if not by_itself:
            await without_own_credits(world)
        for event in _events(SOLD, Back(1, 12, with_money=False), *([paid] if paid else []), ANOTHER):
            await world.deliver(event)
        left = Decimal(52 - 13) - (paid or 0)
        assert world.owed() == {BUYERS[1]: left}
        (invoice,) = world.held("Invoice")
        assert invoice["Balance"] == max(left, Decimal(0))


async def test_a_refund_receipt_is_the_new_buyers() -> None:
    """Its money went back to whoever it was; reports by customer net out."""
    async with opened() as world:
        for event in _events(SOLD, Decimal(52), Back(1, 12, with_money=True), ANOTHER):
            await world.deliver(event)
        (receipt,) = world.held("RefundReceipt")
        assert (receipt["CustomerRef"]["name"], receipt["TotalAmt"]) == (BUYERS[1], 13)
        assert world.owed() == {}


async def test_a_credit_memo_that_a_person_gave_away_stays_and_the_result_says_so() -> None:
    """Guard: `is_given_away` in `_stays`."""
    sold, back, another = _events(SOLD, Back(1, 12, with_money=False), ANOTHER)
    async with opened() as world:
        await world.tell(sold, back)
        await _edit(world, "CreditMemo", CustomerRef={"value": await _somebody(world)})
        await world.restart()
        await world.deliver(another)
        assert world.owed() == {BUYERS[1]: 52, "Somebody Else": -13}
        assert _warned(world) == [WARNED]


async def test_a_credit_memo_that_a_person_used_for_another_invoice_stays_and_the_result_says_so() -> None:
    """It would come off that one. Guard: `_is_used`."""
    sold, back, paid, another = _events(SOLD, Back(1, 12, with_money=False), Decimal(52), ANOTHER)
    async with opened() as world:
        await without_own_credits(world)
        # because the payment comes first, nothing of the credit is on the invoice
        await world.tell(sold, paid)
        await world.tell(back)
        (memo,) = world.held("CreditMemo")
        (own,) = world.held("Invoice")
        line = {**own["Line"][0], "Amount": Decimal(13)}
        line["SalesItemLineDetail"] = {"ItemRef": line["SalesItemLineDetail"]["ItemRef"]}
        made = await world.by_hand(
            "invoice", {"CustomerRef": memo["CustomerRef"], "DocNumber": "77", "TxnTaxDetail": None, "Line": [line]}
        )
        links = [(made["Id"], "Invoice"), (memo["Id"], "CreditMemo")]
        lines = [{"Amount": 13, "LinkedTxn": [{"TxnId": ident, "TxnType": kind}]} for ident, kind in links]
        await world.by_hand("payment", {"CustomerRef": memo["CustomerRef"], "TotalAmt": 0, "Line": lines})
        await world.restart()
        await world.deliver(another)
        assert world.owed() == {}
        (memo,) = world.held("CreditMemo")
        assert (memo["CustomerRef"]["name"], memo["Balance"]) == (BUYERS[0], 0)
        assert _warned(world) == [WARNED]


@pytest.mark.parametrize("closed", [False, True])
async def test_a_credit_memo_follows_an_invoice_that_a_person_gave_away_unless_its_books_are_closed(
    *, closed: bool
) -> None:
    """As the payments of that invoice do; what is left behind is said. Guard: `is_closed` in `_stays`."""
    sold, back, again = _events(SOLD, Back(1, 12, with_money=False), SOLD)
    async with opened() as world:
        await world.tell(sold, back)
        await _edit(world, "Invoice", CustomerRef={"value": await _somebody(world)})
        if closed:
            set_switches(world.sandbox.realms[DEFAULT_REALM], {"book_close_date": "2026-01-31"})
        await world.restart()
        await world.deliver(again)
        assert world.owed() == ({BUYERS[0]: -13, "Somebody Else": 52} if closed else {"Somebody Else": 39})
        assert _warned(world) == ([WARNED] if closed else [])
