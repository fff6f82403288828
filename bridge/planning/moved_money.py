"""Rows of a payout whose money a refund, a dispute or a fee has moved: it lies where that document says. Pure.

Rules change, and people move what is booked: the account that the rules name today need not be the one.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from bridge.index.company_profile import Account
from bridge.index.posted import Posted
from bridge.planning.context import PlanningContext
from contracts.keys import SourceKey
from contracts.quickbooks import DepositDraft, MovedMoney


def moved_elsewhere(
    context: PlanningContext, draft: DepositDraft, clearing: Account | None
) -> Iterator[tuple[MovedMoney, SourceKey, str]]:
    """The rows whose money lies in another account than `clearing`, what put it there, and that account's Id."""
    for moved in draft.moved:
        posted = _moved_by(context, moved)
        if posted is None or posted.voided or posted.deposit_to is None:
            continue
        # because an account that is not active any more takes no line
        account = context.profile.accounts.get(posted.deposit_to)
        if account is not None and account != clearing:
            yield moved, posted.key, posted.deposit_to


def _moved_by(context: PlanningContext, moved: MovedMoney) -> Posted | None:
    """The document as the books have it; a receipt that a person entered names no transaction: its amount tells it."""
    if moved.document is not None:
        return context.index.get(moved.entity, moved.document)
    if moved.sale is None:
        return None
    if moved.entity == "Payment":
        return _payment_of(context, moved.sale, moved.line.amount)
    receipts = context.index.refunds_of(moved.sale)
    named = [each for each in receipts if each.reference == moved.reference]
    entered = [each for each in receipts if each.reference is None and each.total == -moved.line.amount]
    found = named or (entered if len({each.deposit_to for each in entered}) == 1 else [])
    return found[0] if found else None


def _payment_of(context: PlanningContext, sale: SourceKey, amount: Decimal) -> Posted | None:
    """The money of a sale that the shop books and a processor pays out, which names no transaction of the shop.

    Its amount tells it; None where several of that amount lie in several accounts.
    """
    receipt = context.index.get("SalesReceipt", sale)
    booked = (*context.index.payments_of(sale), *((receipt,) if receipt is not None else ()))
    found = [each for each in booked if each.stands_for == amount]
    return found[0] if len({each.deposit_to for each in found}) == 1 else None
