"""Faults seeded into a span: each says which document `verify` has to name, and as what."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from decimal import Decimal

from contracts.keys import SourceKey
from tests.support.orders import shopify_event
from tests.support.seeded import Named, SeededOrder, sold_lines
from tests.support.shop_payouts import payout, row

COPIED = ("CustomerRef", "PrivateNote", "CurrencyRef")


async def _with_money(sale: SeededOrder) -> None:
    await sale.tell(sale.body())
    await sale.tell(sale.money(sale.total))


async def _with_refund(sale: SeededOrder) -> SourceKey:
    await _with_money(sale)
    await sale.tell(sale.handed_back())
    return sale.refund


async def order_never_booked(sale: SeededOrder) -> Named:
    """Consumed, and nothing came of it."""
    sale.day.told(sale.body(), at=sale.at)
    return sale.named("Invoice", "missing")


async def money_never_booked(sale: SeededOrder) -> Named:
    """The order is there, and its payment is not."""
    await sale.tell(sale.body())
    sale.day.told(sale.money(sale.total), at=sale.at)
    return sale.named("Payment", "missing", sale.payment)


async def refund_never_booked(sale: SeededOrder) -> Named:
    """What was handed back is not in the books."""
    await _with_money(sale)
    sale.day.told(sale.handed_back(), at=sale.at)
    return sale.named("RefundReceipt", "missing", sale.refund)


async def edit_never_booked(sale: SeededOrder) -> Named:
    """The order grew, and its invoice did not."""
    await sale.tell(sale.body())
    sale.grown = Decimal("7.10")
    sale.day.told(sale.body(), at=sale.at)
    return sale.named("Invoice", "drifted")


async def invoice_deleted(sale: SeededOrder) -> Named:
    """By a person, unseen by the bridge."""
    await sale.tell(sale.body())
    await sale.person("delete", "Invoice", sale.key)
    return sale.named("Invoice", "missing")


async def invoice_voided(sale: SeededOrder) -> Named:
    """By a person."""
    await sale.tell(sale.body())
    await sale.person("void", "Invoice", sale.key)
    return sale.named("Invoice", "voided")


async def invoice_changed(sale: SeededOrder) -> Named:
    """A person made it another amount."""
    await sale.tell(sale.body())
    lines = sold_lines(sale.row("Invoice", sale.key), "0.50")
    await sale.person("edit", "Invoice", sale.key, Line=lines)
    return sale.named("Invoice", "drifted")


async def invoice_copied(sale: SeededOrder) -> Named:
    """With its marker."""
    await sale.tell(sale.body())
    row = sale.row("Invoice", sale.key)
    await sale.day.world.by_hand("Invoice", {**{name: row[name] for name in COPIED}, "Line": sold_lines(row)})
    return sale.named("Invoice", "extra")


async def payment_deleted(sale: SeededOrder) -> Named:
    """By a person, unseen by the bridge."""
    await _with_money(sale)
    await sale.person("delete", "Payment", sale.payment)
    return sale.named("Payment", "missing", sale.payment)


async def payment_voided(sale: SeededOrder) -> Named:
    """By a person."""
    await _with_money(sale)
    await sale.person("void", "Payment", sale.payment)
    return sale.named("Payment", "voided", sale.payment)


async def payment_changed(sale: SeededOrder) -> Named:
    """A person made it a cent more."""
    await _with_money(sale)
    more = str(sale.total + Decimal("0.01"))
    await sale.person("edit", "Payment", sale.payment, TotalAmt=more)
    return sale.named("Payment", "drifted", sale.payment)


async def payment_copied(sale: SeededOrder) -> Named:
    """With its marker, applied to nothing."""
    await _with_money(sale)
    row = sale.row("Payment", sale.payment)
    await sale.day.world.by_hand("Payment", {**{name: row[name] for name in COPIED}, "TotalAmt": row["TotalAmt"]})
    return sale.named("Payment", "extra", sale.payment)


async def refund_deleted(sale: SeededOrder) -> Named:
    """By a person, unseen by the bridge."""
    key = await _with_refund(sale)
    await sale.person("delete", "RefundReceipt", key)
    return sale.named("RefundReceipt", "missing", key)


async def refund_changed(sale: SeededOrder) -> Named:
    """A person made it another amount."""
    key = await _with_refund(sale)
    lines = sold_lines(sale.row("RefundReceipt", key), "0.50")
    await sale.person("edit", "RefundReceipt", key, Line=lines)
    return sale.named("RefundReceipt", "drifted", key)


async def cancellation_never_booked(sale: SeededOrder) -> Named:
    """Nobody had paid, and the invoice stands."""
    await sale.tell(sale.body())
    sale.cancelled_at = sale.moment()
    sale.day.told(sale.body(), at=sale.at)
    return sale.named("Invoice", "extra")


async def order_never_mapped(sale: SeededOrder) -> Named:
    """Its figures do not add up, so it is a dead letter."""
    await sale.tell(sale.body(total_price="9999.00"))
    return sale.named("order", "dead_lettered")


async def order_refused(sale: SeededOrder) -> Named:
    """QuickBooks refuses it for good, so it is a dead letter."""
    own = {"operation": "write", "body": f"[qbb:{sale.key} "}
    sale.day.world.breaks("fault", count=None, status=400, code="6000", detail="Business Validation Error: no.", **own)
    await sale.tell(sale.body())
    return sale.named("Invoice", "dead_lettered")


async def invoice_of_another_customer(sale: SeededOrder) -> Named:
    """A person moved it."""
    await sale.tell(sale.body())
    await sale.person("edit", "Invoice", sale.key, CustomerRef={"value": await _stranger(sale)})
    return sale.named("Invoice", "drifted")


async def invoice_on_another_day(sale: SeededOrder) -> Named:
    """A person dated it anew, in another month."""
    await sale.tell(sale.body())
    await sale.person("edit", "Invoice", sale.key, TxnDate="2026-01-02")
    return sale.named("Invoice", "drifted")


async def invoice_with_another_tax(sale: SeededOrder) -> Named:
    """The tax was typed over and the goods are less: the total is as it was."""
    sale.tax = Decimal("2.90")
    await sale.tell(sale.body())
    await _type_over_tax(sale, "Invoice", sale.key)
    return sale.named("Invoice", "drifted")


async def payment_of_another_customer(sale: SeededOrder) -> Named:
    """A person took it off its invoice, which is owed again; that it is follows, and is not named as well."""
    await _with_money(sale)
    await sale.tell(sale.body())
    changes = {"CustomerRef": {"value": await _stranger(sale)}, "Line": [], "TotalAmt": str(sale.total)}
    await sale.person("edit", "Payment", sale.payment, **changes)
    return sale.named("Payment", "drifted", sale.payment)


async def payment_elsewhere(sale: SeededOrder) -> Named:
    """A person says that it lies in the drawer."""
    await _with_money(sale)
    await _put_elsewhere(sale, "Payment", sale.payment)
    return sale.named("Payment", "drifted", sale.payment)


async def refund_elsewhere(sale: SeededOrder) -> Named:
    """A person says that it came out of the drawer."""
    key = await _with_refund(sale)
    await _put_elsewhere(sale, "RefundReceipt", key)
    return sale.named("RefundReceipt", "drifted", key)


async def refund_with_another_tax(sale: SeededOrder) -> Named:
    """Typed over, the total as it was."""
    sale.tax = Decimal("2.90")
    key = await _with_refund(sale)
    await _type_over_tax(sale, "RefundReceipt", key)
    return sale.named("RefundReceipt", "drifted", key)


async def payout_with_a_line_elsewhere(sale: SeededOrder) -> Named:
    """A person moved the fee of a payout to another account."""
    await _with_money(sale)
    key = SourceKey("shopify", "payout", str(sale.number))
    told = {"order": sale.number, "transaction": sale.number * 100, "id": sale.number, "processed_at": sale.moment()}
    rows = [row("charge", str(sale.total), "1.50", **told)]
    await sale.tell(shopify_event("shopify_payments/payouts", payout(rows, id=sale.number, date=sale.moment()[:10])))
    lines = copy.deepcopy(sale.row("Deposit", key)["Line"])
    named = [each["DepositLineDetail"] for each in lines if "AccountRef" in each.get("DepositLineDetail", {})]
    named[-1]["AccountRef"] = {"value": _account(sale, "Uncategorized Expense")}
    await sale.person(
        "edit", "Deposit", key, Line=lines, DepositToAccountRef=sale.row("Deposit", key)["DepositToAccountRef"]
    )
    return sale.named("Deposit", "drifted", key)


async def _stranger(sale: SeededOrder) -> str:
    made = await sale.day.world.by_hand("Customer", {"DisplayName": f"Somebody else {sale.number}"})
    return str(made["Id"])


def _account(sale: SeededOrder, name: str) -> str:
    return str(next(each["Id"] for each in sale.day.world.held("Account") if each["Name"] == name))


async def _put_elsewhere(sale: SeededOrder, entity: str, key: SourceKey) -> None:
    changes = {
        "CustomerRef": sale.row(entity, key)["CustomerRef"],
        "DepositToAccountRef": {"value": _account(sale, "Undeposited Funds")},
    }
    await sale.person("edit", entity, key, **changes)


async def _type_over_tax(sale: SeededOrder, entity: str, key: SourceKey) -> None:
    held = sale.row(entity, key)
    code, tax = held["TxnTaxDetail"]["TxnTaxCodeRef"], Decimal(str(held["TxnTaxDetail"]["TotalTax"])) + 1
    lines = sold_lines(held, "-1")
    await sale.person("edit", entity, key, Line=lines, TxnTaxDetail={"TxnTaxCodeRef": code, "TotalTax": str(tax)})


Fault = Callable[[SeededOrder], Awaitable[Named]]
FAULTS: tuple[Fault, ...] = (
    order_never_booked,
    money_never_booked,
    refund_never_booked,
    edit_never_booked,
    invoice_deleted,
    invoice_voided,
    invoice_changed,
    invoice_copied,
    payment_deleted,
    payment_voided,
    payment_changed,
    payment_copied,
    refund_deleted,
    refund_changed,
    cancellation_never_booked,
    order_never_mapped,
    order_refused,
    invoice_of_another_customer,
    invoice_on_another_day,
    invoice_with_another_tax,
    payment_of_another_customer,
    payment_elsewhere,
    refund_elsewhere,
    refund_with_another_tax,
    payout_with_a_line_elsewhere,
)
