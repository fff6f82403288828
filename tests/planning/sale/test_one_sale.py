"""One sale and what takes it back: refunds, credits, gift cards, parcels, receipts, deletions; people's edits win."""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from bridge.sandbox.admin import set_switches
from bridge.sandbox.human import act
from bridge.sandbox.settings import DEFAULT_REALM
from bridge.sandbox.writes import write
from mappings.rules import MappingRules, OrderRules
from tests.support.lives import CARDS, RECEIVABLE, Life
from tests.support.orders import (
    ORDER_ID,
    Json,
    adjustment,
    charge,
    handed_back,
    line,
    order,
    refund,
    shopify_event,
    stripe_event,
    taxed,
    transaction,
)
from tests.support.world import World, opened, without_own_credits

D = Decimal
RECEIPTS = MappingRules(shop_domains=("acme.myshopify.com",), orders=OrderRules(document="sales_receipt"))
DELETED = shopify_event("orders/delete", {"id": ORDER_ID})


def events(life: Life) -> list[Json]:
    """The refunds of a life by their own events."""
    return [shopify_event("refunds/create", body) for body in life.refunds]


def unpaid(**changes: Any) -> Json:
    body = order([line("12.00", 3)], financial_status="pending", total_outstanding="36.00", **changes)
    return shopify_event("orders/create", body)


def paid_body(**changes: Any) -> Json:
    return shopify_event("orders/paid", order([line("12.00", 3)], **changes))


def only(world: World, entity: str) -> dict[str, Any]:
    (row,) = world.held(entity)
    return row


async def test_a_refund_waits_for_its_sale_and_takes_its_customer() -> None:
    """Guard: a refund receipt needs the sale; its body names nobody."""
    life = Life(pieces=3)
    life.give_back(money=True)
    async with opened() as world:
        (waiting,) = await world.deliver(*events(life))
        assert waiting.status == "waiting"
        await world.deliver(paid_body())
        refunded = only(world, "RefundReceipt")
        assert (world.statuses(), refunded["TotalAmt"]) == (["posted", "posted"], D("12.00"))
        assert refunded["CustomerRef"]["value"] == only(world, "Invoice")["CustomerRef"]["value"]


async def test_a_refund_that_a_person_deleted_is_not_booked_again() -> None:
    """Guard: `deleted_in_qbo`, also when the order's body tells it."""
    life = Life(pieces=3)
    life.give_back(money=True)
    async with opened() as world:
        await world.deliver(paid_body(), *events(life))
        act(world.sandbox.company(), {"action": "delete", "entity": "RefundReceipt"})
        for _ in range(3):
            await world.idle()
            await world.clock.sleep(70)
        (again,) = await world.deliver(*events(life))
        assert again.reason is not None
        assert (again.status, again.reason.code) == ("ignored", "deleted_in_qbo")
        assert world.held("RefundReceipt") == []


async def test_a_credit_goes_on_its_invoice_by_a_payment_of_nothing() -> None:
    """Guard: two links of one amount, as much as the invoice still asks for; nothing more on a redelivery."""
    life = Life(pieces=3)
    life.give_back(money=False)
    async with opened() as world:
        await without_own_credits(world)
        await world.deliver(unpaid())
        (result,) = await world.deliver(*events(life))
        assert {each.entity for each in result.entities} >= {"CreditMemo", "Payment"}
        application = only(world, "Payment")
        links = [(each["Amount"], each["LinkedTxn"][0]["TxnType"]) for each in application["Line"]]
        assert (application["TotalAmt"], links) == (0, [(D("12.00"), "Invoice"), (D("12.00"), "CreditMemo")])
        assert (only(world, "Invoice")["Balance"], only(world, "CreditMemo")["Balance"]) == (D("24.00"), 0)
        before = world.written()
        await world.restart()
        (again,) = await world.deliver(*events(life))
        assert (again.status, world.written()) == ("already_posted", before)


async def test_a_credit_on_a_paid_invoice_stays_the_customers() -> None:
    """Guard: no more goes on an invoice than it asks for; the rest is what the customer is owed."""
    life = Life(pieces=3)
    life.give_back(money=False)
    async with opened() as world:
        await without_own_credits(world)
        await world.deliver(paid_body())
        (result,) = await world.deliver(*events(life))
        assert result.status == "posted", result.reason
        assert (only(world, "CreditMemo")["Balance"], only(world, "Invoice")["Balance"]) == (D("12.00"), 0)
        assert world.owed() == {"Dana Reyes": D("-12.00")}


async def test_a_credit_that_a_person_took_off_stays_off() -> None:
    """Guard: the payment of nothing is made once; a void one is not made again."""
    life = Life(pieces=3)
    life.give_back(money=False)
    async with opened() as world:
        await without_own_credits(world)
        await world.deliver(unpaid(), *events(life))
        act(world.sandbox.company(), {"action": "void", "entity": "Payment"})
        await world.restart()
        (again,) = await world.deliver(*events(life))
        assert (again.status, only(world, "CreditMemo")["Balance"]) == ("already_posted", D("12.00"))


@pytest.mark.parametrize("credit_first", [True, False])
async def test_a_cancellation_takes_credits_away_whatever_came_first(credit_first: bool) -> None:  # noqa: FBT001
    """Guard: the payment of nothing is void and the credit gone before the invoice is voided."""
    life = Life(pieces=3)
    life.tell()
    life.give_back(money=False)
    life.tell(cancelled=True)
    told = [*events(life), life.bodies[-1]]
    async with opened() as world:
        await without_own_credits(world)
        await world.deliver(life.bodies[0])
        for event in told if credit_first else reversed(told):
            await world.deliver(event)
        assert (world.trial_balance(), world.held("CreditMemo"), world.owed()) == ({}, [], {})
        assert "waiting" not in world.statuses()


async def test_a_deleted_order_is_void_unless_it_was_paid() -> None:
    """Guard: money on it is for a person to settle, and the invoice stays."""
    async with opened() as world:
        await world.deliver(unpaid())
        (voided,) = await world.deliver(DELETED)
        assert (voided.status, only(world, "Invoice")["TotalAmt"]) == ("posted", 0)
    async with opened() as world:
        await world.deliver(paid_body())
        (refused,) = await world.deliver(DELETED)
        assert refused.reason is not None
        assert (refused.status, refused.reason.code) == ("dead_lettered", "conflict")
        assert only(world, "Invoice")["TotalAmt"] == D("36.00")


async def test_an_order_that_was_deleted_unbooked_is_not_booked_later() -> None:
    """Guard: remembered in the journal, so a new process knows it too."""
    async with opened() as world:
        await world.deliver(DELETED)
        await world.restart()
        (late,) = await world.deliver(unpaid())
        assert late.reason is not None
        assert (late.status, late.reason.code, world.held("Invoice")) == ("ignored", "skipped_by_rule", [])


async def test_a_late_gift_card_goes_on_the_lines_that_the_books_have() -> None:
    """Guard: one read, the lines and the tax stay, the total is less by it; a newer body keeps it."""
    async with opened() as world:
        body = order([taxed("20.00", 1, "1.45"), line("5.00")], financial_status="pending", total_outstanding="26.45")
        await world.deliver(shopify_event("orders/create", body))
        reads = world.client.counts.reads
        card = transaction(gateway="gift_card", amount="10.00")
        (result,) = await world.deliver(shopify_event("order_transactions/create", card))
        invoice = only(world, "Invoice")
        assert (result.status, world.client.counts.reads - reads) == ("posted", 1)
        assert (invoice["TotalAmt"], invoice["TxnTaxDetail"]["TotalTax"]) == (D("16.45"), D("1.45"))
        assert [each["Amount"] for each in invoice["Line"] if "Id" in each] == [D("20.00"), D("5.00"), D("-10.00")]
        newer = {
            **body,
            "updated_at": "2026-03-03T21:04:30-08:00",
            "line_items": [taxed("20.00", 1, "1.45"), line("6.00")],
        }
        totals = {"total_price": "27.45", "current_total_price": "27.45", "total_outstanding": "17.45"}
        status = {"financial_status": "partially_paid", "payment_gateway_names": ["gift_card"]}
        await world.deliver(shopify_event("orders/updated", {**newer, **totals, **status}))
        assert only(world, "Invoice")["TotalAmt"] == D("17.45")
        assert (world.trial_balance()[CARDS], world.trial_balance()[RECEIVABLE]) == (D("10.00"), D("17.45"))


async def test_a_parcel_touches_no_line_and_a_persons_number_stays() -> None:
    """Guard: three fields by a sparse update; what a person typed there wins over every later parcel."""
    life = Life(pieces=3)
    life.send(0)
    life.send(0)
    async with opened() as world:
        await world.deliver(unpaid())
        lines = only(world, "Invoice")["Line"]
        await world.deliver(life.parcels[0])
        sent = only(world, "Invoice")
        assert (sent["TrackingNum"], sent["ShipMethodRef"]["value"], sent["Line"]) == ("1Z00", "UPS", lines)
        by_hand = {"TrackingNum": "BY HAND"}
        act(world.sandbox.company(), {"action": "edit", "entity": "Invoice", "id": sent["Id"], "changes": by_hand})
        await world.restart()
        (kept,) = await world.deliver(life.parcels[1])
        assert (kept.status, only(world, "Invoice")["TrackingNum"]) == ("ignored", "BY HAND")


async def test_a_sales_receipt_holds_its_money() -> None:
    """Guard: a transaction of it books nothing, a refund finds it."""
    life = Life(pieces=3)
    life.give_back(money=True)
    async with opened(RECEIPTS) as world:
        await world.deliver(paid_body())
        (held, refunded) = await world.deliver(
            shopify_event("order_transactions/create", transaction(amount="36.00")), *events(life)
        )
        assert (held.status, refunded.status) == ("already_posted", "posted")
        assert (world.held("Invoice"), world.held("Payment")) == ([], [])
        assert only(world, "SalesReceipt")["TotalAmt"] == D("36.00")


async def test_an_order_that_was_booked_as_an_invoice_stays_one() -> None:
    """Guard: the receipt's money is a payment then; the ledger is the same."""
    async with opened(RECEIPTS) as world:
        await world.deliver(unpaid(updated_at="2026-03-02T21:04:20-08:00"))
        await world.deliver(paid_body())
        assert (world.held("SalesReceipt"), only(world, "Invoice")["Balance"]) == ([], 0)
        as_invoice = world.trial_balance()
    async with opened(RECEIPTS) as world:
        await world.deliver(paid_body())
        assert world.trial_balance() == as_invoice


async def test_a_receipt_of_which_more_was_received_becomes_an_invoice() -> None:
    """Guard: what the customer is owed cannot stand on a sales receipt, and money that goes back is taken off it."""
    async with opened(RECEIPTS) as world:
        await world.deliver(paid_body())
        await world.deliver(paid_body(updated_at="2026-03-04T09:00:00-08:00", total_outstanding="-9.00"))
        assert only(world, "SalesReceipt")["TotalAmt"] == 0
        assert (only(world, "Invoice")["Balance"], only(world, "Payment")["TotalAmt"]) == (0, D("45.00"))


async def test_what_was_paid_too_much_stays_owed_where_a_person_deleted_its_refund() -> None:
    """Guard: the entry beside a refund receipt is not booked without it."""
    back = refund([], handed_back("9.00"), id=41, order_adjustments=[adjustment("-9.00")])
    later = {"total_outstanding": "0.00", "financial_status": "partially_refunded", "refunds": [back]}
    async with opened() as world:
        await world.deliver(paid_body(total_outstanding="-9.00"))
        await world.deliver(shopify_event("refunds/create", back))
        act(world.sandbox.company(), {"action": "delete", "entity": "RefundReceipt"})
        for _ in range(3):
            await world.idle()
            await world.clock.sleep(70)
        await world.deliver(paid_body(updated_at="2026-03-04T09:00:00-08:00", **later))
        assert (world.held("RefundReceipt"), world.held("JournalEntry")) == ([], [])


async def test_a_receipt_that_the_order_outgrew_becomes_an_invoice() -> None:
    """Guard: what is owed after all cannot stand on a sales receipt."""
    async with opened(RECEIPTS) as world:
        await world.deliver(paid_body())
        grown = order(
            [line("12.00", 4)],
            updated_at="2026-03-04T21:04:30-08:00",
            financial_status="partially_paid",
            total_outstanding="12.00",
        )
        (result,) = await world.deliver(shopify_event("orders/updated", grown))
        assert result.status == "posted", result.reason
        assert only(world, "SalesReceipt")["TotalAmt"] == 0
        assert (only(world, "Invoice")["TotalAmt"], only(world, "Invoice")["Balance"]) == (D("48.00"), D("12.00"))


@pytest.mark.parametrize("order_of", list(permutations(range(3))))
async def test_an_older_body_that_was_not_paid_yet_takes_no_receipt_back(order_of: tuple[int, ...]) -> None:
    """Guard: only a newer body outgrows a receipt; a late one of the same content tells nothing new of its money."""
    paid = shopify_event("order_transactions/create", transaction(amount="36.00"))
    told = [unpaid(updated_at="2026-03-02T21:04:20-08:00"), paid_body(), paid]
    async with opened(RECEIPTS) as world:
        for number in order_of:
            await world.deliver(told[number])
        await world.idle()
        assert world.owed() == {}
        assert world.trial_balance() == {
            "Sales of Product Income": D("-36.00"),
            "Shopify Payments clearing": D("36.00"),
        }


async def test_a_person_who_was_paid_meanwhile_leaves_less_to_pay() -> None:
    """Guard: fault 6000 on a payment makes the invoice be read; what does not fit on it stays the customer's credit."""
    async with opened() as world:
        await world.deliver(unpaid())
        invoice = only(world, "Invoice")
        link = {"Amount": D("30.00"), "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
        by_hand = {"CustomerRef": invoice["CustomerRef"], "TotalAmt": D("30.00"), "Line": [link]}
        write(world.sandbox.company(), "Payment", by_hand, "create")
        (result,) = await world.deliver(shopify_event("order_transactions/create", transaction(amount="36.00")))
        assert result.status == "posted", result.reason
        assert (only(world, "Invoice")["Balance"], world.owed()) == (0, {"Dana Reyes": D("-30.00")})


async def test_a_parcel_ends_with_its_order_when_that_is_refused() -> None:
    """As an orphan that names the order's record: the parcel is not at fault for what is wrong with the order."""
    life = Life(pieces=3)
    life.send(0)
    async with opened() as world:
        set_switches(world.sandbox.realms[DEFAULT_REALM], {"preferences": {"TaxPrefs": {"UsingSalesTax": False}}})
        await world.restart()
        refused, parcel = await world.deliver(
            shopify_event("orders/create", order([taxed("12.00", 3, "2.00")])), life.parcels[0]
        )
        assert (refused.status, parcel.status) == ("dead_lettered", "dead_lettered")
        assert parcel.reason is not None
        assert (parcel.reason.code, str(refused.source.place) in parcel.reason.message) == ("orphan", True)


async def test_a_credit_that_quickbooks_left_alone_is_applied_after_all() -> None:
    """Guard: where credits apply themselves QBO is asked what it did, and what it did not do is done."""
    life = Life(pieces=3)
    life.give_back(money=False)
    async with opened() as world:
        await world.deliver(unpaid())
        off = {"SalesFormsPrefs": {"AutoApplyCredit": False}}
        set_switches(world.sandbox.realms[DEFAULT_REALM], {"preferences": off})
        (result,) = await world.deliver(*events(life))
        assert result.status == "posted", result.reason
        assert (only(world, "Invoice")["Balance"], only(world, "CreditMemo")["Balance"]) == (D("24.00"), 0)


async def test_of_two_words_about_a_parcel_the_newer_counts() -> None:
    """Guard: also when both come at once, the newer one first."""
    life = Life(pieces=3)
    life.send(0)
    life.send(0)
    async with opened() as world:
        await world.deliver(unpaid(), life.parcels[1], life.parcels[0])
        assert only(world, "Invoice")["TrackingNum"] == "1Z01"


async def test_all_tracking_numbers_stay_readable() -> None:
    """Guard: the newest parcel decides day and carrier; numbers that the field cannot take stand in the note."""
    life = Life(pieces=3)
    for number in range(9):
        life.send(number)
    async with opened() as world:
        await world.deliver(unpaid())
        for parcel in life.parcels:
            await world.deliver(parcel)
        invoice = only(world, "Invoice")
        assert invoice["TrackingNum"] == "1Z88, 1Z77, 1Z66, 1Z55, 1Z44"
        assert all(f"1Z{number}{number}" in invoice["PrivateNote"] for number in range(9))


async def test_what_was_undone_is_undone_once() -> None:
    """Guard: what we deleted ourselves is in the books no more, so a second telling writes nothing."""
    charged = stripe_event("charge.succeeded", charge())
    mark_stale = {"object": "refund", "id": "re_1", "charge": charge()["id"], "amount": 1000, "currency": "usd"}
    refunded = {**mark_stale, "created": 1772514251, "status": "succeeded"}
    failed = stripe_event("refund.failed", {**refunded, "status": "failed"})
    async with opened() as world:
        await world.deliver(charged, stripe_event("refund.created", refunded))
        assert only(world, "RefundReceipt")["TotalAmt"] == D("10.00")
        (undone,) = await world.deliver(failed)
        (again,) = await world.deliver(failed)
        assert (undone.status, again.status, world.held("RefundReceipt")) == ("posted", "ignored", [])
