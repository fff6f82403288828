"""Money of a transaction in the shop's currency, where an order is at hand that says what the customer saw."""

from __future__ import annotations

from decimal import Decimal

from contracts.money import decimals_of, round_half_up
from contracts.shopify import Order, Transaction


def shop_amount(row: Transaction, order: Order) -> Decimal:
    """What `row` moved in the shop's currency; of an amount told in the customer's, its share of the order's total."""
    shop = row.amount_set.shop_money if row.amount_set else None
    if shop:
        return shop.amount
    if row.currency is None or row.currency == order.currency:
        return row.amount
    shown = order.total_price_set.presentment_money if order.total_price_set else None
    if shown is None or not shown.amount or row.currency not in {shown.currency_code, shown.currency}:
        return row.amount
    return round_half_up(row.amount * order.total_price / shown.amount, decimals_of(order.currency))
