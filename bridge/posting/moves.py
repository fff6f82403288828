"""What a write changes in QBO beside its own entity. Pure.

Linking or unlinking money moves the SyncToken and the balance of the other side, and no answer says so.
"""

from __future__ import annotations

from bridge.index.index import Index, order_of
from bridge.planning.steps import PlannedStep
from contracts.posting import Operation
from contracts.quickbooks import DepositDraft


def mark_stale_by(step: PlannedStep, index: Index, *, applies_credits: bool) -> None:
    """Mark everything stale that the write of `step` has changed unseen.

    `applies_credits`: QBO puts credits on the customer's open invoices by itself.
    """
    if step.sale is not None and (step.id.entity == "Payment" or (step.id.entity == "CreditMemo" and applies_credits)):
        index.mark_stale("Invoice", step.sale)
        if step.target is not None:
            index.mark_stale("Invoice", order_of(step.target))
        index.mark_stale("CreditMemo", step.id.key)
        if step.operation is Operation.DELETE and step.target is not None:
            index.mark_stale_with(step.target)
    elif isinstance(step.draft, DepositDraft):
        for deposited in step.draft.payments:
            index.mark_stale("Payment", deposited.payment)
