"""Money of a transaction in the shop's currency, where an order is at hand that says what the customer saw."""

from __future__ import annotations

from decimal import Decimal

from contracts.money import decimals_of
from contracts.quickbooks import Shown
from contracts.shopify import Order, Transaction


def shown_to_customer(order: Order) -> Shown | None:
    """What a customer of another currency saw the order come to; None in the shop's own, or where nobody says."""
    shown = order.total_price_set.presentment_money if order.total_price_set else None
    code = (shown.currency_code or shown.currency) if shown else None
    if shown is None or code is None or code == order.currency or shown.amount <= 0:
        return None
    return Shown(currency=code, total=shown.amount, worth=order.total_price)


def shop_amount(row: Transaction, order: Order) -> Decimal:
    """What `row` moved in the shop's currency; of an amount told in the customer's, its share of the order's total."""
    shop = row.amount_set.shop_money if row.amount_set else None
    if shop:
        return shop.amount
    if row.currency is None or row.currency == order.currency:
        return row.amount
    shown = shown_to_customer(order)
    if shown is None or row.currency != shown.currency:
        return row.amount
    return shown.share(row.amount, decimals_of(order.currency))
