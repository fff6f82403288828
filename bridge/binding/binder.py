"""Which body belongs to which draft, and what the answer must agree with.

Facts about the bodies are in the accounting API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bridge.binding.deposits import deposit_body
from bridge.binding.forms import invoice_body
from bridge.binding.lists import customer_body, item_body
from bridge.binding.lookups import Body, Lookups, note
from bridge.binding.money import journal_body, payment_body
from bridge.facts import CompanyFacts
from bridge.index import Index
from bridge.planning.steps import PlannedStep
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.posting import Operation
from contracts.quickbooks import (
    AccountDraft,
    CustomerDraft,
    DepositDraft,
    Draft,
    InvoiceDraft,
    ItemDraft,
    JournalEntryDraft,
    PaymentDraft,
)


class Binder:
    """Binds the steps of one schedule. `drafts` resolves name-list references that have no marker of their own."""

    def __init__(self, index: Index, facts: CompanyFacts, drafts: Mapping[SourceKey, Draft]) -> None:
        self._look = Lookups(index, facts, drafts)

    def bind(self, step: PlannedStep) -> Body:
        """The body for `step`. UnmappableEvent when the company lacks what the draft refers to."""
        if step.operation is Operation.VOID:
            return _target(step)
        body = self._draft(step)
        if step.target is not None:
            body = {**_target(step), **body}
        return {name: value for name, value in body.items() if value is not None}

    def _draft(self, step: PlannedStep) -> Body:
        match step.draft:
            case None:
                return {"PrivateNote": note(step)}
            case AccountDraft() as draft:
                return {"Name": draft.name, "AccountType": draft.account_type, "AccountSubType": draft.sub_type}
            case CustomerDraft() as draft:
                return customer_body(self._look, step, draft)
            case ItemDraft() as draft:
                return item_body(self._look, draft)
            case InvoiceDraft() as draft:
                return invoice_body(self._look, step, draft)
            case PaymentDraft() as draft:
                return payment_body(self._look, step, draft)
            case JournalEntryDraft() as draft:
                return journal_body(self._look, step, draft)
            case DepositDraft() as draft:
                return deposit_body(self._look, step, draft)
            case _:
                raise UnmappableEvent(f"a {step.id.entity} cannot be written yet")


def expected(step: PlannedStep, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the answer must agree with: the body, and the total that QBO has to arrive at by itself."""
    if isinstance(step.draft, InvoiceDraft | DepositDraft):
        return {**body, "TotalAmt": step.draft.total}
    return {**body, "TotalAmt": Decimal(0)} if step.operation is Operation.VOID else body


def _target(step: PlannedStep) -> Body:
    if step.target is None:
        raise ValueError(f"{step.id} changes an entity but names none")
    return {"Id": step.target.id, "SyncToken": step.target.sync_token}
