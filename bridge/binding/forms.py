"""Sales forms as bodies: their lines, discount and tax. Where a rule is odd it is named beside the line."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bridge.binding.lookups import Body, Lookups, address_body
from bridge.binding.tax import FormTax, form_tax
from bridge.planning.steps import PlannedStep
from contracts.errors import UnmappableEvent
from contracts.marker import MarkerField
from contracts.quickbooks import InvoiceDraft, LineDraft


def invoice_body(lookups: Lookups, step: PlannedStep, draft: InvoiceDraft) -> Body:
    """An invoice; another customer that a person chose stays."""
    customer, written = _owner(lookups, step, draft)
    tax = form_tax(lookups.profile, draft.lines, draft.tax, draft.tax_code, draft.discount)
    named = lookups.profile.listed("Class", draft.tracking_class, "tracking")
    lines = [*item_lines(lookups, draft.lines, tax), *_discount(lookups, draft)]
    return {
        "CustomerRef": {"value": customer},
        "DocNumber": draft.doc_number,
        "TxnDate": draft.txn_date.isoformat(),
        "DueDate": draft.due_date.isoformat() if draft.due_date else None,
        "Line": tracked(lookups, lines, lambda _: named),
        **tax.form,
        **form_class(lookups, named),
        "DepartmentRef": _ref(lookups.profile.listed("Department", draft.location, "tracking")),
        "SalesTermRef": _ref(lookups.profile.listed("Term", draft.terms, "terms")),
        "CustomerMemo": {"value": f"PO number: {draft.po_number}"} if draft.po_number else None,
        "BillEmail": {"Address": draft.email} if draft.email else None,
        "BillAddr": address_body(draft.billing),
        "ShipAddr": address_body(draft.shipping),
        **lookups.money(step, draft.currency),
        "PrivateNote": lookups.note(step, {MarkerField.CUSTOMER: written}),
    }


def _owner(lookups: Lookups, step: PlannedStep, draft: InvoiceDraft) -> tuple[str, str]:
    """The invoice's customer, and the one that we wrote or write: another one that a person chose stays."""
    target = step.target
    if target and target.customer_id and lookups.index.keeps_customer(target, draft):
        return target.customer_id, target.written_customer_id or target.customer_id
    ours = lookups.customer_id(draft.customer, draft.currency)
    return ours, ours


def item_lines(lookups: Lookups, lines: Sequence[LineDraft], tax: FormTax) -> list[Body]:
    """Lines that sell or take back, each with its tax code."""
    return [_line(lookups, line, code) for line, code in zip(lines, tax.codes, strict=True)]


def _line(lookups: Lookups, line: LineDraft, code: str | None) -> Body:
    detail: Body = {"ItemRef": {"value": lookups.item_id(line.item)}}
    if line.quantity is not None and line.unit_price is not None:
        detail |= {"Qty": line.quantity, "UnitPrice": line.unit_price}
    if code is not None:
        detail["TaxCodeRef"] = {"value": code}
    body = {"DetailType": "SalesItemLineDetail", "Amount": line.amount, "SalesItemLineDetail": detail}
    return body | ({"Description": line.description} if line.description else {})


def form_class(lookups: Lookups, named: str | None) -> Body:
    """The class of a whole form, where the company does not track classes by line."""
    return {"ClassRef": _ref(None if lookups.profile.class_on_lines else named)}


def tracked(lookups: Lookups, lines: Sequence[Body], class_of: Callable[[str], str | None]) -> list[Body]:
    """The lines with their classes, where the company tracks them by line; `class_of` takes the Id of an item."""
    return [_tracked(line, class_of) for line in lines] if lookups.profile.class_on_lines else list(lines)


def _tracked(line: Body, class_of: Callable[[str], str | None]) -> Body:
    kind = line["DetailType"]
    named = class_of(line[kind].get("ItemRef", {}).get("value", ""))
    return {**line, kind: {**line[kind], "ClassRef": {"value": named}}} if named else line


def _ref(ident: str | None) -> Body | None:
    return {"value": ident} if ident else None


def _discount(lookups: Lookups, draft: InvoiceDraft) -> list[Body]:
    if not draft.discount:
        return []
    if not lookups.profile.allows_discount:
        raise UnmappableEvent(
            "the company does not allow discounts on sales forms: switch AllowDiscount on in QuickBooks"
        )
    detail: Body = {"PercentBased": False}
    if draft.discount_account is not None:
        detail["DiscountAccountRef"] = {"value": lookups.profile.account_id(draft.discount_account)}
    return [{"DetailType": "DiscountLineDetail", "Amount": draft.discount, "DiscountLineDetail": detail}]
