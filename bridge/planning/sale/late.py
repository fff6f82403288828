"""Late changes: what a later month takes off an invoice of an earlier one is a credit memo of its own day. Pure.

It takes back what the invoice and its earlier late credits leave beyond the newest state, item by item, as the books
show them. Where the sale grew again and asks for no more than the invoice, the newest of them go, and what is still to
be taken off is one of the newest day. Where that cannot be said (an item that is new, taxes of other countries) the
invoice is changed in place, and so it is where it asks for more than ever: the sums are the same.

With its credit memos in the books the invoice follows the newest version in all but its lines, and its marker says so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import chain, count
from typing import Any

from bridge.index.posted import SAME, Posted
from bridge.planning.context import PlanningContext
from bridge.planning.refusals import conflict
from bridge.planning.sale.credits import late_credits_of, take_off_credits
from bridge.planning.sale.late_rest import ITEM, ItemRest, SaleRest, rest_of, tax_on
from bridge.planning.sale.redemptions import amount_redeemed, redeemed_on
from bridge.planning.steps import AlreadyPosted, Claim, PlannedStep, Refused, StepId, Waiting
from contracts.entities import DOC_NUMBER_MAX, Entity
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.money import plain, total
from contracts.posting import Caution, Intent, Operation, PostingStep, Version
from contracts.quickbooks import CreditMemoDraft, InvoiceDraft

BEING_READ = "the invoice is read before a change of it is booked"
UNIT = Decimal("0.0000001")
CLOSED = Caution(
    "invoice_closed",
    "The books of its invoice are closed: what else the order says now (addresses, due date, class) is not on it.",
)


def plan_late(
    context: PlanningContext, claim: Claim, same: list[int], posted: Posted, version: Version, left: InvoiceDraft | None
) -> tuple[Claim, ...] | None:
    """The credit memo of a change in a later month, as a claim; None where the change is made in place.

    `left` is what the sale is now, None for one that was cancelled: then credits of its refunds count as well.
    """
    late = late_credits_of(context, posted.key)
    changed = next((each for each in late if not each.total_unchanged), None)
    if changed is not None:
        # because a person has changed what it takes off, how much is left to take off is not ours to say
        context.resolve(same, Refused(conflict(changed), changed))
        return ()
    day = claim.step.late_change
    if day is None or not _is_later(day, posted):
        return None
    credited = late if left is not None else context.index.credits_of(posted.key)
    unread = [each for each in (posted, *credited) if each.form is None]
    for each in unread:
        context.require_reread(each)
    if unread:
        context.resolve(same, Waiting(BEING_READ))
        return ()
    rest, going = rest_of(context, posted, credited, left), list[Posted]()
    kept = sorted(late, key=lambda each: _moment(each.key, posted.key)) if left is not None else []
    while kept and rest is not None and not rest.can_be_taken:
        going.append(kept.pop())
        rest = rest_of(context, posted, kept, left)
    if rest is None or not rest.can_be_taken:
        return None
    off = take_off_credits(context, posted.key, same, only=going)
    if rest.is_nothing:
        _follow(context, claim, same, posted, version, left, off)
        return ()
    if left is None:
        # because goods that come back in the same micro-batch are in this credit memo
        context.note_version(posted.key, version)
    # because an owner may be killed in between, the invoice says the newest version only once this is in the books
    context.ask_again()
    key = SourceKey(posted.key.system, posted.key.kind, f"{posted.key.id}.{version.updated_at}")
    step = PostingStep(
        key=_free(context, key),
        entity="CreditMemo",
        intent=Intent.FACT,
        draft=_draft(context, rest, posted, day),
        name="credit memo",
    )
    return tuple(Claim(position, claim.plan, step) for position in same)


def newest_version(context: PlanningContext, sale: SourceKey) -> Version | None:
    """The newest version that the books show of a sale, by its form, what was noted beside, and its late credits."""
    newest, by_credits = context.index.newest(sale), _age(context, sale)
    if newest is None or newest.updated_at >= by_credits:
        return newest
    return Version(by_credits, 0, "")


def says_newest(context: PlanningContext, posted: Posted) -> bool:
    """False where a late credit is of a newer version than the invoice: what its marker says is the sale no more."""
    return posted.version is None or posted.version.updated_at >= _age(context, posted.key)


def comes_to(context: PlanningContext, posted: Posted, left: InvoiceDraft) -> bool:
    """False where the invoice less its late credits is not what a body says although the marker says that body.

    Because an owner may be killed after a late credit is gone and before what takes its place is there.
    """
    late = late_credits_of(context, posted.key)
    if posted.was_adopted or posted.has_gift_cards or not all(each.total_unchanged for each in (posted, *late)):
        return True
    return posted.total - total(each.total for each in late) == left.total


def _age(context: PlanningContext, sale: SourceKey) -> int:
    """When the newest change was made that a late credit of the sale took off, 0 without any."""
    return max((_moment(each.key, sale) for each in late_credits_of(context, sale)), default=0)


def _moment(credit: SourceKey, sale: SourceKey) -> int:
    moment = credit.id.removeprefix(f"{sale.id}.").partition(".")[0]
    return int(moment) if moment.isascii() and moment.isdigit() else 0


def _free(context: PlanningContext, key: SourceKey) -> SourceKey:
    """The key of a new credit memo: another one where a live one was made of a version of the same second."""
    others = (replace(key, id=f"{key.id}.{number}") for number in count(2))
    return next(each for each in chain([key], others) if not _lives(context, each))


def _lives(context: PlanningContext, key: SourceKey) -> bool:
    known = context.index.get("CreditMemo", key)
    return known is not None and not known.voided


def _follow(
    context: PlanningContext,
    claim: Claim,
    same: list[int],
    posted: Posted,
    version: Version,
    left: InvoiceDraft | None,
    off: frozenset[StepId],
) -> None:
    """The invoice as the newest body says it, but for its lines: they and its late credits say what is owed."""
    is_followed = left is None or (not off and _stays(context, claim, same, posted, version, left))
    if left is None or is_followed:
        context.note_version(claim.step.key, version)
        context.resolve(same, AlreadyPosted(posted))
        return
    asked = posted.total + amount_redeemed(redeemed_on(posted))
    step = PlannedStep(
        id=StepId("Invoice", posted.key),
        operation=Operation.UPDATE,
        owner=claim.position,
        draft=left,
        keeps_lines=True,
        target=posted,
        marker_fields={
            MarkerField.VERSION: str(version),
            MarkerField.CONTENT: version.content,
            MarkerField.TOTAL: plain(asked, left.currency),
            **({MarkerField.ADOPTED: SAME} if posted.was_adopted else {}),
        },
        total=asked,
        needs=off,
    )
    context.plan_write(step, same)


def _stays(
    context: PlanningContext, claim: Claim, same: list[int], posted: Posted, version: Version, left: InvoiceDraft
) -> bool:
    """True where closed books keep an invoice as it is, and no other customer owes it now."""
    if not context.profile.is_closed(posted.txn_date):
        return False
    known = context.index.newest(claim.step.key)
    if known is not None and known.content == version.content:
        return True
    follows = not context.index.keeps_customer(posted, left)
    if follows and context.customer_id(left.customer, left.currency) != posted.customer_id:
        return False
    context.warn(same, CLOSED)
    return True


def _is_later(day: date, posted: Posted) -> bool:
    booked = posted.txn_date
    live = posted.entity == "Invoice" and not posted.voided
    return live and booked is not None and (day.year, day.month) > (booked.year, booked.month)


def _draft(context: PlanningContext, rest: SaleRest, posted: Posted, day: date) -> CreditMemoDraft:
    amount = rest.total
    # because a credit memo has its prices after discounts, what less of a discount is left goes off its greatest line
    greatest = max(rest.items.values(), key=lambda item: item.amount)
    greatest.amount -= rest.discount
    found = [item for item in rest.items.values() if item.amount or item.quantity > 0]
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


def _line(item: ItemRest, *, taxed: bool, us: bool) -> Entity:
    detail = {name: value for name, value in item.line[ITEM].items() if name not in ("Qty", "UnitPrice")}
    if us and not taxed:
        detail["TaxCodeRef"] = {"value": "NON"}
    price = (item.amount / item.quantity).quantize(UNIT) if item.quantity > 0 else None
    if price is not None and price * item.quantity == item.amount:
        detail |= {"Qty": item.quantity, "UnitPrice": price.normalize()}
    kept = {name: value for name, value in item.line.items() if name in ("DetailType", "Description")}
    return {**kept, "Amount": item.amount, ITEM: detail}


def _named_tax(posted: Posted) -> dict[str, Any]:
    return {name: value for name, value in tax_on(posted).items() if name == "TxnTaxCodeRef"}
