"""A planned step becomes the JSON body that QBO reads: every reference is an Id now. Pure.

Facts about the bodies are in the accounting API reference; where a rule is odd it is named beside the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from bridge.facts import CompanyFacts
from bridge.index import Index
from bridge.planning.steps import PlannedStep
from contracts.errors import UnmappableEvent
from contracts.keys import SourceKey
from contracts.posting import Operation
from contracts.quickbooks import (
    AccountDraft,
    AccountSelector,
    Address,
    CustomerDraft,
    Draft,
    InvoiceDraft,
    ItemDraft,
    JournalEntryDraft,
    LineDraft,
    PaymentDraft,
)
from mappings.notes import Marker, with_marker

NOTES_MAX = 2000
"""Customer.Notes; PrivateNote takes 4000."""

Body = dict[str, Any]


class Binder:
    """Binds the steps of one schedule. `drafts` resolves name-list references that have no marker of their own."""

    def __init__(self, index: Index, facts: CompanyFacts, drafts: Mapping[SourceKey, Draft]) -> None:
        self._index = index
        self._facts = facts
        self._drafts = drafts

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
                return {"PrivateNote": self._note(step)}
            case AccountDraft() as draft:
                return {"Name": draft.name, "AccountType": draft.account_type, "AccountSubType": draft.sub_type}
            case CustomerDraft() as draft:
                return self._customer(step, draft)
            case ItemDraft() as draft:
                return self._item(draft)
            case InvoiceDraft() as draft:
                return self._invoice(step, draft)
            case PaymentDraft() as draft:
                return self._payment(step, draft)
            case JournalEntryDraft() as draft:
                return self._journal_entry(step, draft)
            case _:
                raise UnmappableEvent(f"a {step.id.entity} cannot be written yet")

    def _customer(self, step: PlannedStep, draft: CustomerDraft) -> Body:
        return {
            "DisplayName": draft.display_name,
            "GivenName": draft.given_name,
            "FamilyName": draft.family_name,
            "CompanyName": draft.company_name,
            "PrimaryEmailAddr": {"Address": draft.email} if draft.email else None,
            "PrimaryPhone": {"FreeFormNumber": draft.phone} if draft.phone else None,
            "BillAddr": _address(draft.billing),
            "ShipAddr": _address(draft.shipping),
            "CurrencyRef": self._currency(draft.currency),
            "Notes": with_marker(None, Marker(step.id.key, step.facts), length_max=NOTES_MAX),
        }

    def _item(self, draft: ItemDraft) -> Body:
        income = self._income(draft.income)
        return {
            "Name": draft.name,
            "Sku": draft.sku,
            "Type": draft.item_type,
            "IncomeAccountRef": {"value": income},
            "Description": draft.description,
            "UnitPrice": draft.unit_price,
            "Taxable": draft.taxable if self._facts.country == "US" else None,
        }

    def _invoice(self, step: PlannedStep, draft: InvoiceDraft) -> Body:
        customer, written = self._owner(step, draft)
        return {
            "CustomerRef": {"value": customer},
            "DocNumber": draft.doc_number,
            "TxnDate": draft.txn_date.isoformat(),
            "DueDate": draft.due_date.isoformat() if draft.due_date else None,
            "Line": [*self._lines(draft), *self._discount(draft)],
            **self._tax(draft),
            "BillEmail": {"Address": draft.email} if draft.email else None,
            "BillAddr": _address(draft.billing),
            "ShipAddr": _address(draft.shipping),
            **self._money(draft.currency, draft.exchange_rate),
            "PrivateNote": self._note(step, c=written),
        }

    def _owner(self, step: PlannedStep, draft: InvoiceDraft) -> tuple[str, str]:
        """The invoice's customer, and the one that we wrote or write: another one that a person chose stays."""
        target = step.target
        if target is not None and target.rehomed and target.customer_id is not None:
            return target.customer_id, target.facts["c"]
        ours = self._customer_id(draft.customer, draft.currency)
        return ours, ours

    def _lines(self, draft: InvoiceDraft) -> list[Body]:
        # With no line marked, QBO would drop a tax that the order was charged.
        all_taxed = draft.tax != 0 and not any(line.taxable for line in draft.lines)
        return [self._line(line, taxed=all_taxed or line.taxable, tax=draft.tax) for line in draft.lines]

    def _line(self, line: LineDraft, *, taxed: bool, tax: Decimal) -> Body:
        detail: Body = {"ItemRef": {"value": self._item_id(line.item)}}
        if line.quantity is not None and line.unit_price is not None:
            detail |= {"Qty": line.quantity, "UnitPrice": line.unit_price}
        if self._facts.country == "US":
            detail["TaxCodeRef"] = {"value": "TAX" if taxed and tax else "NON"}
        body = {"DetailType": "SalesItemLineDetail", "Amount": line.amount, "SalesItemLineDetail": detail}
        return body | ({"Description": line.description} if line.description else {})

    def _discount(self, draft: InvoiceDraft) -> list[Body]:
        if not draft.discount:
            return []
        if not self._facts.allows_discount:
            raise UnmappableEvent(
                "the company does not allow discounts on sales forms: switch AllowDiscount on in QuickBooks"
            )
        detail: Body = {"PercentBased": False}
        if draft.discount_account is not None:
            detail["DiscountAccountRef"] = {"value": self._facts.account_id(draft.discount_account)}
        return [{"DetailType": "DiscountLineDetail", "Amount": draft.discount, "DiscountLineDetail": detail}]

    def _tax(self, draft: InvoiceDraft) -> Body:
        """TotalTax is honoured as it is (Intuit blog 2017-12-11); tax is posted as charged, never recomputed."""
        if self._facts.country != "US":
            if draft.tax:
                raise UnmappableEvent(
                    f"no tax code for {draft.tax} of tax in {self._facts.country}: set the rule tax.codes"
                )
            return {"GlobalTaxCalculation": "NotApplicable"}
        if draft.tax and not self._facts.charges_tax:
            raise UnmappableEvent(f"{draft.tax} of sales tax, but sales tax is off in QuickBooks: switch it on")
        detail: Body = {"TotalTax": draft.tax}
        if draft.tax and self._facts.tax_code is not None:
            detail["TxnTaxCodeRef"] = {"value": self._facts.tax_code}
        return {"TxnTaxDetail": detail}

    def _payment(self, step: PlannedStep, draft: PaymentDraft) -> Body:
        invoice = self._index.get("Invoice", draft.invoice)
        if invoice is None:
            raise UnmappableEvent(f"{draft.invoice} is not in the books")
        customer = invoice.customer_id or (draft.customer and self._customer_id(draft.customer, draft.currency))
        link = {"Amount": step.applied, "LinkedTxn": [{"TxnId": invoice.id, "TxnType": "Invoice"}]}
        lines = [*([link] if step.applied else []), *(step.target.elsewhere if step.target else ())]
        amounts = {
            "CustomerRef": {"value": customer},
            "TotalAmt": draft.amount,
            "Line": lines or _no_line(step),
            "PrivateNote": self._note(step),
        }
        if step.target is not None and step.target.key == step.id.key:
            return amounts
        method = self._facts.payment_methods.get((draft.method or "").casefold())
        return {
            **amounts,
            "TxnDate": draft.txn_date.isoformat(),
            "DepositToAccountRef": {"value": self._facts.account_id(draft.deposit_to)},
            "PaymentMethodRef": {"value": method} if method else None,
            "PaymentRefNum": draft.reference,
            **self._money(draft.currency, draft.exchange_rate),
        }

    def _journal_entry(self, step: PlannedStep, draft: JournalEntryDraft) -> Body:
        if not self._facts.can_book(draft.currency):
            raise UnmappableEvent(f"the fee is in {draft.currency} and multicurrency is off in QuickBooks")
        lines = [
            {
                "DetailType": "JournalEntryLineDetail",
                "Amount": line.amount,
                "Description": line.description or "",
                "JournalEntryLineDetail": {
                    "PostingType": line.side,
                    "AccountRef": {"value": self._facts.account_id(line.account)},
                },
            }
            for line in draft.lines
        ]
        return {
            "TxnDate": draft.txn_date.isoformat(),
            "DocNumber": draft.doc_number,
            "Line": lines,
            **self._money(draft.currency, draft.exchange_rate),
            "PrivateNote": self._note(step),
        }

    def _note(self, step: PlannedStep, **more: str) -> str:
        human = step.target.human_note if step.target else None
        return with_marker(human, Marker(step.id.key, {**step.facts, **more}))

    def _customer_id(self, key: SourceKey, currency: str) -> str:
        draft = self._drafts.get(key)
        known = self._index.customer_id(key, draft if isinstance(draft, CustomerDraft) else None, currency)
        if known is None:
            raise UnmappableEvent(f"the customer {key} is not in QuickBooks")
        return known

    def _item_id(self, key: SourceKey) -> str:
        draft = self._drafts.get(key)
        known = self._index.item_id(key, draft if isinstance(draft, ItemDraft) else None)
        if known is None:
            raise UnmappableEvent(f"the item {key} is not in QuickBooks")
        return known

    def _income(self, income: AccountSelector | SourceKey) -> str:
        if isinstance(income, AccountSelector):
            return self._facts.account_id(income)
        draft = self._drafts.get(income)
        known = self._facts.account_named(draft.name) if isinstance(draft, AccountDraft) else None
        if known is None:
            raise UnmappableEvent(f"the account {income} is not in QuickBooks")
        return known

    def _currency(self, currency: str) -> Body | None:
        return {"value": currency} if self._facts.multicurrency else None

    def _money(self, currency: str, rate: Decimal | None) -> Body:
        """Currency and rate, which QBO refuses to hear of before multicurrency is on."""
        if not self._facts.multicurrency:
            return {}
        foreign = currency != self._facts.home_currency
        return {"CurrencyRef": {"value": currency}, "ExchangeRate": rate if foreign else None}


def expected(step: PlannedStep, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the answer must agree with: the body, and the total that QBO has to arrive at by itself."""
    if isinstance(step.draft, InvoiceDraft):
        return {**body, "TotalAmt": step.draft.total}
    return {**body, "TotalAmt": Decimal(0)} if step.operation is Operation.VOID else body


def _no_line(step: PlannedStep) -> list[Body] | None:
    """What is left out of a sparse update stays, so a payment that comes off its invoice says so."""
    return [] if step.target is not None and step.target.applied else None


def _target(step: PlannedStep) -> Body:
    if step.target is None:
        raise ValueError(f"{step.id} changes an entity but names none")
    return {"Id": step.target.id, "SyncToken": step.target.sync_token}


def _address(address: Address | None) -> Body | None:
    if address is None:
        return None
    named = {
        "Line1": address.line1,
        "Line2": address.line2,
        "City": address.city,
        "CountrySubDivisionCode": address.region,
        "PostalCode": address.postal_code,
        "Country": address.country,
    }
    return {name: value for name, value in named.items() if value} or None
