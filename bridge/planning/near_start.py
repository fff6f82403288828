"""Rows of a payout in the last and the first hours of the books: each follows the money that it pays out. Pure.

A producer that reads GraphQL tells times in UTC, the order's own transaction has the shop's offset, and the day of the
latter decides whether the money is in these books.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bridge.index.earlier_money import read_earlier
from bridge.planning.context import PlanningContext
from bridge.planning.steps import StepId
from contracts.entities import EntityName
from contracts.errors import UnmappableEvent
from contracts.quickbooks import DepositDraft, DepositedPayment, DepositLine, RowNearStart

SAID = "Before the start of the books"
NO_RULE = "no account for rows of a payout from before the start of the books: set the rule accounts.opening_clearing"
OF_MONEY: Sequence[EntityName] = ("Payment", "JournalEntry")
FORMS: Sequence[EntityName] = ("Invoice", "SalesReceipt")


def with_rows_near_start(context: PlanningContext, draft: DepositDraft) -> DepositDraft:
    """The payout with each of these rows on its side of the start.

    UnmappableEvent where earlier books hold one and no rule says where their money lies.
    """
    payments, lines, orders = list(draft.payments), list(draft.lines), list(draft.orders)
    for row in draft.near_start:
        if not _is_before(context, row):
            payments.append(DepositedPayment(payment=row.payment, amount=row.amount, sale=row.sale))
            lines += [row.fee] if row.fee else []
            orders.append(row.sale)
        elif row.opening is None:
            raise UnmappableEvent(NO_RULE)
        else:
            lines.append(DepositLine(account=row.opening, amount=row.net, description=SAID))
    return replace(
        draft,
        payments=tuple(payments),
        lines=tuple(lines),
        orders=tuple(dict.fromkeys(orders)),
        near_start=(),
    )


def _is_before(context: PlanningContext, row: RowNearStart) -> bool:
    """Whether earlier books hold the money of a row: by what is known of it, else by the row's own time."""
    index, steps = context.index, context.steps
    is_booked = any(index.get(each, row.payment) or StepId(each, row.payment) in steps for each in OF_MONEY)
    has_sale = index.sale(row.sale) is not None or any(StepId(each, row.sale) in steps for each in FORMS)
    if is_booked or has_sale:
        return False
    known = (context.versions.get(row.payment), index.newest(row.payment))
    if any(version is not None and read_earlier(version) is not None for version in known):
        return True
    # because a body of before the start may tell the money that its transaction has not told
    return row.is_before or bool(index.earlier_money.of(row.sale, context.versions))
