"""What an invoice and its credit memos leave in the books beyond the newest state of their sale, item by item. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from bridge.index.posted import Posted
from bridge.planning.context import PlanningContext
from bridge.planning.sale.redemptions import base_lines, form_lines
from contracts.entities import Entity, number
from contracts.money import total
from contracts.quickbooks import InvoiceDraft

ITEM, DISCOUNT = "SalesItemLineDetail", "DiscountLineDetail"


@dataclass(slots=True)
class ItemRest:
    """What of one item is on the invoice beyond the newest state, and a line that shows it."""

    line: dict[str, Any]
    amount: Decimal = Decimal(0)
    quantity: Decimal = Decimal(0)


@dataclass(slots=True)
class SaleRest:
    """What the books have of a sale beyond its newest state; discounts count against it."""

    items: dict[str, ItemRest] = field(default_factory=dict)
    discount: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """What a credit memo of all of it comes to."""
        return total(item.amount for item in self.items.values()) - self.discount + self.tax

    @property
    def is_nothing(self) -> bool:
        """True where the books come to what the newest state says, item by item."""
        # because a late credit has its discount in the price of its greatest line, one that is left hides what is whose
        by_item = () if self.discount else tuple(item.amount for item in self.items.values())
        return not any((self.total, self.tax, *by_item))

    @property
    def can_be_taken(self) -> bool:
        """True where there is nothing to take off, or something that a credit memo can take off."""
        return self.is_nothing or (self.total > 0 and self.tax >= 0)

    def add(self, lines: Iterable[Entity], tax: Entity, sign: int) -> None:
        """Count a form of the books."""
        for line in lines:
            amount = sign * (number(line.get("Amount")) or Decimal(0))
            if DISCOUNT in line:
                self.discount += amount
            elif ITEM in line:
                found = self.items.setdefault(str(line[ITEM]["ItemRef"]["value"]), ItemRest(dict(line)))
                found.amount += amount
                found.quantity += sign * (number(line[ITEM].get("Qty")) or Decimal(0))
        self.tax += sign * (number(tax.get("TotalTax")) or Decimal(0))


def rest_of(
    context: PlanningContext, posted: Posted, credited: Iterable[Posted], left: InvoiceDraft | None
) -> SaleRest | None:
    """What `posted` less what is `credited` has beyond what is `left`; None where that cannot be said."""
    rest = SaleRest()
    rest.add(base_lines(posted), tax_on(posted), 1)
    for each in credited:
        rest.add(form_lines(each), tax_on(each), -1)
    if left is not None and not _take(context, rest, left):
        return None
    # because elsewhere a tax is told rate by rate, only its whole can be left as it is
    return None if rest.tax and context.profile.country != "US" else rest


def _take(context: PlanningContext, rest: SaleRest, left: InvoiceDraft) -> bool:
    """Count what the sale is now; False where an item of it is not in the books."""
    for line in left.lines:
        ident = context.index.item_id(line.item, context.drafts.get(line.item))  # type: ignore[arg-type]
        if ident is None or (ident not in rest.items and line.amount):
            return False
        if ident in rest.items:
            rest.items[ident].amount -= line.amount
            rest.items[ident].quantity -= line.quantity or Decimal(0)
    rest.discount -= left.discount
    rest.tax -= left.tax
    return True


def tax_on(posted: Posted) -> Mapping[str, Any]:
    """The tax of a form in the books, empty where it has none."""
    return (posted.form or {}).get("TxnTaxDetail") or {}
