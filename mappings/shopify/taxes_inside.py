"""Whether a refund's prices hold their taxes, told by the rates of the lines: a refund itself does not say."""

from __future__ import annotations

from decimal import Decimal

from contracts.money import total
from contracts.shopify import LineItem, Refund

CENT = Decimal("0.01")


def inside_by_rates(refund: Refund, *, otherwise: bool) -> bool:
    """True when the taxes of the sold lines are inside their prices; `otherwise` when the rates cannot tell."""
    told = {_told(line.line_item) for line in refund.refund_line_items if line.line_item} - {None}
    return bool(told.pop()) if len(told) == 1 else otherwise


def _told(line: LineItem) -> bool | None:
    """By which of the two readings the rates come to the taxes that were charged; None when both or neither do."""
    taxes = [tax for tax in line.tax_lines if tax.price and tax.rate]
    if not taxes:
        return None
    base = line.price * line.quantity - total(each.amount for each in line.discount_allocations or ())
    rate = total(tax.rate or Decimal(0) for tax in taxes)
    charged, slack = total(tax.price for tax in taxes), CENT * len(taxes)
    beside = abs(base * rate - charged) <= slack
    within = abs(base * rate / (1 + rate) - charged) <= slack
    return within if beside != within else None
