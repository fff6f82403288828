"""Sales forms as bodies: their lines, discount and tax. Where a rule is odd it is named beside the line."""

from __future__ import annotations

from decimal import Decimal

from bridge.binding.lookups import Body, Lookups, address_body, note
from bridge.planning.steps import PlannedStep
from contracts.errors import UnmappableEvent
from contracts.quickbooks import InvoiceDraft, LineDraft


def invoice_body(look: Lookups, step: PlannedStep, draft: InvoiceDraft) -> Body:
    """An invoice; another customer that a person chose stays."""
    customer, written = _owner(look, step, draft)
    return {
        "CustomerRef": {"value": customer},
        "DocNumber": draft.doc_number,
        "TxnDate": draft.txn_date.isoformat(),
        "DueDate": draft.due_date.isoformat() if draft.due_date else None,
        "Line": [*_lines(look, draft), *_discount(look, draft)],
        **_tax(look, draft),
        "BillEmail": {"Address": draft.email} if draft.email else None,
        "BillAddr": address_body(draft.billing),
        "ShipAddr": address_body(draft.shipping),
        **look.money(draft.currency, draft.exchange_rate),
        "PrivateNote": note(step, c=written),
    }


def _owner(look: Lookups, step: PlannedStep, draft: InvoiceDraft) -> tuple[str, str]:
    """The invoice's customer, and the one that we wrote or write: another one that a person chose stays."""
    target = step.target
    if target is not None and target.rehomed and target.customer_id is not None:
        return target.customer_id, target.facts["c"]
    ours = look.customer_id(draft.customer, draft.currency)
    return ours, ours


def _lines(look: Lookups, draft: InvoiceDraft) -> list[Body]:
    # With no line marked, QBO would drop a tax that the order was charged.
    all_taxed = draft.tax != 0 and not any(line.taxable for line in draft.lines)
    return [_line(look, line, taxed=all_taxed or line.taxable, tax=draft.tax) for line in draft.lines]


def _line(look: Lookups, line: LineDraft, *, taxed: bool, tax: Decimal) -> Body:
    detail: Body = {"ItemRef": {"value": look.item_id(line.item)}}
    if line.quantity is not None and line.unit_price is not None:
        detail |= {"Qty": line.quantity, "UnitPrice": line.unit_price}
    if look.facts.country == "US":
        detail["TaxCodeRef"] = {"value": "TAX" if taxed and tax else "NON"}
    body = {"DetailType": "SalesItemLineDetail", "Amount": line.amount, "SalesItemLineDetail": detail}
    return body | ({"Description": line.description} if line.description else {})


def _discount(look: Lookups, draft: InvoiceDraft) -> list[Body]:
    if not draft.discount:
        return []
    if not look.facts.allows_discount:
        raise UnmappableEvent(
            "the company does not allow discounts on sales forms: switch AllowDiscount on in QuickBooks"
        )
    detail: Body = {"PercentBased": False}
    if draft.discount_account is not None:
        detail["DiscountAccountRef"] = {"value": look.facts.account_id(draft.discount_account)}
    return [{"DetailType": "DiscountLineDetail", "Amount": draft.discount, "DiscountLineDetail": detail}]


def _tax(look: Lookups, draft: InvoiceDraft) -> Body:
    """TotalTax is honoured as it is (Intuit blog 2017-12-11); tax is posted as charged, never recomputed."""
    if look.facts.country != "US":
        if draft.tax:
            raise UnmappableEvent(f"no tax code for {draft.tax} of tax in {look.facts.country}: set the rule tax.codes")
        return {"GlobalTaxCalculation": "NotApplicable"}
    if draft.tax and not look.facts.charges_tax:
        raise UnmappableEvent(f"{draft.tax} of sales tax, but sales tax is off in QuickBooks: switch it on")
    detail: Body = {"TotalTax": draft.tax}
    if draft.tax and look.facts.tax_code is not None:
        detail["TxnTaxCodeRef"] = {"value": look.facts.tax_code}
    return {"TxnTaxDetail": detail}
