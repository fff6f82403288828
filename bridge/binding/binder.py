"""Which body belongs to which draft, and what the answer must agree with.

Facts about the bodies are in the accounting API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bridge.binding.deposits import deposit_body, payout_entry_body
from bridge.binding.lists import customer_body, item_body
from bridge.binding.lookups import Body, Lookups
from bridge.binding.money import changed_entry_body, changed_payment_body, journal_body, payment_body
from bridge.binding.sales import application_body, credit_body, moved_body, refund_body, sale_body
from bridge.index.company_profile import CompanyProfile
from bridge.index.index import Index
from bridge.planning.steps import PlannedStep
from contracts.keys import SourceKey
from contracts.marker import CREDITS
from contracts.posting import Operation
from contracts.quickbooks import (
    AccountDraft,
    ChangeDraft,
    CreditMemoDraft,
    CustomerDraft,
    DepositDraft,
    Draft,
    EarlierMoneyDraft,
    InvoiceDraft,
    ItemDraft,
    JournalEntryDraft,
    PaymentDraft,
    RedemptionDraft,
    RefundReceiptDraft,
    SalesReceiptDraft,
    ShipmentDraft,
)


class Binder:
    """Binds the steps of one schedule. `drafts` resolves name-list references that have no marker of their own."""

    def __init__(self, index: Index, profile: CompanyProfile, drafts: Mapping[SourceKey, Draft]) -> None:
        self._lookups = Lookups(index, profile, drafts)

    def bind(self, step: PlannedStep) -> Body:
        """The body for `step`. UnmappableEvent when the company lacks what the draft refers to."""
        if step.operation in (Operation.VOID, Operation.DELETE):
            return _target(step)
        body = self._draft(step)
        if step.target is not None:
            body = {**_target(step), **body}
        return {name: value for name, value in body.items() if value is not None}

    def _draft(self, step: PlannedStep) -> Body:
        match step.draft:
            case AccountDraft() as draft:
                return {"Name": draft.name, "AccountType": draft.account_type, "AccountSubType": draft.sub_type}
            case CustomerDraft() as draft:
                return customer_body(self._lookups, step, draft)
            case ItemDraft() as draft:
                return item_body(self._lookups, draft)
            case PaymentDraft() as draft:
                return payment_body(self._lookups, step, draft)
            case CreditMemoDraft() as draft:
                back = application_body if step.id.entity == "Payment" else credit_body
                return back(self._lookups, step, draft)
            case RefundReceiptDraft() as draft:
                return refund_body(self._lookups, step, draft)
            case JournalEntryDraft() as draft:
                return journal_body(self._lookups, step, draft)
            case DepositDraft() as draft:
                body = payout_entry_body if step.id.entity == "JournalEntry" else deposit_body
                return body(self._lookups, step, draft)
            case None:
                return self._changed(step)
            case InvoiceDraft() | SalesReceiptDraft():
                return sale_body(self._lookups, step)
            case RedemptionDraft() | ShipmentDraft() | ChangeDraft() | EarlierMoneyDraft():
                raise TypeError(f"{step.id}: it is a part of a form or of a payment and never written alone")

    def _changed(self, step: PlannedStep) -> Body:
        """What changes of what is there, where no draft says all of it."""
        if step.id.entity == "JournalEntry":
            return changed_entry_body(self._lookups, step)
        if step.id.entity == "Payment" and step.sale is not None:
            return changed_payment_body(self._lookups, step, step.sale)
        if step.id.entity in CREDITS and step.sale is not None:
            return moved_body(self._lookups, step, step.sale)
        return sale_body(self._lookups, step)


def expected(step: PlannedStep, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the answer must agree with: the body, and the total that QBO has to arrive at by itself."""
    if step.operation is Operation.DELETE:
        return {"Id": body["Id"]}
    if step.operation is Operation.VOID:
        return {**body, "TotalAmt": Decimal(0)}
    total = step.draft.total if step.id.entity == "Deposit" and isinstance(step.draft, DepositDraft) else step.total
    if step.id.entity == "JournalEntry":
        total = None  # because QBO names no total of an entry
    return body if total is None else {**body, "TotalAmt": total}


def _target(step: PlannedStep) -> Body:
    if step.target is None:
        raise ValueError(f"{step.id} changes an entity but names none")
    return {"Id": step.target.id, "SyncToken": step.target.sync_token}
