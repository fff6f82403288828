"""What is handed back in the field, drawn: delivery with its tax, tips, duties, gift cards, chargebacks, later edits.

Like `field_stories.py`: what the books must hold is reckoned from the drawing.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from hypothesis import strategies as st

from tests.ledger.told_orders import CENT, NOTHING, FieldStory, ToldOrder, prices
from tests.support.orders import Json, adjustment, parcel, refund_line, sets, shipping, shopify_event


@st.composite
def _delivery_with_tax(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """One of two taxed pieces comes back with none of the delivery, a part or all of it, by a row or by a list too."""
    told, price, tax = ToldOrder(number, buyer), draw(prices(4_00)), draw(prices(1, 3_00))
    carried, its_tax = draw(prices(2_00, 20_00)), draw(prices(1, 1_00))
    share = draw(st.sampled_from([0, 1, 2]))
    back, back_tax = (carried, its_tax) if share == 2 else (CENT * share, NOTHING)
    rate = {"title": "State tax", "rate": 0.08, "channel_liable": False}
    ship = shipping(str(carried), id=80_000 + number, tax_lines=[{**rate, "price": str(its_tax)}])
    sold = told.article(1, price, 2, tax_lines=[{**rate, "price": str(2 * tax)}])
    whole = 2 * (price + tax) + carried + its_tax
    told.body([{**sold, "current_quantity": 2}], "paid", whole, NOTHING, shipping_lines=[ship])
    told.moved(whole)
    rows = [adjustment(str(-back), str(-back_tax), kind="shipping_refund")] if back else []
    listed = {"shipping_line": ship, "subtotal_amount_set": sets(str(back)), "tax_amount_set": sets(str(back_tax))}
    by_list = [{"shipping_line_id": ship["id"], **listed}] if back and draw(st.booleans()) else []
    money = price + tax + back + back_tax
    taken = [refund_line(sold, 1, str(price), str(tax))]
    told.refund([], money, refund_line_items=taken, order_adjustments=rows, refund_shipping_lines=by_list)
    told.body([{**sold, "current_quantity": 1}], "partially_refunded", whole - money, NOTHING, shipping_lines=[ship])
    nets = {"income": price + carried - back, "tax": tax + its_tax - back_tax, "money": whole - money}
    return FieldStory("refund with delivery and tax", tuple(told.events), nets)


@st.composite
def _tip_back(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """All goods come back, with the tip as a row or without it; the order tells the tip by its total or by a line."""
    told, price, tip = ToldOrder(number, buyer), draw(prices(10_00)), draw(prices(1_00, 9_00))
    by_line, with_tip = draw(st.booleans()), draw(st.booleans())
    sold = told.article(1, price)
    extra = told.article(2, tip, title="Trinkgeld", product_id=None, tip_payment_gateway="shopify_payments")
    about: Json = {"total_tip_received": "0" if by_line else str(tip)}
    rest = [{**extra, "current_quantity": 1}] if by_line else []
    told.body([{**sold, "current_quantity": 1}, *rest], "paid", price + tip, NOTHING, **about)
    told.moved(price + tip)
    rows = [adjustment(str(-tip))] if with_tip else []
    back = price + tip * with_tip
    told.refund([(sold, 1, price)], back, order_adjustments=rows)
    left = price + tip - back
    status = "partially_refunded" if left else "refunded"
    told.body([{**sold, "current_quantity": 0}, *rest], status, left, NOTHING, **about)
    return FieldStory(
        "tip refunded" if with_tip else "tip kept", tuple(told.events), {"liability": left, "money": left}
    )


@st.composite
def _duties(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """Duties beside the prices or inside them; the goods come back with their duties or without."""
    told, price, duty = ToldOrder(number, buyer), draw(prices(20_00)), draw(prices(1_00, 19_00))
    inside, back = draw(st.booleans()), draw(st.sampled_from(["nothing", "goods", "goods and duties"]))
    owed = {"id": str(70_000 + number), "harmonized_system_code": "640399", "shop_money": sets(str(duty))["shop_money"]}
    sold = told.article(1, price, duties=[{**owed, "price_set": sets(str(duty))}])
    whole = price if inside else price + duty
    about: Json = {
        "duties_included": inside,
        "original_total_duties_set": sets(str(duty)),
        "total_price": str(whole),
    }
    told.body([{**sold, "current_quantity": 1}], "paid", whole, NOTHING, **about)
    told.moved(whole)
    goods = price - duty if inside else price
    nets = {"income": goods, "liability": duty, "money": whole}
    if back == "nothing":
        return FieldStory("duties", tuple(told.events), nets)
    duties = duty if back == "goods and duties" else NOTHING
    returned = {"duties": [{"duty_id": 70_000 + number, "amount_set": sets(str(duties))}] if duties else []}
    told.refund([(sold, 1, goods)], goods + duties, total_duties_set=sets(str(duties)), **returned)
    left = duty - duties
    status = "partially_refunded" if left else "refunded"
    told.body([{**sold, "current_quantity": 0}], status, left, NOTHING, **about)
    return FieldStory(f"duties, {back} back", tuple(told.events), {"liability": left, "money": left})


@st.composite
def _card_used(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """A gift card pays a part; goods come back to the card, to the other gateway, or to both."""
    told, price, by_card = ToldOrder(number, buyer), draw(prices(10_00)), CENT * draw(st.integers(1, 9_99))
    sold, kept = told.article(1, price), told.article(2, draw(prices()))
    whole = price + Decimal(str(kept["price"]))
    names: Json = {"payment_gateway_names": ["gift_card", "shopify_payments"]}
    told.body([{**sold, "current_quantity": 1}, {**kept, "current_quantity": 1}], "paid", whole, NOTHING, **names)
    told.moved(by_card, gateway="gift_card")
    told.moved(whole - by_card, 1)
    to_card = min(draw(st.sampled_from([NOTHING, by_card, by_card / 2])).quantize(CENT), price)
    to_money = min(price - to_card, whole - by_card)
    to_card = price - to_money
    moved = [
        told.row(amount, at, kind="refund", gateway=gateway)
        for at, gateway, amount in ((61, "gift_card", to_card), (62, "shopify_payments", to_money))
        if amount
    ]
    told.refund([(sold, 1, price)], NOTHING, transactions=moved)
    rows = [{**sold, "current_quantity": 0}, {**kept, "current_quantity": 1}]
    told.body(rows, "partially_refunded", whole - price, NOTHING, **names)
    nets = {"income": whole - price, "liability": to_card - by_card, "money": whole - by_card - to_money}
    return FieldStory("gift card used, then goods back", tuple(told.events), nets)


@st.composite
def _chargeback(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """The card holder's bank takes the money; the shop wins it back, loses it, or does not know yet."""
    told, price = ToldOrder(number, buyer), draw(prices())
    told.body([told.article(1, price)], "paid", price, NOTHING)
    told.moved(price)
    ended = draw(st.sampled_from(["under_review", "won", "lost"]))
    body: Json = {"id": 90_000 + number, "order_id": told.ident, "type": "chargeback", "amount": str(price)}
    body |= {"currency": "USD", "initiated_at": "2026-03-20T20:00:00-05:00", "finalized_on": None}
    told.events.append(shopify_event("disputes/create", {**body, "status": "needs_response"}))
    day = None if ended == "under_review" else "2026-05-02"
    told.events.append(shopify_event("disputes/update", {**body, "status": ended, "finalized_on": day}))
    nets = {"income": price, "money": price} if ended == "won" else {}
    return FieldStory(f"chargeback {ended.replace('_', ' ')}", tuple(told.events), nets)


@st.composite
def _edited_after_refund(draw: st.DrawFn, number: int, buyer: int) -> FieldStory:
    """Goods go out, some come back with their money, then an article is added and paid, or owed."""
    told, back, stays, more = ToldOrder(number, buyer), draw(prices()), draw(prices()), draw(prices())
    gone, kept, added = told.article(1, back), told.article(2, stays), told.article(3, more)
    told.body([{**gone, "current_quantity": 1}, {**kept, "current_quantity": 1}], "paid", back + stays, NOTHING)
    told.moved(back + stays)
    sent = {"id": 45_000 + number, "order_id": told.ident, "tracking_number": f"1Z{number}"}
    told.events.append(parcel(**sent, tracking_numbers=[f"1Z{number}"]))
    told.refund([(gone, 1, back)], back)
    rows = [{**gone, "current_quantity": 0}, {**kept, "current_quantity": 1}, {**added, "current_quantity": 1}]
    told.body(rows, "partially_paid", stays + more, more)
    is_paid = draw(st.booleans())
    if is_paid:
        told.moved(more, 1)
        told.body(rows, "partially_refunded", stays + more, NOTHING)
    owed = NOTHING if is_paid else more
    nets = {"income": stays + more, "money": stays + more - owed, "receivable": owed}
    return FieldStory("edited after a refund", tuple(told.events), nets)


HANDED_BACK: tuple[Callable[[int, int], st.SearchStrategy[FieldStory]], ...] = (
    _delivery_with_tax,
    _tip_back,
    _duties,
    _card_used,
    _chargeback,
    _edited_after_refund,
)
