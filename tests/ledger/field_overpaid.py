"""What was paid too much, drawn: twice, or before an edit took something off; it goes back, in part, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hypothesis import strategies as st

from tests.ledger.told_orders import CENT, NOTHING, FieldStory, ToldOrder, prices
from tests.support.orders import Json, adjustment, shipping

WHYS = ("paid twice", "discount", "delivery removed", "article removed")


def _edited(told: ToldOrder, why: str, price: Decimal, more: Decimal) -> tuple[list[Json], list[Json], list[Json]]:
    """The lines and the deliveries as they are now, and the deliveries before."""
    sold = {**told.article(1, price), "current_quantity": 1}
    carried = shipping(str(more), id=80_000 + told.number)
    match why:
        case "discount":
            return [{**sold, "price": str(price + more), "discount_allocations": [{"amount": str(more)}]}], [], []
        case "delivery removed":
            return [sold], [{**carried, "is_removed": True}], [carried]
        case "article removed":
            return [sold, {**told.article(2, more), "current_quantity": 0}], [], []
    return [sold], [], []


def _before(rows: list[Json]) -> list[Json]:
    """The lines as they were placed."""
    return [{**row, "current_quantity": 1, "discount_allocations": []} for row in rows]


@st.composite
def _paid_too_much(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """Each part goes back with a row or without, to the card or as store credit; goodwill of the last may follow."""
    told, price, more = ToldOrder(number, buyer), draw(prices(20_00)), draw(prices(2_00, 19_00))
    why = draw(st.sampled_from(WHYS))
    rows, ships, ships_before = _edited(told, why, price, more)
    first = price if why == "paid twice" else price + more
    told.body(_before(rows), "paid", first, NOTHING, shipping_lines=ships_before)
    told.moved(first)
    if why == "paid twice":
        told.moved(more, 1)
    told.body(rows, "paid", price, -more, shipping_lines=ships)
    owed, stored = more, NOTHING
    for _ in range(draw(st.integers(0, 2))):
        part = owed if draw(st.booleans()) else draw(st.integers(1, int(owed / CENT))) * CENT
        to = draw(st.sampled_from(["shopify_payments", "shopify_store_credit"]))
        moved = told.row(part, 50 + len(told.refunds), kind="refund", gateway=to)
        row = [adjustment(str(-part))] if draw(st.booleans()) else []
        told.refund([], NOTHING, transactions=[moved], order_adjustments=row)
        owed, stored = owed - part, stored + part * (to == "shopify_store_credit")
        told.body(rows, "partially_refunded", price, -owed, shipping_lines=ships)
        if not owed:
            break
    goodwill = draw(prices(1, 19_00)) if not owed and draw(st.booleans()) else NOTHING
    if goodwill:
        told.refund([], goodwill, order_adjustments=[adjustment(str(-goodwill))])
        told.body(rows, "partially_refunded", price - goodwill, NOTHING, shipping_lines=ships)
    nets = {
        "income": price - goodwill,
        "liability": stored,
        "money": price + owed + stored - goodwill,
        "receivable": -owed,
    }
    return FieldStory(f"too much, {why}", tuple(told.events), nets)


@st.composite
def _goods_with_too_much(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """One refund hands back goods, and with them what was paid too much or a part of it; a fee may be kept of it."""
    told, price, more = ToldOrder(number, buyer), draw(prices(20_00)), draw(prices(2_00, 19_00))
    why, worth = draw(st.sampled_from(WHYS)), draw(prices(20_00))
    rows, ships, ships_before = _edited(told, why, price, more)
    goods = told.article(3, worth)
    before = [*_before(rows), {**goods, "current_quantity": 1}]
    first = price + worth + (NOTHING if why == "paid twice" else more)
    told.body(before, "paid", first, NOTHING, shipping_lines=ships_before)
    told.moved(first)
    if why == "paid twice":
        told.moved(more, 1)
    told.body([*rows, {**goods, "current_quantity": 1}], "paid", price + worth, -more, shipping_lines=ships)
    part = more if draw(st.booleans()) else draw(st.integers(2, int(more / CENT))) * CENT
    fee = draw(st.integers(1, int(part / CENT) - 1)) * CENT if draw(st.booleans()) else NOTHING
    row = [adjustment(str(fee - part))]
    told.refund([(goods, 1, worth)], worth - fee + part, order_adjustments=row)
    rows = [*rows, {**goods, "current_quantity": 0}]
    told.body(rows, "partially_refunded", price + fee, part - more, shipping_lines=ships)
    nets = {"income": price + fee, "money": price + fee + more - part, "receivable": part - more}
    return FieldStory(f"too much, {why}, back with goods", tuple(told.events), nets)


OVERPAID: tuple[Callable[[int, int], st.SearchStrategy[FieldStory]], ...] = (_paid_too_much, _goods_with_too_much)
