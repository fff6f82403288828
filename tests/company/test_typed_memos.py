"""What a person types into the memo of what the bridge wrote decides nothing: not which document it is, not its money.

A right signature proves the key of a marker and no other pair of it, so each pair that decides about money is typed
here into markers that the bridge signed. The books end as they do when nobody has touched a memo.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from contracts.keys import SourceKey
from contracts.marker import Marker
from tests.support.four_orders import before, ended
from tests.support.orders import ORDER_ID, Json, bought, line, order, transaction
from tests.support.samples import CANCELLED, OWED
from tests.support.seals import SEAL
from tests.support.world import World, opened

PAID = SourceKey("shopify", "payment", str(ORDER_ID))
Typed = tuple[str, str, str]
"""A type of entity, and the pair that is typed into each marker of it."""
TYPED: tuple[Typed, ...] = (
    ("Payment", "r", "999999999999999.999999"),
    ("Payment", "r", "0.00"),
    ("Payment", "t", "1.00"),
    ("Payment", "a", "0.00"),
    ("Payment", "o", str(ORDER_ID + 2)),
    ("Payment", "k", "1000000001:12.00"),
    ("Payment", "v", "4102444800.9"),
    ("Payment", "h", "void"),
    ("Invoice", "t", "1.00"),
    ("Invoice", "c", "1"),
    ("Invoice", "v", "4102444800.9"),
    ("Invoice", "h", "void"),
    ("Invoice", "g", "transaction.1000000002:12.90"),
    ("Invoice", "x", "EUR:10.00:40.00:0.00"),
    ("CreditMemo", "t", "0.00"),
    ("RefundReceipt", "o", str(ORDER_ID + 2)),
)


async def type_into(acme: World, typed: Typed | None) -> None:
    """The pair, into each marker of this type, signed as the bridge has signed it."""
    entity, name, value = typed or ("", "", "")
    for row in acme.held(entity) if entity else ():
        own = SEAL.find(entity, row["PrivateNote"])
        assert own is not None
        memo = SEAL.line(entity, Marker(own.key, {**own.fields, name: value}))
        await acme.by_a_person("edit", entity, row["Id"], changes={"PrivateNote": memo})


async def lived(typed: Typed | None, *, restart: bool) -> tuple[list[Any], list[str]]:
    """The books in the end, and what each event has ended as."""
    async with opened() as acme:
        await acme.tell(*before())
        await type_into(acme, typed)
        if not restart:
            await acme.look()
            return await ended(acme)
    async with opened(after=acme) as again:
        return await ended(again)


@pytest.mark.parametrize("restart", [False, True], ids=["seen", "restarted"])
@pytest.mark.parametrize("typed", TYPED, ids=[" ".join(each) for each in TYPED])
async def test_a_pair_that_is_typed_into_a_signed_marker_moves_no_money(
    typed: Typed,
    restart: bool,  # noqa: FBT001
) -> None:
    """What was written is known from the record. Guard: `Identities.written`."""
    assert await lived(typed, restart=restart) == await lived(None, restart=restart)


async def test_the_answer_to_a_void_with_a_pasted_memo_is_still_about_what_was_voided() -> None:
    """Two payments with each other's memo, both orders cancelled: both are void. Guard: `Index.remember_answer`."""
    async with opened() as acme:
        await acme.tell(bought(0), bought(1))
        first, second = acme.held("Payment")
        for row, other in ((first, second), (second, first)):
            await acme.by_a_person("edit", "Payment", row["Id"], changes={"PrivateNote": other["PrivateNote"]})
        await acme.look()
        for number in (0, 1):
            await acme.tell(bought(number, **{**OWED, **CANCELLED}))
        assert [row["TotalAmt"] for row in acme.held("Payment")] == [0, 0]


@pytest.mark.parametrize("restart", [False, True], ids=["seen", "restarted"])
async def test_a_memo_that_begins_with_voided_voids_nothing(restart: bool) -> None:  # noqa: FBT001
    """Only what asks for nothing is void. Guard: `_is_voided` looks at the total."""
    async with opened() as acme:
        await acme.tell(bought(0, **OWED))
        (row,) = acme.held("Invoice")
        memo = f"Voided cheque\n{row['PrivateNote']}"
        await acme.by_a_person("edit", "Invoice", row["Id"], changes={"PrivateNote": memo})
        await acme.look()
        if not restart:
            await paid_in_full(acme)
    if restart:
        async with opened(after=acme) as again:
            await paid_in_full(again)


async def paid_in_full(acme: World) -> None:
    (result,) = await acme.tell(transaction(order_id=ORDER_ID, amount="42.90", admin_graphql_api_id=None))
    assert (result.status.value, acme.held("Invoice")[0]["Balance"]) == ("posted", 0)


async def test_what_was_written_and_not_settled_is_known_though_its_memo_is_cleared() -> None:
    """Its owner was killed after the write; QuickBooks answers once more. Guard: `Index.own_answered`."""
    async with opened() as acme:
        await acme.company.process(acme.records(bought(0, **OWED)))
        (row,) = acme.held("Invoice")
        await acme.by_a_person("edit", "Invoice", row["Id"], changes={"PrivateNote": "please call"})
    async with opened(after=acme) as again:
        (result,) = await again.tell(edited())
        assert (result.status.value, [each["Id"] for each in again.held("Invoice")]) == ("posted", [row["Id"]])


async def test_a_write_that_was_not_settled_is_believed_of_its_memo() -> None:
    """QuickBooks has forgotten the request and refuses it: the total in the books is ours. Guard: `Index.expect`."""
    async with opened() as acme:
        await acme.tell(bought(0, **OWED))
        await acme.company.process(acme.records(smaller()))
    acme.forget_requests()
    async with opened(after=acme) as again:
        (row,) = again.held("Invoice")
        assert row["TotalAmt"] == Decimal("20.00")
        (result,) = await again.tell(edited())
        assert (result.status.value, again.held("Invoice")[0]["TotalAmt"]) == ("posted", Decimal("42.90"))


def edited() -> Json:
    return bought(0, **OWED, updated_at="2026-03-04T09:00:00-08:00", po_number="PO-7")


def smaller() -> Json:
    """The same order, later, over another total."""
    made = order([line("20.00")], financial_status="pending", total_outstanding="20.00")
    return {**made, "updated_at": "2026-03-03T09:00:00-08:00", "admin_graphql_api_id": None}
