"""Invoice lines as QBO takes them.

QBO refuses a line whose Amount is not Qty x UnitPrice rounded half up to cents (fault 6070), and takes a line with an
Amount alone. So quantity and price are given where they agree with the amount, and left out where they cannot.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.money import fits, plain, round_half_up
from contracts.quickbooks import LineDraft, TaxCodeSelector

UNIT_PRICE_DECIMALS = 7


def in_hundredths(amount: Decimal, currency: str) -> Decimal:
    """`amount` when QBO can hold it exactly; it counts every currency in hundredths and nothing is ever rounded."""
    if not fits(amount, 2):
        raise UnmappableEvent(
            f"{plain(amount, currency)} {currency} is not exact in hundredths, the smallest unit that QuickBooks holds"
        )
    return round_half_up(amount, 2)


def line(
    item: SourceKey,
    amount: Decimal,
    *,
    description: str | None = None,
    quantity: Decimal | None = None,
    price: Decimal | None = None,
    taxable: bool = False,
    tax: Decimal = Decimal(0),
    tax_code: TaxCodeSelector | None = None,
) -> LineDraft:
    """One line; `price` is the source's own per piece, replaced by amount / quantity where tax was inside it."""
    bare = LineDraft(item=item, amount=amount, description=description, taxable=taxable, tax=tax, tax_code=tax_code)
    if quantity:
        for candidate in (price, _divided(amount, quantity)):
            if candidate is not None and candidate >= 0 and round_half_up(quantity * candidate, 2) == amount:
                return replace(bare, quantity=quantity, unit_price=candidate)
    return bare


def _divided(amount: Decimal, quantity: Decimal) -> Decimal:
    """A price per piece, in cents where that is exact."""
    exact = amount / quantity
    return round_half_up(exact, 2 if fits(exact, 2) else UNIT_PRICE_DECIMALS)
