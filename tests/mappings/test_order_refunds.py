"""What only the order's body knows of its refunds: exchanges, fees, money of goods that came back before, tips."""

from __future__ import annotations

from decimal import Decimal

import pytest

from contracts.errors import UndecodableRecord
from contracts.money import total
from contracts.posting import Intent, PostingPlan
from contracts.quickbooks import CreditMemoDraft, JournalEntryDraft, RefundReceiptDraft
from tests.support.orders import (
    Json,
    adjustment,
    handed_back,
    invoice_of,
    line,
    mapped,
    order,
    payment_of,
    plan_of,
    receipts_of,
    refund,
    refund_line,
    sets,
    shipping,
    shopify_event,
    taxed,
)

D = Decimal
LAMP = taxed("150.00", 1, "12.00", id=81, title="Brass lamp", name="Brass lamp", sku="LAMP", current_quantity=0)
SHADE = line("70.00", id=82, title="Paper shade", name="Paper shade", sku="SHADE")


def body_of(
    rows: list[Json], refunds: list[Json], *, left: str | None, owing: str = "0.00", **changes: object
) -> PostingPlan:
    """The plan of an order after its refunds, of whose total `left` is left."""
    figures: Json = {
        "current_total_price": left,
        "current_subtotal_price": None,
        "total_outstanding": owing,
        "refunds": refunds,
    }
    return plan_of(
        shopify_event("orders/updated", order(rows, **{"financial_status": "partially_refunded", **figures, **changes}))
    )


def credits_of(plan: PostingPlan) -> dict[str, CreditMemoDraft]:
    """The plan's credit memos by the ids of their keys."""
    return {step.key.id: step.draft for step in plan.steps if isinstance(step.draft, CreditMemoDraft)}


def undone(plan: PostingPlan) -> set[str]:
    """What the plan takes out of the books again."""
    return {step.key.id for step in plan.steps if step.intent is Intent.UNDONE}


def by_item(*drafts: RefundReceiptDraft | CreditMemoDraft) -> dict[str, Decimal]:
    """What documents take back, by item; taxes under `tax`."""
    found: dict[str, Decimal] = {"tax": total(draft.tax for draft in drafts)}
    for draft in drafts:
        for row in draft.lines:
            found[row.item.id] = found.get(row.item.id, D(0)) + row.amount
    return {name: amount for name, amount in found.items() if amount}


def test_cheaper_exchange_is_money_back_and_a_credit_for_the_rest() -> None:
    """162 came back, 92 were handed back, 70 pay for the new goods: nothing else was received."""
    swap = refund([refund_line(LAMP, 1, "150.00", "12.00")], handed_back("92.00"), id=1)
    plan = body_of([LAMP, SHADE], [swap], left="70.00")
    assert payment_of(plan).amount == D("162.00")
    (receipt,), (credit,) = receipts_of(plan).values(), credits_of(plan).values()
    assert (receipt.total, credit.total) == (D("92.00"), D("70.00"))
    assert by_item(receipt, credit) == {"tax": D("12.00"), "lamp": D("150.00")}


def test_fee_that_the_current_total_tells_is_kept() -> None:
    """Tax is given back whole, and no credit is left."""
    back = refund([refund_line(LAMP, 1, "150.00", "12.00")], handed_back("147.00"), id=1)
    plan = body_of([LAMP], [back], left="15.00")
    assert payment_of(plan).amount == D("162.00")
    assert by_item(*receipts_of(plan).values()) == {"tax": D("12.00"), "lamp": D("150.00"), "refund": D("-15.00")}
    assert credits_of(plan) == {}


def test_exchange_with_a_fee_is_both() -> None:
    """Of 70 that were not handed back 10 are a fee."""
    swap = refund([refund_line(LAMP, 1, "150.00", "12.00")], handed_back("92.00"), id=1)
    plan = body_of([LAMP, SHADE], [swap], left="80.00")
    assert [draft.total for draft in credits_of(plan).values()] == [D("60.00")]


@pytest.mark.parametrize("left", [None, "200.00", "10.00"])
def test_rest_that_nothing_explains_is_not_booked_and_said(left: str | None) -> None:
    """Neither what is left nor anything else says where it went."""
    swap = refund([refund_line(LAMP, 1, "150.00", "12.00")], handed_back("92.00"), id=1)
    plan = body_of([LAMP, SHADE], [swap], left=left)
    assert receipts_of(plan) == {}
    assert "refund_unexplained" in {each.code for each in plan.warnings}


GOODS = refund([refund_line(LAMP, 1, "150.00", "12.00")], id=1)


def test_money_without_rows_takes_the_open_credit_of_its_amount() -> None:
    """It is for the goods of the first refund, their tax with them; the credit is paid."""
    money = refund([], handed_back("162.00"), id=2)
    plan = body_of([LAMP, SHADE], [GOODS, money], left="70.00")
    assert by_item(receipts_of(plan)["2"]) == {"tax": D("12.00"), "lamp": D("150.00")}
    assert (credits_of(plan), undone(plan)) == ({}, {"1.credit", "2.credit"})


def test_money_with_a_row_takes_the_open_credit_by_a_receipt_of_nothing() -> None:
    """Its own event books it as money without goods, so the goods come in its place."""
    money = refund([], handed_back("162.00"), id=2, order_adjustments=[adjustment("-162.00")])
    plan = body_of([LAMP, SHADE], [GOODS, money], left="70.00")
    assert receipts_of(plan)["2.goods"].total == 0
    assert by_item(*receipts_of(plan).values()) == {"tax": D("12.00"), "lamp": D("150.00")}
    assert undone(plan) == {"1.credit", "2.credit"}


def overpaid(plan: PostingPlan) -> dict[str, Decimal]:
    """By how much the customer is owed less, by the ids of the entries' keys."""
    entries = {step.key.id: step.draft for step in plan.steps if isinstance(step.draft, JournalEntryDraft)}
    return {
        ident: total(side.amount for side in draft.lines if side.side == "Debit" and side.customer_of == draft.sale)
        for ident, draft in entries.items()
    }


@pytest.mark.parametrize("row", [[], [adjustment("-30.00")]])
def test_money_that_lowered_nothing_is_what_was_paid_too_much(row: list[Json]) -> None:
    """70 were sold and are left, 30 were handed back: no revenue falls, and the customer is owed 30 less."""
    money = refund([], handed_back("30.00"), id=2, order_adjustments=row)
    plan = body_of([SHADE], [money], left="70.00")
    assert by_item(*receipts_of(plan).values()) == {"refund": D("30.00")}
    assert overpaid(plan) == {"2.overpaid": D("30.00")}
    assert payment_of(plan).amount == D("100.00")


def test_what_was_paid_too_much_goes_back_in_several_refunds() -> None:
    """Each of them takes its own part."""
    moneys = [refund([], handed_back(amount), id=number) for number, amount in ((1, "10.00"), (2, "20.00"))]
    assert overpaid(body_of([SHADE], moneys, left="70.00")) == {"1.overpaid": D("10.00"), "2.overpaid": D("20.00")}


def test_goodwill_beside_what_was_paid_too_much_lowers_the_sale() -> None:
    """The total fell by 5 of 35: the refund of 5 is goodwill, that of 30 is not."""
    moneys = [
        refund([], handed_back(amount), id=number, order_adjustments=[adjustment(f"-{amount}")])
        for number, amount in ((1, "30.00"), (2, "5.00"))
    ]
    assert overpaid(body_of([SHADE], moneys, left="65.00")) == {"1.overpaid": D("30.00")}


def test_money_that_lowered_the_total_by_less_is_not_booked_and_said() -> None:
    """What is left does not say for what the rest of it was."""
    plan = body_of([SHADE], [refund([], handed_back("30.00"), id=2)], left="60.00")
    assert (receipts_of(plan), overpaid(plan)) == ({}, {})
    assert "refund_unexplained" in {each.code for each in plan.warnings}


def test_goodwill_of_the_same_amount_is_no_tie_where_the_total_fell_again() -> None:
    """What is left says so."""
    money = refund([], handed_back("70.00"), id=2, order_adjustments=[adjustment("-70.00")])
    rows = [{**LAMP, "current_quantity": 1}, SHADE]
    plan = body_of(rows, [refund([refund_line(SHADE, 1, "70.00")], id=1), money], left="92.00")
    assert set(credits_of(plan)) == {"1.credit"}
    assert set(receipts_of(plan)) == {"2"}


def test_money_without_rows_alone_rests_on_its_order() -> None:
    """Its own event cannot say what it is for: nothing is booked, and the result says what it waits for."""
    decision = mapped(refund([], handed_back("20.00")))
    assert [each.code for each in decision.warnings] == ["refund_rests_on_its_order"]


def test_money_without_rows_that_lowers_the_total_is_goodwill() -> None:
    """No goods came back before."""
    plan = body_of([SHADE], [refund([], handed_back("20.00"), id=2)], left="50.00")
    assert by_item(*receipts_of(plan).values()) == {"refund": D("20.00")}


@pytest.mark.parametrize("left", ["70.00", "0.00"])
def test_tip_that_a_row_hands_back_leaves_neither_tip_nor_revenue(left: str) -> None:
    """A row of exactly the tip, or of an order of which nothing is left."""
    goods = [] if left == "70.00" else [refund_line(SHADE, 1, "70.00")]
    money = handed_back("6.00" if left == "70.00" else "76.00")
    tip = refund(goods, money, id=3, order_adjustments=[adjustment("-6.00")])
    plan = body_of([SHADE], [tip], left=left, total_tip_received="6.00", total_price="76.00")
    assert receipts_of(plan)["3.tip"].total == 0
    assert by_item(*receipts_of(plan).values()).get("tip") == D("6.00")
    assert "refund" not in by_item(*receipts_of(plan).values())


def test_a_tip_on_a_line_is_handed_back_once_by_a_line_or_by_a_row() -> None:
    """A row hands back what no line does; where the refund has the tip's line, a row of as much is something else."""
    tip = line("6.00", id=9, title="Trinkgeld", product_id=None, sku=None, tip_payment_gateway="shopify_payments")
    goods = refund_line(SHADE, 1, "70.00")
    by_row = refund([goods], handed_back("76.00"), id=3, order_adjustments=[adjustment("-6.00")])
    by_line = refund(
        [goods, refund_line(tip, 1, "6.00")], handed_back("82.00"), id=3, order_adjustments=[adjustment("-6.00")]
    )
    row_alone = by_item(*receipts_of(body_of([SHADE, tip], [by_row], left="0.00", total_price="76.00")).values())
    assert (row_alone.get("tip"), "refund" in row_alone) == (D("6.00"), False)
    both = by_item(*receipts_of(body_of([SHADE, tip], [by_line], left="-6.00", total_price="76.00")).values())
    assert (both.get("tip"), both.get("refund")) == (D("6.00"), D("6.00"))


@pytest.mark.parametrize("status", ["failure", "error", None])
def test_goods_that_are_back_without_their_money_are_a_credit(status: str | None) -> None:
    """Whether the money failed, or only Shopify's pair of rows tells of it."""
    money = [handed_back("162.00", status=status)] if status else []
    pair = [adjustment("162.00"), adjustment("-162.00", reason="Pending refund discrepancy")]
    body = refund([refund_line(LAMP, 1, "150.00", "12.00")], *money, order_adjustments=[] if status else pair)
    (credit,) = credits_of(plan_of(body)).values()
    assert (credit.total, credit.tax, len(credit.lines)) == (D("162.00"), D("12.00"), 1)


@pytest.mark.parametrize("in_total", [True, False])
def test_delivery_that_an_edit_and_a_refund_tell_is_taken_off_once(in_total: bool) -> None:  # noqa: FBT001
    """Whether the body's total still holds it or not."""
    ships = [shipping("15.00", id=9, is_removed=True)]
    back = refund([], handed_back("15.00"), id=4, order_adjustments=[adjustment("-15.00", kind="shipping_refund")])
    stated = "85.00" if in_total else "70.00"
    plan = body_of([SHADE], [back], left="70.00", shipping_lines=ships, total_price=stated)
    assert invoice_of(plan).total == D("85.00")
    assert payment_of(plan).amount == D("85.00")


def test_pieces_that_did_not_come_back_to_the_shelf_are_not_named() -> None:
    """QBO would put an inventory item back in stock."""
    row = {**refund_line(SHADE, 1, "70.00"), "restock_type": "no_restock"}
    (receipt,) = receipts_of(plan_of(refund([row], handed_back("70.00")))).values()
    assert [(each.item.id, each.amount, each.quantity) for each in receipt.lines] == [("shade", D("70.00"), None)]


def test_duties_within_the_prices_go_back_from_customs() -> None:
    """The goods hold them, so the refund names them twice."""
    body = refund([refund_line(SHADE, 1, "70.00")], handed_back("70.00"), total_duties_set=sets("9.00"))
    assert by_item(*receipts_of(plan_of(body)).values()) == {"shade": D("61.00"), "duties": D("9.00")}


@pytest.mark.parametrize("name", ["quantity", "total_tax"])
def test_line_that_does_not_say_what_decides_is_refused(name: str) -> None:
    """Neither pieces nor tax are read as nothing."""
    row = {key: value for key, value in refund_line(LAMP, 1, "150.00", "12.00").items() if not key.startswith(name)}
    with pytest.raises(UndecodableRecord, match=name):
        plan_of(refund([row], handed_back("162.00")))


def test_tax_that_the_channel_remits_goes_back_from_where_it_lies() -> None:
    """By its share of the line's taxes."""
    taxes = [{"title": "State", "price": "9.00", "channel_liable": True}, {"title": "County", "price": "3.00"}]
    row = line("150.00", id=81, sku="LAMP", tax_lines=taxes)
    (receipt,) = receipts_of(plan_of(refund([refund_line(row, 1, "75.00", "6.00")], handed_back("81.00")))).values()
    assert by_item(receipt) == {"tax": D("1.50"), "lamp": D("75.00"), "marketplace-tax": D("4.50")}
    assert receipt.total == D("81.00")


def test_refund_of_another_merchant_of_record_takes_the_place_of_its_own_event_s() -> None:
    """The event alone cannot know whose the tax was."""
    back = refund([refund_line(LAMP, 1, "150.00", "12.00")], handed_back("162.00"), id=5)
    plan = body_of([LAMP, SHADE], [back], left="70.00", merchant_of_record_app_id=438)
    assert by_item(receipts_of(plan)["5.others"]) == {"lamp": D("150.00"), "marketplace-tax": D("12.00")}
    assert "5" in undone(plan)


DELIVERY = shipping("8.00", id=91, tax_lines=[{"title": "State", "price": "0.66", "channel_liable": True}])
DELIVERED = {"shipping_line_id": 91, "subtotal_amount_set": sets("8.00"), "tax_amount_set": sets("0.66")}


@pytest.mark.parametrize(
    "told",
    [
        {"refund_shipping_lines": [DELIVERED]},
        {"order_adjustments": [adjustment("-8.00", "-0.66", kind="shipping_refund")]},
    ],
    ids=["by lines", "by rows"],
)
def test_the_tax_of_a_delivery_that_a_channel_remits_goes_back_from_where_it_lies(told: Json) -> None:
    """Guard: the refund alone does not say whose it was, so the order's telling takes its place."""
    back = refund([], handed_back("8.66"), id=5, **told)
    plan = body_of([SHADE], [back], left="70.00", shipping_lines=[DELIVERY])
    assert by_item(receipts_of(plan)["5.others"]) == {"shipping": D("8.00"), "marketplace-tax": D("0.66")}
    assert "5" in undone(plan)


def test_a_refund_that_describes_its_delivery_says_itself_whose_its_tax_was() -> None:
    """Half of it the channel's: in its own event and in its order's body alike."""
    taxes = [{"title": "State", "price": "0.33", "channel_liable": True}, {"title": "County", "price": "0.33"}]
    described = {**DELIVERY, "tax_lines": taxes}
    back = refund([], handed_back("8.66"), id=5, refund_shipping_lines=[{**DELIVERED, "shipping_line": described}])
    wanted = {"tax": D("0.33"), "shipping": D("8.00"), "marketplace-tax": D("0.33")}
    assert by_item(receipts_of(plan_of(back))["5"]) == wanted
    plan = body_of([SHADE], [back], left="70.00", shipping_lines=[described])
    assert by_item(receipts_of(plan)["5"]) == wanted
    assert "5" not in undone(plan)


def test_money_for_a_part_of_goods_that_came_back_before_leaves_the_rest_as_a_credit() -> None:
    """80.00 of goods and 6.40 of tax came back, half of it was handed back since; the rest the buyer is owed."""
    sold = taxed("80.00", 1, "6.40", id=81, title="Lamp", name="Lamp", sku="LAMP", current_quantity=0)
    goods = refund([refund_line(sold, 1, "80.00", "6.40")], id=5)
    paid = refund([], handed_back("43.20"), id=6, order_adjustments=[adjustment("-43.20")])
    plan = body_of([sold, SHADE], [goods, paid], left="70.00", owing="-43.20")
    assert by_item(receipts_of(plan)["6.goods"]) == {"lamp": D("40.00"), "tax": D("3.20"), "refund": D("-43.20")}
    (rest,) = [step for step in plan.steps if step.entity == "CreditMemo" and step.draft is not None]
    assert isinstance(rest.draft, CreditMemoDraft)
    assert (rest.key.id, rest.draft.total, rest.draft.tax) == ("5.credit.1", D("43.20"), D("3.20"))
    assert "5.credit" in undone(plan)


@pytest.mark.parametrize(
    ("moved", "row", "spent"), [("30.00", "50.00", "50.00"), ("30.00", "50.00", "40.00"), (None, "80.00", "80.00")]
)
def test_what_a_row_keeps_and_the_total_does_not_was_spent_on_the_order(
    moved: str | None, row: str, spent: str
) -> None:
    """Guard: an exchange may tell the goods' rest by a row; it is a fee only as far as the order's total says so."""
    old = line("80.00", id=81, title="Lamp", name="Lamp", sku="LAMP", current_quantity=0)
    new = line(spent, id=83, sku="DESK")
    back = refund(
        [refund_line(old, 1, "80.00")],
        *([handed_back(moved)] if moved else []),
        id=5,
        order_adjustments=[adjustment(row)],
    )
    left = D(row)  # of which the new goods are `spent`, and the rest a fee
    plan = body_of([old, new], [back], left=str(left))
    memos = [step for step in plan.steps if step.entity == "CreditMemo" and step.draft is not None]
    assert [(step.key.id, step.draft.total) for step in memos if isinstance(step.draft, CreditMemoDraft)] == [
        ("5.credit.1", D(spent))
    ]
    if moved:
        assert receipts_of(plan)["5"] == receipts_of(plan_of(back))["5"]
