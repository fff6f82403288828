"""Payouts of Shopify Payments as a producer reads them from the Admin API, rows by what they move."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.support.orders import Json, shopify_event

PAYOUT_ID = 9100000001


def row(kind: str, amount: str, fee: str = "0.00", **changes: Any) -> Json:
    """One row of the balance; `transaction` and `order` name what it is about."""
    net = Decimal(amount) - Decimal(fee)
    transaction, order = changes.pop("transaction", None), changes.pop("order", None)
    return {
        "id": changes.pop("id", 9200000001),
        "type": kind,
        "test": False,
        "currency": "USD",
        "amount": amount,
        "fee": fee,
        "net": str(net),
        "source_id": None,
        "source_order_id": order,
        "source_order_transaction_id": transaction,
        "processed_at": "2026-03-04T08:00:00-05:00",
        "adjustment_reason": None,
        **changes,
    }


def charged(ident: int, amount: str, fee: str, **changes: Any) -> Json:
    """The row of a card order's money, whose transaction has the order's id and 10,000."""
    return row("charge", amount, fee, order=ident, transaction=ident + 10000, id=ident + 20000, **changes)


def payout(rows: list[Json], **changes: Any) -> Json:
    """A payout of these rows, its amount what they add up to unless given."""
    amount = sum((Decimal(str(each["net"])) for each in rows), Decimal(0))
    return {
        "id": PAYOUT_ID,
        "status": "paid",
        "date": "2026-03-06",
        "currency": "USD",
        "amount": str(amount),
        "summary": {"charges_gross_amount": "0.00"},
        "balance_transactions": rows,
        **changes,
    }


def told(rows: list[Json], **changes: Any) -> Any:
    """Its record."""
    return shopify_event("shopify_payments/payouts", payout(rows, **changes))
