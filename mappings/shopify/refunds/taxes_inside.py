"""Whether a refund's prices hold their taxes, told by the rates of the lines: a refund itself does not say."""

from __future__ import annotations

from decimal import Decimal

from contracts.money import decimals_of, total
from contracts.shopify import LineItem, Refund


def inside_by_rates(refund: Refund, currency: str) -> bool | None:
    """True when the taxes of the sold lines are inside their prices; None when only the order says.

    Their rates fit both readings then, or none, and more is missing for taxes beside the prices: they are on one
    another, or were rounded piece by piece. Otherwise taxes that no rate tells are beside the prices, as in most shops.
    """
    unit = Decimal(1).scaleb(-decimals_of(currency))
    misses = [missed for line in refund.refund_line_items if line.line_item and (missed := _misses(line.line_item))]
    fits = [(outside <= count * unit, within <= count * unit) for outside, within, count in misses]
    if not any(outside or within for outside, within in fits):
        return None if any(within < outside for outside, within, _ in misses) else False
    readings = {within for outside, within in fits if outside != within}
    return readings.pop() if len(readings) == 1 else None


def _misses(line: LineItem) -> tuple[Decimal, Decimal, int] | None:
    """By how much the rates miss the taxes that were charged: beside the price, inside it; and how many taxes."""
    taxes = [tax for tax in line.tax_lines if tax.price and tax.rate]
    if not taxes:
        return None
    base = line.price * line.quantity - total(each.amount for each in line.discount_allocations or ())
    rate = total(tax.rate or Decimal(0) for tax in taxes)
    charged = total(tax.price for tax in taxes)
    return abs(base * rate - charged), abs(base * rate / (1 + rate) - charged), len(taxes)
