"""Money as bodies: payments and journal entries."""

from __future__ import annotations

from decimal import Decimal

from bridge.binding.lookups import Body, Lookups, place_of_line
from bridge.planning.steps import PlannedStep
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.marker import MarkerField
from contracts.quickbooks import JournalEntryDraft, JournalLine, PaymentDraft


def payment_body(lookups: Lookups, step: PlannedStep, draft: PaymentDraft) -> Body:
    """A payment on its invoice, as far as it goes on it; what a person linked to other documents stays."""
    method = lookups.profile.payment_methods.get((draft.method or "").casefold())
    return {
        **_amounts(lookups, step, draft.invoice, draft.amount, draft),
        "TxnDate": draft.txn_date.isoformat(),
        "DepositToAccountRef": {"value": lookups.profile.account_id(draft.deposit_to)},
        "PaymentMethodRef": {"value": method} if method else None,
        "PaymentRefNum": draft.reference,
        **lookups.money(step, draft.currency),
    }


def changed_payment_body(lookups: Lookups, step: PlannedStep, invoice: SourceKey) -> Body:
    """Another amount, another part on the invoice, or another customer; where the money lies stays as it is."""
    before = step.target.total if step.target else Decimal(0)
    return _amounts(lookups, step, invoice, before if step.total is None else step.total)


def _amounts(
    lookups: Lookups, step: PlannedStep, key: SourceKey, amount: Decimal, draft: PaymentDraft | None = None
) -> Body:
    invoice = lookups.index.get("Invoice", key)
    if invoice is None:
        raise UnmappableEvent(f"{key} is not in the books")
    customer = step.target.customer_id if step.target and step.keeps_customer else invoice.customer_id
    if customer is None and draft is not None and draft.customer is not None:
        customer = lookups.customer_id(draft.customer, draft.currency)
    link = {"Amount": step.applied, "LinkedTxn": [{"TxnId": invoice.id, "TxnType": "Invoice"}]}
    lines = [*([link] if step.applied else []), *(step.target.elsewhere if step.target else ())]
    return {
        "CustomerRef": {"value": customer},
        "TotalAmt": amount,
        "Line": lines or _no_line(step),
        "PrivateNote": lookups.note(step, _written_for(step, customer)),
    }


def _written_for(step: PlannedStep, customer: str | None) -> dict[str, str]:
    """The customer that we write, for the marker; of one that a person gave it stays said whom we wrote before."""
    written = step.target.written_customer_id if step.target and step.keeps_customer else customer
    return {MarkerField.CUSTOMER: written} if written is not None else {}


def journal_body(lookups: Lookups, step: PlannedStep, draft: JournalEntryDraft) -> Body:
    """Debits and credits."""
    if not lookups.profile.can_book(draft.currency):
        raise UnmappableEvent(f"the fee is in {draft.currency} and multicurrency is off in QuickBooks")
    lines = [
        {
            "DetailType": "JournalEntryLineDetail",
            "Amount": line.amount,
            "Description": line.description or "",
            "JournalEntryLineDetail": {
                "PostingType": line.side,
                **_side(lookups, line, draft.currency),
                **place_of_line(lookups, line, draft.place_of),
            },
        }
        for line in draft.lines
    ]
    return {
        "TxnDate": draft.txn_date.isoformat(),
        "DocNumber": draft.doc_number,
        "Line": lines,
        **lookups.money(step, draft.currency),
        "PrivateNote": lookups.note(step),
    }


def changed_entry_body(lookups: Lookups, step: PlannedStep) -> Body:
    """An entry of two sides over another amount; what a person changed of its lines besides stays."""
    lines = step.target.form["Line"] if step.target and step.target.form else []
    return {"Line": [{**line, "Amount": step.total} for line in lines], "PrivateNote": lookups.note(step)}


def _side(lookups: Lookups, line: JournalLine, currency: str) -> Body:
    """The account of a line; on receivables also whose they are, which QBO asks for (6000)."""
    if line.customer_of is None:
        return {"AccountRef": {"value": lookups.profile.account_id(line.account)}}
    sale = lookups.index.sale(line.customer_of)
    if sale is None or sale.customer_id is None:
        raise UnmappableEvent(f"{line.customer_of} is not in the books, so nobody says who owes it")
    owing = [
        ident
        for ident, account in lookups.profile.accounts.items()
        if account.sub_type == line.account.sub_type
        and (account.currency or lookups.profile.home_currency) == (currency or lookups.profile.home_currency)
    ]
    if not owing:
        raise UnmappableEvent(f"the company has no active receivable account in {currency}")
    customer = {"Type": "Customer", "EntityRef": {"value": sale.customer_id}}
    # because QBO makes one for each currency and puts its invoices there, the first is the one that the sale is on
    return {"AccountRef": {"value": min(owing, key=int)}, "Entity": customer}


def _no_line(step: PlannedStep) -> list[Body] | None:
    """What is left out of a sparse update stays, so a payment that comes off its invoice says so."""
    return [] if step.target is not None and step.target.applied else None
