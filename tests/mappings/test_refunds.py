"""Refunds: what is handed back, through which gateway, for what; and what is only taken off the debt."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from contracts.errors import RecordError, UnbalancedDocument, UndecodableRecord, UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import total
from contracts.posting import Ignored, Intent, PostingPlan
from contracts.quickbooks import CreditMemoDraft, RefundReceiptDraft
from mappings.rules import load_rules
from mappings.shopify.refunds.refunds import UNCLEAR
from tests.support.orders import (
    ORDER_ID,
    Json,
    adjustment,
    discounted,
    handed_back,
    line,
    mapped,
    order,
    plan_of,
    receipts_of,
    refund,
    refund_line,
    sets,
    shopify_event,
    step_of,
    taxed,
)

D = Decimal
MUG = line("14.50", 2, id=77, title="Enamel mug", name="Enamel mug", sku="MUG")
TOTE = taxed("21.00", 3, "4.57", id=78, discount_allocations=discounted("6.00"))
SECOND = "9455001133446"


def credit(plan: PostingPlan) -> CreditMemoDraft:
    """The plan's credit memo."""
    draft = step_of(plan, "CreditMemo").draft
    assert isinstance(draft, CreditMemoDraft)
    return draft


def adds_up(draft: RefundReceiptDraft | CreditMemoDraft) -> bool:
    """Lines + tax = total, and the lines' own parts of the tax are the tax."""
    taxes = total(row.tax for row in draft.lines)
    return total(row.amount for row in draft.lines) + draft.tax == draft.total and taxes == draft.tax


def test_refund_belongs_to_its_order_s_sale() -> None:
    """It names the sale; whose money it is, the sale says. The date is the refund's own."""
    plan = plan_of(refund([refund_line(MUG, 2, "29.00")], handed_back("29.00")))
    (draft,) = receipts_of(plan).values()
    assert (str(plan.document), plan.lane) == (
        "shopify:refund:897650012233",
        SourceKey("shopify", "order", str(ORDER_ID)),
    )
    assert (draft.refund_of, draft.customer) == (plan.lane, None)
    assert (draft.doc_number, draft.txn_date, draft.reference) == ("R897650012233", date(2026, 3, 9), "9455001133445")
    assert (draft.lines[0].quantity, draft.lines[0].unit_price, draft.total) == (D(2), D("14.50"), D("29.00"))
    assert step_of(plan, "RefundReceipt").intent is Intent.FACT


def test_money_leaves_the_account_that_the_payment_went_to() -> None:
    """By the gateway's rule, like the payment."""
    rules = load_rules('[gateways.paypal]\ndeposit = "PayPal balance"\nmethod = "PayPal"')
    body = refund([refund_line(MUG, 1, "14.50")], handed_back("14.50", gateway="paypal"))
    (draft,) = receipts_of(plan_of(body, rules)).values()
    assert (draft.deposit_to.name, draft.method) == ("PayPal balance", "PayPal")


@pytest.mark.parametrize("moved", ["29.01", "28.99"])
def test_refund_that_misses_what_moved_is_refused_with_both_numbers(moved: str) -> None:
    """Guard: the identity of a refund. One cent is enough."""
    with pytest.raises(UnbalancedDocument, match=rf"adds up to 29\.00 USD, the money handed back to {moved}"):
        mapped(refund([refund_line(MUG, 2, "29.00")], handed_back(moved)))


def test_rows_that_cancel_each_other_are_summed() -> None:
    """-3.95, +3.95, -3.95 of one refund is 3.95 of delivery, as a real one has it."""
    rows = [adjustment(amount, kind="shipping_refund") for amount in ("-3.95", "3.95", "-3.95")]
    (draft,) = receipts_of(plan_of(refund([], handed_back("3.95"), order_adjustments=rows))).values()
    assert [(row.item.id, row.amount) for row in draft.lines] == [("shipping", D("3.95"))]


def test_newer_bodies_tell_delivery_in_lines_of_its_own() -> None:
    """Counted only where no adjustment says the same."""
    rows = [{"id": 1, "subtotal_amount_set": sets("5.00")}]
    told_once = refund([], handed_back("5.00"), refund_shipping_lines=rows)
    told_twice = {**told_once, "order_adjustments": [adjustment("-5.00", kind="shipping_refund")]}
    for body in (told_once, told_twice):
        (draft,) = receipts_of(plan_of(body)).values()
        assert draft.total == D("5.00")


def test_what_was_kept_is_a_negative_line_and_takes_its_tax_along() -> None:
    """A restocking fee of 5.00 and 0.40 of tax on it."""
    body = refund([refund_line(TOTE, 3, "57.00", "4.57")], handed_back("56.17"))
    (draft,) = receipts_of(plan_of({**body, "order_adjustments": [adjustment("5.00", "0.40")]})).values()
    assert adds_up(draft)
    assert [(row.item.id, row.amount, row.tax) for row in draft.lines][1] == ("refund", D("-5.00"), D("-0.40"))
    assert draft.tax == D("4.17")


def test_line_of_nothing_is_left_out() -> None:
    """A placeholder that was discounted whole moved no money."""
    body = refund([refund_line(line("10000.00", id=5), 1, "0.00"), refund_line(MUG, 1, "14.50")], handed_back("14.50"))
    (draft,) = receipts_of(plan_of(body)).values()
    assert len(draft.lines) == 1


def test_binary_noise_of_a_float_is_no_money() -> None:
    """143.97000000000003 without its sets is 143.97."""
    row = {**refund_line(MUG, 1, "143.97"), "subtotal": 143.97000000000003, "subtotal_set": None}
    (draft,) = receipts_of(plan_of(refund([row], handed_back("143.97")))).values()
    assert draft.total == D("143.97")


def test_gateways_share_the_lines_and_the_boundary_is_divided() -> None:
    """In the order of the gateways, whatever the order of the transactions; keys and numbers say which."""
    lines = [refund_line(TOTE, 2, "38.00", "3.05"), refund_line(MUG, 1, "14.50")]
    money = [handed_back("30.00", id=SECOND), handed_back("25.55", gateway="paypal")]
    found = receipts_of(plan_of(refund(lines, *money)))
    assert found == receipts_of(plan_of(refund(lines, *reversed(money))))
    assert {ident: draft.total for ident, draft in found.items()} == {
        "897650012233.paypal": D("25.55"),
        "897650012233.shopify_payments": D("30.00"),
    }
    assert all(adds_up(draft) for draft in found.values())
    assert sorted(draft.doc_number for draft in found.values()) == ["R897650012233", "R897650012233-2"]
    assert total(draft.tax for draft in found.values()) == D("3.05")


def test_two_transactions_of_one_gateway_are_one_receipt() -> None:
    """Its reference is the refund's, because none of the two is the whole."""
    money = [handed_back("10.00"), handed_back("4.50", id=SECOND)]
    (draft,) = receipts_of(plan_of(refund([refund_line(MUG, 1, "14.50")], *money))).values()
    assert (draft.total, draft.reference) == (D("14.50"), "897650012233")


def test_gateway_on_its_way_waits_without_changing_the_other_s_receipt() -> None:
    """Guard: keys and lines are decided over all transactions, so the later body books the rest and nothing else."""
    lines = [refund_line(MUG, 2, "29.00")]
    paypal = handed_back("9.00", gateway="paypal")
    now = receipts_of(plan_of(refund(lines, paypal, handed_back("20.00", id=SECOND, status="pending"))))
    later = receipts_of(plan_of(refund(lines, paypal, handed_back("20.00", id=SECOND))))
    assert now == {"897650012233.paypal": later["897650012233.paypal"]}
    assert later["897650012233.shopify_payments"].total == D("20.00")


def test_gateway_with_one_of_two_on_its_way_waits_as_a_whole() -> None:
    """Its receipt is booked once, so not before all of it has moved."""
    money = [handed_back("10.00"), handed_back("4.50", id=SECOND, status="pending")]
    decision = mapped(refund([refund_line(MUG, 1, "14.50")], *money))
    assert isinstance(decision, Ignored)
    assert "on its way" in decision.message


@pytest.mark.parametrize("status", ["failure", "error"])
def test_money_alone_that_did_not_move_is_nothing(status: str) -> None:
    """Without goods a failed refund leaves all as it was."""
    decision = mapped(refund([], handed_back("14.50", status=status), order_adjustments=[adjustment("-14.50")]))
    assert isinstance(decision, Ignored)
    assert "did not move" in decision.message


def test_goods_without_money_are_a_credit_memo() -> None:
    """Whatever rows of a pending refund say beside them."""
    bare = refund([refund_line(TOTE, 1, "19.00", "1.52")])
    pending = {**bare, "order_adjustments": [adjustment("20.52", reason="Pending refund discrepancy")]}
    for body in (bare, pending):
        plan = plan_of(body)
        draft = credit(plan)
        assert (draft.credit_of, draft.total, draft.tax, draft.doc_number) == (
            plan.lane,
            D("20.52"),
            D("1.52"),
            "R897650012233",
        )
        assert adds_up(draft)
        assert not receipts_of(plan)


def test_credit_memo_gives_way_to_the_money_of_the_same_refund() -> None:
    """Guard: the same amount is never in both; the body with the money takes the credit memo out again."""
    before = step_of(plan_of(refund([refund_line(MUG, 1, "14.50")])), "CreditMemo")
    after = step_of(plan_of(refund([refund_line(MUG, 1, "14.50")], handed_back("14.50"))), "CreditMemo")
    assert (before.key, before.intent) == (after.key, Intent.FACT)
    assert (after.intent, after.draft) == (Intent.UNDONE, None)


def test_unpaid_part_of_a_refund_is_a_credit_memo_beside_its_receipt() -> None:
    """29.00 of goods, 20.00 handed back, 9.00 were never paid."""
    rows = [adjustment("9.00", reason="Pending refund discrepancy")]
    plan = plan_of(refund([refund_line(MUG, 2, "29.00")], handed_back("20.00"), order_adjustments=rows))
    (draft,) = receipts_of(plan).values()
    assert (draft.total, credit(plan).total) == (D("20.00"), D("9.00"))
    assert step_of(plan, "CreditMemo").intent is Intent.FACT


def test_pending_row_that_takes_back_an_earlier_one_is_no_credit() -> None:
    """+14.50 kept, then -14.50 pending once the money moves: together nothing."""
    rows = [adjustment("14.50"), adjustment("-14.50", reason="Pending refund discrepancy")]
    plan = plan_of(refund([refund_line(MUG, 1, "14.50")], handed_back("14.50"), order_adjustments=rows))
    (draft,) = receipts_of(plan).values()
    assert (draft.total, adds_up(draft)) == (D("14.50"), True)


def test_goods_taken_back_for_nothing_are_no_document() -> None:
    """Everything was kept: nothing was handed back and nothing is owed less."""
    decision = mapped(refund([refund_line(MUG, 1, "14.50")], order_adjustments=[adjustment("14.50")]))
    assert isinstance(decision, Ignored)
    assert (decision.code, "hands nothing back" in decision.message) == ("skipped_by_rule", True)


def test_refund_to_a_gift_card_makes_the_liability_grow() -> None:
    """No money: goods and tax are reversed against a negative line of the liability's item."""
    body = refund([refund_line(TOTE, 1, "19.00", "1.52")], handed_back("20.52", gateway="gift_card"))
    (draft,) = receipts_of(plan_of(body)).values()
    assert (draft.total, draft.tax, adds_up(draft)) == (D("0.00"), D("1.52"), True)
    assert [(row.item.id, row.amount) for row in draft.lines][1] == ("gift-card", D("-20.52"))


@pytest.mark.parametrize(("moved", "tax_beside"), [("20.52", True), ("19.00", False)])
def test_reading_of_the_taxes_is_the_one_that_makes_the_money(moved: str, tax_beside: bool) -> None:  # noqa: FBT001
    """A refund does not say whether prices hold their taxes; what moved does."""
    (draft,) = receipts_of(plan_of(refund([refund_line(TOTE, 1, "19.00", "1.52")], handed_back(moved)))).values()
    assert (draft.total, draft.tax) == (D(moved), D("1.52"))
    assert draft.lines[0].amount == (D("19.00") if tax_beside else D("17.48"))


@pytest.mark.parametrize(("rate", "credited"), [(0.25, "20.00"), (0.20, "24.00"), (None, "24.00")])
def test_taxes_of_a_credit_are_read_by_their_rates(rate: float | None, credited: str) -> None:
    """No money moved that could tell: 4.00 is 20 % of 20.00 beside it, and 25 % of 16.00 inside it."""
    sold = line("20.00", 1, id=80, tax_lines=[{"title": "VAT", "rate": rate, "price": "4.00"}])
    draft = credit(plan_of(refund([refund_line(sold, 1, "20.00", "4.00")])))
    assert (draft.total, draft.tax, adds_up(draft)) == (D(credited), D("4.00"), True)


@pytest.mark.parametrize(
    ("price", "pieces", "rates", "charged"),
    [("9.99", 3, [0.20], ["4.98"]), ("19.95", 5, [0.21], ["17.25"]), ("50.00", 2, [0.05, 0.10], ["4.33", "9.09"])],
)
def test_a_credit_whose_taxes_fit_no_reading_is_left_to_the_order_s_body(
    price: str, pieces: int, rates: list[float], charged: list[str]
) -> None:
    """Taxes inside that were rounded piece by piece, or are on one another. Guard: `_misses`."""
    taxes = [{"title": "VAT", "rate": rate, "price": tax} for rate, tax in zip(rates, charged, strict=True)]
    sold = line(price, pieces, id=80, tax_lines=taxes)
    decision = mapped(refund([refund_line(sold, 1, price, str(sum(map(D, charged)) / pieces))]))
    assert isinstance(decision, Ignored)
    assert (decision.code, decision.message) == ("skipped_by_rule", UNCLEAR)


def test_a_credit_whose_taxes_fit_both_readings_is_left_to_the_order_s_body() -> None:
    """0.01 is 7 % of 0.20 beside it and inside it: which of the two, only the order says."""
    sold = line("0.20", 1, id=80, tax_lines=[{"title": "VAT", "rate": 0.07, "price": "0.01"}])
    decision = mapped(refund([refund_line(sold, 1, "0.20", "0.01")]))
    assert isinstance(decision, Ignored)
    assert (decision.code, decision.message) == ("skipped_by_rule", UNCLEAR)


def test_money_in_another_currency_is_compared_in_the_customer_s_and_booked_in_the_shop_s() -> None:
    """Through two gateways too: the shop's money is shared as the customer's was."""
    row = refund_line(MUG, 2, "29.00")
    row["subtotal_set"] = {
        "shop_money": {"amount": "29.00", "currency_code": "USD"},
        "presentment_money": {"amount": "26.65"},
    }
    row["total_tax_set"] = sets("0.00")
    money = [handed_back("16.65", currency="EUR"), handed_back("10.00", id=SECOND, currency="EUR", gateway="paypal")]
    found = receipts_of(plan_of(refund([row], *money)))
    assert {draft.currency for draft in found.values()} == {"USD"}
    assert total(draft.total for draft in found.values()) == D("29.00")
    wrong = [handed_back("16.64", currency="EUR"), money[1]]
    with pytest.raises(UnbalancedDocument, match=r"26\.65"):
        mapped(refund([row], *wrong))


def test_thousandths_are_never_rounded() -> None:
    """QBO counts in hundredths."""
    row = {**refund_line(MUG, 1, "1.005"), "subtotal_set": sets("1.005", "KWD"), "total_tax_set": sets("0.000", "KWD")}
    with pytest.raises(UnmappableEvent, match=r"1\.005 KWD is not exact in hundredths"):
        mapped(refund([row], handed_back("1.005", currency="KWD"), total_duties_set=sets("0", "KWD")))


def test_long_ids_keep_their_ends_in_21_characters() -> None:
    """A rounded id is corrected first; several gateways still differ."""
    gid = "gid://shopify/Refund/12345678901234567890123"
    body = refund(
        [refund_line(MUG, 1, "14.50")], handed_back("10.00", gateway="paypal"), handed_back("4.50", id=SECOND)
    )
    found = receipts_of(plan_of({**body, "id": int(float(12345678901234567890123)), "admin_graphql_api_id": gid}))
    numbers = sorted(draft.doc_number for draft in found.values())
    assert numbers == ["R45678901234567890123", "R678901234567890123-2"]
    assert all(len(number) <= 21 for number in numbers)


@pytest.mark.parametrize("field", ["order_id", "id"])
def test_refund_that_lacks_its_identity_is_refused(field: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(UndecodableRecord):
        mapped(refund([], handed_back("5.00"), **{field: None}), headers={"X-Shopify-Topic": b"refunds/create"})


def test_line_without_subtotal_is_refused() -> None:
    """The oldest bodies do not say what was taken back."""
    row = {"line_item_id": 77, "quantity": 1, "line_item": MUG}
    with pytest.raises(UndecodableRecord, match="no subtotal"):
        mapped(refund([row], handed_back("14.50")))


@pytest.mark.parametrize("changes", [{"test": True}, {"gateway": "bogus"}])
def test_refund_of_test_money_is_a_test(changes: Json) -> None:
    """Only its transactions say so; judged before any arithmetic."""
    decision = mapped(refund([refund_line(MUG, 1, "14.50")], handed_back("99.00", **changes)))
    assert isinstance(decision, Ignored)
    assert decision.code == "test_event"


def refunded_order(*refunds: Json, **changes: object) -> Json:
    """The order with refunds in its body."""
    body = order([TOTE, MUG], financial_status="partially_refunded", refunds=list(refunds))
    return shopify_event("orders/updated", {**body, **changes})


@pytest.mark.parametrize(
    "body",
    [
        refund([refund_line(TOTE, 1, "19.00", "1.52")], handed_back("20.52")),
        refund([refund_line(TOTE, 2, "38.00", "3.05")], handed_back("40.00"), handed_back("1.05", gateway="paypal")),
        refund([refund_line(MUG, 1, "14.50")]),
        refund([], handed_back("12.00"), order_adjustments=[adjustment("-12.00")]),
    ],
    ids=["goods", "two gateways", "credit", "amount only"],
)
def test_order_tells_the_same_refund_as_its_own_event(body: Json) -> None:
    """Guard: the same keys and the same drafts, so either may be missing."""
    alone = plan_of(shopify_event("refunds/create", body))
    named = [{**row, "line_item": None} for row in body["refund_line_items"]]  # type: ignore[attr-defined]
    for told in (body, {**body, "refund_line_items": named}):
        steps = plan_of(refunded_order(told)).steps
        documents = [step for step in steps if step.entity in ("RefundReceipt", "CreditMemo")]
        assert documents == [step for step in alone.steps if step.entity in ("RefundReceipt", "CreditMemo")]
        assert {step.key for step in alone.steps} <= {step.key for step in steps}


def test_refund_that_does_not_add_up_never_stops_its_order() -> None:
    """It is a note there; its own event is the dead letter."""
    broken = refund([refund_line(MUG, 1, "14.50")], handed_back("99.00"))
    plan = plan_of(refunded_order(broken))
    assert step_of(plan, "Invoice").draft is not None
    assert not receipts_of(plan)
    assert any("refund 897650012233 is not booked from here" in note for note in plan.notes)
    with pytest.raises(RecordError):
        mapped(shopify_event("refunds/create", broken))


def test_refunds_of_an_order_cancelled_unpaid_book_nothing() -> None:
    """Its invoice is voided as a whole."""
    body = refunded_order(
        refund([refund_line(MUG, 2, "29.00")]), financial_status="voided", cancelled_at="2026-03-09T10:15:02-08:00"
    )
    assert {step.entity for step in plan_of(body).steps} == {"Invoice", "Payment"}


def test_refunds_of_an_order_cancelled_with_money_carry_it_back() -> None:
    """The invoice stays; each refund is a document of its own."""
    body = refunded_order(
        refund([refund_line(MUG, 2, "29.00")], handed_back("29.00")), cancelled_at="2026-03-09T10:15:02-08:00"
    )
    plan = plan_of(body)
    assert (step_of(plan, "Invoice").intent, len(receipts_of(plan))) == (Intent.STATE, 1)
