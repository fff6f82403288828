"""Faults seeded into a span: each says which document `verify` has to name, and as what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

from contracts.keys import SourceKey
from tests.support.seeded import Named, SeededOrder, sold_lines
from tests.support.yesterday import SPAN

COPIED = ("CustomerRef", "PrivateNote", "CurrencyRef")


async def _with_money(sale: SeededOrder) -> None:
    await sale.tell(sale.body())
    await sale.tell(sale.money(sale.amount))


async def _with_refund(sale: SeededOrder) -> SourceKey:
    await _with_money(sale)
    await sale.tell(sale.handed_back())
    return sale.refund


async def order_never_booked(sale: SeededOrder) -> Named:
    """Consumed, and nothing came of it."""
    sale.day.told(sale.body(), at=SPAN)
    return sale.named("Invoice", "missing")


async def money_never_booked(sale: SeededOrder) -> Named:
    """The order is there, and its payment is not."""
    await sale.tell(sale.body())
    sale.day.told(sale.money(sale.amount), at=SPAN)
    return sale.named("Payment", "missing", sale.payment)


async def refund_never_booked(sale: SeededOrder) -> Named:
    """What was handed back is not in the books."""
    await _with_money(sale)
    sale.day.told(sale.handed_back(), at=SPAN)
    return sale.named("RefundReceipt", "missing", sale.refund)


async def edit_never_booked(sale: SeededOrder) -> Named:
    """The order grew, and its invoice did not."""
    await sale.tell(sale.body())
    sale.grown = Decimal("7.10")
    sale.day.told(sale.body(), at=SPAN)
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
    more = str(sale.amount + Decimal("0.01"))
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
)
