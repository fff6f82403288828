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


def shop_amount(row: Transaction, order: Order) -> Decimal | None:
    """What `row` moved in the shop's currency; of an amount told in the customer's, its share of the order's total.

    None where nobody says what its amount is worth in the shop's.
    """
    shop = row.amount_set.shop_money if row.amount_set else None
    if shop:
        return shop.amount
    shown = shown_to_customer(order)
    if row.currency == order.currency or (row.currency is None and not _is_shown_in_another(order)):
        return row.amount
    if shown is None or row.currency != shown.currency:
        return None
    return shown.share(row.amount, decimals_of(order.currency))


def _is_shown_in_another(order: Order) -> bool:
    return order.presentment_currency not in {None, order.currency} or shown_to_customer(order) is not None
