"""Money as bodies: payments and journal entries."""

from __future__ import annotations

from bridge.binding.lookups import Body, Lookups, note
from bridge.planning.steps import PlannedStep
from contracts.errors import UnmappableEvent
from contracts.quickbooks import JournalEntryDraft, PaymentDraft


def payment_body(look: Lookups, step: PlannedStep, draft: PaymentDraft) -> Body:
    """A payment on its invoice, as far as it goes on it; what a person linked to other documents stays."""
    invoice = look.index.get("Invoice", draft.invoice)
    if invoice is None:
        raise UnmappableEvent(f"{draft.invoice} is not in the books")
    customer = invoice.customer_id or (draft.customer and look.customer_id(draft.customer, draft.currency))
    link = {"Amount": step.applied, "LinkedTxn": [{"TxnId": invoice.id, "TxnType": "Invoice"}]}
    lines = [*([link] if step.applied else []), *(step.target.elsewhere if step.target else ())]
    amounts = {
        "CustomerRef": {"value": customer},
        "TotalAmt": draft.amount,
        "Line": lines or _no_line(step),
        "PrivateNote": note(step),
    }
    if step.target is not None and step.target.key == step.id.key:
        return amounts
    method = look.facts.payment_methods.get((draft.method or "").casefold())
    return {
        **amounts,
        "TxnDate": draft.txn_date.isoformat(),
        "DepositToAccountRef": {"value": look.facts.account_id(draft.deposit_to)},
        "PaymentMethodRef": {"value": method} if method else None,
        "PaymentRefNum": draft.reference,
        **look.money(draft.currency, draft.exchange_rate),
    }


def journal_body(look: Lookups, step: PlannedStep, draft: JournalEntryDraft) -> Body:
    """Debits and credits."""
    if not look.facts.can_book(draft.currency):
        raise UnmappableEvent(f"the fee is in {draft.currency} and multicurrency is off in QuickBooks")
    lines = [
        {
            "DetailType": "JournalEntryLineDetail",
            "Amount": line.amount,
            "Description": line.description or "",
            "JournalEntryLineDetail": {
                "PostingType": line.side,
                "AccountRef": {"value": look.facts.account_id(line.account)},
            },
        }
        for line in draft.lines
    ]
    return {
        "TxnDate": draft.txn_date.isoformat(),
        "DocNumber": draft.doc_number,
        "Line": lines,
        **look.money(draft.currency, draft.exchange_rate),
        "PrivateNote": note(step),
    }


def _no_line(step: PlannedStep) -> list[Body] | None:
    """What is left out of a sparse update stays, so a payment that comes off its invoice says so."""
    return [] if step.target is not None and step.target.applied else None
