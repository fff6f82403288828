"""An order's money, identity, dates and life, as they reach the plan."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from contracts.errors import RecordError, UnbalancedDocument, UndecodableRecord, UnmappableEvent
from contracts.keys import SourceKey
from contracts.posting import Ignored, Intent, PostingPlan, Version
from contracts.quickbooks import AccountSelector, CustomerDraft, ItemDraft, references_of
from mappings.rules import load_rules
from tests.support.orders import (
    ORDER_ID,
    Json,
    discounted,
    invoice_of,
    line,
    mapped,
    order,
    payment_of,
    plan_of,
    shipping,
    step_of,
    taxed,
)

D = Decimal
EDITED = {"current_total_price": "21.00", "current_subtotal_price": "21.00", "current_total_tax": "0"}


def refund_of(line_id: int, quantity: int, subtotal: str, tax: str = "0") -> Json:
    """A refund inside an order's body that took back `quantity` of a line."""
    row = {"line_item_id": line_id, "quantity": quantity, "subtotal": D(subtotal), "total_tax": D(tax)}
    rows = [{**row, "subtotal": float(subtotal), "total_tax": float(tax)}]
    money = {"id": 9, "kind": "refund", "status": "success", "amount": str(D(subtotal) + D(tax))}
    return {"id": 1, "refund_line_items": rows, "order_adjustments": [], "transactions": [money]}


def test_steps_come_in_the_order_of_their_references() -> None:
    """What a draft refers to is a step before it, or of another event."""
    plan = plan_of(order([line("60.00", gift_card=True)], total_tip_received="5.00"))
    known: set[SourceKey] = set()
    for step in plan.steps:
        assert step.draft is not None
        assert set(references_of(step.draft)) <= known
        known.add(step.key)
    assert [step.intent for step in plan.steps][-3:] == [Intent.ENSURE, Intent.STATE, Intent.RECEIVED]
    assert plan.lane == plan.document == SourceKey("shopify", "order", str(ORDER_ID))


def test_both_numbers_are_named_when_the_parts_miss_the_total() -> None:
    """No tolerance and no plug: one cent is enough."""
    with pytest.raises(UnbalancedDocument, match=r"add up to 5\.00 USD, its total_price is 5\.01 USD"):
        mapped(order([line("5.00")], total_price="5.01"))


def test_discount_codes_and_total_discount_are_not_added_again() -> None:
    """Allocations are the discount; the other figures repeat it."""
    body = order(
        [line("50.00", discount_allocations=discounted("10.00"), total_discount="10.00")],
        discount_codes=[{"code": "TEN", "amount": "10.00"}],
    )
    assert (invoice_of(plan_of(body)).discount, invoice_of(plan_of(body)).total) == (D("10.00"), D("40.00"))


def test_body_without_allocations_has_its_discount_on_the_order() -> None:
    """Before 2018 a body allocated nothing; then total_discounts is what counts."""
    row = {name: value for name, value in line("50.00").items() if name != "discount_allocations"}
    body = order([row], total_price="45.00", total_discounts="5.00")
    assert invoice_of(plan_of(body)).discount == D("5.00")


def test_shipping_without_allocations_is_discounted_by_its_price() -> None:
    """A delivery that does not say its allocations says its discounted price."""
    ship = {"title": "Standard", "price": "12.00", "discounted_price": "7.00"}
    body = order([line("10.00")], total_price="17.00", shipping_lines=[ship])
    invoice = invoice_of(plan_of(body))
    assert (invoice.lines[1].amount, invoice.discount) == (D("12.00"), D("5.00"))


def test_removed_delivery_is_not_sold() -> None:
    """Whether total_price still holds a delivery that an edit took away or not."""
    ships = [shipping("9.00", is_removed=True), shipping("4.00")]
    without = order([line("10.00")], shipping_lines=ships)
    still_in = {**without, "total_price": "23.00"}
    for body in (without, still_in):
        assert invoice_of(plan_of(body)).total == D("14.00")


def test_tip_told_twice_counts_once() -> None:
    """As a custom line and as total_tip_received."""
    tip = line("5.00", id=2, title="Tip", product_id=None, sku=None)
    body = order([line("10.00"), tip], total_tip_received="5.00", total_price="15.00")
    plan = plan_of(body)
    assert invoice_of(plan).total == D("15.00")
    assert invoice_of(plan).lines[1].item == SourceKey("qbb", "item", "tip")


def test_tip_on_a_line_is_a_tip() -> None:
    """By its mark, in any language; also where total_tip_received does not repeat it, or tells of another one."""
    tip = line("5.00", id=2, title="Trinkgeld", product_id=None, sku=None, tip_payment_gateway="shopify_payments")
    for received, total in (("0.00", "15.00"), ("2.00", "17.00")):
        found = invoice_of(plan_of(order([line("10.00"), tip], total_tip_received=received, total_price=total)))
        assert {row.item for row in found.lines[1:]} == {SourceKey("qbb", "item", "tip")}


@pytest.mark.parametrize(("received", "item"), [("5.00", "tip"), ("0.00", "product")])
def test_unmarked_line_called_tip_is_one_only_where_that_tip_was_received(received: str, item: str) -> None:
    """A billiard cue has a tip, too; older bodies mark none."""
    row = line("5.00", id=2, title="Tip", product_id=None, sku=None)
    plan = plan_of(order([line("10.00"), row], total_tip_received=received, total_price="15.00"))
    assert ("qbb:item:tip" in items_of(plan)) is (item == "tip")


def test_duties_within_the_prices_are_owed_and_not_earned() -> None:
    """The total is what the prices say."""
    row = line("120.00", duties=[{"shop_money": {"amount": "18.00", "currency_code": "USD"}}])
    invoice = invoice_of(plan_of(order([row], duties_included=True, total_price="120.00")))
    assert [(row.item.id, row.amount) for row in invoice.lines][1:] == [("duties", D("18.00"))]
    assert (invoice.lines[0].amount, invoice.total) == (D("102.00"), D("120.00"))


def test_duties_of_the_whole_order_within_the_prices_are_shared_out() -> None:
    """Where no line names its own."""
    duties = {"shop_money": {"amount": "9.00", "currency_code": "USD"}}
    body = order([line("60.00"), line("30.00", id=2)], duties_included=True, original_total_duties_set=duties)
    invoice = invoice_of(plan_of({**body, "total_price": "90.00"}))
    assert [row.amount for row in invoice.lines] == [D("54.00"), D("27.00"), D("9.00")]


def test_dinars_are_one_line_where_only_their_sum_is_exact() -> None:
    """QBO holds hundredths: two lines of thousandths are combined, a third one stays what it is."""
    rows = [line("1.125", sku="A"), line("2.50", id=2, sku="B"), line("0.375", id=3, sku="C", title="Felt")]
    invoice = invoice_of(plan_of(order(rows, currency="KWD", total_price="4.000")))
    assert [(row.item.id, row.amount, row.quantity) for row in invoice.lines] == [
        ("a", D("1.50"), None),
        ("b", D("2.50"), D(1)),
    ]
    assert "Felt" in (invoice.lines[0].description or "")


def test_dinars_whose_taxes_differ_are_not_combined() -> None:
    """Together they would be taxed alike: refused as ever, nothing is rounded."""
    rows = [taxed("1.125", 1, "0.10"), line("0.375", id=3, sku="C")]
    with pytest.raises(UnmappableEvent, match="hundredths"):
        plan_of(order(rows, currency="KWD", total_tax="0.10", total_price="1.600"))


CHANNEL = {"title": "State Tax", "price": "6.00", "rate": 0.06, "channel_liable": True}
COUNTY = {"title": "County Tax", "price": "1.00", "rate": 0.01}


def test_tax_that_the_channel_remits_is_a_liability_and_no_sales_tax() -> None:
    """Line by line; a line all of whose taxes others remit is not taxable."""
    rows = [line("100.00", tax_lines=[CHANNEL]), line("100.00", id=2, tax_lines=[COUNTY])]
    invoice = invoice_of(plan_of(order(rows, total_tax="7.00", total_price="207.00")))
    assert (invoice.tax, invoice.total) == (D("1.00"), D("207.00"))
    assert [(row.taxable, row.tax, row.amount) for row in invoice.lines] == [
        (False, D(0), D("100.00")),
        (True, D("1.00"), D("100.00")),
        (False, D(0), D("6.00")),
    ]
    assert invoice.lines[-1].item == SourceKey("qbb", "item", "marketplace-tax")


def test_tax_inside_the_prices_that_the_channel_remits_is_taken_out_of_them() -> None:
    """The total stays what the prices say."""
    row = line("107.00", tax_lines=[CHANNEL, COUNTY])
    invoice = invoice_of(plan_of(order([row], total_tax="7.00", total_price="107.00", taxes_included=True)))
    assert [row.amount for row in invoice.lines] == [D("100.00"), D("6.00")]
    assert (invoice.tax, invoice.total) == (D("1.00"), D("107.00"))


def test_another_merchant_of_record_remits_every_tax() -> None:
    """Whatever its lines say."""
    row = line("100.00", tax_lines=[COUNTY])
    invoice = invoice_of(plan_of(order([row], total_tax="1.00", total_price="101.00", merchant_of_record_app_id=438)))
    assert (invoice.tax, invoice.lines[-1].amount) == (D(0), D("1.00"))


@pytest.mark.parametrize(
    ("completed", "due"), [((True, False), "2026-05-02"), ((False, False), "2026-04-02"), ((True, True), "2026-05-02")]
)
def test_due_date_is_that_of_the_first_schedule_that_is_not_completed(completed: tuple[bool, bool], due: str) -> None:
    """A deposit that was paid is not what is owed."""
    days = ("2026-04-02T10:00:00-04:00", "2026-05-02T10:00:00-04:00")
    schedules = [
        {"due_at": day, "completed_at": days[0] if done else None} for day, done in zip(days, completed, strict=True)
    ]
    invoice = invoice_of(plan_of(order([line("5.00")], payment_terms={"payment_schedules": schedules})))
    assert str(invoice.due_date) == due


def test_buyer_s_own_number_is_on_the_invoice() -> None:
    """A body without one has the content that it had before."""
    without = plan_of(order([line("5.00")], po_number=None))
    numbered = plan_of(order([line("5.00")], po_number=" PO-4711 "))
    assert (invoice_of(without).po_number, invoice_of(numbered).po_number) == (None, "PO-4711")
    assert without.version != numbered.version


def test_order_that_is_not_confirmed_is_real() -> None:
    """It says that no inventory has been reserved."""
    assert invoice_of(plan_of(order([line("5.00")], confirmed=False))).total == D("5.00")


def test_gift_card_beside_money_is_pointed_out() -> None:
    """How much of it was the gift card, only the order's own transactions tell."""
    plan = plan_of(order([line("5.00")], payment_gateway_names=["gift_card", "shopify_payments"]))
    assert [each.code for each in plan.warnings] == ["gift_card_part_unknown"]
    assert [step.key.kind for step in plan.steps if step.entity == "Payment"] == []


def test_body_without_line_allocations_keeps_its_shipping_discount() -> None:
    """total_discounts holds both; what the delivery allocates is not counted again."""
    row = {name: value for name, value in line("50.00").items() if name != "discount_allocations"}
    ships = [shipping("8.00", discount_allocations=discounted("3.00"))]
    body = order([row], shipping_lines=ships, total_price="50.00", total_discounts="8.00")
    assert invoice_of(plan_of(body)).discount == D("8.00")


def test_additional_fees_are_sold() -> None:
    """Fees that the shop adds are part of the total."""
    fees = {"shop_money": {"amount": "2.50", "currency_code": "USD"}}
    body = order([line("10.00")], total_price="12.50", original_total_additional_fees_set=fees)
    assert [row.amount for row in invoice_of(plan_of(body)).lines] == [D("10.00"), D("2.50")]


def test_duties_of_the_order_win_over_those_of_its_lines() -> None:
    """The total is stated once; the lines repeat it."""
    duty = {"price_set": {"shop_money": {"amount": "3.30"}}}
    stated = {"shop_money": {"amount": "3.30", "currency_code": "USD"}}
    body = order([line("10.00", duties=[{"shop_money": {"amount": "3.30"}, **duty}])], original_total_duties_set=stated)
    assert [row.amount for row in invoice_of(plan_of(body)).lines] == [D("10.00"), D("3.30")]


def test_tax_is_as_charged() -> None:
    """total_tax counts, also where the tax lines say something else."""
    invoice = invoice_of(plan_of(order([taxed("10.00", 1, "0.73")], total_tax="0.72")))
    assert (invoice.tax, invoice.total, invoice.lines[0].taxable) == (D("0.72"), D("10.72"), True)


def test_some_line_is_taxed_wherever_tax_was_charged() -> None:
    """Else QBO would not take the tax: by tax lines, else by the lines' flag, else all of them."""
    mug, book = line("10.00", id=2, sku="M"), line("10.00", id=3, sku="B", taxable=False)

    def taxed_lines(*rows: Json, tax: str = "1.00") -> list[bool]:
        return [row.taxable for row in invoice_of(plan_of(order(list(rows), total_tax=tax))).lines]

    assert taxed_lines(mug, book, taxed("5.00", 1, "1.00", taxable=False)) == [False, False, True]
    assert taxed_lines(mug, book) == [True, False]
    assert taxed_lines(book, book) == [True, True]
    assert taxed_lines(taxed("5.00", 1, "1.00"), tax="0.00") == [False]


@pytest.mark.parametrize(("total_tax", "net"), [("1.00", ["10.00", "20.01"]), ("0.00", ["11.00", "20.01"])])
def test_included_tax_is_taken_out_of_the_lines(total_tax: str, net: list[str]) -> None:
    """By the lines' own tax lines; nothing is taken out where nothing was charged."""
    body = order([taxed("11.00", 1, "1.00"), line("20.01", id=2, sku="B")], taxes_included=True, total_tax=total_tax)
    invoice = invoice_of(plan_of(body))
    assert [row.amount for row in invoice.lines] == [D(amount) for amount in net]
    assert sum(row.amount for row in invoice.lines) + invoice.tax == invoice.total == D("31.01")


def test_included_tax_without_tax_lines_is_spread_by_amount() -> None:
    """A total_tax that no line claims still lies inside them."""
    body = order([line("10.00"), line("30.00", id=2, sku="B")], taxes_included=True, total_tax="4.00")
    assert [row.amount for row in invoice_of(plan_of(body)).lines] == [D("9.00"), D("27.00")]


def test_pieces_that_an_edit_removed_are_not_sold() -> None:
    """Quantity - current_quantity - refunded quantities; the money received stays what it was."""
    plan = plan_of(order([line("21.00", 3, id=5, current_quantity=1)], total_outstanding="-42.00", **EDITED))
    assert (invoice_of(plan).lines[0].quantity, invoice_of(plan).total) == (D(1), D("21.00"))
    assert payment_of(plan).amount == D("63.00")
    assert plan.notes == ("Edits took pieces out: 63.00 USD as placed, 21.00 USD is left.",)


def test_refunded_pieces_stay_sold() -> None:
    """Refunds are documents of their own."""
    refunds = [refund_of(5, 2, "42.00")]
    plan = plan_of(order([line("21.00", 3, id=5, current_quantity=1)], refunds=refunds, **EDITED))
    assert invoice_of(plan).total == D("63.00")


def test_pieces_edited_and_refunded_are_told_apart() -> None:
    """One of three was refunded, one was edited away, one is left: two were sold."""
    refunds = [refund_of(5, 1, "21.00", "1.50")]
    body = order(
        [taxed("21.00", 3, "4.50", id=5, current_quantity=1)],
        refunds=refunds,
        **{**EDITED, "current_total_price": "22.50", "current_total_tax": "1.50"},
    )
    invoice = invoice_of(plan_of(body))
    assert (invoice.total, invoice.tax) == (D("45.00"), D("3.00"))


def test_edit_without_known_refunds_is_refused() -> None:
    """A body trimmed of its refunds cannot say why pieces are missing."""
    body = order([line("21.00", 3, id=5, current_quantity=1)], refunds=None, **EDITED)
    with pytest.raises(UndecodableRecord, match="has no refunds"):
        mapped(body)


def test_order_emptied_by_an_edit_keeps_its_lines_at_nothing() -> None:
    """QuickBooks takes no invoice without a line."""
    zero = dict.fromkeys(EDITED, "0.00")
    invoice = invoice_of(plan_of(order([line("21.00", 1, id=5, current_quantity=0)], **zero)))
    assert (len(invoice.lines), invoice.total) == (1, D("0.00"))


def test_cent_of_a_removed_discount_falls_where_the_order_says() -> None:
    """10.00 off three pieces: of two that are left Shopify says 6.67, another rounding 6.66."""
    body = order(
        [line("30.00", 3, id=5, current_quantity=2, discount_allocations=discounted("10.00"))],
        current_total_price="53.34",
        current_subtotal_price="53.34",
    )
    invoice = invoice_of(plan_of(body))
    assert (invoice.discount, invoice.total) == (D("6.66"), D("53.34"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"current_subtotal_price": "20.00"}, r"lines adds up to 21\.00 USD, .* is 20\.00 USD"),
        ({"current_subtotal_price": "21.01"}, r"lines adds up to 21\.00 USD, .* is 21\.01 USD"),
        ({"current_total_tax": "9.00"}, r"tax of the order adds up to 1\.50 USD, current_total_tax .* is 9\.00 USD"),
        ({"current_total_price": "19.00"}, r"order adds up to 21\.00 USD, its current_total_price is 19\.00 USD"),
    ],
)
def test_edit_that_disagrees_with_current_figures_is_refused(changes: Json, said: str) -> None:
    """What is left must be what the order says is left."""
    with pytest.raises(UnbalancedDocument, match=said):
        mapped(order([line("21.00", 3, id=5, current_quantity=1)], total_tax="1.50", **{**EDITED, **changes}))


def test_cent_of_a_removed_discount_is_not_a_dollar() -> None:
    """A unit per line is rounding; more is a disagreement."""
    row = line("30.00", 3, id=5, current_quantity=2, discount_allocations=discounted("10.00"))
    with pytest.raises(UnbalancedDocument, match=r"lines adds up to 53\.33 USD, .* is 53\.35 USD"):
        mapped(order([row], current_total_price="53.35", current_subtotal_price="53.35"))


def test_edit_of_an_order_whose_tax_was_not_charged() -> None:
    """No tax appears because current_total_tax has one."""
    row = taxed("10.00", 2, "2.00", id=5, current_quantity=1)
    figures = {"current_total_price": "11.00", "current_subtotal_price": "10.00", "current_total_tax": "1.00"}
    invoice = invoice_of(plan_of(order([row], total_tax="0.00", **figures)))
    assert (invoice.tax, invoice.total) == (D(0), D("10.00"))


def test_edit_is_in_proportion_where_the_body_has_no_current_figures() -> None:
    """Older bodies: discount and tax follow the pieces."""
    none = dict.fromkeys(EDITED)
    row = taxed("30.00", 3, "9.00", id=5, current_quantity=1, discount_allocations=discounted("3.00"))
    invoice = invoice_of(plan_of(order([row], **none)))
    assert (invoice.lines[0].amount, invoice.discount, invoice.tax) == (D("30.00"), D("1.00"), D("3.00"))


@pytest.mark.parametrize(
    ("status", "changes", "received"),
    [
        ("pending", {}, "0"),
        ("authorized", {}, "0"),
        ("paid", {}, "100.00"),
        ("paid", {"total_outstanding": "7.00"}, "93.00"),
        ("paid", {"total_outstanding": "107.00"}, "0"),
        ("refunded", {}, "100.00"),
        ("partially_refunded", {}, "100.00"),
        ("partially_paid", {"total_outstanding": "60.00"}, "40.00"),
        ("partially_paid", {"total_outstanding": "160.00"}, "0"),
        ("partially_paid", {"total_outstanding": "70.00", "current_total_price": "110.00"}, "30.00"),
    ],
)
def test_received_is_what_the_body_says(status: str | None, changes: Json, received: str) -> None:
    """The total less what is outstanding, whatever the status calls it; a body that says neither owes nothing."""
    plan = plan_of(order([line("100.00")], financial_status=status, **changes))
    assert payment_of(plan).amount == D(received)


def test_a_body_that_is_paid_and_owing_says_so() -> None:
    """Guard: what it contradicts is a warning, so that nobody takes the open rest for an error of the bridge."""
    warned = plan_of(order([line("100.00")], financial_status="paid", total_outstanding="7.00")).warnings
    assert [each.code for each in warned] == ["paid_and_outstanding"]
    assert plan_of(order([line("100.00")], financial_status="paid")).warnings == ()


@pytest.mark.parametrize(("outstanding", "received"), [("-42.00", "63.00"), ("0.00", "21.00")])
def test_edited_order_was_paid_before_or_after_the_edit(outstanding: str | None, received: str) -> None:
    """What is owed to the customer was paid before."""
    body = order([line("21.00", 3, id=5, current_quantity=1)], total_outstanding=outstanding, **EDITED)
    assert payment_of(plan_of(body)).amount == D(received)


def test_refund_of_what_an_edit_removed() -> None:
    """63 were paid, an edit left 21 and 42 went back: 63 were received."""
    refund = {"id": 1, "refund_line_items": [], "transactions": [{**_money("42.00"), "kind": "refund"}]}
    body = order([line("21.00", 3, id=5, current_quantity=1)], total_outstanding="0.00", refunds=[refund], **EDITED)
    assert payment_of(plan_of({**body, "financial_status": "partially_refunded"})).amount == D("63.00")


def test_partial_payment_of_an_edited_order() -> None:
    """total_outstanding counts from what the edit left."""
    body = order(
        [line("50.00", 2, id=5, current_quantity=1)],
        financial_status="partially_paid",
        current_total_price="50.00",
        current_subtotal_price="50.00",
        total_outstanding="20.00",
    )
    assert payment_of(plan_of(body)).amount == D("30.00")


def test_partial_refund_of_a_partial_payment() -> None:
    """50 of 199 were paid, 20 went back: 149 stay outstanding of the 179 that are left, so 50 were received."""
    refund = {"id": 1, "refund_line_items": [], "transactions": [{**_money("20.00"), "kind": "refund"}]}
    body = order(
        [line("199.00")],
        financial_status="partially_refunded",
        refunds=[refund],
        current_total_price="179.00",
        total_outstanding="149.00",
    )
    assert payment_of(plan_of(body)).amount == D("50.00")


def _money(amount: str) -> Json:
    return {"id": 77, "status": "success", "amount": amount, "currency": "USD"}


@pytest.mark.parametrize("status", ["pending", "authorized", "voided", "expired"])
def test_cancelled_and_unpaid_is_the_void_of_its_invoice(status: str | None) -> None:
    """Whatever its arithmetic, its invoice must not count."""
    plan = plan_of(order([line("5.00")], financial_status=status, cancelled_at="2026-03-03T08:00:00Z", total_price="9"))
    void, received = plan.steps
    assert (void.intent, void.draft, void.key) == (Intent.VOID, None, plan.document)
    assert (received.intent, payment_of(plan).amount) == (Intent.RECEIVED, D(0))


@pytest.mark.parametrize("status", ["paid", "partially_paid", "refunded", "partially_refunded"])
def test_cancelled_with_money_posts_as_placed(status: str) -> None:
    """Money that moved is undone by refunds, which are documents of their own."""
    plan = plan_of(order([line("5.00")], financial_status=status, cancelled_at="2026-03-03T08:00:00Z"))
    assert step_of(plan, "Invoice").intent is Intent.STATE


def version_of(**changes: object) -> Version:
    """The version of an order with `changes`."""
    version = plan_of(order([line("5.00")], **changes)).version
    assert version is not None
    return version


def test_newer_is_told_by_second_then_status_then_content() -> None:
    """Whole seconds tie, so the rank of the status decides, and a cancellation above all."""
    ranked = ["pending", "authorized", "partially_paid", "paid", "partially_refunded", "refunded", "voided"]
    versions = [version_of(financial_status=status) for status in ranked]
    assert versions == sorted(versions)
    assert version_of(updated_at="2026-03-02T21:04:31-08:00", financial_status="pending") > versions[-1]
    assert version_of(cancelled_at="2026-03-03T08:00:00Z", financial_status="refunded") > versions[-1]
    assert version_of().content == version_of(note="another").content != version_of(name="#9").content
    assert version_of(updated_at=None).updated_at == version_of(updated_at="2026-03-02T21:04:11-08:00").updated_at


def test_version_is_the_source_s_and_not_the_rules() -> None:
    """Changed rules must not make an old body look like another one."""
    body = order([line("5.00", discount_allocations=discounted("1.00"))], currency="EUR")
    ruled = load_rules('[accounts]\ndiscount = "Promotions"\n[exchange_rates]\nEUR = "1.1"')
    assert plan_of(body, ruled).version == plan_of(body).version


def test_dates_are_as_written_in_their_own_offset() -> None:
    """21:04 on 2 March in Portland is 2 March, although it is the 3rd in UTC."""
    assert invoice_of(plan_of(order([line("5.00")]))).txn_date == date(2026, 3, 2)
    created = order([line("5.00")], processed_at=None, created_at="2026-03-04T00:30:00+11:00")
    assert invoice_of(plan_of(created)).txn_date == date(2026, 3, 4)


def test_document_is_as_old_as_the_earliest_time_known() -> None:
    """An imported order is created later than it was processed."""
    plan = plan_of(order([line("5.00")], processed_at="2019-01-01T00:00:00Z"))
    assert plan.document_created_at.year == 2019


def test_order_without_any_date_takes_the_event_s() -> None:
    """Else it is refused: nothing is dated today."""
    body = order([line("5.00")], processed_at=None, created_at=None)
    plan = plan_of(body, headers={"X-Shopify-Triggered-At": b"2026-03-03T05:04:31Z"})
    assert invoice_of(plan).txn_date == date(2026, 3, 3)
    with pytest.raises(UndecodableRecord, match="neither processed_at nor created_at"):
        mapped(body)


@pytest.mark.parametrize(
    ("changes", "number", "distinct"),
    [
        ({"name": "#2041"}, "2041", "2041-2884"),
        ({"name": "#ACME-WEB-2026-000000002041"}, "WEB-2026-000000002041", "026-000000002041-2884"),
        ({"name": ""}, "2041", "2041-2884"),
        ({"name": None, "order_number": None}, str(ORDER_ID), f"{ORDER_ID}-2884"),
    ],
)
def test_document_number_is_the_order_s_name(changes: Json, number: str, distinct: str) -> None:
    """21 characters at most, and another one ready for the case that a stranger's document has it."""
    invoice = invoice_of(plan_of(order([line("5.00")], **changes)))
    assert (invoice.doc_number, invoice.distinct_number) == (number, distinct)


def test_rounded_id_is_corrected_by_its_global_id() -> None:
    """Only past 2**53: below, several bodies may share one global id and still be different orders."""
    rounded = order(
        [line("5.00")], id=820982911946154500, admin_graphql_api_id="gid://shopify/Order/820982911946154508"
    )
    assert plan_of(rounded).document.id == "820982911946154508"
    exact = order([line("5.00")], id=2**53, admin_graphql_api_id="gid://shopify/Order/1")
    assert plan_of(exact).document.id == str(2**53)
    assert plan_of(order([line("5.00")], id=2**60 + 1, admin_graphql_api_id=None)).document.id == str(2**60 + 1)


def customer_of(plan: PostingPlan) -> tuple[str, CustomerDraft]:
    """The kind of key and the draft of the plan's customer."""
    step = step_of(plan, "Customer")
    assert isinstance(step.draft, CustomerDraft)
    return step.key.kind, step.draft


def test_customer_by_id_by_address_and_nobody() -> None:
    """Who is known by an id, who by an e-mail address in any case, and who by nothing."""
    kind, draft = customer_of(plan_of(order([line("5.00")])))
    assert (kind, draft.display_name, draft.currency) == ("customer", "Dana Reyes", "USD")
    keys = {
        step_of(plan_of(order([line("5.00")], customer=None, email=email)), "Customer").key
        for email in ("jo@example.com", " JO@Example.com ")
    }
    (key,) = keys
    assert key.kind == "customer-email"
    assert "jo" not in str(key)
    walk_in = step_of(plan_of(order([line("5.00")], customer=None, email="j*o@exa")), "Customer")
    assert walk_in.key == SourceKey("qbb", "customer", "walk-in")


def test_company_buys_for_itself() -> None:
    """A B2B order goes to the company; its name comes from an address, and no person's e-mail is on it."""
    body = order([line("5.00")], company={"id": 2001}, billing_address={"company": "North: wind\t Ltd"})
    kind, draft = customer_of(plan_of(body))
    assert (kind, draft.display_name, draft.email) == ("company", "North wind Ltd", None)
    nameless = order([line("5.00")], company={"id": 2001}, billing_address=None)
    assert customer_of(plan_of(nameless))[1].display_name == "Shopify company 2001"


def test_nameless_customer_is_named_by_address_then_by_id() -> None:
    """QBO wants a name."""
    bare = {"id": 5, "first_name": "", "last_name": None}
    assert customer_of(plan_of(order([line("5.00")], customer=bare)))[1].display_name == "dana.reyes@example.com"
    plan = plan_of(order([line("5.00")], customer=bare, email=None))
    assert customer_of(plan)[1].display_name == "Shopify customer 5"


def items_of(plan: PostingPlan) -> dict[str, ItemDraft]:
    """The plan's items by key."""
    return {str(step.key): step.draft for step in plan.steps if isinstance(step.draft, ItemDraft)}


def test_item_by_sku_by_product_and_by_words() -> None:
    """One item for an SKU on two lines; names legal, and something to tell equal ones apart."""
    long = "Sofa: red\n" + "x" * 200
    found = items_of(
        plan_of(
            order(
                [
                    line("5.00", sku=" TOTE SAND "),
                    line("6.00", sku=" TOTE SAND "),
                    line("7.00", sku="", title=long),
                    line("8.00", sku="S" * 101, product_id=None, title=":\t"),
                ]
            )
        )
    )
    assert list(found) == ["shopify:sku:tote%20sand", "shopify:product:8811002233", "shopify:item:untitled%20item"]
    by_sku, by_product, by_words = found.values()
    assert (by_sku.sku, by_sku.distinct, by_sku.name) == ("TOTE SAND", "TOTE SAND", "Canvas tote - Sand")
    assert (by_product.sku, by_product.distinct) == ("shopify-product-8811002233", "8811002233")
    assert by_product.name == "Sofa red " + "x" * 91
    assert (by_words.sku, by_words.name) == (None, "Untitled item")


def test_gift_card_tip_and_duties_go_to_liabilities() -> None:
    """Created once, unless a rule names an account or forbids it."""
    body = order([line("25.00", gift_card=True)], total_tip_received="5.00")
    assert items_of(plan_of(body))["qbb:item:gift-card"].income == SourceKey("qbb", "account", "Gift cards")
    ruled = load_rules('[accounts]\ngift_cards = "Vouchers"\ntips = { id = "77" }')
    assert items_of(plan_of(body, ruled))["qbb:item:tip"].income == AccountSelector(rule="accounts.tips", id="77")
    with pytest.raises(UnmappableEvent, match=r"set accounts\.gift_cards"):
        mapped(body, load_rules("create_accounts = false"))


def test_money_goes_where_the_gateway_s_rule_says() -> None:
    """A rule counts when all of the money came through its gateway."""
    rules = load_rules('[gateways."Shopify Payments"]\ndeposit = "Clearing"\nmethod = "Visa"')
    payment = payment_of(plan_of(order([line("5.00")]), rules))
    assert (payment.deposit_to.name, payment.method) == ("Clearing", "Visa")
    mixed = payment_of(plan_of(order([line("5.00")], payment_gateway_names=["shopify_payments", "paypal"]), rules))
    assert (mixed.deposit_to.sub_type, mixed.method) == ("UndepositedFunds", None)
    old = payment_of(plan_of(order([line("5.00")], payment_gateway_names=[], gateway="shopify_payments"), rules))
    assert old.deposit_to.name == "Clearing"


def test_exchange_rate_of_the_rules_is_on_every_document() -> None:
    """A missing rate books at 1 in QBO."""
    plan = plan_of(order([line("5.00")], currency="EUR"), load_rules('[exchange_rates]\nEUR = "1.0850"'))
    assert invoice_of(plan).exchange_rate == payment_of(plan).exchange_rate == D("1.0850")


def test_due_date_comes_from_the_terms() -> None:
    """The first instalment that has a date; terms may have none."""
    terms = {"payment_schedules": [{"due_at": None}, {"due_at": "2026-04-01T21:00:00-07:00"}]}
    assert invoice_of(plan_of(order([line("5.00")], payment_terms=terms))).due_date == date(2026, 4, 1)
    assert invoice_of(plan_of(order([line("5.00")], payment_terms={"payment_schedules": []}))).due_date is None


def test_price_per_piece_makes_the_amount() -> None:
    """QBO refuses a line whose quantity times price is not its amount (6070)."""
    body = order(
        [line("0.125", 48), taxed("3.34", 3, "0.91", id=2, sku="B"), taxed("11.00", 2, "2.00", id=3, sku="C")],
        taxes_included=True,
    )
    found = invoice_of(plan_of(body)).lines
    assert [row.unit_price for row in found] == [D("0.125"), D("3.0366667"), D("10.00")]


def test_fraction_of_a_cent_is_never_rounded() -> None:
    """QBO counts in hundredths: exact, or a person must look."""
    with pytest.raises(UnmappableEvent, match=r"0\.335 USD is not exact in hundredths"):
        mapped(order([line("0.335")]))


def test_order_without_lines_is_unmappable() -> None:
    """QuickBooks takes no invoice without one."""
    with pytest.raises(UnmappableEvent, match="has no lines"):
        mapped({**order([]), "financial_status": "paid"})


@pytest.mark.parametrize(
    "changes",
    [
        {"test": True},
        {"test": "true"},
        {"payment_gateway_names": ["bogus"]},
        {"payment_gateway_names": [], "gateway": "Bogus"},
    ],
)
def test_test_orders_are_judged_before_any_arithmetic(changes: Json) -> None:
    """Even one whose money makes no sense is a test, not a dead letter."""
    decision = mapped(order([line("5.00")], **{"total_price": "garbage", **changes}))
    assert isinstance(decision, Ignored)
    assert (decision.code, str(decision.document)) == ("test_event", f"shopify:order:{ORDER_ID}")


def test_header_marks_a_test() -> None:
    """X-Shopify-Test."""
    decision = mapped(order([line("5.00")]), headers={"X-Shopify-Test": b"true"})
    assert isinstance(decision, Ignored)


MONEY = ["total_price", "total_tax", "currency", "line_items", "id"]


@pytest.mark.parametrize("field", MONEY)
def test_body_without_money_fields_is_refused(field: str) -> None:
    """A trimmed body is never read as zero."""
    body = order([line("5.00")])
    with pytest.raises(UndecodableRecord, match=f"the order has no {field}"):
        mapped({**body, field: None}, headers={"X-Shopify-Topic": b"orders/paid"})


@pytest.mark.parametrize("value", [True, [], {}, "12,50", "", "1e99", float("1e300"), "0.0000000000001"])
def test_amount_of_another_kind_is_refused(value: object) -> None:
    """Money is text or a number, nothing else, and of a believable size."""
    with pytest.raises(UndecodableRecord, match="total_price"):
        mapped(order([line("5.00")], total_price=value))


def test_messages_hold_no_personal_data() -> None:
    """What is published in results names fields and numbers only."""
    body = {**order([line("5.00")]), "line_items": [{**line("5.00"), "quantity": "dana.reyes@example.com"}]}
    with pytest.raises(RecordError) as caught:
        mapped(json.loads(json.dumps({**body, "total_price": "1.00"})))
    assert "dana" not in str(caught.value).lower()
