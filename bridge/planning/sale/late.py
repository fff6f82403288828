"""Late changes: what a later month takes off an invoice of an earlier one is a credit memo of its own day. Pure.

It takes back what the invoice and its earlier late credits leave beyond the newest state, item by item, as the books
show them. Where that cannot be said (an item that is new, taxes of other countries) the invoice is changed in place,
and so it is where it grew: the sums are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from bridge.index.posted import Posted
from bridge.planning.context import PlanningContext
from bridge.planning.sale.credits import is_late
from bridge.planning.sale.redemptions import base_lines, form_lines
from bridge.planning.steps import AlreadyPosted, Claim, Waiting
from contracts.entities import DOC_NUMBER_MAX, Entity, number
from contracts.keys import SourceKey
from contracts.money import total
from contracts.posting import Intent, PostingStep, Version
from contracts.quickbooks import CreditMemoDraft, InvoiceDraft

BEING_READ = "the invoice is read before a change of it is booked"
ITEM, DISCOUNT = "SalesItemLineDetail", "DiscountLineDetail"
UNIT = Decimal("0.0000001")


@dataclass(slots=True)
class _Item:
    """What of one item is on the invoice beyond the newest state, and a line that shows it."""

    line: dict[str, Any]
    amount: Decimal = Decimal(0)
    quantity: Decimal = Decimal(0)


@dataclass(slots=True)
class _Rest:
    """What the books have of a sale beyond its newest state; discounts count against it."""

    items: dict[str, _Item] = field(default_factory=dict)
    discount: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """What a credit memo of all of it comes to."""
        return total(item.amount for item in self.items.values()) - self.discount + self.tax

    def add(self, lines: Iterable[Entity], tax: Entity, sign: int) -> None:
        """Count a form of the books."""
        for line in lines:
            amount = sign * (number(line.get("Amount")) or Decimal(0))
            if DISCOUNT in line:
                self.discount += amount
            elif ITEM in line:
                found = self.items.setdefault(str(line[ITEM]["ItemRef"]["value"]), _Item(dict(line)))
                found.amount += amount
                found.quantity += sign * (number(line[ITEM].get("Qty")) or Decimal(0))
        self.tax += sign * (number(tax.get("TotalTax")) or Decimal(0))


def plan_late(
    context: PlanningContext, claim: Claim, same: list[int], posted: Posted, version: Version, left: InvoiceDraft | None
) -> tuple[Claim, ...] | None:
    """The credit memo of a change in a later month, as a claim; None where the change is made in place.

    `left` is what the sale is now, None for one that was cancelled: then credits of its refunds count as well.
    """
    day = claim.step.late_change
    if day is None or not _is_later(day, posted):
        return None
    credited = [each for each in context.index.credits_of(posted.key) if left is None or is_late(each.key, posted.key)]
    unread = [each for each in (posted, *credited) if each.form is None]
    for each in unread:
        context.require_reread(each)
    if unread:
        context.resolve(same, Waiting(BEING_READ))
        return ()
    rest = _rest(context, posted, credited, left)
    if rest is None or rest.total < 0:
        return None
    context.note_version(claim.step.key, version)
    if rest.total == 0:
        context.resolve(same, AlreadyPosted(posted))
        return ()
    key = SourceKey(posted.key.system, posted.key.kind, f"{posted.key.id}.{version.updated_at}")
    draft = _draft(context, rest, posted, day)
    step = PostingStep(key=key, entity="CreditMemo", intent=Intent.FACT, draft=draft, name="credit memo")
    return tuple(Claim(position, claim.plan, step) for position in same)


def _is_later(day: date, posted: Posted) -> bool:
    booked = posted.txn_date
    live = posted.entity == "Invoice" and not posted.voided
    return live and booked is not None and (day.year, day.month) > (booked.year, booked.month)


def _rest(
    context: PlanningContext, posted: Posted, credited: Iterable[Posted], left: InvoiceDraft | None
) -> _Rest | None:
    rest = _Rest()
    rest.add(base_lines(posted), _tax(posted), 1)
    for each in credited:
        rest.add(form_lines(each), _tax(each), -1)
    if left is not None and not _take(context, rest, left):
        return None
    # because elsewhere a tax is told rate by rate, only its whole can be left as it is
    return None if rest.tax and context.profile.country != "US" else rest


def _take(context: PlanningContext, rest: _Rest, left: InvoiceDraft) -> bool:
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


def _draft(context: PlanningContext, rest: _Rest, posted: Posted, day: date) -> CreditMemoDraft:
    amount = rest.total
    # because a credit memo has its prices after discounts, what less of a discount is left goes off its greatest line
    greatest = max(rest.items.values(), key=lambda item: item.amount)
    greatest.amount -= rest.discount
    found = [item for item in rest.items.values() if item.amount]
    us = context.profile.country == "US"
    return CreditMemoDraft(
        credit_of=posted.key,
        doc_number=f"C{posted.key.id}"[-DOC_NUMBER_MAX:],
        behind_sale=f"-C{day:%m%d}",
        txn_date=day,
        currency=posted.currency or context.profile.home_currency,
        lines=(),
        total=amount,
        tax=rest.tax,
        copied=tuple(_line(item, taxed=bool(rest.tax), us=us) for item in found),
        copied_tax={**_named_tax(posted), "TotalTax": rest.tax} if us else None,
    )


def _line(item: _Item, *, taxed: bool, us: bool) -> Entity:
    detail = {name: value for name, value in item.line[ITEM].items() if name not in ("Qty", "UnitPrice")}
    if us and not taxed:
        detail["TaxCodeRef"] = {"value": "NON"}
    price = (item.amount / item.quantity).quantize(UNIT) if item.quantity > 0 else None
    if price is not None and price * item.quantity == item.amount:
        detail |= {"Qty": item.quantity, "UnitPrice": price.normalize()}
    kept = {name: value for name, value in item.line.items() if name in ("DetailType", "Description")}
    return {**kept, "Amount": item.amount, ITEM: detail}


def _tax(posted: Posted) -> Mapping[str, Any]:
    return (posted.form or {}).get("TxnTaxDetail") or {}


def _named_tax(posted: Posted) -> dict[str, Any]:
    return {name: value for name, value in _tax(posted).items() if name == "TxnTaxCodeRef"}
