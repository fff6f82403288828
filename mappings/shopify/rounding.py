"""Cash is rounded to the coins that there are; what it was rounded by is outside an order's total (REST reference).

It is booked, on a line of its own: the order's total stays as it is, and what is received is the cash that was taken.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from contracts.errors import UndecodableRecord
from contracts.shopify import MoneySet, Order, Transaction
from mappings.shopify.amounts import AmountPart, OrderMoney


def rounded_by(transaction: Transaction) -> Decimal:
    """How much more (or, negative, less) cash changed hands than the transaction's amount."""
    rounding = transaction.amount_rounding
    return _in_shop_money(rounding) if isinstance(rounding, MoneySet) else rounding or Decimal(0)


def order_rounded_by(order: Order) -> Decimal:
    """How much more cash was taken for an order than it asked for."""
    rounding = order.total_cash_rounding_payment_adjustment_set
    return _in_shop_money(rounding) if rounding is not None else Decimal(0)


def _in_shop_money(rounding: MoneySet) -> Decimal:
    """The rounding that is told. UndecodableRecord where it says no amount in the shop's currency."""
    if rounding.shop_money is None:
        raise UndecodableRecord("the cash rounding has no amount in the shop's currency")
    return rounding.shop_money.amount


def with_rounding(order: Order, money: OrderMoney) -> OrderMoney:
    """`money` and what cash payments were rounded by, as a part of its own."""
    rounding = order_rounded_by(order)
    if not rounding:
        return money
    return replace(money, parts=(*money.parts, AmountPart(kind="rounding", amount=rounding, title="Cash rounding")))
