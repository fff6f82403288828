"""Whether a refund's prices hold their taxes, told by the rates of the lines: a refund itself does not say."""

from __future__ import annotations

from decimal import Decimal

from contracts.money import decimals_of, total
from contracts.shopify import LineItem, Refund


def inside_by_rates(refund: Refund, currency: str) -> bool | None:
    """True when the taxes of the sold lines are inside their prices; None when their rates fit both readings.

    Where no line's taxes can be told by its rates they are beside the prices, as in most shops.
    """
    unit = Decimal(1).scaleb(-decimals_of(currency))
    fits = [_fits(line.line_item, unit) for line in refund.refund_line_items if line.line_item]
    if not any(outside or within for outside, within in fits):
        return False
    readings = {within for outside, within in fits if outside != within}
    return readings.pop() if len(readings) == 1 else None


def _fits(line: LineItem, unit: Decimal) -> tuple[bool, bool]:
    """Whether the rates come to the taxes that were charged beside the price, and inside it; a unit off for each."""
    taxes = [tax for tax in line.tax_lines if tax.price and tax.rate]
    if not taxes:
        return False, False
    base = line.price * line.quantity - total(each.amount for each in line.discount_allocations or ())
    rate = total(tax.rate or Decimal(0) for tax in taxes)
    charged, slack = total(tax.price for tax in taxes), unit * len(taxes)
    return abs(base * rate - charged) <= slack, abs(base * rate / (1 + rate) - charged) <= slack
